"""Keep which tickets are open since when, and what people decided about incident candidates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select

from kb.documents import Ticket
from kb.errors import InvalidInput
from kb.incidents import Decision, DecisionState, OpenTicket, may_be_reported
from kb.store.lookup import Lookup
from kb.store.part import Part
from kb.store.rows import is_storable
from kb.store.sqlite import chunks
from kb.store.tables import change, document, incident_decision, incident_ticket, indexed, open_ticket


def content_mark(content: str) -> str:
    """Return a short hash of a document's stored content."""
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def note_open_tickets(connection: Connection, changed: Iterable[tuple[Ticket, str]]) -> None:
    """Note of tickets, given with their stored content, since when they are open, within the caller's transaction.

    Deleted tickets go by their foreign key.
    """
    pairs = list(changed)
    for some in chunks([ticket.id for ticket, _ in pairs]):
        connection.execute(delete(open_ticket).where(open_ticket.c.ticket_id.in_(some)))
    rows = [
        {
            "ticket_id": ticket.id,
            "opened_at": ticket.opened_at,
            "audience": ticket.audience,
            "mark": content_mark(content),
        }
        for ticket, content in pairs
        if may_be_reported(ticket)
    ]
    if rows:
        connection.execute(insert(open_ticket), rows)


_MARK = Lookup(
    lambda size: select(select(func.max(change.c.seq)).scalar_subquery(), select(indexed.c.through).scalar_subquery())
)
_DECIDED = incident_decision.c
_DECISIONS = Lookup(
    lambda size: (
        select(
            _DECIDED.number,
            _DECIDED.state,
            _DECIDED.decided_by,
            _DECIDED.at,
            _DECIDED.size,
            incident_ticket.c.ticket_id,
        )
        .join_from(incident_decision, incident_ticket, incident_ticket.c.decision == _DECIDED.number, isouter=True)
        .where(
            or_(
                _DECIDED.number.in_(
                    select(incident_ticket.c.decision).join(
                        open_ticket, open_ticket.c.ticket_id == incident_ticket.c.ticket_id
                    )
                ),
                _DECIDED.at >= bindparam("since"),
            )
        )
        .order_by(_DECIDED.number, incident_ticket.c.ticket_id)
    )
)


class SqlIncidents(Part):
    """What incident candidates are made from (`kb.protocols.incidents.IncidentStore`)."""

    def documents_mark(self) -> str:
        """Return a text that is another one after every write of a document, and after changes were indexed.

        The numbers of pending changes only grow, and so does the time of the last one done.
        """
        with self._database.look() as connection:
            ((newest, through),) = _MARK.rows(connection)
        return f"{newest}/{through.isoformat() if through else None}"

    def open_tickets(self, until: datetime, most: int) -> Sequence[OpenTicket]:
        """Return open tickets, the newest first."""
        query = (
            select(open_ticket.c.ticket_id, open_ticket.c.opened_at, open_ticket.c.audience, open_ticket.c.mark)
            .where(open_ticket.c.opened_at <= until)
            .order_by(open_ticket.c.opened_at.desc(), open_ticket.c.ticket_id.desc())
            .limit(most)
        )
        with self._database.read() as connection:
            return [OpenTicket(*row) for row in connection.execute(query)]

    def decide_incident(self, state: DecisionState, ticket_ids: Sequence[str], by: str) -> Decision:
        """Keep a decision."""
        now = self._clock()
        with self._database.write() as connection:
            tickets = tuple(sorted(_stored_tickets(connection, ticket_ids)))
            if not tickets:
                raise InvalidInput("an incident needs at least one ticket that is stored; look at it again")
            row = insert(incident_decision).values(state=state, decided_by=by, at=now, size=len(tickets))
            made = connection.execute(row).inserted_primary_key
            number = int(made[0]) if made else 0
            for some in chunks(tickets):
                connection.execute(insert(incident_ticket), [{"decision": number, "ticket_id": one} for one in some])
        return Decision(number, state, by, now, len(tickets), tickets)

    def incident_decisions(self, since: datetime) -> Sequence[Decision]:
        """Return the decisions on tickets that are open, and those made since, ordered by number."""
        with self._database.look() as connection:
            rows = _DECISIONS.rows(connection, since=since)
        made: dict[int, Decision] = {}
        tickets: dict[int, list[str]] = {}
        for number, state, by, at, size, ticket_id in rows:
            made.setdefault(number, Decision(number, state, by, at, size, ()))
            if ticket_id is not None:
                tickets.setdefault(number, []).append(ticket_id)
        return [replace(one, tickets=tuple(tickets.get(number, ()))) for number, one in made.items()]


def _stored_tickets(connection: Connection, ids: Sequence[str]) -> Iterator[str]:
    for some in chunks([one for one in dict.fromkeys(ids) if is_storable(one)]):
        yield from connection.scalars(select(document.c.id).where(document.c.id.in_(some), document.c.type == "ticket"))
