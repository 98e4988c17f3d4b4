"""Ask each question as it could be asked when its ticket was opened, and keep what is known of the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.access import SHELL
from kb.protocols.encoder import Vector
from kb.reporting import Progress
from search.adapter import Adapter
from search.evidence import EVERYTHING
from search.learning.examples import Example
from search.similar import RankedTicket, SimilarRequest

CANDIDATES = 100
"""Candidates of a question that are learned from: on titanium's `tune` split the right answer is among them for 93 %
of the tickets it can be found for at all."""
PASSAGES = 4
"""Passages of a candidate that are kept, the most similar ones: an adapter turns a vector little."""


class Ranking(Protocol):
    """What ranks; a `Searcher`."""

    def ranked_similar(self, request: SimilarRequest) -> RankedTicket:
        """Return what is found for a ticket, best first."""
        ...


class PassageVectors(Protocol):
    """The vectors of passages; a `VectorSearch`."""

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vector]:
        """Return id → `(passages, dimension)` vectors."""
        ...


@dataclass(frozen=True, slots=True)
class Collected:
    """A question with its candidates, best first by the ranker that collected them.

    `features` has shape (candidates, names). `passages` has shape (rows, dimension); rows `starts[i]` up to
    `starts[i + 1]` belong to candidate i, at least one each (a zero row where there is none), if there are vectors at
    all. `asked` has shape (ways, dimension).
    """

    example: Example
    ids: tuple[str, ...]
    names: tuple[str, ...]
    features: NDArray[np.float64]
    tiers: NDArray[np.int64]
    is_right: NDArray[np.bool_]
    asked: NDArray[np.float32]
    passages: NDArray[np.float16]
    starts: NDArray[np.int64]

    def table(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the features as (candidates, names); a missing one is 0."""
        places = {name: place for place, name in enumerate(self.names)}
        table = np.zeros((len(self.ids), len(names)))
        for column, name in enumerate(names):
            if name in places:
                table[:, column] = self.features[:, places[name]]
        return table

    def values(self, weights: Mapping[str, float], adapter: Adapter | None) -> NDArray[np.float64]:
        """Return the value of every candidate: the weighted sum, with `adapted` by this adapter, not the one then."""
        names = [name for name in weights if name != "adapted"]
        values = self.table(names) @ np.array([weights[name] for name in names])
        if adapter is not None and weights.get("adapted"):
            values = values + weights["adapted"] * self.adapted(adapter)
        return np.asarray(values, dtype=np.float64)

    def best_first(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the candidates in the order of `search.ranker.ordered`: by tier, value and id."""
        return np.lexsort((np.array(self.ids), -values, -self.tiers)).astype(np.int64)

    def adapted(self, adapter: Adapter) -> NDArray[np.float64]:
        """Return the feature `adapted` of every candidate under an adapter."""
        if not len(self.asked) or not len(self.ids):
            return np.zeros(len(self.ids))
        ways = np.stack([adapter.adapted(one) for one in self.asked])
        similar = (self.passages.astype(np.float32) @ ways.T).max(axis=1)
        return np.asarray(np.maximum.reduceat(similar, self.starts[:-1]), dtype=np.float64)


def collected(
    ranking: Ranking, vectors: PassageVectors | None, examples: Sequence[Example], progress: Progress
) -> list[Collected]:
    """Return the questions with their candidates, in the order of `examples`.

    Each is asked as of when its ticket was opened; neither its links nor anything said later counts.
    """
    found = []
    for number, example in enumerate(examples, 1):
        request = SimilarRequest(
            ticket=replace(example.ticket, links=()),
            as_of=example.at,
            viewer=SHELL,
            floor=EVERYTHING,
            details=False,
        )
        found.append(_collected(ranking.ranked_similar(request), vectors, example))
        progress(number, len(examples))
    return found


def _collected(answer: RankedTicket, vectors: PassageVectors | None, example: Example) -> Collected:
    ranked = answer.ranked[:CANDIDATES]
    ids = tuple(one.candidate.document_id for one in ranked)
    names = sorted({name for one in ranked for name in one.candidate.features} - {"adapted"})
    asked = np.stack(answer.asked) if answer.asked else np.zeros((0, 0), np.float32)
    held = vectors.vectors(ids) if vectors is not None and len(asked) else {}
    nothing = np.zeros((1, asked.shape[1]), np.float32)
    rows = [_nearest(held.get(one, nothing), asked) for one in ids] if len(asked) else []
    return Collected(
        example=example,
        ids=ids,
        names=tuple(names),
        features=np.array([[one.candidate.features.get(name, 0.0) for name in names] for one in ranked]).reshape(
            len(ranked), len(names)
        ),
        tiers=np.array([one.candidate.tier for one in ranked], np.int64),
        is_right=np.array([one in example.right for one in ids], np.bool_),
        asked=asked,
        passages=(np.concatenate(rows) if rows else nothing[:0]).astype(np.float16),
        starts=np.cumsum([0, *(len(one) for one in rows)]).astype(np.int64),
    )


def _nearest(rows: Vector, asked: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(rows):
        return np.zeros((1, asked.shape[1]), np.float32)
    if len(rows) <= PASSAGES:
        return rows
    return rows[np.argsort(-(rows @ asked.T).max(axis=1), kind="stable")[:PASSAGES]]
