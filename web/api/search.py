"""Answer searches."""

from __future__ import annotations

from typing import Annotated

from flask import Response, current_app, g
from pydantic import BaseModel, ConfigDict, Field

from search.searcher import SearchRequest
from web.api.authentication import scope
from web.api.resources import resource
from web.api.schemas import SearchBody
from web.bodies import FACETS, filter_of, logged, search_body
from web.wiring import Services

api = resource("search", __name__)
Values = Annotated[list[str] | None, Field(max_length=100)]


class SearchQuery(BaseModel):
    """A question and its bounds; filters may be repeated, and then any of their values fits."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(min_length=1)]
    type: Values = None
    kind: Values = None
    service: Values = None
    language: Values = None
    audience: Values = None
    status: Values = None
    state: Values = None
    confidence: Values = None
    source: Values = None
    components: Values = None
    tags: Values = None
    owner: Values = None
    assignment_group: Values = None
    tier: Values = None
    priority: Values = None
    category: Values = None
    after: str | None = None
    before: str | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    offset: Annotated[int, Field(ge=0, le=900)] = 0


@api.get("/search", responses={200: SearchBody}, summary="Search articles and tickets")
@scope("read")
def get_search(query: SearchQuery) -> Response:
    """Answer a question with ranked documents, their total and facets."""
    services: Services = current_app.extensions["fixlore"]
    given = query.model_dump(exclude={"q", "limit", "offset"}, exclude_none=True)
    values = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    request = SearchRequest(
        text=query.q,
        filter=filter_of(values),
        limit=query.limit,
        offset=query.offset,
        viewer=g.viewer,
        facets=FACETS,
    )
    answer = services.searcher().search(request)
    response_id = logged(services, [result.id for result in answer.results], by=g.viewer.name)
    body = search_body(answer, response_id, services.settings.base_url)
    return Response(body.model_dump_json(), mimetype="application/json")
