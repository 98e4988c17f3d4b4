"""Count what an application does, and tell it with the state of its parts in the Prometheus format.

The numbers hold no name and no text of any document, since everybody may ask for them.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from kb.errors import FixloreError
from web.version import running_version
from web.wiring import Services

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Upper bounds of the latency buckets: around the 60 and 120 ms that answers should take, up to what is too long."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Any other method is counted as `other`: whoever asks must not be able to make a series for each word."""
DELIVERY_OUTCOMES = ("stored", "ignored", "repeated", "invalid", "no_signature", "wrong_signature", "too_old")
"""What becomes of deliveries, whichever connector they are for: a stranger must not learn which are on."""
TICKET_OUTCOMES = ("created", "updated", "unchanged", "ignored", "deleted")
_Answer = TypeVar("_Answer")


class Metrics:
    """The numbers of one application."""

    def __init__(self, services: Services):
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "fixlore_requests", "Requests by route.", ("route", "method", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "fixlore_request_seconds",
            "Time to an answer by route.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._answers = Counter(
            "fixlore_answers", "Answers by how good they are.", ("kind", "status"), registry=self._registry
        )
        for kind in ("search", "similar"):
            for status in ("ok", "degraded", "no_confident_match"):
                self._answers.labels(kind, status)  # so that a rate can be taken before the first one
        self._deliveries = Counter(
            "fixlore_deliveries", "What became of deliveries by webhook.", ("outcome",), registry=self._registry
        )
        self._delivered_tickets = Counter(
            "fixlore_delivered_tickets",
            "What became of the tickets of deliveries that were stored.",
            ("outcome",),
            registry=self._registry,
        )
        for outcome in DELIVERY_OUTCOMES:
            self._deliveries.labels(outcome)
        for outcome in TICKET_OUTCOMES:
            self._delivered_tickets.labels(outcome)
        self._registry.register(_State(services))

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is the rule, never the path that filled it in."""
        self._requests.labels(route, method if method in METHODS else "other", f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def count_answer(self, kind: str, status: str) -> None:
        """Count an answer to a question (`search`) or a ticket (`similar`)."""
        self._answers.labels(kind, status).inc()

    def count_delivery(self, outcome: str) -> None:
        """Count a delivery: `stored`, `ignored` by its mapping, or why it was refused."""
        self._deliveries.labels(outcome).inc()

    def count_delivered_ticket(self, outcome: str) -> None:
        """Count what became of a ticket of a delivery that was stored."""
        self._delivered_tickets.labels(outcome).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return body and content type in the format that suits an `Accept` header."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _State(Collector):
    """Asks the parts when the numbers are asked for; a part that is down leaves out what only it can tell."""

    def __init__(self, services: Services):
        self._services = services

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: registering must not ask a store that may be down."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the state of store, indexes and lanes."""
        services = self._services
        state = services.readiness()
        down = state["down"]
        build = GaugeMetricFamily("fixlore_build_info", "What runs here.", labels=("version", "engine", "python"))
        build.add_metric((running_version(), services.settings.keyword_engine, platform.python_version()), 1)
        yield build
        lanes = GaugeMetricFamily("fixlore_lane_up", "Whether a lane answers.", labels=("lane",))
        for lane in ("keyword", "semantic"):
            lanes.add_metric((lane,), lane not in down)
        yield lanes
        yield _gauge("fixlore_ready", "Whether searches can be answered.", state["ready"])
        yield _gauge("fixlore_store_writable", "Whether the store takes writes.", "store" not in down)
        yield _gauge("fixlore_answering_processes", "Processes that answer now.", services.answering)
        counts = _asked(services.store.counts)
        if counts is not None:
            documents = GaugeMetricFamily("fixlore_documents", "Documents in the store by type.", labels=("type",))
            for kind, count in sorted(counts.items()):
                documents.add_metric((kind,), count)
            yield documents
        if state["pending_changes"] is not None:
            told = "Documents whose changes are not in the indexes yet."
            yield _gauge("fixlore_pending_changes", told, state["pending_changes"])
        passages = _asked(lambda: services.indexes.vectors.size)
        if passages is not None:
            yield _gauge("fixlore_passages", "Passages in the vector index.", passages)
        failures = CounterMetricFamily("fixlore_indexing_failures", "Attempts to index that failed.")
        failures.add_metric((), services.indexing_failures)
        yield failures
        if services.indexed_at is not None:
            told = "When indexing last succeeded, also with nothing to do."
            yield _gauge("fixlore_indexing_last_success_timestamp_seconds", told, services.indexed_at)
        try:
            free = shutil.disk_usage(services.settings.home).free
        except OSError:
            return
        yield _gauge("fixlore_home_free_bytes", "Room left on the disk of the home directory.", free)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=value)


def _asked(ask: Callable[[], _Answer]) -> _Answer | None:
    try:
        return ask()
    except FixloreError:
        return None
