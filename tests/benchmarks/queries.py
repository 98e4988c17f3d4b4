"""How long does an answer take inside one process, and how much of that is the encoder and the engines?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from kb.documents import Ticket
from kb.queries import Filter
from search.searcher import Searcher
from tests.benchmarks.engines import BareEngines
from tests.benchmarks.latency import Call, Latency, each, latency_of, median_of, timed
from tests.benchmarks.questions import (
    asked_meaning,
    asked_words,
    questions,
    search_request,
    similar_request,
    tickets,
    tickets_of_length,
)
from tests.benchmarks.table import Figure, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench, opened, opened_warm
from web.wiring import Services

STAGE = "queries"
SEARCH, SIMILAR = "search in process", "similar issues in process"
_EVERYWHERE = Filter()
_SERVICE = Filter({"service": frozenset({"vpn"})})
_OPENINGS = 3
_Asked = TypeVar("_Asked", str, Ticket)


def query_rows(bench: Workbench, home: MeasuredHome, smaller: Sequence[Row]) -> list[Row]:
    """Return latencies over one collection, compared with those of a smaller one where there is one."""
    bench.say(f"asking in process, {home.passages:,} passages")
    before = {row.what: row for row in smaller}
    rows = [_first_answer(home, questions(bench, -1)[0], min(bench.runs, _OPENINGS))]
    with opened_warm(home) as services:
        searcher = services.searcher()
        rows += _task_rows(bench, home, services, "search", partial(questions, bench), partial(_search, searcher))
        rows += _task_rows(
            bench, home, services, "similar issues", partial(tickets, bench), partial(_similar, searcher)
        )
        within = partial(_search, searcher, where=_SERVICE)
        rows.append(_row(f"{SEARCH}, one service only", home, _rounds(bench, partial(questions, bench), within)))
        rows += _length_rows(bench, home, searcher)
    return [replace(row, ratios=(*row.ratios, *compared(row, before.get(row.what)))) for row in rows]


def _task_rows(
    bench: Workbench,
    home: MeasuredHome,
    services: Services,
    name: str,
    asked_in: Callable[[int], Sequence[_Asked]],
    ask: Callable[[_Asked], object],
) -> list[Row]:
    encoder, frequency = services.encoder(), services.indexes.keyword.document_frequency
    bare = BareEngines(home.settings)
    rounds = range(-1, bench.rounds)
    words = [each(bare.ask_words, (bare.words(asked_words(one, frequency)) for one in asked_in(at))) for at in rounds]
    near = [each(bare.ask_vectors, (encoder.encode_query(asked_meaning(one)) for one in asked_in(at))) for at in rounds]
    both = [
        [partial(_one_after_another, *pair) for pair in zip(*held, strict=True)]
        for held in zip(words, near, strict=True)
    ]
    tantivy, faiss, engines = (
        _row(f"{engine}, {name}", home, latency_of([timed(calls) for calls in held][1:]))
        for engine, held in (("Tantivy alone", words), ("FAISS alone", near), ("Tantivy and FAISS", both))
    )
    encoding = _rounds(bench, asked_in, lambda one: encoder.encode_query(asked_meaning(one)))
    encoded = _row(f"encoder alone, {name}", home, encoding)
    new = _row(f"{name} in process", home, _rounds(bench, asked_in, ask))
    last = each(ask, asked_in(bench.rounds - 1))
    again = _row(f"{name} in process, asked again", home, latency_of([timed(last) for _ in range(bench.rounds)]))
    return [
        encoded,
        tantivy,
        faiss,
        engines,
        replace(new, ratios=compared(new, _unsized(encoded), _unsized(engines))),
        replace(again, ratios=compared(again, _unsized(new))),
    ]


def _length_rows(bench: Workbench, home: MeasuredHome, searcher: Searcher) -> list[Row]:
    """Return what tickets cost whose descriptions are short and long, each compared with the shortest."""
    rows: list[Row] = []
    for length in bench.lengths:
        taken = _rounds(bench, partial(tickets_of_length, bench, length), partial(_similar, searcher))
        row = _row(f"{SIMILAR}, {length:,} characters", home, taken)
        rows.append(replace(row, ratios=compared(row, _unsized(rows[0])) if rows else ()))
    return rows


def _rounds(bench: Workbench, asked_in: Callable[[int], Sequence[_Asked]], ask: Callable[[_Asked], object]) -> Latency:
    """Warm up, then measure each round with questions of its own."""
    return latency_of([timed(each(ask, asked_in(number))) for number in range(-1, bench.rounds)][1:])


def _first_answer(home: MeasuredHome, question: str, openings: int) -> Row:
    """Measure opening store, indexes and model until one answer is there; the libraries are imported already."""
    seconds = []
    for _ in range(openings):
        began = time.perf_counter()
        with opened(home) as services:
            _search(services.searcher(), question)
            seconds.append(time.perf_counter() - began)
    median, spread = median_of(seconds)
    return Row(
        STAGE,
        "first search after opening",
        home.passages,
        (Figure(median * 1000, "ms"),),
        spread=(spread[0] * 1000, spread[1] * 1000),
    )


def _search(searcher: Searcher, text: str, where: Filter = _EVERYWHERE) -> None:
    answer = searcher.search(replace(search_request(text), filter=where))
    assert answer.retrieval.mode == "hybrid", answer.retrieval


def _similar(searcher: Searcher, ticket: Ticket) -> None:
    answer = searcher.similar(similar_request(ticket))
    assert answer.retrieval.mode == "hybrid", answer.retrieval


def _one_after_another(first: Call, second: Call) -> None:
    first()
    second()


def _row(what: str, home: MeasuredHome, latency: Latency) -> Row:
    return Row(STAGE, what, home.passages, latency.figures, spread=latency.spread)


def _unsized(row: Row) -> Row:
    """Return the row as ratios within one collection call it."""
    return replace(row, passages=None)
