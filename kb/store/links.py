"""Write the links of tickets, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from kb.documents import FEEDBACK, Link, Ticket
from kb.store.changes import record_changes
from kb.store.documents import documents_by_id
from kb.store.incidents import note_open_tickets
from kb.store.rows import row_of
from kb.store.tables import document, link


def replace_links(connection: Connection, tickets: Sequence[Ticket]) -> None:
    """Replace the links of these tickets, as they are looked up by their target."""
    rows = [
        {"ticket_id": ticket.id, "position": position, "type": one.type, "target": one.target, "at": one.at}
        for ticket in tickets
        for position, one in enumerate(ticket.links)
    ]
    connection.execute(delete(link).where(link.c.ticket_id.in_([ticket.id for ticket in tickets])))
    if rows:
        connection.execute(insert(link), rows)


def add_link(connection: Connection, ticket_id: str, made: Link, now: datetime) -> bool:
    """Add a link to a ticket that lacks one of its type and target, and say whether it did; none to a missing one."""
    ticket = documents_by_id(connection, [ticket_id]).get(ticket_id)
    if not isinstance(ticket, Ticket) or any(_is_same(one, made) for one in ticket.links):
        return False
    _save(connection, replace(ticket, links=(*ticket.links, made)), now)
    return True


def remove_link(connection: Connection, ticket_id: str, target: str, now: datetime) -> None:
    """Remove the link that people made from a ticket to a target; one that the ticket's system told stays."""
    ticket = documents_by_id(connection, [ticket_id]).get(ticket_id)
    if isinstance(ticket, Ticket):
        kept = tuple(one for one in ticket.links if (one.target, one.by) != (target, FEEDBACK))
        if kept != ticket.links:
            _save(connection, replace(ticket, links=kept), now)


def remove_links_to(connection: Connection, target: str, now: datetime) -> None:
    """Remove every link that people made to a target; those that the tickets' systems told stay."""
    for ticket_id in connection.scalars(select(link.c.ticket_id).where(link.c.target == target).distinct()).all():
        remove_link(connection, ticket_id, target, now)


def _is_same(one: Link, other: Link) -> bool:
    return (one.type, one.target) == (other.type, other.target)


def _save(connection: Connection, ticket: Ticket, now: datetime) -> None:
    content = row_of(ticket)["content"]
    connection.execute(update(document).where(document.c.id == ticket.id).values(content=content))
    replace_links(connection, [ticket])
    note_open_tickets(connection, [(ticket, content)])
    record_changes(connection, [ticket.id], now)
