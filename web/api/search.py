"""Answer searches."""

from __future__ import annotations

from typing import Annotated

from flask import Response, current_app, g
from pydantic import Field

from search.searcher import SearchRequest
from web.api import field_schemas as fields
from web.api.authentication import own_address, scope
from web.api.models import example, example_of
from web.api.resources import resource
from web.api.schemas import SearchBody
from web.api.ticket_schemas import FilterFields
from web.bodies import FACETS, filter_of, logged, search_body
from web.wiring import Services

api = resource("search", __name__)


class SearchQuery(FilterFields):
    """A question and its bounds; filters may be repeated, and then any of their values fits."""

    model_config = example(
        {
            **example_of(FilterFields),
            "q": "VPN error 809",
            "after": "2026-01-01",
            "before": "2026-11-21T00:00:00Z",
            "limit": 10,
            "offset": 0,
        }
    )

    q: Annotated[str, Field(min_length=1)]
    """The question, in the query syntax of the site."""
    after: fields.Bound | None = None
    """Opened or created at or after this time."""
    before: fields.Bound | None = None
    """Opened or created before this time."""
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    """How many results at most."""
    offset: Annotated[int, Field(ge=0, le=900)] = 0
    """How many results to pass over."""


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
    body = search_body(answer, response_id, own_address())
    return Response(body.model_dump_json(), mimetype="application/json")
