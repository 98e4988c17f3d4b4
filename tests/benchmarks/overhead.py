"""How much longer does an answer take than the encoder, Tantivy and FAISS calls it makes, made directly?

Each run asks new questions, so that nothing is answered from a cache. Question by question the searcher answers while
its native calls are recorded, and then those are made again, one after another on one thread, with the same arguments:
query vectors, lanes, depths, filters, and one thread of FAISS. So noise of the machine meets both alike, and what is
made directly finds memory and files as warm as they can be.

Counted as direct: tokenising and the model's run; whatever is called on Tantivy's searcher (searches with the hits read
from them, aggregations, document frequencies, stored documents); searches of FAISS with their selectors as they were
made. Making Tantivy's query objects is counted only in the figure that says so. Everything else is the searcher's own:
analysis, SQL, exact similarities, ranking, snippets. Recording itself is part of the searcher's time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kb.queries import Filter
from search.searcher import Searcher
from tests.benchmarks.latency import median_of
from tests.benchmarks.questions import questions, search_request, similar_request, tickets
from tests.benchmarks.recording import ENGINES, Kind, Recorded, recording
from tests.benchmarks.table import Figure, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench, opened_warm

STAGE = "overhead"
EVERYWHERE = Filter()
SERVICE = Filter({"service": frozenset({"vpn"})})
_WITH_QUERIES: frozenset[Kind] = ENGINES | {"queries"}


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds of a run by the clock and of the processor."""

    clock: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: _Took) -> _Took:
        return _Took(self.clock + other.clock, self.cpu + other.cpu)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: all answers of the searcher, the native calls made directly, and those with their query objects."""

    searcher: _Took
    direct: _Took
    with_queries: _Took
    questions: int
    calls: int

    @property
    def ratio(self) -> float:
        """Return how many times as long the searcher takes, by the clock."""
        return self.searcher.clock / self.direct.clock


def overhead_rows(bench: Workbench, home: MeasuredHome, smaller: Sequence[Row]) -> list[Row]:
    """Return the ratios for search and similar issues, without and with a filter."""
    bench.say(f"making native calls again, {home.passages:,} passages")
    before = {row.what: row for row in smaller}
    with opened_warm(home) as services:
        searcher = services.searcher()
        rows = [
            _row(f"overhead, {name}{told}", home, _runs(bench, partial(asks, bench, searcher, where)))
            for name, asks in (("search", _searches), ("similar issues", _similar_issues))
            for where, told in ((EVERYWHERE, ""), (SERVICE, ", one service only"))
        ]
    return [replace(row, ratios=compared(row, before.get(row.what))) for row in rows]


def _searches(bench: Workbench, searcher: Searcher, where: Filter, number: int) -> list[Callable[[], object]]:
    return [partial(searcher.search, replace(search_request(text), filter=where)) for text in questions(bench, number)]


def _similar_issues(bench: Workbench, searcher: Searcher, where: Filter, number: int) -> list[Callable[[], object]]:
    return [
        partial(searcher.similar, replace(similar_request(ticket), filter=where)) for ticket in tickets(bench, number)
    ]


def _runs(bench: Workbench, asks: Callable[[int], list[Callable[[], object]]]) -> list[_Run]:
    for ask in asks(-1):
        ask()
    return [_run(asks(number)) for number in range(bench.rounds)]


def _run(asks: Sequence[Callable[[], object]]) -> _Run:
    gc.collect()
    searcher = direct = with_queries = _Took()
    made = 0
    for ask in asks:
        with recording() as calls:
            searcher += _timed(ask)
        direct += _timed(partial(_again, calls, ENGINES))
        with_queries += _timed(partial(_again, calls, _WITH_QUERIES))
        made += sum(call.kind in ENGINES for call in calls)
    return _Run(searcher, direct, with_queries, len(asks), made)


def _again(calls: Sequence[Recorded], kinds: Collection[Kind]) -> None:
    for call in calls:
        if call.kind in kinds:
            call.again()


def _timed(work: Callable[[], object]) -> _Took:
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return _Took(time.perf_counter() - clock, time.process_time() - cpu)


def _row(what: str, home: MeasuredHome, runs: Sequence[_Run]) -> Row:
    ratio, spread = median_of([run.ratio for run in runs])
    asked = sum(run.questions for run in runs)
    figures = (
        Figure(ratio, "×"),
        Figure(median_of([run.searcher.cpu / run.direct.cpu for run in runs])[0], "×", "CPU"),
        Figure(median_of([run.searcher.clock / run.with_queries.clock for run in runs])[0], "×", "with query objects"),
        Figure(sum(run.searcher.clock for run in runs) * 1000 / asked, "ms", "searcher"),
        Figure(sum(run.direct.clock for run in runs) * 1000 / asked, "ms", "direct"),
        Figure(sum(run.calls for run in runs) / asked, "direct calls"),
    )
    return Row(STAGE, what, home.passages, figures, spread=spread)
