"""The part of the store in memory that keeps connectors and takes what they deliver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from kb.errors import IdConflict, InvalidInput, NotFound
from kb.protocols.connectors import Connector, Deletion, DeliveryOutcome, OutcomeCount
from kb.protocols.store import InvalidTicket, TicketUpsert
from kb.reporting import Clock
from tests.fakes.store_access import MemoryAccess


class MemoryConnectors(MemoryAccess):
    """A ConnectorStore over the tickets of the class that inherits it."""

    def __init__(self, clock: Clock):
        super().__init__(clock)
        self._connectors: dict[str, tuple[str | None, datetime]] = {}
        self._outcomes: dict[str, dict[str, OutcomeCount]] = {}
        self._deliveries: dict[tuple[str, str], datetime] = {}

    def enable_connector(self, name: str, secret: str) -> None:
        with self._open():
            self._connectors[name] = (secret, self._clock())

    def disable_connector(self, name: str) -> None:
        with self._open():
            if self.connector_secret(name) is None:
                raise NotFound(f"connector {name!r} is not on")
            self._connectors[name] = (None, self._clock())

    def connector_secret(self, name: str) -> str | None:
        with self._open():
            return self._connectors.get(name, (None, None))[0]

    def connectors(self) -> Sequence[Connector]:
        with self._open():
            return [
                Connector(name, secret is not None, at, dict(sorted(self._outcomes.get(name, {}).items())))
                for name, (secret, at) in sorted(self._connectors.items())
            ]

    def take_delivery(
        self, connector: str, marks: Mapping[str, datetime], contents: Sequence[TicketUpsert | Deletion]
    ) -> Sequence[DeliveryOutcome] | None:
        with self._open():
            if len(contents) > 500:
                raise InvalidInput("give at most 500 at a time")
            if any(self._deliveries.get((connector, mark), self._clock()) > self._clock() for mark in marks):
                return None
            before = dict(self._documents), dict(self._graves), list(self._changes), self._last_seq
            try:
                outcomes = [self._take(one) for one in contents]
            except InvalidInput:
                self._documents, self._graves, self._changes, self._last_seq = before
                raise
            self._deliveries |= {(connector, mark): until for mark, until in marks.items()}
            for outcome in outcomes:
                self.count_deliveries(connector, outcome)
            return outcomes

    def delete_tickets(self, deletions: Sequence[Deletion]) -> Sequence[DeliveryOutcome]:
        with self._open():
            if len(deletions) > 500:
                raise InvalidInput("give at most 500 at a time")
            return [self._take(one) for one in deletions]

    def _take(self, content: TicketUpsert | Deletion) -> DeliveryOutcome:
        if isinstance(content, Deletion):
            stored = self.ticket(content.id)
            if stored and stored.updated_at and content.at and content.at < stored.updated_at:
                return "ignored"
            return "deleted" if self.delete_ticket(content.id, content.at) else "unchanged"
        (outcome,) = self.upsert_tickets([content])
        if isinstance(outcome, InvalidTicket):
            refusal = IdConflict if outcome.field == "id" else InvalidInput
            raise refusal(outcome.message, field=outcome.field)
        return outcome

    def count_deliveries(self, connector: str, outcome: str, count: int = 1) -> None:
        with self._open():
            if connector in self._connectors:
                held = self._outcomes.setdefault(connector, {})
                before = held[outcome].count if outcome in held else 0
                held[outcome] = OutcomeCount(before + count, self._clock())
