"""Write the links of tickets, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from kb.documents import ARTICLE, FEEDBACK, SITE_SOURCE, Article, Link, Ticket
from kb.linking_back import link_back, source_tickets_of
from kb.store.changes import record_changes
from kb.store.documents import documents_by_id
from kb.store.incidents import note_open_tickets
from kb.store.rows import is_storable, row_of
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


def link_source_tickets(connection: Connection, articles: Sequence[Article], now: datetime) -> None:
    """Have the tickets that published articles of the site were written from lead to them, and no others."""
    for article in articles:
        if article.source != SITE_SOURCE or article.state != "published":
            continue
        linked = connection.scalars(select(link.c.ticket_id).where(link.c.target == article.id).distinct()).all()
        ids = list(dict.fromkeys((*source_tickets_of(article), *linked)))
        for ticket in documents_by_id(connection, [one for one in ids if is_storable(one)]).values():
            if isinstance(ticket, Ticket) and (after := with_link_back(ticket, article, now)) is not ticket:
                _save(connection, after, now)


def with_link_back(ticket: Ticket, article: Article, now: datetime) -> Ticket:
    """Return a ticket with the link to an article that it should have of it, the same where it has it."""
    wanted = link_back(article, ticket, now)
    made = [one for one in ticket.links if (one.target, one.by) == (article.id, ARTICLE)]
    if [one.type for one in made] == ([wanted.type] if wanted is not None else []):
        return ticket
    kept = tuple(one for one in ticket.links if one not in made)
    if wanted is None or any(_is_same(one, wanted) for one in kept):
        return ticket if len(kept) == len(ticket.links) else replace(ticket, links=kept)
    return replace(ticket, links=(*kept, wanted))


def _is_same(one: Link, other: Link) -> bool:
    return (one.type, one.target) == (other.type, other.target)


def _save(connection: Connection, ticket: Ticket, now: datetime) -> None:
    content = row_of(ticket)["content"]
    connection.execute(update(document).where(document.c.id == ticket.id).values(content=content))
    replace_links(connection, [ticket])
    note_open_tickets(connection, [(ticket, content)])
    record_changes(connection, [ticket.id], now)
