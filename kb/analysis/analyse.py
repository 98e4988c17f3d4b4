"""Analysis: what in a text can be looked up, and where it stands.

Documents and queries go through the same code. A document is analysed in its own language; a query word is looked up
under every term that any language's analysis would have given it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kb.analysis.codes import typed_codes
from kb.analysis.cues import after_cue
from kb.analysis.folding import bare
from kb.analysis.stems import LANGUAGES, analysed_language, stem, stop_words
from kb.analysis.tokens import LONGEST_RUN, RUN, WINDOWS_PATH, Run, dissect, plain_words, run_of
from kb.language import detect_language

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

__all__ = [
    "LANGUAGES",
    "Analysis",
    "Identifier",
    "QueryAnalysis",
    "QueryWord",
    "Word",
    "analyse",
    "analyse_query",
    "highlights",
]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A code, name or number that is looked up whole.

    `value` is canonical: folded, and equal for forms that certainly mean the same (`0x80070005`, `-2147024891`).
    `kind` is one of error_code, event_id, exception, status_code, host, ip, path, version, guid, kb, cve, code; in a
    query also number, for one that nothing announces.
    `start` and `end` are a half-open range of code points in the text.
    """

    value: str
    kind: str
    start: int
    end: int


class Word(NamedTuple):
    """A word of a text: `surface` is what a quoted phrase matches, `terms` (stem first, then parts) are indexed.

    A stop word has no terms. `start` and `end` are a half-open range of code points in the text.
    """

    surface: str
    terms: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Analysis:
    """Words and identifiers of a text, each in text order. Words do not overlap; identifiers may be nested.

    `runs` is where each run of characters begins and what it holds; of one that is too long to be read whole the places
    are those in the text, and it begins at 0. An index takes terms and surfaces alone, so that the words with their
    places are made when they are first asked for.
    """

    runs: tuple[tuple[int, Run], ...]
    identifiers: tuple[Identifier, ...]

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words and where they stand."""
        return tuple(_words(self.runs))

    @property
    def terms(self) -> tuple[str, ...]:
        """All index terms in text order, repeated as often as they occur."""
        return tuple([term for _, run in self.runs for term in run.terms])

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The folded words in text order, stop words among them."""
        return tuple([surface for _, run in self.runs for surface in run.surfaces])


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of a query: any of `alternatives` in the index is this word, any of `parts` a part of it."""

    surface: str
    alternatives: tuple[str, ...]
    parts: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QueryAnalysis:
    """Words worth looking up, identifiers, and the surfaces of all words (stop words too), each in text order."""

    words: tuple[QueryWord, ...]
    identifiers: tuple[Identifier, ...]
    surfaces: tuple[str, ...]


def analyse(text: str, language: str) -> Analysis:
    """Return the words and identifiers of `text`, written in `language` (BCP 47; others are read as English)."""
    language = analysed_language(language)
    return _remembered(text, language) if len(text) <= _SHORT else _analysed(text, language)


def _analysed(text: str, language: str) -> Analysis:
    runs, identifiers, _ = _scan(text, language)
    return Analysis(tuple(runs), _in_order(identifiers))


_SHORT = 300
"""Characters up to which an analysis is remembered: titles, snippets, single words and what is told of other words are
read again and again."""
_remembered = lru_cache(maxsize=2048)(_analysed)


def analyse_query(text: str, languages: Sequence[str] = LANGUAGES) -> QueryAnalysis:
    """Return what to look up for a query in an index of documents in `languages`.

    Stop words of the query's own language are left out, unless there is nothing else. More counts as an identifier
    than in a document, since agents type "809" and mean the error: bare numbers of three to five digits, and codes and
    commands in small letters.
    """
    wanted = tuple(dict.fromkeys(analysed_language(language) for language in languages)) or LANGUAGES
    return _remembered_query(text, wanted) if len(text) <= _SHORT else _analysed_query(text, wanted)


def _analysed_query(text: str, wanted: tuple[str, ...]) -> QueryAnalysis:
    runs, identifiers, others = _scan(text, *wanted)
    scanned = _words(runs)
    identifiers.extend(Identifier(*each) for each in typed_codes(text))
    spoken = analysed_language(detect_language(text, default=wanted[0])) if len(wanted) > 1 else wanted[0]
    unwanted = stop_words(spoken)
    words: list[QueryWord] = []
    stops: list[QueryWord] = []
    for word, *other in zip(scanned, *others, strict=True):
        surface, start, end = word.surface, word.start, word.end
        if _BARE_NUMBER.fullmatch(surface):
            identifiers.extend(_numbers(text, word))
        terms = [each for each in (word.terms, *other) if each]
        if not terms or surface in unwanted:
            stops.append(QueryWord(surface, (surface,), (), start, end))
            continue
        alternatives, parts = _ways(text[start:end], terms, wanted)
        words.append(QueryWord(surface, alternatives, parts, start, end))
    return QueryAnalysis(tuple(words or stops), _in_order(identifiers), tuple(word.surface for word in scanned))


_remembered_query = lru_cache(maxsize=1024)(_analysed_query)


def _ways(
    written: str, terms: Sequence[tuple[str, ...]], languages: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what stands for the whole of a word and what for its parts, of its terms in each of several languages."""
    stems = [each[0] for each in terms]
    if not written.isascii():
        # "Müller" is also "Muller" in documents: another spelling of the whole word, not a part of it.
        plain = bare(written)
        known = {term for each in terms for term in each}
        stems += [each for language in languages if (each := stem(plain, language)) in known]
    alternatives = tuple(dict.fromkeys(stems))
    return alternatives, tuple(dict.fromkeys(part for each in terms for part in each[1:] if part not in alternatives))


def highlights(
    text: str, language: str, terms: AbstractSet[str], identifiers: AbstractSet[str]
) -> tuple[tuple[int, int], ...]:
    """Return the merged half-open ranges of `text` that match, in order.

    A word matches by any of its terms or by its surface (as in a quoted phrase), an identifier by its value.
    """
    analysis = analyse(text, language)
    spans = [(each.start, each.end) for each in analysis.identifiers if each.value in identifiers]
    spans.extend(
        (each.start, each.end) for each in analysis.words if each.surface in terms or not terms.isdisjoint(each.terms)
    )
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


_BARE_NUMBER = re.compile(r"\d{3,5}")


def _numbers(text: str, word: Word) -> list[Identifier]:
    """Return a bare number of a query as an identifier, with and without the minus that may stand before it."""
    found = [Identifier(word.surface, "number", word.start, word.end)]
    if text[: word.start].endswith("-") and not text[: word.start - 1][-1:].strip():
        found.append(Identifier("-" + word.surface, "number", word.start - 1, word.end))
    return found


def _words(runs: Sequence[tuple[int, Run]]) -> list[Word]:
    return [
        Word(surface, terms, start + left, start + right)
        for start, run in runs
        for surface, terms, left, right, _ in run.tokens
    ]


def _scan(
    text: str, language: str, *others: str
) -> tuple[list[tuple[int, Run]], list[Identifier], tuple[list[tuple[str, ...]], ...]]:
    """Return the runs of `text` in order and its identifiers in no order; one pass, each character looked at once.

    Which words there are depends on no language; in each of `others` they have the terms that come last.
    """
    runs: list[tuple[int, Run]] = []
    terms_in_others: tuple[list[tuple[str, ...]], ...] = tuple([] for _ in others)
    in_others = tuple(zip(others, terms_in_others, strict=True))
    identifiers: list[Identifier] = []
    position = 0
    while position < len(text):
        for match in RUN.finditer(text, position):
            start, end = match.span()
            if end - start > LONGEST_RUN:
                runs.append((0, run_of(tuple(plain_words(text, start, end, language)))))
                for other, known in in_others:
                    known.extend(word.terms for word in plain_words(text, start, end, other))
                continue
            run = match.group()
            spaced = False
            if run[1:3] == ":\\" and (path := WINDOWS_PATH.match(text, start)) and path.end() > end:
                run = path.group()[:LONGEST_RUN]
                spaced = True
            held = dissect(run, language)
            runs.append((start, held))
            for other, known in in_others:
                known.extend([token.terms for token in dissect(run, other).tokens])
            if held.has_cue:
                for surface, _, left, right, cue in held.tokens:
                    if cue:
                        announced = after_cue(text, cue, surface, start + left, start + right)
                        identifiers.extend(Identifier(*each) for each in announced)
            for value, kind, left, right in held.found:
                identifiers.append(Identifier(value, kind, start + left, start + right))
            if spaced:
                position = start + len(run)
                break
        else:
            break
    return runs, identifiers, terms_in_others


def _in_order(identifiers: list[Identifier]) -> tuple[Identifier, ...]:
    """Sort by place, the longer of two first, and keep one of each value at each end (the first kind found)."""
    ordered = sorted(identifiers, key=lambda each: (each.start, -each.end))
    return tuple({(each.value, each.end): each for each in reversed(ordered)}.values())[::-1]
