"""Measure the vector index on random unit vectors: `python -m tests.benchmarks.vector_index [passages]`.

On one core of a 2-core server, 100,000 passages of 384 values (two to a document), the median is to stay below: search
15 ms, with a filter that leaves 1 % 5 ms, similarities of 100 documents 2 ms.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import numpy as np

from indexer.vectors.index import open_vector_index
from kb.access import MEMBER
from kb.protocols.encoder import Vector
from kb.protocols.vector import VectorEntry
from kb.queries import Facts, Filter
from kb.recipe import Recipe

DIMENSION = 384
PASSAGES_OF_DOCUMENT = 2
BATCH = 500
START = datetime(2026, 1, 1, tzinfo=UTC)
RANDOM = np.random.default_rng(0)


def unit_vectors(count: int) -> Vector:
    rows = RANDOM.standard_normal((count, DIMENSION)).astype(np.float32)
    vectors: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return vectors


def entry(number: int, vectors: Vector) -> VectorEntry:
    values = {"type": "ticket", "audience": "internal", "source": "desk", "service": f"service-{number % 100}"}
    facts = Facts(
        f"desk:{number}",
        {name: frozenset({value}) for name, value in values.items()},
        START + timedelta(minutes=number),
    )
    return VectorEntry(facts, f"{number:032x}", tuple(range(len(vectors))), vectors)


def measure(name: str, call: Callable[[], object], times: int = 60) -> None:
    call()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    median, late = np.quantile(seconds, [0.5, 0.95]) * 1000
    print(f"{name:32} median {median:7.2f} ms   p95 {late:7.2f} ms")


def main(passages: int, directory: Path) -> None:
    recipe = Recipe("random", "0" * 64, "none", DIMENSION, 128)
    index = open_vector_index(directory, recipe)
    documents = passages // PASSAGES_OF_DOCUMENT
    started = time.perf_counter()
    for start in range(0, documents, BATCH):
        rows = unit_vectors(BATCH * PASSAGES_OF_DOCUMENT).reshape(BATCH, PASSAGES_OF_DOCUMENT, DIMENSION)
        index.apply([entry(start + number, vectors) for number, vectors in enumerate(rows)], [])
    print(f"built in {time.perf_counter() - started:.1f} s")
    started = time.perf_counter()
    index = open_vector_index(directory, recipe)
    print(f"opened in {time.perf_counter() - started:.2f} s, {index.size} passages")

    queries = cycle(unit_vectors(64))
    one_service = Filter(values={"service": frozenset({"service-7"})})
    half = Filter(as_of=START + timedelta(minutes=documents // 2))
    some = [f"desk:{number}" for number in RANDOM.integers(0, documents, 100)]
    measure("search", lambda: index.search(next(queries), Filter(), MEMBER, 60))
    measure("search, 1 % allowed", lambda: index.search(next(queries), one_service, MEMBER, 60))
    measure("search, 50 % allowed (as of)", lambda: index.search(next(queries), half, MEMBER, 60))
    measure("similarities of 100 documents", lambda: index.similarities(next(queries), some))

    def save() -> None:
        index.apply([entry(int(RANDOM.integers(documents)), unit_vectors(PASSAGES_OF_DOCUMENT))], [])
        index.refresh()

    measure("save one document and see it", save, 40)
    measure("search after that", lambda: index.search(next(queries), Filter(), MEMBER, 60))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, Path(made))
