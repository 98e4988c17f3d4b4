"""Build Tantivy queries as objects from our own; no engine syntax is involved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from tantivy import FieldType, Occur, Query, Schema

from indexer.keyword.exact_text import exact_key, exact_keys
from indexer.keyword.query_plan import (
    PHRASE_WEIGHTS,
    PlannedGroup,
    QueryPlan,
    idf,
    microseconds,
    planned_phrases,
    planned_weights,
)
from indexer.keyword.readership import Readership
from indexer.keyword.tantivy_schema import (
    ANY_TEXT,
    DATED_AT,
    IDENTIFIERS,
    KEY,
    READERS,
    fact_field,
    surfaces_field,
)
from kb.queries import FILTER_FIELDS, TEXT_FIELDS, Filter, Viewer, WordGroup

Clause = tuple[Occur, Query]
DocumentFrequency = Callable[[str, str], int]
"""Returns in how many documents a field holds a key."""

FEW_KEYS = 256
"""Up to here each key is looked up by itself: 40 ids in a quarter of the time of a set of terms, 135 in half, a dozen
words among 40 documents in a quarter.
"""
MOST_SETS = 16
"""Sets of ids whose queries are remembered."""
EARLIEST = microseconds(datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class ByDate:
    """The dated documents, the undated ones, and those of one moment (microseconds since 1970)."""

    dated: Query
    undated: Query
    at: Callable[[int], Query]


class TantivyQueries:
    """Builds queries for one schema."""

    def __init__(self, schema: Schema):
        self._schema = schema
        self._among = lru_cache(maxsize=MOST_SETS)(self._among_these)

    def scoring(self, plan: QueryPlan, document_frequency: DocumentFrequency, documents: int) -> Query | None:
        """Return the query that finds and scores the documents that match: the sum over words of their best term.

        `documents` is N of the identifiers' idf. Terms that no document holds are left out; `None` when none is left.
        """
        if plan.by_words:
            parts = [part for group in plan.groups for part in self._word(group, plan.fields, document_frequency)]
            for identifier in plan.identifiers:
                if holding := document_frequency(IDENTIFIERS, identifier):
                    weight = idf(documents, holding)
                    parts.append(Query.const_score_query(self._term(IDENTIFIERS, identifier), weight))
        else:
            parts = [self._best_phrase(phrase) for phrase in plan.phrases]
        if not parts:
            return None
        return Query.boolean_query([(Occur.Must, _either(parts)), *self._demands(plan), *self._refusals(plan)])

    def matching(self, plan: QueryPlan) -> Query:
        """Return the query that finds the same documents and scores nothing: cheap to count."""
        clauses = self._demands(plan)
        if plan.by_words:
            clauses.append(_required(self._any_word(plan)))
        return Query.boolean_query([*clauses, *self._refusals(plan)])

    def holding(self, identifiers: Iterable[str], phrases: Iterable[Sequence[str]]) -> Query:
        """Return the query that finds documents with any of the identifiers or phrases."""
        held = [self._phrase(phrase) for phrase in planned_phrases(phrases)]
        if keys := exact_keys(identifiers):
            held.append(self._any_of(IDENTIFIERS, keys))
        return _either(held)

    def weights(self, words: Iterable[WordGroup], phrases: Iterable[tuple[tuple[str, ...], float]]) -> list[Clause]:
        """Return the clauses whose scores are the weights of those groups and phrases that a document holds."""
        groups, sequences = planned_weights(words, phrases)
        held = [Query.const_score_query(self._any_of(ANY_TEXT, list(one.terms)), one.weight) for one in groups]
        held += [Query.const_score_query(self._phrase(phrase), weight) for phrase, weight in sequences]
        return [(Occur.Should, one) for one in held]

    def within(self, where: Filter, viewer: Viewer, readership: Readership) -> list[Clause]:
        """Return the clauses that admit what `where.admits` and `may_read_facts` admit; they score nothing."""
        clauses: list[Clause] = self._read_by(viewer, readership)
        for name, values in where.wanted().items():
            clauses.append(_required(self._with_fact(name, values)))
        for name, values in where.unwanted().items():
            if name in FILTER_FIELDS:
                clauses.append((Occur.MustNot, self._with_fact(name, values)))
        if where.without:
            clauses.append((Occur.MustNot, self.among(where.without)))
        if where.after is not None:
            clauses.append(_required(self._dated(lower=microseconds(where.after))))
        if where.before is not None:
            clauses.append(_required(self._dated(upper=microseconds(where.before))))
        if where.as_of is not None:
            clauses.append((Occur.MustNot, self._dated(lower=microseconds(where.as_of))))
        return clauses

    def by_date(self, where: Filter, viewer: Viewer, readership: Readership) -> ByDate:
        """Return the queries for what filter and viewer admit, by date."""
        clauses = self.within(where, viewer, readership)
        dated = self._dated(lower=EARLIEST)
        return ByDate(
            dated=Query.boolean_query([*clauses, _required(dated)]),
            undated=Query.boolean_query([*clauses, _required(Query.all_query()), (Occur.MustNot, dated)]),
            at=lambda moment: Query.boolean_query([*clauses, _required(self._dated(lower=moment, upper=moment + 1))]),
        )

    def among(self, ids: Iterable[str]) -> Query:
        """Return the query that finds the documents of these ids; one question asks several things of them."""
        return self._among(tuple(ids))

    def _among_these(self, ids: tuple[str, ...]) -> Query:
        return Query.const_score_query(self._any_of(KEY, [exact_key(one) for one in ids]), 1.0)

    def only(self, ids: Iterable[str]) -> Clause:
        """Return the clause that admits these ids alone."""
        return _required(self.among(ids))

    def _read_by(self, viewer: Viewer, readership: Readership) -> list[Clause]:
        refused = readership.refused(viewer)
        if not refused:
            return []
        if 2 * readership.count(refused) <= readership.total:
            return [(Occur.MustNot, self._any_of(READERS, refused))]
        readable = readership.readable(viewer)
        return [_required(self._any_of(READERS, readable) if readable else Query.empty_query())]

    def _word(
        self, group: PlannedGroup, fields: Sequence[tuple[str, float]], document_frequency: DocumentFrequency
    ) -> list[Query]:
        """Return what adds up to the score of one word: its term in each field, or the best of several terms.

        Not one query for a word of one term: a sum of sums takes Tantivy twice as long as one sum.
        """
        in_fields = (
            [
                _weighted(self._term(name, term, "freq"), weight * group.weight * share)
                for name, weight in fields
                if document_frequency(name, term)
            ]
            for term, share in zip(group.terms, group.shares, strict=True)
        )
        held = [leaves for leaves in in_fields if leaves]
        if len(held) == 1:
            return held[0]
        return [Query.disjunction_max_query([_either(leaves) for leaves in held])] if held else []

    def _best_phrase(self, words: Sequence[str]) -> Query:
        return _best(
            [Query.const_score_query(self._phrase_in(name, words), PHRASE_WEIGHTS[name]) for name in TEXT_FIELDS]
        )

    def _any_word(self, plan: QueryPlan) -> Query:
        terms = sorted({term for group in plan.groups for term in group.terms})
        held: list[Query] = []
        if terms:
            fields = [ANY_TEXT] if plan.searches_all_fields else [name for name, _ in plan.fields]
            held += [self._any_of(name, terms) for name in fields]
        if plan.identifiers:
            held.append(self._any_of(IDENTIFIERS, list(plan.identifiers)))
        return _either(held)

    def _demands(self, plan: QueryPlan) -> list[Clause]:
        return [_required(self._phrase(phrase)) for phrase in plan.phrases]

    def _refusals(self, plan: QueryPlan) -> list[Clause]:
        refused = [self._phrase(phrase) for phrase in plan.excluded_phrases]
        if plan.excluded:
            refused.append(self._any_of(ANY_TEXT, list(plan.excluded)))
        return [(Occur.MustNot, query) for query in refused]

    def _phrase(self, words: Sequence[str]) -> Query:
        return _either([self._phrase_in(name, words) for name in TEXT_FIELDS])

    def _phrase_in(self, name: str, words: Sequence[str]) -> Query:
        field = surfaces_field(name)
        if len(words) == 1:
            return self._term(field, words[0])
        return Query.phrase_query(self._schema, field, list(words))

    def _with_fact(self, name: str, values: Iterable[str]) -> Query:
        keys = sorted(map(exact_key, values))
        if name not in FILTER_FIELDS or not keys:
            return Query.empty_query()
        return self._any_of(fact_field(name), keys)

    def _dated(self, *, lower: int | None = None, upper: int | None = None) -> Query:
        return Query.range_query(self._schema, DATED_AT, FieldType.Integer, lower, upper, include_upper=upper is None)

    def _term(self, field: str, key: str, index_option: str = "basic") -> Query:
        return Query.term_query(self._schema, field, key, index_option)

    def _any_of(self, field: str, keys: Sequence[str]) -> Query:
        """Return the query that finds what holds one of the keys in a field; what it scores has no meaning."""
        if len(keys) > FEW_KEYS:
            return Query.term_set_query(self._schema, field, keys)
        return _either([self._term(field, key) for key in keys])


def _required(query: Query) -> Clause:
    return Occur.Must, Query.const_score_query(query, 0.0)


def _weighted(query: Query, weight: float) -> Query:
    return query if weight == 1.0 else Query.boost_query(query, weight)


def _best(queries: Sequence[Query]) -> Query:
    return Query.disjunction_max_query(queries) if len(queries) > 1 else _either(queries)


def _either(queries: Sequence[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, query) for query in queries])
