"""Take in, return and delete tickets."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, current_app, g, json, request
from werkzeug.exceptions import RequestEntityTooLarge

from kb.access import may_read
from kb.documents import JSON
from kb.errors import FixloreError, IdConflict, InvalidInput, NotFound
from kb.protocols.store import InvalidTicket, TicketUpsert
from kb.ticket_files import MAX_LINE_BYTES, parse_json_line
from kb.tickets import parse_upsert, refuse_reserved, ticket_object
from web.api.authentication import LINE_TYPES, reads_lines, scope
from web.api.paths import decoded, ticket_id_of
from web.api.references import ticket_as_seen
from web.api.resources import BODY, add_schemas, failures, no_content, nothing, of_type, resource
from web.api.ticket_schemas import (
    BatchLine,
    OwnTicketPath,
    TicketBody,
    TicketFields,
    TicketLine,
    TicketPath,
    UpsertAnswer,
)
from web.wiring import Services

api = resource("tickets", __name__)
add_schemas(api, TicketLine)
BATCH = 200
"""Lines stored in one transaction of a batch: short enough that other writers get their turn."""


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


@api.put(
    "/tickets/<source>/<path:external_id>",
    responses={
        200: of_type(UpsertAnswer, "application/json", "The ticket was there: updated, unchanged, or ignored."),
        201: of_type(UpsertAnswer, "application/json", "The ticket was created."),
        **failures(409, *BODY),
    },
    summary="Create or update a ticket",
)
@scope("tickets:write")
def put_ticket(path: OwnTicketPath, body: TicketFields) -> tuple[Response, int]:
    """Store a ticket; idempotent. Fields that are carried are set, `null` clears, others stay.

    A delivery with an older `updated_at` than stored is ignored, and so is one of a ticket that was deleted: both
    answer 200 with the outcome `ignored`. The address names the ticket; `source` and `external_id` of the body are
    passed over.
    """
    place: dict[str, JSON] = {
        "source": decoded(path.source, "source"),
        "external_id": decoded(path.external_id, "external_id"),
    }
    upsert = parse_upsert({**request.get_json(), **place})
    refuse_reserved(upsert.source)
    (outcome,) = _services().store.upsert_tickets([upsert])
    if isinstance(outcome, InvalidTicket):
        refusal = IdConflict if outcome.field == "id" else InvalidInput  # the id belongs to an article
        raise refusal(outcome.message, field=outcome.field)
    _services().wake()
    answer = UpsertAnswer(id=upsert.id, outcome=outcome)
    return Response(answer.model_dump_json(), mimetype="application/json"), 201 if outcome == "created" else 200


@api.get("/tickets/<source>/<path:external_id>", responses={200: TicketBody, **failures(404)}, summary="Read a ticket")
@scope("read")
def get_ticket(path: TicketPath) -> Response:
    """Return a ticket with every field it was given."""
    ticket_id = ticket_id_of(path.source, path.external_id)
    ticket = _services().store.ticket(ticket_id)
    if ticket is None or not may_read(g.viewer, ticket):
        raise NotFound(f"There is no ticket {ticket_id!r}.")
    return Response(
        json.dumps(ticket_object(ticket_as_seen(ticket, _services().store, g.viewer))), mimetype="application/json"
    )


@api.delete(
    "/tickets/<source>/<path:external_id>",
    responses={204: nothing("The ticket is gone."), **failures(404)},
    summary="Delete a ticket",
)
@scope("tickets:write")
def delete_ticket(path: TicketPath) -> Response:
    """Delete a ticket; it is gone from answers at once, and a late delivery does not bring it back."""
    ticket_id = ticket_id_of(path.source, path.external_id)
    if not _services().store.delete_ticket(ticket_id):
        raise NotFound(f"There is no ticket {ticket_id!r}.")
    _services().wake()
    return no_content()


@api.post(
    "/tickets/batch",
    responses={
        200: of_type(BatchLine, LINE_TYPES[0], "One line for each line that is not blank, in order."),
        **failures(413, 415),
    },
    summary="Create or update many tickets",
    openapi_extensions={"requestBody": of_type(TicketLine, LINE_TYPES[0], "One ticket a line")},
)
@scope("tickets:write")
@reads_lines
def batch() -> Response:
    """Upsert NDJSON, one ticket a line; answers one NDJSON line for each, in order. A broken line harms no other."""
    length = request.content_length
    if length is not None and length > current_app.config["MAX_CONTENT_LENGTH"]:
        raise RequestEntityTooLarge
    answers: list[BatchLine] = []
    waiting: list[tuple[int, TicketUpsert]] = []
    for number, line in enumerate(_lines(request.get_data(cache=False)), 1):
        if not line.strip():
            continue
        try:
            upsert = parse_upsert(parse_json_line(line))
            refuse_reserved(upsert.source)
            waiting.append((number, upsert))
        except FixloreError as error:
            answers.append(BatchLine(line=number, outcome="error", error=str(error)))
        if len(waiting) == BATCH:
            answers.extend(_stored(waiting))
            waiting = []
    answers.extend(_stored(waiting))
    _services().wake()
    answers.sort(key=lambda answer: answer.line)
    text = "".join(f"{answer.model_dump_json(exclude_unset=True)}\n" for answer in answers)
    return Response(text, mimetype="application/x-ndjson")


def _stored(waiting: list[tuple[int, TicketUpsert]]) -> Iterator[BatchLine]:
    if not waiting:
        return
    outcomes = _services().store.upsert_tickets([upsert for _, upsert in waiting])
    for (number, upsert), outcome in zip(waiting, outcomes, strict=True):
        if isinstance(outcome, InvalidTicket):
            yield BatchLine(line=number, id=upsert.id, outcome="error", error=outcome.message)
        else:
            yield BatchLine(line=number, id=upsert.id, outcome=outcome)


def _lines(body: bytes) -> Iterator[bytes]:
    for line in body.split(b"\n"):
        yield line[: MAX_LINE_BYTES + 1]
