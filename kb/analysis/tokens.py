"""Tokens: cut a run of characters between spaces into words and identifiers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kb.analysis.cues import cue_of
from kb.analysis.shape import Found, Shape
from kb.analysis.shapes import recognise
from kb.analysis.words import is_stop_word, part_terms, surface_of, word_terms

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TERM = 100
"""Characters; longer tokens are no terms of their own: nobody types them, and they would fill the index."""

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
_EDGES = ".'\u2019/\\:@%~$#&+=?_-\u00ad\u200b\u200c\u200d\u2060\ufeff" + "".join(map(chr, range(0x300, 0x370)))
# A line number after a path ("/srv/app.py:181"); searched only up to the end of a piece.
_LINE = re.compile(r"(?<=[^\d:]\w)(?::\d{1,7}){1,2}$")
# Characters that may begin a path, a hidden file or a negative number.
_OPENING = "/\\~.%-"
_SEPARATORS = (
    re.compile(rf"[{_WORD}.'\u2019/\\~%-]+"),
    re.compile(rf"[{_WORD}.'\u2019-]+"),
    re.compile(rf"(?:[eE]-(?=[mM]ail))?[{_WORD}.'\u2019]+"),
    re.compile(rf"\d+(?:\.\d+)+|(?:[eE]-(?=[mM]ail))?[{_WORD}'\u2019]+"),
)
"""What stays together when a run is none of the known shapes: ever smaller pieces, down to plain words."""


class Token(NamedTuple):
    """A word of a run: spans count from the start of the run; `cue` as in `kb.analysis.cues.cue_of`."""

    surface: str
    terms: tuple[str, ...]
    start: int
    end: int
    cue: str


class Run(NamedTuple):
    """The words and identifiers of one run of characters; surfaces and terms of all words, and whether one is a cue."""

    tokens: tuple[Token, ...]
    found: tuple[Found, ...]
    surfaces: tuple[str, ...]
    terms: tuple[str, ...]
    has_cue: bool


def run_of(tokens: tuple[Token, ...], found: tuple[Found, ...] = ()) -> Run:
    """Return what stands together."""
    return Run(
        tokens,
        found,
        tuple([token.surface for token in tokens]),
        tuple([term for token in tokens for term in token.terms]),
        any(token.cue for token in tokens),
    )


@lru_cache(maxsize=2**15)
def dissect(run: str, language: str) -> Run:
    """Return the words and identifiers of a match of `RUN` or `WINDOWS_PATH`, analysed in one of `LANGUAGES`."""
    tokens: list[Token] = []
    found: list[Found] = []
    for start, end, shape in _pieces(run, 0, len(run)):
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
    return run_of(tuple(tokens), tuple(found))


def plain_words(text: str, start: int, end: int, language: str) -> Iterator[Token]:
    """Yield the plain words of a run that is too long for anything else; spans count from the start of `text`."""
    for match in _PLAIN.finditer(text, start, end):
        if match.end() - match.start() <= LONGEST_TERM:
            word = match.group()
            if surface := surface_of(word):
                yield Token(surface, word_terms(word, language), match.start(), match.end(), "")


def _shape_terms(piece: str, shape: Shape, language: str) -> tuple[str, ...]:
    worth = shape.whole and len(shape.whole) <= LONGEST_TERM and not is_stop_word(shape.whole, language)
    whole = tuple(form for form in (shape.whole, shape.also) if form) if worth else ()
    return tuple(dict.fromkeys((*whole, *part_terms(piece, language)))) if shape.parts else whole


def _pieces(run: str, start: int, end: int, level: int = 0) -> Iterator[tuple[int, int, Shape | None]]:
    """Yield start, end and shape (None for a plain word) of the words in `run[start:end]`, in order.

    A piece is recognised as a whole, or cut at the next kind of separator and its pieces tried again.
    """
    end -= len(run[start:end]) - len(run[start:end].rstrip(_EDGES))
    bare = end - len(run[start:end].lstrip(_EDGES))
    if bare >= end:
        return
    if (line := _LINE.search(run, bare, end)) and ("/" in run[bare:end] or "\\" in run[bare:end]):
        end = line.start()
    # First with what opens it: ".htaccess", "-2147024891", "__init__.py", "\\\\server\\share".
    while start < bare and run[start] in "'\u2019":
        start += 1
    opened = run[start] in _OPENING or run.startswith("__", start)
    if opened and 0 < bare - start <= 6 and (shape := _recognise(run[start:end])) is not None:
        yield start, end, shape
        return
    piece = run[bare:end]
    if (shape := _recognise(piece)) is not None:
        yield bare, end, shape
    elif piece.isalnum() or level == len(_SEPARATORS):
        if len(piece) <= LONGEST_TERM:
            yield bare, end, None
    else:
        for match in _SEPARATORS[level].finditer(run, start, end):
            yield from _pieces(run, match.start(), match.end(), level + 1)


def _recognise(piece: str) -> Shape | None:
    if not piece.isascii():
        # Full-width letters and the like count as their ordinary forms, as long as positions stay the same.
        normal = unicodedata.normalize("NFKC", piece)
        piece = normal if len(normal) == len(piece) else piece
    return recognise(piece)
