"""Return articles, one or a list, with history and HTML on request; take in those that the site owns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import quote

from flask import Response, current_app, g, json, request
from pydantic import Field

from kb.access import may_read, may_read_as
from kb.article_edits import LONGEST_COMMENT, edited_article, new_article, one_line, parse_edit
from kb.attaching import attached
from kb.documents import SITE_SOURCE, Article
from kb.errors import IdConflict, NotFound, StaleEdit
from kb.front_matter import front_matter_of
from kb.json_values import time_text
from kb.language import detect_language
from kb.life_cycle import begun, settled
from search.reuse import reuse_of
from web.api import field_schemas as fields
from web.api.article_answers import ArticleBody, ArticleList, ArticleSummary, RevisionList
from web.api.article_schemas import ArticleFields, EditHeader, NewArticle
from web.api.authentication import scope
from web.api.models import Asked, Described, example
from web.api.paths import article_id_of
from web.api.references import article_as_seen, with_unseen
from web.api.resources import BODY, failures, of_type, resource, with_headers
from web.article_page import rendered
from web.problems import problem
from web.wiring import Services

api = resource("articles", __name__)
_ETAG = "Its revision, in quotes."


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


class EditQuery(Asked):
    """What to say of a change."""

    model_config = example({"comment": "The gateway was replaced."})

    comment: Annotated[str, Field(max_length=LONGEST_COMMENT)] = ""
    """Why, in one line; the history shows it."""


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
    by_id: dict[str, Article] = {}
    for start in range(0, len(ids), query.limit):
        chunk = _services().store.documents(ids[start : start + query.limit], g.viewer)
        for article_id in ids[start : start + query.limit]:
            article = chunk.get(article_id)
            if isinstance(article, Article):
                by_id[article.id] = article
                found.append(
                    ArticleSummary(
                        id=article.id,
                        title=article.title,
                        kind=article.kind,
                        language=article.language,
                        state=article.state,
                        revision=article.revision,
                        reuse=0,
                    )
                )
        if len(found) > query.limit:
            break
    more = len(found) > query.limit
    page = found[: query.limit]
    reused = reuse_of(_services().store, [by_id[one.id] for one in page], g.viewer)
    page = [one.model_copy(update={"reuse": reused.get(one.id, 0)}) for one in page]
    answer = ArticleList(articles=page, cursor=page[-1].id if more else None)
    return Response(answer.model_dump_json(), mimetype="application/json")


@api.post(
    "/articles",
    responses={
        201: with_headers(
            of_type(ArticleBody, "application/json", "The article as it was created."),
            ETag=_ETAG,
            Location="Where it is.",
        ),
        **failures(409, *BODY),
    },
    summary="Create",
)
@scope("articles:write")
def post_article(query: EditQuery, body: NewArticle) -> Response:
    """Create an article that the site owns; `Location` says where it is, `ETag` at which revision.

    An id that is taken is a conflict, also one that was made from the title. A post-mortem that lacks something is
    refused as published; without a `state` it becomes a draft.
    """
    store, now = _services().store, datetime.now(UTC)
    edit = parse_edit(request.get_json())
    wanted = new_article(edit, now, detect_language)
    wanted = attached(wanted, {}, store, g.viewer)
    if edit.fields.get("state") is None:
        wanted = begun(wanted)
    wanted = settled(None, wanted, g.viewer, now)
    try:
        article = store.create_article(wanted, g.viewer.name, one_line(query.comment))
    except IdConflict as error:
        raise IdConflict(f"The id {wanted.id!r} is taken; give another id.", field="id") from error
    _services().wake()
    response = _answered(article, 201)
    response.headers["Location"] = f"/api/v1/articles/{quote(article.id, safe='/')}"
    return response


@api.get(
    "/articles/<path:article_id>",
    responses={
        200: with_headers(
            of_type(ArticleBody, "application/json", "The article, or its history.", RevisionList), ETag=_ETAG
        ),
        **failures(404),
    },
    summary="Read an article or its history",
)
@scope("read")
def get_article(path: ArticlePath, query: ArticleQuery) -> Response:
    """Return an article by id or former id; `view=revisions` lists its history, `html=true` adds the rendered body.

    `ETag` is its revision, which `If-Match` of an edit names. `If-None-Match` is passed over: `reuse` and what the
    token may see of `related` change without a revision.
    """
    store = _services().store
    article = _readable(path.article_id)
    if query.view == "revisions":
        history = [
            {
                "revision": entry.number,
                "title": entry.title,
                "author": entry.author,
                "at": time_text(entry.recorded_at),
                "comment": entry.comment,
            }
            for entry in store.history(article.id, article.revision)
            if may_read_as(g.viewer, entry.audience, entry.state)  # it may have been a draft, or for others
        ]
        return Response(json.dumps({"id": article.id, "revisions": history}), mimetype="application/json")
    return _answered(article, html=query.html)


@api.put(
    "/articles/<path:article_id>",
    responses={
        200: with_headers(of_type(ArticleBody, "application/json", "The article as it is now."), ETag=_ETAG),
        **failures(404, 409, 412, 428, *BODY),
    },
    summary="Edit",
)
@scope("articles:write")
def put_article(path: ArticlePath, query: EditQuery, header: EditHeader, body: ArticleFields) -> Response:
    """Change an article of the site that is still at the revision in `If-Match`; of two such edits one succeeds.

    Fields that are carried are set, `null` clears, others stay. An edit that changes nothing makes no revision. An
    article that a folder's file owns is a conflict: edit the file. A post-mortem is published when it lacks nothing.
    """
    stored = _readable(path.article_id)
    if stored.source != SITE_SOURCE:
        raise IdConflict(
            f"The article {stored.id!r} is kept in a file of {stored.source!r}; edit the file and import it again, or "
            "have the site take the article over on its page.",
            field="id",
        )
    edit = with_unseen(parse_edit(request.get_json()), stored, _services().store, g.viewer)
    if not request.if_match:
        return problem(428, "Send the revision that the edit began at as If-Match; the ETag of the article is it.")
    if not request.if_match.contains(str(stored.revision)):
        raise StaleEdit(
            f"The article {stored.id!r} is at revision {stored.revision} by now; read it again and repeat the edit."
        )
    now = datetime.now(UTC)
    wanted = edited_article(stored, edit, now, detect_language)
    wanted = attached(wanted, stored.attachments, _services().store, g.viewer)
    wanted = settled(stored, wanted, g.viewer, now)
    article = _services().store.update_article(wanted, g.viewer.name, stored.revision, one_line(query.comment))
    _services().wake()
    return _answered(article)


def _readable(article_id: str) -> Article:
    """Return the article at an address. Raises NotFound, also for one that the caller may not read."""
    wanted = article_id_of(article_id)
    article = _services().store.article(wanted)
    if article is None or not may_read(g.viewer, article):
        raise NotFound(f"There is no article {wanted!r}.")
    return article


def _answered(article: Article, status: int = 200, *, html: bool = False) -> Response:
    store = _services().store
    seen = article_as_seen(article, store, g.viewer)
    reuse = reuse_of(store, [article], g.viewer).get(article.id, 0)
    fields = article_object(seen, reuse)
    if html:
        fields["html"] = rendered(article, store).html
    response = Response(json.dumps(fields), status=status, mimetype="application/json")
    response.set_etag(str(article.revision))
    return response


def article_object(article: Article, reuse: int) -> dict[str, object]:
    """Return the JSON of an article: its front matter fields, body, revision and how often it was reused."""
    fields: dict[str, object] = {**front_matter_of(article), "id": article.id}
    fields.update(body=article.body, revision=article.revision, source=article.source, reuse=reuse)
    return fields
