"""Say what of a query is looked up. The same for every engine, so that they agree on odd queries too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

from indexer.keyword.exact_text import exact_keys, index_terms, surface_keys
from kb.protocols.keyword import MAX_WORD_GROUPS
from kb.queries import DEFAULT_FIELD_WEIGHTS, TEXT_FIELDS, KeywordQuery, WordGroup

K1 = 1.2
B = 0.75
"""BM25's two constants at their customary values; Tantivy has them built in."""
SIGNIFICANT_DIGITS = 4
_FORMAT = f"%.{SIGNIFICANT_DIGITS}g"
PHRASE_WEIGHTS = DEFAULT_FIELD_WEIGHTS
"""What a phrase scores by the best field that holds it, when a query has nothing but phrases."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """The terms of one word, none twice, what each counts, and the weight of their share."""

    terms: tuple[str, ...]
    weight: float
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A KeywordQuery with everything dropped that no document can hold.

    `fields` are (text field, weight) with positive weights, in the order of TEXT_FIELDS. `by_words` says that
    a document must hold one of the groups or identifiers; otherwise the phrases alone decide and score.
    """

    fields: tuple[tuple[str, float], ...]
    groups: tuple[PlannedGroup, ...]
    identifiers: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...]
    excluded_phrases: tuple[tuple[str, ...], ...]
    by_words: bool

    @property
    def finds_nothing(self) -> bool:
        """Say whether no document can match."""
        return not (self.groups or self.identifiers) if self.by_words else not self.phrases

    @property
    def searches_all_fields(self) -> bool:
        """Say whether words are looked up in every text field."""
        return len(self.fields) == len(TEXT_FIELDS)


def plan_of(query: KeywordQuery) -> QueryPlan:
    """Return what of `query` is looked up.

    Of more than `MAX_WORD_GROUPS` word groups the heaviest stay, the earlier of equally heavy ones, in their order.
    Groups, terms and fields whose weight or share is not positive are dropped, as are terms that are not indexed and
    what is given twice.
    """
    fields = tuple((name, query.fields[name]) for name in TEXT_FIELDS if query.fields.get(name, 0.0) > 0)
    groups = [
        PlannedGroup(tuple(terms), group.weight, tuple(terms.values()))
        for group in query.words
        if fields and group.weight > 0 and (terms := _shares(group))
    ]
    if len(groups) > MAX_WORD_GROUPS:
        heaviest = sorted(range(len(groups)), key=lambda at: (-groups[at].weight, at))[:MAX_WORD_GROUPS]
        groups = [groups[at] for at in sorted(heaviest)]
    return QueryPlan(
        fields=fields,
        groups=tuple(groups),
        identifiers=tuple(dict.fromkeys(exact_keys(query.identifiers))),
        phrases=planned_phrases(query.phrases),
        excluded=tuple(dict.fromkeys(index_terms(query.excluded))),
        excluded_phrases=planned_phrases(query.excluded_phrases),
        by_words=bool(query.words or query.identifiers),
    )


def _shares(group: WordGroup) -> dict[str, float]:
    """Return the terms that are indexed with what each counts; of one given twice the first share holds."""
    found: dict[str, float] = {}
    for term, share in zip(group.terms, chain(group.shares, repeat(1.0)), strict=False):
        if share > 0:
            for key in index_terms((term,)):
                found.setdefault(key, share)
    return found


def planned_weights(
    words: Iterable[WordGroup], phrases: Iterable[tuple[tuple[str, ...], float]]
) -> tuple[list[PlannedGroup], list[tuple[tuple[str, ...], float]]]:
    """Return what `weight_held` looks up: the groups and phrases with a term or word and a positive weight."""
    groups = list(plan_of(KeywordQuery(words=tuple(words))).groups)
    sequences = [(planned_phrases((phrase,)), weight) for phrase, weight in phrases if weight > 0]
    return groups, [(planned[0], weight) for planned, weight in sequences if planned]


def planned_phrases(phrases: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the phrases that have a word, none twice, in order."""
    return tuple(dict.fromkeys(words for phrase in phrases if (words := tuple(surface_keys(tuple(phrase))))))


def idf(documents: int, holding: int) -> float:
    """Return the weight of a term that `holding` of `documents` hold: ln(1 + (N - n + 0.5) / (n + 0.5)).

    The form of Robertson's that is never negative, as Lucene and Tantivy have it.
    """
    return math.log1p((max(documents, holding) - holding + 0.5) / (holding + 0.5))


def rounded(score: float) -> float:
    """Return a positive score with `SIGNIFICANT_DIGITS` digits."""
    return float(_FORMAT % score)


def microseconds(moment: datetime) -> int:
    """Return an aware time as whole microseconds since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND
