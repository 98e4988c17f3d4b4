"""Answer from one committed state of the index: segments, and which of their documents are live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.vectors.compaction import Size
from indexer.vectors.facts import Mask
from indexer.vectors.manifest import VectorManifest
from indexer.vectors.rows import Allowed, Nearest, allowed_rows
from indexer.vectors.segment import Segment
from indexer.vectors.similarity import STEPS, Exact, doubt, similarities
from kb.protocols.encoder import Vector
from kb.queries import Filter, Hit, Viewer

_OVERFETCH = 4
"""Rows asked for at first for each document wanted; most documents have few passages near one query."""
_MARGIN = 32


@dataclass(frozen=True, slots=True)
class State:
    """Segments, oldest first; `live[i]` marks the documents of segment i that no newer one supersedes or deletes."""

    manifest: VectorManifest
    segments: tuple[Segment, ...]
    live: tuple[Mask, ...]

    @property
    def size(self) -> int:
        """Return the number of live rows."""
        return sum(size.live_rows for size in self.sizes())

    def sizes(self) -> list[Size]:
        """Return the size of each segment, oldest first."""
        return [
            Size(len(segment.rows), int(np.diff(segment.starts)[mask].sum()), len(segment.ids), len(segment.deleted))
            for segment, mask in zip(self.segments, self.live, strict=True)
        ]

    def fingerprints(self, ids: Sequence[str] | None) -> dict[str, str]:
        """Return id → fingerprint of live documents, of all when `ids` is None."""
        found: dict[str, str] = {}
        prints = [segment.fingerprints() for segment in self.segments] if ids is None or len(ids) else []
        if ids is None:
            for held, segment, mask in zip(prints, self.segments, self.live, strict=True):
                found.update((segment.ids[number], held[number]) for number in np.flatnonzero(mask))
            return found
        for document_id in ids:
            for place, number in self._place(document_id):
                found[document_id] = prints[place][number]
        return found

    def similarities(self, query: Exact, ids: Sequence[str]) -> dict[str, dict[int, float]]:
        """Return id → passage → similarity of live documents, in the order of `ids`."""
        places = [(document_id, *spot) for document_id in dict.fromkeys(ids) for spot in self._place(document_id)]
        spans: list[list[NDArray[np.int64]]] = [[] for _ in self.segments]
        for _, place, number in places:
            starts = self.segments[place].starts
            spans[place].append(np.arange(starts[number], starts[number + 1]))
        scored: list[Iterator[tuple[int, int]]] = []
        for segment, wanted in zip(self.segments, spans, strict=True):
            rows = np.concatenate((np.zeros(0, np.int64), *wanted))
            scores = similarities(segment.rows.held[rows], query)
            scored.append(iter(zip(segment.passages[rows].tolist(), scores.tolist(), strict=True)))
        found: dict[str, dict[int, float]] = {}
        for document_id, place, number in places:
            starts = self.segments[place].starts
            pairs = [next(scored[place]) for _ in range(int(starts[number + 1] - starts[number]))]
            found[document_id] = {passage: score / STEPS for passage, score in pairs}
        return found

    def vectors(self, ids: Sequence[str]) -> dict[str, Vector]:
        """Return id → `(passages, dimension)` vectors of live documents, in the order of `ids`."""
        found: dict[str, Vector] = {}
        for document_id in ids:
            for place, number in self._place(document_id):
                segment = self.segments[place]
                start, end = segment.starts[number], segment.starts[number + 1]
                found[document_id] = segment.rows.held[start:end].astype(np.float32)
        return found

    def search(self, query: Exact, where: Filter, viewer: Viewer, depth: int) -> list[Hit]:
        """Return the best `depth` live documents that filter and viewer admit, each by its best passage.

        Rows are asked for until the document at the cut is certainly better than any row not seen; then scores,
        passages and the order of ties are those of a comparison with every row.
        """
        if depth <= 0:
            return []
        allowed = [self._allowed(place, where, viewer) for place in range(len(self.segments))]
        single = query.astype(np.float32)
        count = _OVERFETCH * depth + _MARGIN
        while True:
            nearest = [
                segment.rows.nearest(single, count, rows) for segment, rows in zip(self.segments, allowed, strict=True)
            ]
            hits = self._hits(query, nearest, depth)
            bound = max((one.bound for one in nearest), default=-np.inf)
            if bound == -np.inf:
                break
            if len(hits) == depth and round(hits[-1].score * STEPS) > (bound + doubt(len(query))) * STEPS + 1:
                break
            count *= _OVERFETCH
        return hits

    def _hits(self, query: Exact, nearest: Sequence[Nearest], depth: int) -> list[Hit]:
        """Return the best `depth` documents of these rows; ties by id, and of equal passages the first."""
        found: list[tuple[int, str, int]] = []
        for segment, near in zip(self.segments, nearest, strict=True):
            scores = similarities(segment.rows.held[near.rows], query)
            documents = segment.document_of_row[near.rows]
            passages = segment.passages[near.rows]
            order = np.lexsort((passages, -scores, documents))
            _, firsts = np.unique(documents[order], return_index=True)
            best = order[firsts]
            found.extend(
                (-score, segment.ids[document], passage)
                for score, document, passage in zip(
                    scores[best].tolist(), documents[best].tolist(), passages[best].tolist(), strict=True
                )
            )
        found.sort()
        return [Hit(document_id, -negative / STEPS, passage) for negative, document_id, passage in found[:depth]]

    def _allowed(self, place: int, where: Filter, viewer: Viewer) -> Allowed:
        segment = self.segments[place]
        documents = self.live[place] & segment.facts.admitted(where, viewer, segment.ordinals)
        if documents.all():
            return Allowed(len(segment.rows), None)
        return allowed_rows(documents[segment.document_of_row])

    def _place(self, document_id: str) -> Iterator[tuple[int, int]]:
        """Yield the segment and number of a live document, once at most."""
        for place in range(len(self.segments) - 1, -1, -1):
            number = self.segments[place].ordinals.get(document_id)
            if number is not None and self.live[place][number]:
                yield place, number
                return


def live_masks(segments: Sequence[Segment]) -> tuple[Mask, ...]:
    """Return which documents of each segment are not superseded or deleted by a newer one."""
    masks: list[Mask] = []
    for place, segment in enumerate(segments):
        mask = np.ones(len(segment.ids), np.bool_)
        for newer in segments[place + 1 :]:
            gone = [segment.ordinals.get(document_id, -1) for document_id in (*newer.ids, *newer.deleted)]
            numbers = np.array(gone, np.int64)
            mask[numbers[numbers >= 0]] = False
        masks.append(mask)
    return tuple(masks)
