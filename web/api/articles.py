"""Return articles, one or a list, with history and HTML on request."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, current_app, g, json
from pydantic import Field

from kb.access import may_read
from kb.documents import Article
from kb.errors import NotFound
from kb.front_matter import front_matter_of
from kb.json_values import time_text
from web.api import field_schemas as fields
from web.api.authentication import scope
from web.api.paths import article_id_of
from web.api.references import article_as_seen
from web.api.resources import failures, of_type, resource
from web.api.schemas import ArticleBody, ArticleList, ArticleSummary, Asked, Described, RevisionList, example
from web.rendering import render
from web.wiring import Services

api = resource("articles", __name__)


class ArticlePath(Described):
    """Which article."""

    model_config = example({"article_id": "vpn/error-809"})

    article_id: fields.IdInPath
    """The article's id, or a former one; it may hold `/`."""


class ArticleQuery(Asked):
    """What to return of it."""

    model_config = example({"view": "article", "html": True})

    view: Literal["article", "revisions"] = "article"
    """The article, or the list of its revisions."""
    html: bool = False
    """Whether to add the Markdown as a page."""


class ListQuery(Asked):
    """Which page of the list."""

    model_config = example({"limit": 50, "cursor": "vpn/error-809", "source": "runbooks"})

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    """How many articles at most."""
    cursor: Annotated[str, Field(max_length=1024)] = ""
    """The `cursor` of the page before."""
    source: str | None = None
    """Only articles of this folder."""


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


@api.get("/articles", responses={200: ArticleList}, summary="List articles")
@scope("read")
def list_articles(query: ListQuery) -> Response:
    """Return articles ordered by id; `cursor` of the answer asks for the next page."""
    ids = [article_id for article_id in _services().store.article_ids(query.source) if article_id > query.cursor]
    found: list[ArticleSummary] = []
    for start in range(0, len(ids), query.limit):
        chunk = _services().store.documents(ids[start : start + query.limit], g.viewer)
        for article_id in ids[start : start + query.limit]:
            article = chunk.get(article_id)
            if isinstance(article, Article):
                found.append(
                    ArticleSummary(
                        id=article.id,
                        title=article.title,
                        kind=article.kind,
                        language=article.language,
                        state=article.state,
                        revision=article.revision,
                    )
                )
        if len(found) > query.limit:
            break
    more = len(found) > query.limit
    page = found[: query.limit]
    answer = ArticleList(articles=page, cursor=page[-1].id if more else None)
    return Response(answer.model_dump_json(), mimetype="application/json")


@api.get(
    "/articles/<path:article_id>",
    responses={
        200: of_type(ArticleBody, "application/json", "The article, or its history.", RevisionList),
        **failures(404),
    },
    summary="Read an article or its history",
)
@scope("read")
def get_article(path: ArticlePath, query: ArticleQuery) -> Response:
    """Return an article by id or former id; `view=revisions` lists its history, `html=true` adds the rendered body."""
    store = _services().store
    article_id = article_id_of(path.article_id)
    article = store.article(article_id)
    if article is None or not may_read(g.viewer, article):
        raise NotFound(f"There is no article {article_id!r}.")
    if query.view == "revisions":
        history = [
            {
                "revision": entry.number,
                "title": entry.article.title,
                "author": entry.author,
                "at": time_text(entry.recorded_at),
            }
            for entry in store.revisions(article.id)
            if may_read(g.viewer, entry.article)  # an earlier one may have been for others, or a draft
        ]
        return Response(json.dumps({"id": article.id, "revisions": history}), mimetype="application/json")
    response = Response(
        json.dumps(article_object(article_as_seen(article, store, g.viewer), html=query.html)),
        mimetype="application/json",
    )
    response.set_etag(str(article.revision))
    return response


def article_object(article: Article, *, html: bool = False) -> dict[str, object]:
    """Return the JSON of an article: its front matter fields, body and revision."""
    fields: dict[str, object] = {**front_matter_of(article), "id": article.id}
    fields.update(body=article.body, revision=article.revision, source=article.source)
    if html:
        fields["html"] = render(article.body, article.title).html
    return fields
