"""Show the piece of a document where the question is answered. Pure.

A cheap look at word beginnings finds the window; full analysis then marks the words in it, so that what is marked is
exactly what matched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from kb.analysis.analyse import highlights
from kb.analysis.folding import bare
from search.answers import Snippet

LENGTH = 240
"""Characters of a snippet, about two lines on a page."""
_LEAD = 60
"""Characters shown before the first match, so that it can be understood."""
_READ = 20_000
"""Characters of each field that are looked at."""
_MOST_PLACES = 1_000
_IDENTIFIER_WORTH = 3
"""An identifier in the window is worth this many words."""

_SPELLINGS = {
    "ae": "(?:ae|[aä]e?)", "oe": "(?:oe|[oö]e?)", "ue": "(?:ue|[uü]e?)",
    "a": "[aä]", "o": "[oö]", "u": "[uü]", "e": "[eéè]", "ss": "(?:ss|ß)",
}  # fmt: skip
_BEGINNINGS = {"a": "aä", "o": "oö", "u": "uü", "e": "eéè", "s": "sß"}
_ALIKE = (("İ", "i"), ("ſ", "s"), ("µ", "μ"), ("ς", "σ"))
"""Letters, and the small one that they count as, where `str.lower` alone would keep them apart or move what follows."""
_FOLDED = re.compile("ae|oe|ue|ss|[aoue]")
_SPACE = re.compile(r"\s+")
_SEEN = re.compile(r"\S")
_SENTENCE = re.compile(r"[.!?:]\s+|\n")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a query is to be marked: index terms, canonical identifiers, and the identifiers as they were written."""

    terms: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()
    written: tuple[str, ...] = ()


def snippet(texts: Sequence[str], language: str, finder: Finder, passage: str | None = None) -> Snippet:
    """Return the best window of `texts` (fields of one document, the more important first), about `LENGTH` long.

    The best holds the most different words and identifiers that are wanted, the earliest of equals. Where none is
    found, it is the beginning of `passage`, else of the first text that is not empty.
    """
    best: tuple[int, str, int, int] | None = None
    for text in texts:
        read = text[:_READ]
        found = _best_window(sorted(finder.places(read)))
        if found is not None and (best is None or found[0] > best[0]):
            best = (found[0], read, found[1], found[2])
    if best is not None:
        _, text, first, last = best
        start = _beginning(text, first, last)
        return _marked(text, start, start + LENGTH, language, finder.wanted)
    text = passage or next((text for text in texts if text.strip()), "")
    return _marked(text[:_READ], 0, LENGTH, language, finder.wanted)


class Finder:
    """Finds where words begin like a term, and where identifiers stand: made once for all results of an answer."""

    def __init__(self, wanted: Wanted):
        self.wanted = wanted
        terms = {bare(term) for term in wanted.terms}
        self._terms = _any_of(terms, _loosely, r"(?=[{begin}])(?<!\w)(?:{any})")
        written = {in_small_letters(one) for one in (*wanted.written, *wanted.identifiers)}
        self._identifiers = _any_of(written, re.escape, r"(?=[{begin}])(?<!\w)(?:{any})(?!\w)")

    def places(self, text: str) -> Iterator[tuple[int, int, str, int]]:
        """Yield (start, end, what was found, worth), not in order."""
        lowered = in_small_letters(text)
        for pattern, worth in ((self._terms, 1), (self._identifiers, _IDENTIFIER_WORTH)):
            if pattern is not None:
                for match in islice(pattern.finditer(lowered), _MOST_PLACES):
                    yield match.start(), match.end(), match.group(), worth


def in_small_letters(text: str) -> str:
    """Return a text in small letters, each where it stood: a pattern finds them faster than letters of either case."""
    if not text.isascii():
        for letter, small in _ALIKE:
            text = text.replace(letter, small)
    return text.lower()


def _any_of(texts: Iterable[str], written: Callable[[str], str], frame: str) -> re.Pattern[str] | None:
    """Return a pattern for any of the texts, the longest first. Few characters begin one, which tells most places."""
    ordered = sorted((one for one in texts if one), key=lambda one: (-len(one), one))
    if not ordered:
        return None
    begin = sorted({char for one in ordered for char in _BEGINNINGS.get(one[0], one[0])})
    return re.compile(frame.format(begin=re.escape("".join(begin)), any="|".join(map(written, ordered))))


def _loosely(term: str) -> str:
    """Return a pattern for how a text in small letters may write a bare term: index terms have no umlauts, texts do."""
    return _FOLDED.sub(lambda found: _SPELLINGS[found.group()], re.escape(term))


def _best_window(places: Sequence[tuple[int, int, str, int]]) -> tuple[int, int, int] | None:
    """Return (worth, start, end) of the window of at most `LENGTH` that holds the most different things."""
    best: tuple[int, int, int] | None = None
    held: dict[str, int] = {}
    worths: dict[str, int] = {}
    first = 0
    for last, (_, end, what, worth) in enumerate(places):
        held[what] = held.get(what, 0) + 1
        worths[what] = worth
        while end - places[first][0] > LENGTH - _LEAD and first < last:
            gone = places[first][2]
            held[gone] -= 1
            if not held[gone]:
                del held[gone]
            first += 1
        value = sum(worths[one] for one in held)
        if best is None or value > best[0]:
            best = (value, places[first][0], end)
    return best


def _beginning(text: str, first: int, last: int) -> int:
    """Return where to begin: at a sentence or word a little before the first match, as far back as there is room."""
    room = max(0, min(LENGTH - (last - first), LENGTH))
    earliest = max(0, first - min(_LEAD, room))
    if earliest == 0:
        return 0
    sentences = [match.end() for match in _SENTENCE.finditer(text, earliest, first)]
    if sentences:
        return sentences[0]
    space = _SPACE.search(text, earliest, first)
    return space.end() if space else first


def _marked(text: str, start: int, end: int, language: str, wanted: Wanted) -> Snippet:
    """Return the window on one line, an ellipsis where text was cut off, with what matches marked."""
    piece = text[start : end + 1]
    cut = len(text) > end
    if cut:
        # Not in the middle of a word, unless the window is one endless word.
        space = _last_space(piece)
        piece = piece[: space if space > LENGTH // 2 else LENGTH]
        cut = _SEEN.search(text, start + len(piece)) is not None
    line = " ".join(piece.split())
    if start and line and _SEEN.search(text, 0, start):
        line = f"… {line}"
    if cut and line:
        line = f"{line} …"
    return Snippet(line, highlights(line, language, wanted.terms, wanted.identifiers))


def _last_space(piece: str) -> int:
    """Return where the last white space of a piece begins, 0 where it has none."""
    seen = piece.rstrip()
    if len(seen) < len(piece):
        return len(seen)
    head, *last = piece.rsplit(None, 1)
    return len(head) if last else 0


def marked_words(shown: Snippet) -> tuple[str, ...]:
    """Return the different words and identifiers that are marked, in order, as the document writes them."""
    found: Mapping[str, str] = _first_spellings(shown.text[start:end] for start, end in shown.highlights)
    return tuple(found.values())


def _first_spellings(words: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(word.casefold(), word)
    return found
