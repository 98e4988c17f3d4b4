"""The graph finds nearly what a look at every row finds, also under a filter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.vectors.rows import Rows, write_rows
from indexer.vectors.similarity import exact_query, held_vectors
from tests.benchmarks.recall import allowed_share, first_of_each, recall

DIMENSION = 64
COUNT = 8_000


def clustered(count: int, seed: int) -> NDArray[np.float32]:
    """Return unit vectors around two hundred centres, as texts lie around their subjects."""
    centres = np.random.default_rng(0).standard_normal((200, DIMENSION))
    random = np.random.default_rng(seed)
    vectors = centres[random.integers(0, 200, count)] + 0.6 * random.standard_normal((count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("recall")
    paths = directory / "a.rows", directory / "a.graph"
    assert write_rows([held_vectors(clustered(COUNT, 1))], COUNT, DIMENSION, *paths, 1_000)
    return paths


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01])
def test_graph_finds_almost_all_of_the_first_hundred_when_a_filter_leaves_a_share(
    files: tuple[Path, Path], share: float
) -> None:
    rows_path, graph_path = files
    queries = [exact_query(one, DIMENSION) for one in clustered(30, 2)]
    allowed = allowed_share(COUNT, share)
    best, _ = first_of_each(Rows(rows_path, None, DIMENSION), queries, allowed)
    assert all(len(one) == min(100, allowed.count) for one in best)
    # With a share of few rows as small as this, the graph answers whatever it would answer for a million.
    graph = Rows(rows_path, graph_path, DIMENSION, few_share=0.06)
    found, _ = first_of_each(graph, queries, allowed)
    assert recall(best, found) >= 0.97
    assert all(len(one) == min(100, allowed.count) for one in found)
