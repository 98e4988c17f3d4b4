"""Fuse what the lanes found into one order. Pure functions.

Scores of different lanes are not comparable, so a combination joins what can be compared: the cosine as it is, and BM25
as a share of the best among the candidates. Every candidate has the features of every lane, found by it or not; else a
document that one lane happened to cut off would be punished for it.

Laws, tested as properties: more of any feature never lowers a document; multiplying all BM25 scores changes nothing;
the order of the candidates changes nothing; ties are ordered by document id.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SEARCH_SEMANTIC = 0.75
"""Share of the cosine in a search, the rest being that of BM25; fitted together with `COVERAGE`. Mean MRR@10 over the
`tune` splits of the article sets is 0.806, and 0.804 to 0.808 for shares from 0.7 to 0.8 with a coverage of 0.1 to 0.2.
The cosine as a share of the best does as well without coverage (0.800) and not quite with it (0.804).
"""
MANUAL_HANDICAP = 0.1
"""What a page of the manual is worth less than it seems: it quotes errors as examples, and who asks about an error does
not ask about the manual. A question about the manual itself finds it by far more than this.
"""
COVERAGE = 0.15
"""What holding all words of the query adds."""
COVERED_FIRST = 20
"""Candidates whose coverage is looked up: those that could reach the first page. Looking up 30 changes nothing."""


@dataclass(frozen=True, slots=True)
class TicketWeights:
    """What each feature counts for a ticket, beside the cosine, which counts 1."""

    title: float
    body: float
    component: float
    recency: float
    signature: float


TICKET_WEIGHTS = TicketWeights(title=0.19, body=0.09, component=0.13, recency=0.21, signature=0.6)
"""Listwise logistic regression on the `tune` queries of titanium (315): MRR@10 0.608 in five-fold cross-validation,
0.566 without recency, 0.539 without component too, 0.488 for the cosine alone. No labelled set has articles that state
error signatures, so that weight was chosen on the shipped tickets: hit@1 .634 without, .683 at 0.4, .702 from 0.6 on.
"""
RECENCY_DAYS = 90.0
"""Days after which a ticket's recency has fallen to 1/e: repeats of a problem mostly arrive soon after it."""
UNDATED_RECENCY = 0.5
"""What an article, or a ticket without a date, gets for recency: knowledge does not age as a ticket does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One document with its features.

    `semantic`: cosine with the most similar passage, `None` where unknown. `keyword`: BM25 of the whole query, 0 where
    no word or identifier matches; `title` and `body`: BM25 of these fields alone. `is_exact`: the document holds an
    identifier or phrase of the query. `component`: 1 with a component or, without any, the service in common, else 0.
    `recency`: 1 for the moment of asking, towards 0 with age. `is_manual`: it tells of Fixlore itself.
    `signature`: 1 when it states an error signature that stands in the ticket, else 0.
    """

    document_id: str
    semantic: float | None = None
    keyword: float = 0.0
    title: float = 0.0
    body: float = 0.0
    is_exact: bool = False
    component: float = 0.0
    recency: float = UNDATED_RECENCY
    is_manual: bool = False
    signature: float = 0.0

    @property
    def is_only_semantic(self) -> bool:
        """Say whether nothing but its meaning speaks for it."""
        return self.keyword <= 0 and not self.is_exact


@dataclass(frozen=True, slots=True)
class Fused:
    """A candidate and the value by which it was ordered."""

    candidate: Candidate
    value: float


def fused_search(candidates: Sequence[Candidate], *, is_lookup: bool = False) -> list[Fused]:
    """Return the candidates of a search, best first: `a * cosine + (1 - a) * BM25 / best BM25`.

    `is_lookup` says that the query is mainly an identifier: then what holds it comes before all else.
    """
    keyword = _shares([one.keyword for one in candidates])
    semantic = _filled([one.semantic for one in candidates])
    values = [
        SEARCH_SEMANTIC * similarity + (1 - SEARCH_SEMANTIC) * share - MANUAL_HANDICAP * one.is_manual
        for one, similarity, share in zip(candidates, semantic, keyword, strict=True)
    ]
    return _ordered(candidates, values, exact_first=is_lookup)


def reordered(first: Sequence[Fused], coverage: Mapping[str, float], *, is_lookup: bool = False) -> list[Fused]:
    """Return fused candidates with the first `COVERED_FIRST` of them in a new order: by value plus weighted coverage.

    `coverage` is id → share of the query that the document holds, 0 to 1. The others follow as they were.
    """
    head = first[:COVERED_FIRST]
    values = [one.value + COVERAGE * coverage.get(one.candidate.document_id, 0.0) for one in head]
    return [*_ordered([one.candidate for one in head], values, exact_first=is_lookup), *first[COVERED_FIRST:]]


def fused_similar(candidates: Sequence[Candidate], weights: TicketWeights = TICKET_WEIGHTS) -> list[Fused]:
    """Return the candidates for a ticket, best first: the cosine plus the weighted other features.

    Title and body BM25 each count as a share of the best. Where no candidate has a similarity (the lane is down), the
    shares and the rest decide alone.
    """
    title = _shares([one.title for one in candidates])
    body = _shares([one.body for one in candidates])
    semantic = _filled([one.semantic for one in candidates])
    values = [
        semantic[at]
        + weights.title * title[at]
        + weights.body * body[at]
        + weights.component * one.component
        + weights.recency * one.recency
        + weights.signature * one.signature
        for at, one in enumerate(candidates)
    ]
    return _ordered(candidates, values, exact_first=False)


def recency(days: float | None) -> float:
    """Return the recency of a document that came to be so many days before the question; undated: a constant."""
    if days is None:
        return UNDATED_RECENCY
    return math.exp(-max(days, 0.0) / RECENCY_DAYS)


def _ordered(candidates: Sequence[Candidate], values: Sequence[float], *, exact_first: bool) -> list[Fused]:
    """Order by value, but keep every exact match before every purely semantic one.

    A purely semantic candidate is worth at most what the least exact match is worth, and loses ties against it.
    """
    least = min((value for one, value in zip(candidates, values, strict=True) if one.is_exact), default=None)

    def key(fused: Fused) -> tuple[bool, float, bool, float, str]:
        one = fused.candidate
        worth = fused.value
        if least is not None and one.is_only_semantic:
            worth = min(worth, least)
        return (exact_first and not one.is_exact, -worth, one.is_only_semantic, -fused.value, one.document_id)

    return sorted((Fused(one, value) for one, value in zip(candidates, values, strict=True)), key=key)


def _shares(scores: Sequence[float]) -> list[float]:
    """Return each score as a share of the best; all 0 where nothing scored."""
    best = max(scores, default=0.0)
    return [score / best if best > 0 else 0.0 for score in scores]


def _filled(similarities: Sequence[float | None]) -> list[float]:
    """Return the similarities, the lowest known standing in for those that are not (a document without vectors yet)."""
    lowest = min((one for one in similarities if one is not None), default=0.0)
    return [lowest if one is None else one for one in similarities]
