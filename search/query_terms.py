"""Turn what is asked into words and identifiers to look up, the same way for a typed query and a whole ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from kb.analysis.analyse import LANGUAGES, Identifier, QueryWord, analyse_query
from kb.queries import PROBLEM_FIELD_WEIGHTS, KeywordQuery, WordGroup
from search.syntax import ParsedQuery

SEARCH_FIELD_WEIGHTS: Mapping[str, float] = MappingProxyType({"title": 1.0, "body": 1.0, "fix": 0.5})
"""Titles are short, so that BM25 of the title field alone already rates a word in a title high. Mean MRR@10 of BM25 on
the `tune` splits of the article sets: 0.758 with title weight 1, 0.744 with 2, 0.720 with 3.
"""
TICKET_FIELD_WEIGHTS: Mapping[str, float] = MappingProxyType({**PROBLEM_FIELD_WEIGHTS, "title": 1.5})
"""Only the problem side: the next ticket tells the same symptoms, not the fix. Weights 1 to 2 do alike on `tune`."""
PART_WEIGHT = 0.3
"""What a part of a compound or CamelCase word counts beside the whole; 0.3 to 0.6 do alike on `tune`."""
TITLE_BOOST = 2.0
"""What a word of a ticket's title counts beside one of its description: MRR@10 of BM25 on titanium's `tune` goes from
0.416 to 0.465 together with `SATURATION`.
"""
SATURATION = 3.0
"""A word said n times in a ticket counts n (1 + s) / (n + s): more than once, at most 1 + s times."""
MOST_WORDS = 48
"""Word groups that are looked up, so that a long ticket costs little more than a short one. On titanium's `tune` 40
groups lose nothing against all of them, as long as the title's come first.
"""
MOST_IDENTIFIERS = 40
FEW_WORDS = 2
"""With this many words beside its identifiers, a query is still a look-up of the identifiers."""

Frequencies = Callable[[Sequence[str]], Mapping[str, int]]
"""Term → in how many documents it occurs: `KeywordSearch.document_frequency`."""


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """What to look up.

    `keyword` is the whole query, `exact` its identifiers and phrases alone. `identifiers` are in text order.
    `highlighted` are the terms to mark in answers, `surfaces` maps each of them to the word as folded from the query.
    `is_lookup` says that hardly anything but identifiers was asked for.
    """

    keyword: KeywordQuery
    exact: KeywordQuery
    identifiers: tuple[Identifier, ...]
    highlighted: frozenset[str]
    surfaces: Mapping[str, str]
    is_lookup: bool

    @property
    def identifier_values(self) -> tuple[str, ...]:
        """Return the canonical forms, none twice."""
        return self.exact.identifiers


def search_terms(
    parsed: ParsedQuery, frequencies: Frequencies | None = None, languages: Sequence[str] = LANGUAGES
) -> QueryTerms:
    """Return what to look up for a typed query. Of a long one the rarest words stay."""
    terms = _terms(parsed.text, 0, SEARCH_FIELD_WEIGHTS, frequencies, languages)
    phrases = _phrases(parsed.phrases, languages)
    refused = [analyse_query(word, languages) for word in parsed.excluded]
    excluded = tuple(
        term for one in refused for word in one.words if len(one.surfaces) == 1 for term in word.alternatives
    )
    # The word as written is refused too: of a stop word or an identifier there may be no such term.
    unwanted = (*_phrases(parsed.excluded_phrases, languages), *(one.surfaces for one in refused if one.surfaces))
    return replace(
        terms,
        keyword=replace(terms.keyword, phrases=phrases, excluded=excluded, excluded_phrases=unwanted),
        exact=replace(terms.exact, phrases=phrases, excluded=excluded, excluded_phrases=unwanted),
    )


def ticket_terms(
    title: str, text: str, frequencies: Frequencies | None = None, languages: Sequence[str] = LANGUAGES
) -> QueryTerms:
    """Return what to look up for a ticket: the words of its title, then the rarest of its text.

    Its identifiers are among the words (as written) and in `exact`, but not in `keyword`: an index holds identifiers of
    the fix side too, and would score them.
    """
    terms = _terms(f"{title}\n{text}", len(title), TICKET_FIELD_WEIGHTS, frequencies, languages)
    return replace(terms, keyword=replace(terms.keyword, identifiers=()))


@dataclass(slots=True)
class _Group:
    """A word of the query while it is counted."""

    terms: tuple[str, ...]
    weight: float
    in_title: bool
    count: int = 0


def _terms(
    text: str, title: int, fields: Mapping[str, float], frequencies: Frequencies | None, languages: Sequence[str]
) -> QueryTerms:
    analysis = analyse_query(text, languages)
    groups = _telling(_groups(analysis.words, title), frequencies)
    words = tuple(WordGroup(group.terms, _weight(group, title > 0)) for group in groups)
    identifiers = tuple(dict.fromkeys(one.value for one in analysis.identifiers))[:MOST_IDENTIFIERS]
    chosen = {term for group in groups for term in group.terms}
    surfaces: dict[str, str] = {}
    for word in analysis.words:
        for term in (*word.alternatives, *word.parts):
            if term in chosen:
                surfaces.setdefault(term, word.surface)
    return QueryTerms(
        keyword=KeywordQuery(words=words, identifiers=identifiers, fields=fields),
        exact=KeywordQuery(identifiers=identifiers, fields=fields),
        identifiers=analysis.identifiers,
        highlighted=frozenset(chosen),
        surfaces=surfaces,
        is_lookup=bool(identifiers) and _words_beside(analysis.words, analysis.identifiers) <= FEW_WORDS,
    )


def _groups(words: Sequence[QueryWord], title: int) -> list[_Group]:
    """Return one group for each word, in order of first mention, and after them the parts that are not words too."""
    whole: dict[tuple[str, ...], _Group] = {}
    for word in words:
        group = whole.setdefault(word.alternatives, _Group(word.alternatives, 1.0, word.start < title))
        group.count += 1
    held = {term for group in whole.values() for term in group.terms}
    parts: dict[str, _Group] = {}
    for word in words:
        for part in word.parts:
            if part not in held:
                parts.setdefault(part, _Group((part,), PART_WEIGHT, word.start < title, 1))
    return [*whole.values(), *parts.values()]


def _telling(groups: list[_Group], frequencies: Frequencies | None) -> list[_Group]:
    """Return at most `MOST_WORDS` groups in their order: the title's first, then the rarest that occur at all."""
    if len(groups) <= MOST_WORDS:
        return groups
    counts = frequencies(sorted({term for group in groups for term in group.terms})) if frequencies else {}
    rarity = [sum(counts.get(term, 0) for term in group.terms) for group in groups]
    order = sorted(
        (number for number in range(len(groups)) if rarity[number] or frequencies is None),
        key=lambda number: (not groups[number].in_title, rarity[number], number),
    )
    return [groups[number] for number in sorted(order[:MOST_WORDS])]


def _weight(group: _Group, is_ticket: bool) -> float:
    if not is_ticket:
        return group.weight
    said = group.count * (1 + SATURATION) / (group.count + SATURATION)
    return group.weight * said * (TITLE_BOOST if group.in_title else 1.0)


def _phrases(phrases: Sequence[str], languages: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(surfaces for phrase in phrases if (surfaces := analyse_query(phrase, languages).surfaces))


def _words_beside(words: Sequence[QueryWord], identifiers: Sequence[Identifier]) -> int:
    spans = [(one.start, one.end) for one in identifiers]
    return sum(not any(start < word.end and word.start < end for start, end in spans) for word in words)
