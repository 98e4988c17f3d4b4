"""Keep rows of vectors in a FAISS file and find those nearest to a query: the one place that knows FAISS.

Rows are float16, unchanged by FAISS, memory-mapped where the library can. Up to `exact_rows` every search looks at
every allowed row, by a copy of one byte for each value: half the memory to read and half the time, with an error that
is known. Beyond, a graph (HNSW) proposes rows, except when a filter leaves few of them.
FAISS keeps its number of threads per calling thread: one for a query, all of them to build.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from indexer.vectors.similarity import LONGEST, Held, doubt

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
_MAGNITUDE = np.uint16(0x7FFF)
"""The bits of a float16 but for its sign."""
_MOST_CODE = 127


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which rows of a file may come back: how many, and one bit for each row, lowest bit first (`None`: all)."""

    count: int
    bits: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """Rows near a query, with similarities that are off by at most `error`, best first.

    `bound`: no allowed row that is missing has a similarity above it; minus infinity when none is missing. With a graph
    it holds as far as the graph can tell.
    """

    rows: NDArray[np.int64]
    similarities: NDArray[np.float32]
    error: float
    bound: float


@dataclass(frozen=True, slots=True)
class _Codes:
    """Rows in one byte for each value, a whole number of `step`; no row lies farther than `error` from its codes."""

    index: Any
    step: float
    error: float

    def nearest(self, query: NDArray[np.float32], count: int, selector: Any, is_all: bool) -> Nearest:
        """Return the `count` rows nearest to a query that is rounded likewise, for FAISS compares bytes with bytes.

        Its sums of whole numbers are below 2^24 and thus exact for up to 1,040 values; what rounding took from row and
        query is at most its length times that of the other (Cauchy and Schwarz).
        """
        unit = float(np.abs(query).max()) / _MOST_CODE or 1.0
        rounded = np.rint(query / unit)
        parameters = faiss.SearchParameters(sel=selector)
        sums, rows = self.index.search(rounded[None], count, params=parameters)
        off = float(np.linalg.norm(query - rounded * np.float32(unit)))
        error = self.error * LONGEST + off * (LONGEST + self.error) + doubt(len(query))
        return _nearest(rows[0], sums[0] * np.float32(self.step * unit), error, is_all)


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
        self._largest = _largest_magnitude(self.held)
        if not np.isfinite(self._largest):
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
            return Nearest(np.zeros(0, np.int64), np.zeros(0, np.float32), 0.0, -np.inf)
        faiss.omp_set_num_threads(1)
        selector = _selector(allowed)
        is_all = count == allowed.count
        error = doubt(len(query))
        if self._graph is None:
            return self._codes.nearest(query, count, selector, is_all)
        if not (allowed.count < self._few or count > self._few > 0):
            parameters = faiss.SearchParametersHNSW(efSearch=max(GRAPH_SEARCH_WIDTH, count), sel=selector)
            found, rows = self._graph.search(query[None], count, params=parameters)
            if np.all(rows >= 0):
                return _nearest(rows[0], found[0], error, is_all)
        parameters = faiss.SearchParameters(sel=selector)
        found, rows = self._index.search(query[None], count, params=parameters)
        return _nearest(rows[0], found[0], error, is_all)

    @cached_property
    def _codes(self) -> _Codes:
        """Return the codes of all rows, made at the first search: who only writes needs none."""
        dimension = self.held.shape[1]
        step = self._largest / _MOST_CODE or 1.0
        index = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
        )
        index.codes.resize(self.held.size)  # in one piece: grown, it would keep up to twice the room
        index.codes.resize(0)
        farthest = 0.0
        for start in range(0, len(self.held), _CHUNK):
            rows = self.held[start : start + _CHUNK].astype(np.float32)
            rounded = np.rint(rows / np.float32(step))
            index.add_sa_codes((rounded + 128).astype(np.uint8))  # which is how FAISS keeps a code with a sign
            off = rows - rounded * np.float32(step)
            farthest = max(farthest, float(np.einsum("ij,ij->i", off, off).max()))
        return _Codes(index, step, farthest**0.5)


def _nearest(rows: NDArray[np.int64], found: NDArray[np.float32], error: float, is_all: bool) -> Nearest:
    return Nearest(rows, found, error, -np.inf if is_all else float(found[-1]) + error)


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


def _largest_magnitude(held: Held) -> float:
    """Return the largest magnitude of all values, infinity or not a number when one is not finite.

    Without their sign, the bits of float16 are in the order of the values they stand for, and those that are not finite
    come last; whole numbers are compared much faster.
    """
    bits = held.view(np.uint16)
    parts = (bits[start : start + _CHUNK] & _MAGNITUDE for start in range(0, len(bits), _CHUNK))
    largest = max((int(part.max()) for part in parts), default=0)
    return float(np.array(largest, np.uint16).view(np.float16))
