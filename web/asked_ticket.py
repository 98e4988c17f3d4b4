"""Turn the ticket of a question into a ticket, stored nowhere."""

from __future__ import annotations

from collections.abc import Mapping

from kb.documents import JSON, Ticket
from kb.errors import InvalidInput
from kb.language import detect_language
from kb.tickets import merged, parse_upsert

ASKED_SOURCE = "request"
"""Source of a ticket that was asked about without saying where it comes from."""


def asked_ticket(fields: Mapping[str, JSON]) -> Ticket:
    """Return the ticket of a question; only a title is needed. Raises InvalidInput that names the field."""
    if fields.get("title") is None:
        raise InvalidInput("title is missing; say what is wrong in one line", field="ticket.title")
    named = dict(fields)
    for name, value in (("source", ASKED_SOURCE), ("external_id", "-")):
        if named.get(name) in (None, ""):
            named[name] = value
    try:
        _, ticket = merged(None, parse_upsert(named), detect=detect_language)
    except InvalidInput as error:
        error.field = f"ticket.{error.field}" if error.field else "ticket"
        raise
    return ticket
