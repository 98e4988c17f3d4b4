"""Say how much of a query a document holds, its words weighted by their rarity.

BM25 rewards saying one word of the query often; coverage asks whether all of them are said at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kb.queries import KeywordQuery, WordGroup
from search.lanes import Lanes

MOST_WORDS = 8
"""Words that are looked up one by one: the rest is too common to tell. With all of them `tune` says the same."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a query documents hold.

    `shares`: id → share of the weight of the query's words that the document holds, 0 to 1, of those words that occur
    in any document. `known` is the share of the query's weight that lies on such words.
    """

    shares: Mapping[str, float]
    known: float


def coverage(lanes: Lanes, query: KeywordQuery, ids: Sequence[str]) -> Coverage:
    """Return how much of the query's heaviest words each of `ids` holds. The weight of a word is its idf."""
    weighed = _weighed(lanes, query.words)
    whole = sum(weight for _, weight, _ in weighed)
    known = sorted(((weight, at, group) for at, (group, weight, held) in enumerate(weighed) if held), key=_heaviest)
    chosen = known[:MOST_WORDS]
    total = sum(weight for weight, _, _ in chosen)
    shares = dict.fromkeys(ids, 0.0)
    for weight, _, group in chosen:
        for document_id in lanes.scores(replace(query, words=(group,), identifiers=(), phrases=()), ids):
            shares[document_id] += weight / total
    return Coverage(shares, sum(weight for weight, _, _ in known) / whole if whole else 0.0)


def _weighed(lanes: Lanes, words: Sequence[WordGroup]) -> list[tuple[WordGroup, float, int]]:
    """Return each word with its weight and in how many documents it occurs: ln(1 + (N - n + 0.5) / (n + 0.5))."""
    size = lanes.size
    counts = lanes.document_frequency(sorted({term for group in words for term in group.terms}))
    weighed = []
    for group in words:
        held = min(size, sum(counts.get(term, 0) for term in group.terms))
        weighed.append((group, group.weight * math.log1p((size - held + 0.5) / (held + 0.5)), held))
    return weighed


def _heaviest(word: tuple[float, int, WordGroup]) -> tuple[float, int]:
    weight, at, _ = word
    return (-weight, at)
