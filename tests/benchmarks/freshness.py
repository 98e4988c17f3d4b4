"""When is a saved ticket found, with nothing else to do and while tickets stream in and clients search?

Everything is saved into a copy of the home, which is removed afterwards.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from kb.tickets import ticket_object
from tests.benchmarks.latency import median_of
from tests.benchmarks.over_http import searches, warm_up
from tests.benchmarks.server import PATIENCE_S, Server, search_path, serving
from tests.benchmarks.table import Figure, Ratio, Row, compared
from tests.benchmarks.variation import SOURCE
from tests.benchmarks.workbench import MeasuredHome, Workbench, copied

STAGE = "freshness"
PER_SECOND = 50
WRITERS, SEARCHERS = 2, 2
"""Clients that save, each half of the stream, and clients that search without a pause."""
QUIET, STREAMED = "saved ticket is found", f"saved ticket is found, {PER_SECOND} a second and searches besides"
_POLL_S = 0.02
_BETWEEN_S = 0.5


def freshness_rows(bench: Workbench, home: MeasuredHome, smaller: Sequence[Row]) -> list[Row]:
    """Return how long tickets take to be found: the median and the slowest."""
    bench.say(f"saving tickets, {home.passages:,} passages")
    before = {row.what: row for row in smaller}
    with copied(bench, home, "streamed") as settings, serving(settings) as server:
        warm_up(bench, server)
        quiet = _row(QUIET, home, [_seconds_to_find(server) for _ in range(bench.rounds)])
        with _load(bench, server) as load:
            found = []
            while not found or load.seconds < bench.stream_seconds:
                found.append(_seconds_to_find(server))
                time.sleep(_BETWEEN_S)
    loaded = _row(
        STREAMED,
        home,
        found,
        Figure(load.saved / load.seconds, "a second", "saved"),
        Figure(load.searched / load.seconds, "a second", "searched"),
    )
    loaded = replace(loaded, ratios=(Ratio(loaded.value / quiet.value, QUIET),))
    return [replace(row, ratios=(*row.ratios, *compared(row, before.get(row.what)))) for row in (quiet, loaded)]


class _Load:
    """Clients at work: how many tickets they have saved and searches they have made, and for how long."""

    def __init__(self, bench: Workbench, server: Server):
        self.saved = self.searched = 0
        self._began = time.perf_counter()
        self._ended: float | None = None
        self._over = threading.Event()
        self._counting = threading.Lock()
        self._failures: list[Exception] = []
        works: list[Callable[[], None]] = [self._saving(bench, server, number) for number in range(WRITERS)]
        works += [self._searching(bench, server, number) for number in range(SEARCHERS)]
        self._threads = [threading.Thread(target=self._kept(work)) for work in works]
        for thread in self._threads:
            thread.start()

    @property
    def seconds(self) -> float:
        """Return how long they have worked."""
        return (self._ended or time.perf_counter()) - self._began

    def end(self) -> None:
        """Have them stop. Raises what one of them met."""
        self._ended = time.perf_counter()
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _kept(self, work: Callable[[], None]) -> Callable[[], None]:
        def kept() -> None:
            try:
                work()
            except Exception as failure:  # told by the thread that waits for all
                self._failures.append(failure)

        return kept

    def _saving(self, bench: Workbench, server: Server, writer: int) -> Callable[[], None]:
        def save() -> None:
            connection, number = server.connect(), writer
            while not self._over.is_set():
                early = number / PER_SECOND - (time.perf_counter() - self._began)
                if early > 0:
                    time.sleep(early)
                fields = ticket_object(bench.variation.ticket(number, "streamed"))
                path = f"/api/v1/tickets/{fields.pop('source')}/{fields.pop('external_id')}"
                status, answer = server.asked(connection, "PUT", path, json.dumps(fields))
                assert status in (200, 201), answer[:300]
                number += WRITERS
                with self._counting:
                    self.saved += 1
            connection.close()

        return save

    def _searching(self, bench: Workbench, server: Server, searcher: int) -> Callable[[], None]:
        def search() -> None:
            connection, number = server.connect(), searcher
            while not self._over.is_set():
                for ask in searches(bench, server, number):
                    if self._over.is_set():
                        break
                    ask(connection)
                    with self._counting:
                        self.searched += 1
                number += SEARCHERS
            connection.close()

        return search


@contextmanager
def _load(bench: Workbench, server: Server) -> Iterator[_Load]:
    load = _Load(bench, server)
    try:
        yield load
    finally:
        load.end()


def _seconds_to_find(server: Server) -> float:
    """Save a ticket with a word of its own and ask for it until it is found; return the seconds since the request."""
    connection = server.connect()
    word = f"saved{time.time_ns()}"
    body = json.dumps({"title": f"Printer on floor 3 says {word}", "status": "open"})
    began = time.perf_counter()
    status, answer = server.asked(connection, "PUT", f"/api/v1/tickets/{SOURCE}/{word}", body)
    assert status in (200, 201), answer[:300]
    while f'"{SOURCE}:{word}"'.encode() not in server.asked(connection, "GET", search_path(word))[1]:
        if time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"a saved ticket is not found: {server.log.read_text()}")
        time.sleep(_POLL_S)
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def _row(what: str, home: MeasuredHome, seconds: Sequence[float], *more: Figure) -> Row:
    median, spread = median_of(seconds)
    return Row(
        STAGE, what, home.passages, (Figure(median, "s"), Figure(spread[1], "s", "slowest"), *more), spread=spread
    )
