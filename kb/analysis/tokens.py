"""Tokens: cut a run of characters between spaces into words and identifiers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kb.analysis.cues import cue_of
from kb.analysis.shapes import LONGEST_TERM, Found, Shape, recognise
from kb.analysis.words import part_terms, surface_of, word_terms

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_RUN = 512
"""Characters; in a longer run (encoded data, generated code) only plain words are looked for."""

_MARKS = "\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"
_WORD = rf"\w{_MARKS}"
RUN = re.compile(rf"[{_WORD}.'\u2019/\\:@%~$#&+=?-]+")
"""Everything that can stand inside one word, path, address or code."""

_FOLDER_WORD = r"[^\\/:*?\"<>|\s,;]{1,64}"
WINDOWS_PATH = re.compile(
    rf"[A-Za-z]:\\{{1,2}}(?:{_FOLDER_WORD}(?:[ ]{_FOLDER_WORD}){{0,3}}\\{{1,2}}){{0,24}}(?:{_FOLDER_WORD})?"
)
"""A path on a drive, whose folders may have spaces when another folder follows ("Program Files")."""

_PLAIN = re.compile(rf"[{_WORD}]+")
_LEADING = re.compile(r"[.'\u2019/\\:@%~$#&+=?_\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff-]+")
_TRAILING = ".'\u2019/\\:@%~$#&+=?_-\u00ad\u200b\u200c\u200d\u2060\ufeff"
_OUTER = re.compile(rf"[{_WORD}.'\u2019-]+")
_HYPHENATED = re.compile(rf"(?:[eE]-(?=[mM]ail))?[{_WORD}.'\u2019]+")
_INNER = re.compile(rf"(?:[eE]-(?=[mM]ail))?[{_WORD}'\u2019]+")


class Token(NamedTuple):
    """A word of a run: spans count from the start of the run; `cue` as in `kb.analysis.cues.cue_of`."""

    surface: str
    terms: tuple[str, ...]
    start: int
    end: int
    cue: str


class Run(NamedTuple):
    """The words and identifiers of one run of characters."""

    tokens: tuple[Token, ...]
    found: tuple[Found, ...]


@lru_cache(maxsize=2**15)
def dissect(run: str, language: str) -> Run:
    """Return the words and identifiers of a match of `RUN` or `WINDOWS_PATH`, analysed in one of `LANGUAGES`."""
    tokens: list[Token] = []
    found: list[Found] = []
    for start, end, shape in _pieces(run):
        piece = run[start:end]
        if shape is None:
            surface = surface_of(piece)
            terms = word_terms(piece, language)
        else:
            surface = shape.whole or surface_of(piece)
            terms = _shape_terms(piece, shape, language)
            found.extend(Found(each.value, each.kind, each.start + start, each.end + start) for each in shape.found)
        if surface:
            tokens.append(Token(surface, terms, start, end, cue_of(surface)))
    return Run(tuple(tokens), tuple(found))


def plain_words(text: str, start: int, end: int, language: str) -> Iterator[Token]:
    """Yield the plain words of a run that is too long for anything else; spans count from the start of `text`."""
    for match in _PLAIN.finditer(text, start, end):
        if match.end() - match.start() <= LONGEST_TERM:
            word = match.group()
            if surface := surface_of(word):
                yield Token(surface, word_terms(word, language), match.start(), match.end(), "")


def _shape_terms(piece: str, shape: Shape, language: str) -> tuple[str, ...]:
    whole = (shape.whole,) if shape.whole and len(shape.whole) <= LONGEST_TERM else ()
    return tuple(dict.fromkeys((*whole, *part_terms(piece, language)))) if shape.parts else whole


def _pieces(run: str) -> Iterator[tuple[int, int, Shape | None]]:
    """Yield start, end and shape (None for a plain word) of the words in a run."""
    end = len(run.rstrip(_TRAILING))
    leading = _LEADING.match(run, 0, end)
    start = leading.end() if leading else 0
    if start >= end:
        return
    if start and (run[0] in "/\\~.%-") and (shape := _recognise(run[:end])) is not None:
        yield 0, end, shape
    else:
        yield from _split(run, start, end, (_OUTER, _HYPHENATED, _INNER))


def _split(
    run: str, start: int, end: int, separators: tuple[re.Pattern[str], ...]
) -> Iterator[tuple[int, int, Shape | None]]:
    """Recognise a piece as a whole, or cut it at the next kind of separator and try again."""
    piece = run[start:end]
    if (shape := _recognise(piece)) is not None:
        yield start, end, shape
    elif piece.isalnum() or not separators:
        if end - start <= LONGEST_TERM:
            yield start, end, None
    else:
        for match in separators[0].finditer(run, start, end):
            inner = match.group()
            left = match.start() + len(inner) - len(inner.lstrip(_TRAILING))
            right = match.end() - (len(inner) - len(inner.rstrip(_TRAILING)))
            if left < right:
                yield from _split(run, left, right, separators[1:])


def _recognise(piece: str) -> Shape | None:
    if not piece.isascii():
        # Full-width letters and the like count as their ordinary forms, as long as positions stay the same.
        normal = unicodedata.normalize("NFKC", piece)
        piece = normal if len(normal) == len(piece) else piece
    return recognise(piece)
