"""Turn what is asked into words and identifiers to look up, the same way for a typed query and a whole ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from types import MappingProxyType

from kb.analysis.analyse import LANGUAGES, Identifier, QueryAnalysis, QueryWord, analyse_query
from kb.queries import PROBLEM_FIELD_WEIGHTS, KeywordQuery
from search.expansion import NOTHING, Expanded, Expander, Expansion, Target
from search.misspellings import InSight, Misspelling, Spellings, corrected, misspellings
from search.syntax import ParsedQuery
from search.word_groups import Frequencies, held_expansions, without_needless_synonyms, word_groups

SEARCH_FIELD_WEIGHTS: Mapping[str, float] = MappingProxyType({"title": 1.0, "body": 1.0, "fix": 0.5})
"""Titles are short, so that BM25 of the title field alone already rates a word in a title high. Mean MRR@10 of BM25 on
the `tune` splits of the article sets: 0.758 with title weight 1, 0.744 with 2, 0.720 with 3.
"""
TICKET_FIELD_WEIGHTS: Mapping[str, float] = MappingProxyType({**PROBLEM_FIELD_WEIGHTS, "title": 1.5})
"""Only the problem side: the next ticket tells the same symptoms, not the fix. Weights 1 to 2 do alike on `tune`."""
MOST_IDENTIFIERS = 40
MOST_LOOKED_AT = 60
"""Pairs of neighbouring words that are considered."""
FEW_WORDS = 2
"""With this many words beside its identifiers, a query is still a look-up of the identifiers."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two words that stand side by side in the query: as they are matched, and the index terms of each."""

    surfaces: tuple[str, str]
    terms: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """What to look up.

    `keyword` is the whole query, `exact` its identifiers and phrases alone. `identifiers` are in text order.
    `highlighted` are the terms to mark in answers, `surfaces` maps each of them to the word as folded from the query.
    `is_lookup` says that hardly anything but identifiers was asked for. `expansions` are the other words that are
    looked up too, in text order; `translation` is the text to be near to as well: a German one word by word in English,
    misspelled words corrected, else `None`. `misspellings` are words that no document or hardly any holds. `language`
    is that of the text where the vocabulary tells it, else `None`. `pairs` are neighbouring words of the text (of a
    ticket's title) and of its translation.
    """

    keyword: KeywordQuery
    exact: KeywordQuery
    identifiers: tuple[Identifier, ...]
    highlighted: frozenset[str]
    surfaces: Mapping[str, str]
    is_lookup: bool
    expansions: tuple[Expansion, ...] = ()
    translation: str | None = None
    misspellings: tuple[Misspelling, ...] = ()
    language: str | None = None
    pairs: tuple[Pair, ...] = ()


def search_terms(
    parsed: ParsedQuery,
    frequencies: Frequencies | None = None,
    expander: Expander | None = None,
    spellings: Spellings | None = None,
    in_sight: InSight | None = None,
    languages: Sequence[str] = LANGUAGES,
) -> QueryTerms:
    """Return what to look up for a typed query. Of a long one the rarest words stay. Quoted words are not expanded."""
    quoted = frozenset(word for phrase in _phrases(parsed.phrases, languages) for word in phrase)
    known = _Sources(frequencies, expander, spellings, in_sight)
    terms = _terms(parsed.text, 0, SEARCH_FIELD_WEIGHTS, known, quoted, languages)
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
    title: str,
    text: str,
    frequencies: Frequencies | None = None,
    expander: Expander | None = None,
    spellings: Spellings | None = None,
    in_sight: InSight | None = None,
    languages: Sequence[str] = LANGUAGES,
) -> QueryTerms:
    """Return what to look up for a ticket: the words of its title, then the rarest of its text.

    Its identifiers are among the words (as written) and in `exact`, but not in `keyword`: an index holds identifiers of
    the fix side too, and would score them.
    """
    whole = f"{title}\n{text}"
    known = _Sources(frequencies, expander, spellings, in_sight)
    terms = _terms(whole, len(title), TICKET_FIELD_WEIGHTS, known, frozenset(), languages)
    return replace(terms, keyword=replace(terms.keyword, identifiers=()))


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is known of words beside the query: how many documents hold them, other words for them, their neighbours."""

    frequencies: Frequencies | None
    expander: Expander | None
    spellings: Spellings | None
    in_sight: InSight | None


def _terms(
    text: str,
    title: int,
    fields: Mapping[str, float],
    known: _Sources,
    quoted: frozenset[str],
    languages: Sequence[str],
) -> QueryTerms:
    analysis = analyse_query(text, languages)
    frequencies = known.frequencies
    expanded = known.expander.expanded(text, _spans(analysis.identifiers), quoted) if known.expander else NOTHING
    wrong = _wrong(text, analysis, expanded.expansions, title, known, quoted, expanded.language)
    if unknown := [one for one in wrong if one.is_unknown]:
        expanded = _with_corrections(text, unknown, expanded, known.expander, quoted)
    expansions = held_expansions(expanded.expansions, frequencies)
    if title:
        expansions = without_needless_synonyms(expansions, analysis.words, frequencies)
    words = word_groups(analysis.words, expansions, title, frequencies)
    identifiers = tuple(dict.fromkeys(one.value for one in analysis.identifiers))[:MOST_IDENTIFIERS]
    chosen = {term for group in words for term in group.terms}
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
        expansions=expansions,
        translation=expanded.translation,
        misspellings=wrong,
        language=expanded.language or None,
        pairs=_pairs(analysis, title) + (_pairs(analyse_query(expanded.translation)) if expanded.translation else ()),
    )


def _pairs(analysis: QueryAnalysis, title: int = 0) -> tuple[Pair, ...]:
    """Return the neighbours among the words, stop words not being any; with `title` those that begin before it."""
    terms: dict[str, tuple[str, ...]] = {}
    for word in analysis.words:
        if not title or word.start < title:
            terms.setdefault(word.surface, word.alternatives)
    return tuple(
        Pair((one, other), (terms[one], terms[other]))
        for one, other in pairwise(analysis.surfaces)
        if one in terms and other in terms
    )[:MOST_LOOKED_AT]


def _wrong(
    text: str,
    analysis: QueryAnalysis,
    expansions: Sequence[Expansion],
    title: int,
    known: _Sources,
    quoted: frozenset[str],
    language: str,
) -> tuple[Misspelling, ...]:
    """Return the misspellings among the words (of a ticket's title) that are no identifier and nothing stands for."""
    if known.spellings is None or known.frequencies is None:
        return ()
    free = _outside(analysis.words, [*_spans(analysis.identifiers), *_spans(expansions)])
    words = [word for word in free if (word.start < title or not title) and word.surface not in quoted]
    counts = known.frequencies(sorted({term for word in words for term in (*word.alternatives, *word.parts)}))
    # With no count of anything the words are not unknown: the lane is down.
    return misspellings(text, words, counts, known.spellings, language, known.in_sight) if counts else ()


def _with_corrections(
    text: str, wrong: Sequence[Misspelling], expanded: Expanded, expander: Expander | None, quoted: frozenset[str]
) -> Expanded:
    """Return what was found with the words that may be meant, their translations, and the meaning of the whole."""
    whole, places = corrected(text, wrong)
    found = [*expanded.expansions]
    for one in wrong:
        targets = tuple(
            Target(word, tuple(each.alternatives for each in analyse_query(word).words)) for word in one.meant
        )
        found.append(Expansion("corrected_word", one.start, one.end, one.written, targets))
    translation: str | None = whole
    language = expanded.language
    if expander is not None:
        again = expander.expanded(whole, _spans(analyse_query(whole).identifiers), quoted)
        translation, language = again.translation or whole, language or again.language
        for each in again.expansions:
            meant = places.get((each.start, each.end))
            if meant is not None:
                found.append(replace(each, start=meant.start, end=meant.end, written=meant.written))
    return Expanded(tuple(sorted(found, key=lambda each: each.start)), translation, language)


def _spans(found: Sequence[Identifier | Expansion]) -> list[tuple[int, int]]:
    return [(one.start, one.end) for one in found]


def _phrases(phrases: Sequence[str], languages: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(surfaces for phrase in phrases if (surfaces := analyse_query(phrase, languages).surfaces))


def _words_beside(words: Sequence[QueryWord], identifiers: Sequence[Identifier]) -> int:
    return sum(1 for _ in islice(_outside(words, _spans(identifiers)), FEW_WORDS + 1))


def _outside(words: Sequence[QueryWord], spans: Sequence[tuple[int, int]]) -> Iterator[QueryWord]:
    """Yield the words, given in text order, that touch none of the spans; in one sweep over both."""
    ordered = sorted(spans)
    at = reach = 0
    for word in words:
        while at < len(ordered) and ordered[at][0] < word.end:
            reach = max(reach, ordered[at][1])
            at += 1
        if reach <= word.start:
            yield word
