"""A vector index in memory that compares one document at a time, by the definitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from kb.access import may_read_facts
from kb.errors import IndexUnavailable, InvalidInput
from kb.protocols.encoder import Vector
from kb.protocols.vector import VectorEntry
from kb.queries import Filter, Hit, Viewer
from kb.recipe import Recipe


class MemoryVectorIndex:
    """A VectorIndex: a dictionary, `Filter.admits`, `may_read_facts` and `math.fsum`."""

    def __init__(self, recipe: Recipe):
        self._recipe = recipe
        self._written: dict[str, VectorEntry] = {}
        self._seen: dict[str, VectorEntry] | None = {}

    @property
    def recipe(self) -> Recipe:
        return self._recipe

    @property
    def size(self) -> int:
        return sum(len(entry.passages) for entry in self._open().values())

    def search(self, vector: Vector, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        query = self._query(vector)
        hits = []
        for document_id, entry in self._open().items():
            if entry.passages and where.admits(entry.facts) and may_read_facts(viewer, entry.facts):
                scored = _scored(entry, query)
                best = max(scored.values())
                hits.append(Hit(document_id, best, min(number for number in scored if scored[number] == best)))
        return sorted(hits, key=lambda hit: (-hit.score, hit.document_id))[: max(depth, 0)]

    def similarities(self, vector: Vector, ids: Sequence[str]) -> Mapping[str, Mapping[int, float]]:
        query = self._query(vector)
        held = self._open()
        return {one: _scored(held[one], query) for one in ids if one in held}

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vector]:
        held = self._open()
        return {one: held[one].vectors.astype(np.float16).astype(np.float32) for one in ids if one in held}

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        wanted = self._written if ids is None else [one for one in ids if one in self._written]
        return {one: self._written[one].fingerprint for one in wanted}

    def apply(self, upserts: Sequence[VectorEntry], deletes: Sequence[str]) -> None:
        for entry in upserts:
            lengths = np.linalg.norm(entry.vectors.astype(np.float64), axis=1)
            if entry.vectors.shape != (len(entry.passages), self._recipe.dimension) or not np.all(lengths <= 1.01):
                raise InvalidInput(f"{entry.facts.id} has vectors that do not fit")
        written = dict(self._written)
        for document_id in deletes:
            written.pop(document_id, None)
        written.update((entry.facts.id, entry) for entry in upserts)
        self._written = written

    @contextmanager
    def filling(self) -> Iterator[Callable[[Sequence[VectorEntry]], None]]:
        added: list[VectorEntry] = []
        if self.size:
            raise IndexUnavailable("the index is not empty")
        yield added.extend
        self.apply(added, ())

    def clear(self) -> None:
        self._written = {}

    def refresh(self) -> None:
        self._seen = self._written

    def close(self) -> None:
        self._seen = None

    def _open(self) -> dict[str, VectorEntry]:
        if self._seen is None:
            raise IndexUnavailable("the vector index is closed")
        return self._seen

    def _query(self, vector: Vector) -> NDArray[np.float64]:
        if vector.shape != (self._recipe.dimension,) or not np.linalg.norm(vector.astype(np.float64)) <= 1.01:
            raise InvalidInput("the query vector does not fit")
        return np.round(vector.astype(np.float64) * 2**24) / 2**24


def _scored(entry: VectorEntry, query: NDArray[np.float64]) -> dict[int, float]:
    rows = entry.vectors.astype(np.float16).astype(np.float64)
    return {
        number: round(math.fsum((row * query).tolist()), 4) + 0.0
        for number, row in zip(entry.passages, rows, strict=True)
    }
