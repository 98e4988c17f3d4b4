"""Articles, deliveries and a clock for the store's suites."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from kb.documents import JSON, Article, Ticket
from kb.protocols.store import Store, TicketUpsert

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class SetClock:
    """Tells the time it was set to."""

    def __init__(self, now: datetime = START):
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """Move on by a timedelta's arguments and return the new time."""
        self.now += timedelta(**by)
        return self.now


def article(article_id: str = "vpn/error-809", title: str = "VPN error 809", **values: object) -> Article:
    values.setdefault("body", "Open UDP 500 and 4500.")
    values.setdefault("source", "runbooks")
    return Article(id=article_id, title=title, **values)  # type: ignore[arg-type]


def delivery(
    external_id: str = "1", *, source: str = "zammad", extra: dict[str, JSON] | None = None, **fields: object
) -> TicketUpsert:
    """Return an upsert with these fields alone."""
    return TicketUpsert(source, external_id, MappingProxyType(fields), MappingProxyType(extra or {}))


def put_ticket(store: Store, external_id: str = "1", **fields: object) -> Ticket:
    """Store a ticket with a title and return it."""
    fields.setdefault("title", f"Printer {external_id} is offline")
    upsert = delivery(external_id, **fields)
    store.upsert_tickets([upsert])
    stored = store.ticket(upsert.id)
    assert stored is not None
    return stored


def changed_ids(store: Store) -> Sequence[str]:
    """Return the documents that the indexer is to look at, and mark them done."""
    changes = store.pending(10_000)
    store.done(changes)
    return [change.document_id for change in changes]
