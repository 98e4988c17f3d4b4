"""The FAISS vector index passes the suite, exact and with a graph, and so does the fake."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from indexer.vectors.index import open_vector_index
from tests.conformance.vector_suite import RECIPE, NewIndex, VectorIndexSuite
from tests.fakes.vectors import MemoryVectorIndex


class TestExactVectorIndex(VectorIndexSuite):
    @pytest.fixture
    def new_index(self, tmp_path: Path) -> NewIndex:
        numbers = count()
        return lambda: open_vector_index(tmp_path / str(next(numbers)), RECIPE)


class TestGraphVectorIndex(VectorIndexSuite):
    """Every segment of more than three rows has a graph, and it is always asked."""

    @pytest.fixture
    def new_index(self, tmp_path: Path) -> NewIndex:
        numbers = count()
        return lambda: open_vector_index(tmp_path / str(next(numbers)), RECIPE, exact_rows=3, few_share=0.0)


class TestMemoryVectorIndex(VectorIndexSuite):
    @pytest.fixture
    def new_index(self) -> Iterator[NewIndex]:
        yield lambda: MemoryVectorIndex(RECIPE)
