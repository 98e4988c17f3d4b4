"""Analysis: what in a text can be looked up, and where it stands.

Documents and queries go through the same code. A document is analysed in its own language; a query word is looked up
under every term that any language's analysis would have given it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from kb.analysis.codes import typed_codes
from kb.analysis.cues import after_cue
from kb.analysis.folding import bare
from kb.analysis.stems import LANGUAGES, analysed_language, stem
from kb.analysis.tokens import LONGEST_RUN, RUN, WINDOWS_PATH, dissect, plain_words
from kb.analysis.words import is_stop_word
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


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: `surface` is what a quoted phrase matches, `terms` (stem first, then parts) are indexed.

    A stop word has no terms. `start` and `end` are a half-open range of code points in the text.
    """

    surface: str
    terms: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """Words and identifiers of a text, each in text order. Words do not overlap; identifiers may be nested."""

    words: tuple[Word, ...]
    identifiers: tuple[Identifier, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """All index terms in text order, repeated as often as they occur."""
        return tuple(term for word in self.words for term in word.terms)

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The folded words in text order, stop words among them."""
        return tuple(word.surface for word in self.words)


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
    words, identifiers = _scan(text, language)
    return Analysis(tuple(words), _in_order(identifiers))


_SHORT = 300
"""Characters up to which an analysis is remembered: titles, snippets and single words are read again and again."""
_remembered = lru_cache(maxsize=2048)(_analysed)


def analyse_query(text: str, languages: Sequence[str] = LANGUAGES) -> QueryAnalysis:
    """Return what to look up for a query in an index of documents in `languages`.

    Stop words of the query's own language are left out, unless there is nothing else. More counts as an identifier
    than in a document, since agents type "809" and mean the error: bare numbers of three to five digits, and codes and
    commands in small letters.
    """
    wanted = tuple(dict.fromkeys(analysed_language(language) for language in languages)) or LANGUAGES
    scans, found = zip(*(_scan(text, language) for language in wanted), strict=True)
    identifiers: list[Identifier] = found[0]
    identifiers.extend(Identifier(*each) for each in typed_codes(text))
    for word in scans[0]:
        if _BARE_NUMBER.fullmatch(word.surface):
            identifiers.extend(_numbers(text, word))
    spoken = analysed_language(detect_language(text, default=wanted[0])) if len(wanted) > 1 else wanted[0]
    words: list[QueryWord] = []
    stops: list[QueryWord] = []
    for ways in zip(*scans, strict=True):
        first: Word = ways[0]
        terms = [word.terms for word in ways if word.terms]
        if not terms or is_stop_word(first.surface, spoken):
            stops.append(QueryWord(first.surface, (first.surface,), (), first.start, first.end))
            continue
        # "Müller" is also "Muller" in documents: another spelling of the whole word, not a part of it.
        plain = bare(text[first.start : first.end])
        spellings = [stem(plain, language) for language in wanted if not text[first.start : first.end].isascii()]
        known = {term for each in terms for term in each}
        stems = [each[0] for each in terms]
        alternatives = tuple(dict.fromkeys(stems + [each for each in spellings if each in known]))
        parts = tuple(dict.fromkeys(part for each in terms for part in each[1:] if part not in alternatives))
        words.append(QueryWord(first.surface, alternatives, parts, first.start, first.end))
    return QueryAnalysis(tuple(words or stops), _in_order(identifiers), tuple(word.surface for word in scans[0]))


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


def _scan(text: str, language: str) -> tuple[list[Word], list[Identifier]]:
    """Return the words of `text` in order and its identifiers in no order; one pass, each character looked at once."""
    words: list[Word] = []
    identifiers: list[Identifier] = []
    position = 0
    while position < len(text):
        for match in RUN.finditer(text, position):
            start, end = match.span()
            if end - start > LONGEST_RUN:
                words.extend(Word(*word[:4]) for word in plain_words(text, start, end, language))
                continue
            run = match.group()
            spaced = False
            if run[1:3] == ":\\" and (path := WINDOWS_PATH.match(text, start)) and path.end() > end:
                run = path.group()[:LONGEST_RUN]
                spaced = True
            tokens, found = dissect(run, language)
            for surface, terms, left, right, cue in tokens:
                words.append(Word(surface, terms, start + left, start + right))
                if cue:
                    announced = after_cue(text, cue, surface, start + left, start + right)
                    identifiers.extend(Identifier(*each) for each in announced)
            for value, kind, left, right in found:
                identifiers.append(Identifier(value, kind, start + left, start + right))
            if spaced:
                position = start + len(run)
                break
        else:
            break
    return words, identifiers


def _in_order(identifiers: list[Identifier]) -> tuple[Identifier, ...]:
    """Sort by place, the longer of two first, and keep one of each value at each end (the first kind found)."""
    ordered = sorted(identifiers, key=lambda each: (each.start, -each.end))
    return tuple({(each.value, each.end): each for each in reversed(ordered)}.values())[::-1]
