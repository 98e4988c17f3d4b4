"""Say what is known of each candidate, as the features that the ranker weighs.

| feature | is |
| --- | --- |
| `semantic` | cosine of the most similar passage; where it is unknown, the least of the candidates' |
| `adapted` | the same after a learned adapter has turned the vector of the ticket; 0 where there is none |
| `keyword` | BM25 of the whole query as a share of the best candidate's |
| `title`, `body` | the same of one field, for a ticket |
| `coverage`, `pairs` | share of the query's heaviest words, and pairs of neighbouring words, that the document holds |
| `naming` | share of the words of an article's file name, or a ticket's title, that the query says |
| `component` | 1 with a component in common or, where the ticket names none, the service |
| `recency`, `recent` | 1 for a ticket opened as it is asked, fallen to 1/e after 90 or 20 days; 0.5 for an article |
| `signature` | 1 when an error signature of the article stands in the ticket |
| `prior` | what was made of the document before, from -1 (helped nobody) to 1 |
| `manual` | -1 for a page of the manual |

Every candidate has the features of every lane, found by it or not; else a document that one lane happened to cut off
would be punished for it. Pure but for the look-ups of `looked_up`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from kb.documents import MANUAL_SOURCE, Document
from search.coverage import coverage
from search.evidence import Evidence
from search.lanes import Lanes
from search.naming import naming
from search.prior import PriorFeedback
from search.query_terms import QueryTerms

RECENCY_DAYS = 90.0
RECENT_DAYS = 20.0
"""Days after which the two have fallen to 1/e: repeats of a problem mostly arrive soon after it. With both MRR@10 on
titanium's `tune` is 0.602 in cross-validation, with the first alone 0.592.
"""
UNDATED = 0.5
"""What an article, or a ticket without a date, gets for either: knowledge does not age as a ticket does."""
_EARNED = 3.0
"""Opinions that count as much as the doubt whether they are chance."""


def at_hand(evidence: Evidence, ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return id → what the lanes told already: `semantic` and `keyword`."""
    known = [evidence.semantic[one] for one in ids if one in evidence.semantic]
    least = min(known, default=0.0)
    shares = shares_of_best({one: evidence.keyword.get(one, 0.0) for one in ids})
    return {one: {"semantic": evidence.semantic.get(one, least), "keyword": shares[one]} for one in ids}


def looked_up(lanes: Lanes, terms: QueryTerms, documents: Sequence[Document]) -> dict[str, dict[str, float]]:
    """Return id → what must be looked up: `coverage`, `pairs`, `naming`, `manual`."""
    ids = [document.id for document in documents]
    covered = coverage(lanes, terms, ids)
    called = naming(terms, documents) if lanes.is_up("keyword") else {}
    return {
        document.id: {
            "coverage": covered.words[document.id],
            "pairs": covered.pairs[document.id],
            "naming": called.get(document.id, 0.0),
            "manual": -float(document.source == MANUAL_SOURCE),
        }
        for document in documents
    }


def shares_of_best(scores: Mapping[str, float]) -> dict[str, float]:
    """Return each score as a share of the best one; zeros when there is none above zero."""
    best = max(scores.values(), default=0.0)
    return {one: score / best if best > 0 else 0.0 for one, score in scores.items()}


def decay(days: float | None, scale: float) -> float:
    """Return 1 for today or the future, falling towards 0 with age; `UNDATED` for an age that is not known."""
    return UNDATED if days is None else math.exp(-max(0.0, days) / scale)


def earned(prior: PriorFeedback | None) -> float:
    """Return what opinions and solved problems say, between -1 and 1, the less the fewer there are."""
    if prior is None:
        return 0.0
    good, bad = prior.helpful + prior.resolved_by, prior.not_helpful
    return (good - bad) / (good + bad + _EARNED)
