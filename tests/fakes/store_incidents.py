"""The part of the store in memory that incident candidates are made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from kb.documents import Document, Ticket
from kb.errors import InvalidInput
from kb.incidents import Decision, DecisionState, OpenTicket, may_be_reported
from kb.protocols.store import Change
from kb.store.incidents import content_mark
from kb.store.rows import row_of


class MemoryIncidents:
    """An IncidentStore over the documents of the store in memory."""

    _open: Callable[[], AbstractContextManager[None]]
    _clock: Callable[[], datetime]
    _documents: dict[str, Document]
    _changes: list[Change]
    _through: datetime | None
    _decisions: list[Decision]

    def documents_mark(self) -> str:
        with self._open():
            return f"{self._changes[-1].seq if self._changes else None}/{self._through}"

    def open_tickets(self, until: datetime, most: int) -> Sequence[OpenTicket]:
        with self._open():
            found = [
                OpenTicket(one.id, one.opened_at, one.audience, content_mark(row_of(one)["content"]))
                for one in self._documents.values()
                if isinstance(one, Ticket) and may_be_reported(one) and one.opened_at and one.opened_at <= until
            ]
            return sorted(found, key=lambda one: (one.opened_at, one.id), reverse=True)[:most]

    def decide_incident(self, state: DecisionState, ticket_ids: Sequence[str], by: str) -> Decision:
        with self._open():
            known = {one for one in ticket_ids if isinstance(self._documents.get(one), Ticket)}
            if not known:
                raise InvalidInput("an incident needs a ticket")
            number = len(self._decisions) + 1
            made = Decision(number, state, by, self._clock(), len(known), tuple(sorted(known)))
            self._decisions.append(made)
            return made

    def incident_decisions(self, since: datetime) -> Sequence[Decision]:
        with self._open():
            tickets = [one for one in self._documents.values() if isinstance(one, Ticket) and may_be_reported(one)]
            current = {one.id for one in tickets}
            return [one for one in self._decisions if one.at >= since or not current.isdisjoint(one.tickets)]

    def _forget_decisions(self, ticket_id: str) -> None:
        self._decisions = [
            replace(one, tickets=tuple(each for each in one.tickets if each != ticket_id)) for one in self._decisions
        ]
