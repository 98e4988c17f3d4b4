"""Keep a keyword index in memory with plain Python: the readable reference that the engines must agree with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, repeat

from kb.access import may_read_facts
from kb.errors import IndexUnavailable
from kb.protocols.keyword import (
    MAX_TERM_BYTES,
    MAX_WORD_GROUPS,
    SHORTEST_SPELLED,
    KeywordEntry,
    Spelling,
    most_mistakes,
)
from kb.queries import (
    DEFAULT_FIELD_WEIGHTS,
    TEXT_FIELDS,
    Filter,
    Hit,
    KeywordQuery,
    Matches,
    Viewer,
    WordGroup,
)

K1 = 1.2
B = 0.75
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Held:
    """One document with its terms counted: text field → term → how often."""

    entry: KeywordEntry
    counts: Mapping[str, Counter[str]]


class MemoryKeywordIndex:
    """A KeywordIndex without files: every rule of the Protocol in the plainest words."""

    def __init__(self) -> None:
        self._committed: dict[str, _Held] = {}
        self._seen: dict[str, _Held] = {}
        self._average: dict[str, float] = {}
        self._holding: dict[str, Counter[str]] = {name: Counter() for name in (*TEXT_FIELDS, "identifiers")}

    def search(self, query: KeywordQuery, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Score every document that matches and is admitted, and sort."""
        hits = [
            Hit(one, self._score(query, held))
            for one, held in self._seen.items()
            if _may_show(held, where, viewer) and _matches(query, held)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.document_id))[:depth]

    def newest(self, where: Filter, viewer: Viewer, depth: int) -> Sequence[str]:
        """Sort every document that is admitted."""
        shown = [held.entry.facts for held in self._seen.values() if _may_show(held, where, viewer)]
        dated = sorted((one for one in shown if one.dated_at), key=lambda one: one.id)
        dated.sort(key=lambda one: one.dated_at or NEVER, reverse=True)
        undated = sorted(one.id for one in shown if one.dated_at is None)
        return [*(one.id for one in dated), *undated][: max(depth, 0)]

    def score(self, query: KeywordQuery, ids: Sequence[str]) -> Mapping[str, float]:
        """Score those of `ids` that match."""
        return {one: self._score(query, held) for one, held in self._among(ids) if _matches(query, held)}

    def matches(
        self, query: KeywordQuery, where: Filter, viewer: Viewer, facets: Sequence[str], also: Sequence[str] = ()
    ) -> Matches:
        """Look at every document."""
        everything = query.is_empty and not also
        counted = [
            held.entry.facts
            for one, held in self._seen.items()
            if _may_show(held, where, viewer) and (everything or one in also or _matches(query, held))
        ]
        spread = {name: Counter(value for facts in counted for value in facts.values.get(name, ())) for name in facets}
        return Matches(len(counted), {name: dict(values) for name, values in spread.items()})

    def holding(
        self, identifiers: Sequence[str], phrases: Sequence[tuple[str, ...]], ids: Sequence[str]
    ) -> frozenset[str]:
        """Look at each of `ids`."""
        return frozenset(
            one
            for one, held in self._among(ids)
            if set(identifiers) & set(held.entry.identifiers) or any(_has_phrase(held, phrase) for phrase in phrases)
        )

    def weight_held(
        self, words: Sequence[WordGroup], phrases: Sequence[tuple[tuple[str, ...], float]], ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Look at each of `ids`."""
        groups = _heaviest(KeywordQuery(words=tuple(words)))
        found = {}
        for one, held in self._among(ids):
            worth = sum(group.weight for group in groups if any(_has_term(held, t, TEXT_FIELDS) for t in group.terms))
            worth += sum(weight for phrase, weight in phrases if weight > 0 and _has_phrase(held, phrase))
            if worth > 0:
                found[one] = float(f"{worth:.4g}")
        return found

    def document_frequency(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Count documents with each term."""
        return {term: sum(_has_term(held, term, TEXT_FIELDS) for held in self._seen.values()) for term in terms}

    def spellings(self, surface: str, where: Filter, viewer: Viewer, most: int) -> Sequence[Spelling]:
        """Compare with every word of every document that is admitted."""
        counts = Counter(
            word
            for held in self._seen.values()
            if _may_show(held, where, viewer)
            for word in {word for words in held.entry.surfaces.values() for word in words}
        )
        found = [
            Spelling(word, mistakes, count)
            for word, count in counts.items()
            if _may_be_meant(surface, word) and 0 < (mistakes := _mistakes(surface, word)) <= most_mistakes(surface)
        ]
        found.sort(key=lambda one: (one.mistakes, -one.documents, one.surface))
        return found[: max(most, 0)]

    def refresh(self) -> None:
        """See what was applied, and count: average length and documents with each term, by field."""
        self._seen = dict(self._committed)
        everyone = list(self._seen.values())
        for name in TEXT_FIELDS:
            lengths = [held.counts[name].total() for held in everyone]
            self._average[name] = sum(lengths) / max(len(lengths), 1)
            self._holding[name] = Counter(term for held in everyone for term in held.counts[name])
        self._holding["identifiers"] = Counter(one for held in everyone for one in set(held.entry.identifiers))

    @property
    def size(self) -> int:
        """Return the number of documents."""
        return len(self._seen)

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint."""
        return {one: held.entry.fingerprint for one, held in self._among(sorted(self._seen) if ids is None else ids)}

    def apply(self, upserts: Sequence[KeywordEntry], deletes: Sequence[str]) -> None:
        """Replace and remove documents."""
        for one in deletes:
            self._committed.pop(one, None)
        for entry in upserts:
            counts = {name: Counter(filter(_is_indexed, entry.terms.get(name, ()))) for name in TEXT_FIELDS}
            self._committed[entry.facts.id] = _Held(entry, counts)

    @contextmanager
    def filling(self) -> Iterator[Callable[[Sequence[KeywordEntry]], None]]:
        """Collect documents and add all at the end."""
        added: list[KeywordEntry] = []
        if self.size:
            raise IndexUnavailable("the index is not empty")
        yield added.extend
        self.apply(added, ())

    def clear(self) -> None:
        """Remove every document."""
        self._committed.clear()

    def close(self) -> None:
        """Do nothing: there is no file."""

    def _among(self, ids: Sequence[str]) -> Iterator[tuple[str, _Held]]:
        return ((one, self._seen[one]) for one in dict.fromkeys(ids) if one in self._seen)

    def _score(self, query: KeywordQuery, held: _Held) -> float:
        if not (query.words or query.identifiers):
            total = sum(
                max(DEFAULT_FIELD_WEIGHTS[name] for name in TEXT_FIELDS if _has_phrase_in(held, phrase, name))
                for phrase in dict.fromkeys(query.phrases)
                if any(phrase)
            )
        else:
            total = sum(
                group.weight
                * max(share * self._term_score(term, held, query.fields) for term, share in _shares(group).items())
                for group in _heaviest(query)
            )
            for identifier in set(query.identifiers) & set(held.entry.identifiers):
                total += self._idf("identifiers", identifier)
        return float(f"{total:.4g}")

    def _term_score(self, term: str, held: _Held, fields: Mapping[str, float]) -> float:
        return sum(
            max(weight, 0.0) * self._bm25(term, held.counts[name], name)
            for name, weight in fields.items()
            if held.counts[name][term]
        )

    def _bm25(self, term: str, counts: Counter[str], field: str) -> float:
        norm = K1 * (1 - B + B * counts.total() / self._average[field])
        return self._idf(field, term) * counts[term] * (K1 + 1) / (counts[term] + norm)

    def _idf(self, field: str, term: str) -> float:
        holding = self._holding[field][term]
        return math.log1p((len(self._seen) - holding + 0.5) / (holding + 0.5))


def _may_show(held: _Held, where: Filter, viewer: Viewer) -> bool:
    return where.admits(held.entry.facts) and may_read_facts(viewer, held.entry.facts)


def _matches(query: KeywordQuery, held: _Held) -> bool:
    if query.words or query.identifiers:
        fields = [name for name, weight in query.fields.items() if weight > 0]
        held_words = any(_has_term(held, term, fields) for group in _heaviest(query) for term in _shares(group))
        if not held_words and not set(query.identifiers) & set(held.entry.identifiers):
            return False
    elif not any(map(any, query.phrases)):
        return False
    return (
        all(_has_phrase(held, phrase) for phrase in query.phrases if any(phrase))
        and not any(_has_term(held, term, TEXT_FIELDS) for term in query.excluded)
        and not any(_has_phrase(held, phrase) for phrase in query.excluded_phrases)
    )


def _heaviest(query: KeywordQuery) -> list[WordGroup]:
    usable = [group for group in query.words if group.weight > 0 and any(map(_is_indexed, _shares(group)))]
    if not any(weight > 0 for weight in query.fields.values()):
        return []
    kept = sorted(range(len(usable)), key=lambda at: (-usable[at].weight, at))[:MAX_WORD_GROUPS]
    return [usable[at] for at in sorted(kept)]


def _shares(group: WordGroup) -> dict[str, float]:
    """Return what each term counts, of one given twice the first; none that counts nothing."""
    found: dict[str, float] = {}
    for term, share in zip(group.terms, chain(group.shares, repeat(1.0)), strict=False):
        if share > 0:
            found.setdefault(term, share)
    return found


def _is_indexed(term: str) -> bool:
    return 0 < len(term.encode("utf-8", "backslashreplace")) <= MAX_TERM_BYTES


def _has_term(held: _Held, term: str, fields: Sequence[str]) -> bool:
    return any(term in held.counts[name] for name in fields)


def _has_phrase(held: _Held, phrase: Sequence[str]) -> bool:
    return any(_has_phrase_in(held, phrase, name) for name in TEXT_FIELDS)


def _has_phrase_in(held: _Held, phrase: Sequence[str], name: str) -> bool:
    surfaces, wanted = tuple(filter(None, held.entry.surfaces.get(name, ()))), tuple(filter(None, phrase))
    return bool(wanted) and any(
        surfaces[at : at + len(wanted)] == wanted for at in range(len(surfaces) - len(wanted) + 1)
    )


def _may_be_meant(one: str, other: str) -> bool:
    long = min(len(one), len(other)) >= SHORTEST_SPELLED and one.isalpha() and other.isalpha()
    return long and (one[0] == other[0] or one[1::-1] == other[:2])


def _mistakes(one: str, other: str) -> int:
    """Return the optimal string alignment distance, by its textbook table."""
    table = [[max(row, column) for column in range(len(other) + 1)] for row in range(len(one) + 1)]
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            table[row][column] = min(
                table[row - 1][column] + 1,
                table[row][column - 1] + 1,
                table[row - 1][column - 1] + (one[row - 1] != other[column - 1]),
            )
            if row > 1 and column > 1 and one[row - 2 : row] == other[column - 2 : column][::-1]:
                table[row][column] = min(table[row][column], table[row - 2][column - 2] + 1)
    return table[-1][-1]
