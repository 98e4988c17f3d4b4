"""Turn what is asked into words and identifiers to look up, the same way for a typed query and a whole ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from types import MappingProxyType

from kb.analysis.analyse import LANGUAGES, Identifier, QueryAnalysis, QueryWord, analyse_query
from kb.queries import PROBLEM_FIELD_WEIGHTS, KeywordQuery, WordGroup
from search.expansion import MOST_TARGETS, NOTHING, Expanded, Expander, Expansion, ExpansionKind, Target
from search.misspellings import InSight, Misspelling, Spellings, corrected, misspellings
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
MOST_LOOKED_AT = 60
"""Pairs of neighbouring words that are considered."""
FEW_WORDS = 2
"""With this many words beside its identifiers, a query is still a look-up of the identifiers."""

# The shares hardly matter on `tune`: from 0.6 to 1 for translations, and from 0.4 to 0.8 for synonyms, MRR@10 of the
# article sets moves by at most 0.003.
SHARES: Mapping[ExpansionKind, float] = MappingProxyType(
    {"translated_words": 0.8, "synonym": 0.6, "corrected_word": 0.7}
)
"""What another form counts beside the word itself."""
SEVERAL = 0.25
"""What each word counts of a form that has several, or stands for several. On `tune` alerts have 0.650 MRR@10 with
0.25, 0.647 with 0.5, and without any other words 0.649."""
INNER = 0.5
"""What other words for the words of a longer form count, which has other forms as a whole."""
MOST_ADDED = 40
"""Other forms that are looked up, so that a long ticket costs little more for them."""

Frequencies = Callable[[Sequence[str]], Mapping[str, int]]
"""Term → in how many documents it occurs: `KeywordSearch.document_frequency`."""


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

    @property
    def identifier_values(self) -> tuple[str, ...]:
        """Return the canonical forms, none twice."""
        return self.exact.identifiers


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


@dataclass(slots=True)
class _Group:
    """A word of the query while it is counted; `others` are terms that stand in for it, with their shares."""

    terms: tuple[str, ...]
    weight: float
    in_title: bool
    count: int = 0
    others: dict[str, float] = field(default_factory=dict)

    @property
    def looked_up(self) -> tuple[str, ...]:
        """Return all terms, the word's own first."""
        return (*self.terms, *self.others)


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
    groups = _groups(analysis.words, title)
    frequencies = known.frequencies
    expanded = known.expander.expanded(text, _spans(analysis.identifiers), quoted) if known.expander else NOTHING
    wrong = _wrong(text, analysis, expanded.expansions, title, known, quoted, expanded.language)
    if unknown := [one for one in wrong if one.is_unknown]:
        expanded = _with_corrections(text, unknown, expanded, known.expander, quoted)
    expansions = _held(expanded.expansions, frequencies)
    if title:
        expansions = _without_needless_synonyms(expansions, analysis.words, frequencies)
    if expansions:
        groups = _with_expansions(groups, analysis.words, expansions, title)
    groups = _telling(groups, frequencies)
    words = tuple(
        WordGroup(
            group.looked_up,
            _weight(group, title > 0),
            (*(1.0 for _ in group.terms), *group.others.values()) if group.others else (),
        )
        for group in groups
    )
    identifiers = tuple(dict.fromkeys(one.value for one in analysis.identifiers))[:MOST_IDENTIFIERS]
    chosen = {term for group in groups for term in group.looked_up}
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


def _held(expansions: Sequence[Expansion], frequencies: Frequencies | None) -> tuple[Expansion, ...]:
    """Return the expansions with the first `MOST_TARGETS` targets of which some document holds every word.

    Of all there are at most `MOST_ADDED`; those of the words of a longer form are taken last.
    """
    terms = sorted({term for one in expansions for target in one.targets for word in target.words for term in word})
    counts = frequencies(terms) if frequencies and terms else dict.fromkeys(terms, 1)
    found: dict[int, Expansion] = {}
    left = MOST_ADDED
    for number, one in sorted(enumerate(expansions), key=lambda each: each[1].is_inner):
        targets = tuple(
            target
            for target in one.targets
            if (all if one.is_whole else any)(any(counts.get(term) for term in word) for word in target.words)
        )[: min(left, MOST_TARGETS)]
        left -= len(targets)
        if targets:
            found[number] = replace(one, targets=targets)
    return tuple(found[number] for number in sorted(found))


def _without_needless_synonyms(
    expansions: Sequence[Expansion], words: Sequence[QueryWord], frequencies: Frequencies | None
) -> tuple[Expansion, ...]:
    """Return the expansions without synonyms of what documents hold: a ticket says its problem in many words already,
    and more of them only blur it. MRR@10 on titanium's `tune` is 0.599 without these synonyms and 0.594 with them.
    """
    terms = {(word.start, word.end): word.alternatives for word in words}
    synonyms = [one for one in expansions if one.kind == "synonym"]
    if not synonyms or frequencies is None:
        return tuple(expansions)
    counts = frequencies(sorted({term for each in terms.values() for term in each}))
    unknown = [place for place, each in terms.items() if not any(counts.get(term) for term in each)]

    def is_needed(one: Expansion) -> bool:
        return one.kind != "synonym" or any(one.start <= start and end <= one.end for start, end in unknown)

    return tuple(filter(is_needed, expansions))


def _with_expansions(
    groups: list[_Group],
    words: Sequence[QueryWord],
    expansions: Sequence[Expansion],
    title: int,
) -> list[_Group]:
    """Return the groups with the words of other forms: those that stand for one word in its group, the others in
    groups of their own.
    """
    by_terms = {group.terms: group for group in groups}
    held = {term for group in groups for term in group.terms}
    at = {(word.start, word.end): by_terms[word.alternatives] for word in words}
    added: dict[tuple[str, ...], _Group] = {}
    for one in expansions:
        group = at.get((one.start, one.end))
        share = SHARES[one.kind] * (INNER if one.is_inner else 1.0)
        for target in one.targets:
            if group is not None and len(target.words) == 1 and target.is_complete:
                for term in target.words[0]:
                    if term not in group.terms:
                        group.others.setdefault(term, share)
                continue
            for word in target.words:
                fresh = tuple(term for term in word if term not in held)
                if fresh:
                    weight = share * SEVERAL
                    added.setdefault(fresh, _Group(fresh, weight, one.start < title, 1))
    return [*groups, *added.values()]


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
    counts = frequencies(sorted({term for group in groups for term in group.looked_up})) if frequencies else {}
    rarity = [sum(counts.get(term, 0) for term in group.looked_up) for group in groups]
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
