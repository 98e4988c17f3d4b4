"""Keep rows of vectors in a FAISS file and find those nearest to a query: the one place that knows FAISS.

Rows are float16, unchanged by FAISS, memory-mapped where the library can. Up to `exact_rows` every search looks at
every allowed row; beyond, a graph (HNSW) proposes rows, except when a filter leaves few of them.
FAISS keeps its number of threads per calling thread: one for a query, all of them to build.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from indexer.vectors.similarity import Held

if TYPE_CHECKING:
    faiss: Any  # its own type hints know only part of what it offers, and differ between versions
else:
    import faiss

GRAPH_LINKS = 32
"""M of HNSW. With the two values below the first 60 of 40,000 clustered rows were found to more than .99, with 30 % of
them allowed to .988. (Of 100,000 random directions, which no text is like, only half.)
"""
GRAPH_BUILD_WIDTH = 100
GRAPH_SEARCH_WIDTH = 256
FEW_SHARE = 0.1
"""Below this share of allowed rows, or above it of wanted ones, rows are looked at one by one: a graph would step over
all the others, or walk most of them. At 0 the graph is always asked (tests).
"""

_CHUNK = 8192
_FINITE = np.uint16(0x7C00)
"""The exponent bits of a float16; all of them set means infinite or not a number."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which rows of a file may come back: how many, and one bit for each row, lowest bit first (`None`: all)."""

    count: int
    bits: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """Rows near a query, and a bound: no allowed row that is missing has a (single-precision) similarity above it.

    With a graph the bound holds as far as the graph can tell.
    """

    rows: NDArray[np.int64]
    bound: float


def allowed_rows(mask: NDArray[np.bool_]) -> Allowed:
    """Return the rows that a `(rows,)` mask allows."""
    count = int(np.count_nonzero(mask))
    return Allowed(count, None if count == len(mask) else np.packbits(mask, bitorder="little"))


def write_rows(
    blocks: Iterable[Held], count: int, dimension: int, rows_path: Path, graph_path: Path, exact_rows: int
) -> bool:
    """Write `count` rows, and above `exact_rows` of them a graph over them; say whether there is a graph.

    Not yet durable on return. Raises RuntimeError or OSError when the disk refuses.
    """
    if count <= exact_rows:
        rows = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        for block in blocks:
            rows.add_sa_codes(np.ascontiguousarray(block).view(np.uint8))
        faiss.write_index(rows, str(rows_path))
        return False
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    graph = faiss.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_fp16, GRAPH_LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = GRAPH_BUILD_WIDTH
    for block in blocks:
        graph.add(block.astype(np.float32))  # which keeps the rows as they were: float16 to float32 and back
    faiss.write_index(graph.storage, str(rows_path))
    faiss.write_index(graph, str(graph_path), faiss.IO_FLAG_SKIP_STORAGE)
    return True


class Rows:
    """Rows of one file, open for reading, by any number of threads."""

    def __init__(self, rows_path: Path, graph_path: Path | None, dimension: int, few_share: float = FEW_SHARE):
        """Open a file that `write_rows` wrote. Raises RuntimeError or OSError when it cannot, ValueError when it
        holds something else.
        """
        # Versions of FAISS that cannot map a file read it instead.
        self._index = faiss.read_index(str(rows_path), getattr(faiss, "IO_FLAG_MMAP_IFC", 0))
        if not isinstance(self._index, faiss.IndexScalarQuantizer) or self._index.d != dimension:
            raise ValueError(f"{rows_path.name} holds no rows of {dimension} values")
        self.held = _held(self._index, dimension)
        """`(rows, dimension)`, as stored."""
        if not _is_finite(self.held):
            raise ValueError(f"{rows_path.name} holds values that are not finite")
        self._few = few_share * len(self.held)
        self._graph: Any = None
        if graph_path is not None:
            self._graph = faiss.read_index(str(graph_path))
            if self._graph.ntotal != self._index.ntotal or self._graph.d != dimension:
                raise ValueError(f"{graph_path.name} does not belong to {rows_path.name}")
            self._graph.storage = self._index
            self._graph.own_fields = False

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.held)

    def nearest(self, query: NDArray[np.float32], count: int, allowed: Allowed) -> Nearest:
        """Return at least `min(count, allowed.count)` of the allowed rows nearest to a `(dimension,)` query."""
        count = min(count, allowed.count)
        if count == 0:
            return Nearest(np.zeros(0, np.int64), -np.inf)
        faiss.omp_set_num_threads(1)
        selector = _selector(allowed)
        is_few = allowed.count < self._few or count > self._few > 0
        if self._graph is not None and not is_few:
            parameters = faiss.SearchParametersHNSW(efSearch=max(GRAPH_SEARCH_WIDTH, count), sel=selector)
            similarities, rows = self._graph.search(query[None], count, params=parameters)
            if np.all(rows >= 0):
                return Nearest(rows[0], float(similarities[0, -1]) if count < allowed.count else -np.inf)
        parameters = faiss.SearchParameters(sel=selector)
        similarities, rows = self._index.search(query[None], count, params=parameters)
        return Nearest(rows[0], float(similarities[0, -1]) if count < allowed.count else -np.inf)


def _selector(allowed: Allowed) -> Any:
    return None if allowed.bits is None else faiss.IDSelectorBitmap(allowed.bits)


def _held(index: Any, dimension: int) -> Held:
    """Return the rows of an index without copying them; they live as long as the index does."""
    size = index.ntotal * dimension * 2
    if index.codes.size() != size:
        raise ValueError(f"the file holds {index.codes.size()} bytes of rows, not {size}")
    if size == 0:
        return np.zeros((0, dimension), np.float16)
    codes: NDArray[np.uint8] = faiss.rev_swig_ptr(index.codes.data(), size)
    return codes.view(np.float16).reshape(-1, dimension)


def _is_finite(held: Held) -> bool:
    bits = held.view(np.uint16)
    parts = (bits[start : start + _CHUNK] for start in range(0, len(bits), _CHUNK))
    return not any(bool(np.any((part & _FINITE) == _FINITE)) for part in parts)
