"""Answer tickets with similar past issues and their fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from flask import Response, current_app, g, request
from pydantic import Field

from kb.access import may_read
from kb.errors import NotFound
from search.similar import SimilarRequest
from web.api.authentication import own_address, scope
from web.api.models import Asked, example
from web.api.paths import ticket_id_of
from web.api.resources import BODY, failures, resource
from web.api.schemas import SimilarBody
from web.api.ticket_schemas import SimilarRequestBody, TicketPath
from web.asked_ticket import asked_ticket
from web.bodies import INCLUDED, filter_of, logged, similar_body, types_of
from web.wiring import Services

api = resource("similar", __name__, tag="similar issues")


class StoredQuery(Asked):
    """How much to answer."""

    model_config = example({"limit": 5})

    limit: Annotated[int, Field(ge=1, le=100)] = 5
    """How many results at most."""


@api.post("/similar-issues", responses={200: SimilarBody, **failures(*BODY)}, summary="Similar issues for a ticket")
@scope("read")
def post_similar(body: SimilarRequestBody) -> Response:
    """Answer a ticket with the articles and past tickets of the same problem. The ticket is not stored."""
    ticket = asked_ticket(request.get_json()["ticket"])
    asked = SimilarRequest(
        ticket=ticket,
        types=types_of(body.types or ()),
        filter=filter_of(body.filters.values() if body.filters else {}, within="filters."),
        limit=body.limit,
        min_band=body.min_band,
        viewer=g.viewer,
    )
    return _answered(asked, INCLUDED if body.include is None else body.include)


@api.get(
    "/tickets/<source>/<path:external_id>/similar",
    responses={200: SimilarBody, **failures(404)},
    summary="Similar issues for a stored ticket",
)
@scope("read")
def get_similar(path: TicketPath, query: StoredQuery) -> Response:
    """Answer a ticket that is stored with the articles and past tickets of the same problem."""
    services: Services = current_app.extensions["fixlore"]
    ticket_id = ticket_id_of(path.source, path.external_id)
    ticket = services.store.ticket(ticket_id)
    if ticket is None or not may_read(g.viewer, ticket):
        raise NotFound(f"There is no ticket {ticket_id!r}.")
    return _answered(SimilarRequest(ticket=ticket, limit=query.limit, viewer=g.viewer), INCLUDED)


def _answered(asked: SimilarRequest, include: Sequence[str]) -> Response:
    services: Services = current_app.extensions["fixlore"]
    answer = services.searcher().similar(asked)
    ids = [result.id for result in answer.results]
    response_id = logged(services, ids, by=asked.viewer.name, ticket=asked.ticket.id)
    body = similar_body(answer, response_id, own_address(), include)
    return Response(body.model_dump_json(), mimetype="application/json")
