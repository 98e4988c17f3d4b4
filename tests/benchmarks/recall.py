"""How much of what every row would answer does the graph find, with and without a filter, and in what time?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.manifest import VECTORS, current_generation
from indexer.vectors.rows import Allowed, Rows, allowed_rows, write_rows
from indexer.vectors.segment import GRAPH, ROWS
from indexer.vectors.similarity import Exact, exact_query, similarities
from search.lanes import DEPTH
from tests.benchmarks.table import Figure, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench

STAGE = "recall"
SHARES = (1.0, 0.5, 0.1, 0.01)
"""Of rows that a filter leaves, drawn without regard to what they say."""
ASKED_FOR = 4 * DEPTH + 32
"""Rows that a search asks a segment for at first (`indexer.vectors.state`)."""
_BLOCK = 8192


def recall_rows(bench: Workbench, home: MeasuredHome) -> list[Row]:
    """Compare graph and exact search over the largest segment of a home; a graph is made where there is none."""
    generation = current_generation(home.settings.index_path)
    if generation is None:
        raise SystemExit(f"{home.settings.index_path} holds no index")
    file = max((generation / VECTORS).glob(f"*{ROWS}"), key=lambda path: path.stat().st_size)
    dimension = bench.encoder.recipe.dimension
    exact = Rows(file, None, dimension)
    found: list[Row] = []
    graph_file = file.with_suffix(GRAPH)
    if not graph_file.exists():
        bench.say(f"making a graph over {len(exact):,} passages")
        graph_file, seconds = built(exact, bench.directory / "recall", dimension)
        found.append(Row(STAGE, "build the graph", len(exact), (Figure(seconds, "s"),)))
    graph = Rows(file, graph_file, dimension)
    asked = [one.title for one in bench.base.documents]
    step = -(-len(asked) // bench.queries)
    queries = [exact_query(bench.encoder.encode_query(title), dimension) for title in asked[::step]]
    for share in SHARES:
        allowed = allowed_share(len(exact), share)
        what = "no filter" if share == 1 else f"a filter of {share:.0%}"
        best, exact_ms = first_of_each(exact, queries, allowed)
        near, graph_ms = first_of_each(graph, queries, allowed)
        alone = Row(STAGE, f"every row, {what}", len(exact), (Figure(exact_ms, "ms", "p50"),))
        figures = (Figure(graph_ms, "ms", "p50"), Figure(recall(best, near), "of the exact first 100", "recall"))
        row = Row(STAGE, f"graph, {what}", len(exact), figures)
        found += [alone, Row(row.stage, row.what, row.passages, row.figures, compared(row, alone))]
    return found


def built(rows: Rows, directory: Path, dimension: int) -> tuple[Path, float]:
    """Make a graph over rows with all cores; return its file and the seconds it took."""
    directory.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    blocks = (rows.held[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    graph_file = directory / f"rows{GRAPH}"
    write_rows(blocks, len(rows), dimension, directory / f"rows{ROWS}", graph_file, 0)
    return graph_file, time.perf_counter() - began


def allowed_share(count: int, share: float) -> Allowed:
    """Return about `share` of `count` rows, the same each time."""
    return allowed_rows(np.random.default_rng(1).random(count) < share)


def first_of_each(rows: Rows, queries: Sequence[Exact], allowed: Allowed) -> tuple[list[NDArray[np.int64]], float]:
    """Return the best `DEPTH` rows for each query, and the median time of finding them in milliseconds."""
    found: list[NDArray[np.int64]] = []
    seconds: list[float] = []
    _best(rows, queries[0], allowed)  # which also makes what the first search makes
    for query in queries:
        began = time.perf_counter()
        found.append(_best(rows, query, allowed))
        seconds.append(time.perf_counter() - began)
    return found, float(np.median(seconds)) * 1000


def recall(best: Sequence[NDArray[np.int64]], found: Sequence[NDArray[np.int64]]) -> float:
    """Return the mean share of the best rows that were found."""
    return float(np.mean([len(np.intersect1d(one, other)) / len(one) for one, other in zip(best, found, strict=True)]))


def _best(rows: Rows, query: Exact, allowed: Allowed) -> NDArray[np.int64]:
    near = rows.nearest(query.astype(np.float32), ASKED_FOR, allowed).rows
    scores = similarities(rows.held[near], query)
    return near[np.lexsort((near, -scores))][:DEPTH]
