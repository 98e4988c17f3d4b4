"""Take the deliveries of connectors once, and count what becomes of them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from kb.connectors.mapping import Ignored, TicketMapping
from kb.connectors.signatures import Signing
from kb.documents import JSON
from kb.errors import StoreError
from kb.protocols.connectors import Deletion, DeliveryOutcome
from kb.protocols.store import TicketUpsert
from kb.reporting import Clock
from web.metrics import Metrics
from web.wiring import Services

REMEMBERED = timedelta(days=30)
"""Longer than any of the systems tries again, or lets a person send a delivery again (GitHub: three days)."""
REMEMBERED_UNDATED = timedelta(minutes=10)
"""For bodies without a signed time and without the ticket's `updated_at`: later, the same words can be news."""
STRANGERS_EVERY_S = 10.0
"""Unbelieved requests are written down at most this often: whoever sends them must not make the store write."""


def now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


class Deliveries:
    """What an application took and refused. Any number of threads may use it."""

    def __init__(self, services: Services, metrics: Metrics, clock: Clock = now):
        self._services = services
        self._metrics = metrics
        self._lock = threading.Lock()
        self._strangers: Counter[tuple[str, str]] = Counter()
        self._written_at = -STRANGERS_EVERY_S
        self.now = clock

    def take(
        self,
        connector: str,
        mapping: TicketMapping,
        signing: Signing,
        headers: Mapping[str, str],
        raw: bytes,
        body: JSON,
    ) -> Sequence[tuple[str, DeliveryOutcome]] | None:
        """Store what a delivery says, all or nothing, and return what became of each ticket, in order.

        Returns nothing for a delivery that the mapping ignores, which is not remembered: another mapping may want it.
        Returns `None` for one that was taken before. Raises InvalidInput that names the field.
        """
        contents = [one for one in mapping.deliveries(body) if not isinstance(one, Ignored)]
        if not contents:
            self.note(connector, "ignored")
            return []
        marks = self.marks(signing, headers, raw, contents)
        outcomes = self._services.store.take_delivery(connector, marks, contents)
        if outcomes is None:
            return None
        self._metrics.count_delivery("stored")
        for outcome in outcomes:
            self._metrics.count_delivered_ticket(outcome)
        self._services.wake()
        return [(one.id, outcome) for one, outcome in zip(contents, outcomes, strict=True)]

    def marks(
        self, signing: Signing, headers: Mapping[str, str], raw: bytes, contents: Sequence[TicketUpsert | Deletion]
    ) -> dict[str, datetime]:
        """Return what a delivery is known again by, and until when.

        The id is a header that no signature covers, so whoever repeats a delivery could change it. What was signed
        is therefore remembered too: for long where the same bytes cannot be news, with a time under the signature or
        with the time of the change in every ticket, and briefly where a ticket may become again what it was.
        """
        marks: dict[str, datetime] = {}
        if signing.delivery_header and (given := headers.get(signing.delivery_header.lower(), "").strip()):
            marks["id:" + _digest(given.encode("utf-8", "surrogatepass"))] = self.now() + REMEMBERED
        if signing.is_dated:
            kept = timedelta(seconds=2 * signing.tolerance_s)
        else:
            kept = REMEMBERED if all(_is_dated(one) for one in contents) else REMEMBERED_UNDATED
        marks["content:" + _digest(signing.content(headers, raw))] = self.now() + kept
        return marks

    def note(self, connector: str, outcome: str) -> None:
        """Count a delivery that was believed and stored nothing."""
        self._metrics.count_delivery(outcome)
        with suppress(StoreError):
            self._services.store.count_deliveries(connector, outcome)

    def note_stranger(self, connector: str, outcome: str) -> None:
        """Count a delivery that was not believed; several are written down together."""
        self._metrics.count_delivery(outcome)
        with self._lock:
            self._strangers[connector, outcome] += 1
        self.write_due()

    def write_due(self) -> None:
        """Write down deliveries that were not believed, unless that was done a moment ago."""
        if self._strangers and time.monotonic() - self._written_at >= STRANGERS_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write down deliveries that were not believed; what a busy store does not take is kept for the next time."""
        with self._lock:
            self._written_at = time.monotonic()
            waiting, self._strangers = self._strangers, Counter()
        try:
            while waiting:
                (name, what), count = next(iter(waiting.items()))
                self._services.store.count_deliveries(name, what, count)
                del waiting[name, what]
        except StoreError:
            with self._lock:
                self._strangers.update(waiting)


def _is_dated(content: TicketUpsert | Deletion) -> bool:
    if isinstance(content, Deletion):
        return content.at is not None
    return content.fields.get("updated_at") is not None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
