"""Say how much of a query a document holds, its words weighted by their rarity.

BM25 rewards saying one word of the query often; coverage asks whether all of them are said at all, and pairs whether
they are said side by side, as an error message is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.queries import WordGroup
from search.lanes import Lanes
from search.query_terms import Pair, QueryTerms

MOST_WORDS = 12
"""Words that are looked up: the rest is too common to tell. With 12 MRR@10 of alttitle's `tune` is 0.943, with 8
0.941.
"""
SAID = 0.7
"""Other forms that count less than this beside the word itself (synonyms; a translation is more) find a document, but
are not what the query says. On `tune` it makes no difference.
"""
MOST_PAIRS = 12
"""Pairs of neighbouring words that are looked up, those of the rarest words."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a query documents hold; both mappings are id → share of the weight, 0 to 1.

    `words` counts the query's words that occur in any document, `pairs` its pairs of neighbouring words."""

    words: Mapping[str, float]
    pairs: Mapping[str, float]


def coverage(lanes: Lanes, terms: QueryTerms, ids: Sequence[str]) -> Coverage:
    """Return how much of the query's heaviest words and pairs each of `ids` holds. The weight of a word is its idf."""
    words = said(terms.keyword.words)
    looked_up = {term for group in words for term in group.terms}
    looked_up |= {term for pair in terms.pairs for word in pair.terms for term in word}
    counts = lanes.document_frequency(sorted(looked_up))
    size = lanes.size
    weighed = [(group, group.weight * rarity(size, [counts.get(term, 0) for term in group.terms])) for group in words]
    known = [(group, weight) for group, weight in weighed if any(counts.get(term) for term in group.terms)]
    heaviest = sorted(range(len(known)), key=lambda at: (-known[at][1], at))[:MOST_WORDS]
    weighty = [WordGroup(known[at][0].terms, known[at][1]) for at in heaviest]
    return Coverage(
        _shares(lanes, weighty, [], ids),
        _shares(lanes, [], _weighed_pairs(terms.pairs, counts, size), ids),
    )


def said(words: Sequence[WordGroup]) -> list[WordGroup]:
    """Return the words of a query without what merely means the same; a group of nothing else is left out."""
    kept = []
    for group in words:
        shares = (*group.shares, *(1.0 for _ in group.terms[len(group.shares) :]))
        terms = tuple(term for term, share in zip(group.terms, shares, strict=True) if share >= SAID)
        if terms:
            kept.append(WordGroup(terms, group.weight))
    return kept


def rarity(size: int, counts: Sequence[int]) -> float:
    """Return the idf of a word whose terms occur in so many documents each: ln(1 + (N - n + 0.5) / (n + 0.5))."""
    held = min(size, sum(counts))
    return math.log1p((size - held + 0.5) / (held + 0.5))


def _weighed_pairs(pairs: Sequence[Pair], counts: Mapping[str, int], size: int) -> list[tuple[tuple[str, ...], float]]:
    weighed: dict[tuple[str, ...], float] = {}
    for pair in pairs:
        weight = sum(rarity(size, [max((counts.get(term, 0) for term in word), default=0)]) for word in pair.terms)
        weighed[pair.surfaces] = weight
    return sorted(weighed.items(), key=lambda one: (-one[1], one[0]))[:MOST_PAIRS]


def _shares(
    lanes: Lanes,
    words: Sequence[WordGroup],
    pairs: Sequence[tuple[tuple[str, ...], float]],
    ids: Sequence[str],
) -> dict[str, float]:
    total = sum(group.weight for group in words) + sum(weight for _, weight in pairs)
    held = lanes.weight_held(words, pairs, ids) if total > 0 else {}
    return {one: min(1.0, held.get(one, 0.0) / total) if total > 0 else 0.0 for one in ids}
