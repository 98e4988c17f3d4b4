"""Answer from one committed state of the index: segments, and which of their documents are live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.vectors.admitted import AdmittedRows
from indexer.vectors.compaction import Size
from indexer.vectors.facts import Mask
from indexer.vectors.manifest import VectorManifest
from indexer.vectors.rows import Nearest
from indexer.vectors.segment import Segment
from indexer.vectors.similarity import STEPS, Exact, similarities
from kb.protocols.encoder import Vector
from kb.queries import Filter, Hit, Viewer

_OVERFETCH = 4
"""Rows asked for at first for each document wanted; most documents have few passages near one query."""
_MARGIN = 32


@dataclass(frozen=True, slots=True)
class State:
    """Segments, oldest first; `live[i]` marks the documents of segment i that no newer one supersedes or deletes, and
    `admitting[i]` says which of its rows may come back.
    """

    manifest: VectorManifest
    segments: tuple[Segment, ...]
    live: tuple[Mask, ...]
    admitting: tuple[AdmittedRows, ...]

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
        spots = {document_id: spot for document_id in ids for spot in self._place(document_id)}
        found: dict[str, dict[int, float]] = {document_id: {} for document_id in spots}
        for place, segment in enumerate(self.segments):
            inside = [(document_id, number) for document_id, (at, number) in spots.items() if at == place]
            numbers = np.array([number for _, number in inside], np.int64)
            counts = segment.starts[numbers + 1] - segment.starts[numbers]
            ends = np.cumsum(counts)
            rows = np.arange(counts.sum()) + np.repeat(segment.starts[numbers] - ends + counts, counts)
            scores = (similarities(segment.rows.held[rows], query) / STEPS).tolist()
            passages = segment.passages[rows].tolist()
            for (document_id, _), start, end in zip(inside, (ends - counts).tolist(), ends.tolist(), strict=True):
                found[document_id] = dict(zip(passages[start:end], scores[start:end], strict=True))
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
        allowed = [admitting.of(where, viewer) for admitting in self.admitting]
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
            if len(hits) == depth and round(hits[-1].score * STEPS) > bound * STEPS + 1:
                break
            count *= _OVERFETCH
        return hits

    def _hits(self, query: Exact, nearest: Sequence[Nearest], depth: int) -> list[Hit]:
        """Return the best `depth` documents of these rows; ties by id, and of equal passages the first.

        Documents are numbered through all segments. Only rows that can be a best one are scored.
        """
        if not nearest:
            return []
        starts = np.cumsum([0, *(len(segment.ids) for segment in self.segments)])
        in_order = list(zip(starts.tolist(), self.segments, nearest, strict=False))
        least = _least_needed(
            np.concatenate([near.similarities - near.error for near in nearest]),
            np.concatenate([start + segment.document_of_row[near.rows] for start, segment, near in in_order]),
            depth,
        )
        rows = [near.rows[near.similarities + near.error >= least - 1 / STEPS] for near in nearest]
        parts = list(zip(starts.tolist(), self.segments, rows, strict=False))
        scores = np.concatenate([similarities(segment.rows.held[held], query) for _, segment, held in parts])
        documents = np.concatenate([start + segment.document_of_row[held] for start, segment, held in parts])
        passages = np.concatenate([segment.passages[held] for _, segment, held in parts])
        order = np.lexsort((passages, -scores))
        best = order[_firsts(documents[order])]
        if len(best) > depth:
            best = best[scores[best] >= scores[best[depth - 1]]]
        places = np.searchsorted(starts, documents[best], "right") - 1
        numbers = documents[best] - starts[places]
        ids = [
            self.segments[place].ids[number] for place, number in zip(places.tolist(), numbers.tolist(), strict=True)
        ]
        found = sorted(zip((-scores[best]).tolist(), ids, passages[best].tolist(), strict=True))
        return [Hit(document_id, -negative / STEPS, passage) for negative, document_id, passage in found[:depth]]

    def _place(self, document_id: str) -> Iterator[tuple[int, int]]:
        """Yield the segment and number of a live document, once at most."""
        for place in range(len(self.segments) - 1, -1, -1):
            number = self.segments[place].ordinals.get(document_id)
            if number is not None and self.live[place][number]:
                yield place, number
                return


def state_of(manifest: VectorManifest, segments: tuple[Segment, ...]) -> State:
    """Return the state of these segments, oldest first."""
    live = live_masks(segments)
    return State(manifest, segments, live, tuple(map(AdmittedRows, segments, live)))


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


def _least_needed(at_least: NDArray[np.float32], documents: NDArray[np.int64], depth: int) -> float:
    """Return a similarity that `depth` documents reach, given what each row has at least; minus infinity for fewer."""
    order = np.argsort(-at_least, kind="stable")
    firsts = _firsts(documents[order])
    return float(at_least[order[firsts[depth - 1]]]) if len(firsts) >= depth else -np.inf


def _firsts(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each value occurs first, ascending."""
    return np.sort(np.unique(values, return_index=True)[1])
