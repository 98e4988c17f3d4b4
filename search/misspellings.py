"""Find the words of a query that nobody uses, and what they may be misspellings of. Words only, never identifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Protocol

from rapidfuzz.distance import OSA

from kb.analysis.analyse import LANGUAGES, QueryWord
from kb.analysis.compounds import split_compound
from kb.analysis.folding import fold
from kb.analysis.lists import word_list
from kb.analysis.words import is_stop_word
from kb.protocols.keyword import MOST_SPELLINGS, SHORTEST_SPELLED, Spelling

MOST_CORRECTED = 3
"""Words of a query that are looked up for misspellings: each costs a walk through the words of the index."""
RARE = 2
FAR_MORE = 50
"""A word in so few documents is asked about, when so many times as many hold one that is a single slip away."""

_OPPOSITES = (
    ("on", "off"), ("in", "out"), ("in", "ex"), ("in", "de"), ("im", "ex"), ("en", "dis"), ("up", "down"),
    ("an", "ab"), ("ein", "aus"), ("", "un"), ("", "in"), ("", "im"), ("", "dis"), ("", "de"),
)  # fmt: skip
"""Beginnings by which words with the same ending say the opposite: online and offline, anmelden and abmelden."""


InSight = Callable[[Sequence[str]], int]
"""Returns how many documents that may be shown hold one of the terms."""


class Spellings(Protocol):
    """Looks up words of the documents."""

    def __call__(self, surface: str, most: int, language: str = "") -> Sequence[Spelling]:
        """Return at most so many words spelled almost like one, the nearest first; `language` "" is any."""
        ...


@dataclass(frozen=True, slots=True)
class Misspelling:
    """A word of the query between `start` and `end`, and the folded word that may be meant.

    `is_unknown` says that no document holds it; else very few do, and far more hold what may be meant. `is_open` says
    that `meant` are two that say the opposite of each other, and nothing tells which.
    """

    start: int
    end: int
    written: str
    meant: tuple[str, ...]
    is_unknown: bool = True
    is_open: bool = False


def misspellings(
    text: str,
    words: Sequence[QueryWord],
    counts: Mapping[str, int],
    spellings: Spellings,
    language: str = "",
    in_sight: InSight | None = None,
) -> tuple[Misspelling, ...]:
    """Return the first `MOST_CORRECTED` of `words` that no document or hardly any holds, with what may be meant.

    `counts` is in how many documents each term occurs. Compounds of known parts, and everyday words of either language,
    are taken as meant. Of equally near spellings one that documents in `language` hold comes first (where that is "",
    the language of which a word is nearer), then by the kind of slip, then the more frequent.
    """
    asked: list[tuple[QueryWord, int, Sequence[Spelling]]] = []
    for word in words:
        held = max((counts.get(term, 0) for term in (*word.alternatives, *word.parts)), default=0)
        if not _may_be_misspelled(word.surface):
            continue
        if held and in_sight is not None:
            # What only closed documents hold is unknown here, and nobody learns that they hold it.
            held = in_sight((*word.alternatives, *word.parts))
        if held > RARE:
            continue
        near: Sequence[Spelling] = spellings(word.surface, MOST_SPELLINGS)
        near = [one for one in near if not _is_empty(one.surface)]
        if held:
            near = [one for one in near if one.mistakes == 1 and one.documents >= FAR_MORE * held]
        asked.append((word, held, near))
        if len(asked) == MOST_CORRECTED:
            break
    language = language or _nearer_language([word.surface for word, _, near in asked if near], spellings)
    found: list[Misspelling] = []
    for word, held, spelled in asked:
        native: frozenset[str] = frozenset()
        if language and len(spelled) > 1:
            native = frozenset(one.surface for one in spellings(word.surface, MOST_SPELLINGS, language))
        meant = _meant(word.surface, spelled, native)
        if meant:
            written = text[word.start : word.end]
            found.append(Misspelling(word.start, word.end, written, meant, is_unknown=not held, is_open=len(meant) > 1))
    return tuple(found)


def corrected(text: str, wrong: Sequence[Misspelling]) -> tuple[str, dict[tuple[int, int], Misspelling]]:
    """Return the text with the likeliest word for each misspelling, and where in it each of those words stands."""
    pieces: list[str] = []
    places: dict[tuple[int, int], Misspelling] = {}
    at = length = 0
    for one in wrong:
        pieces += [text[at : one.start], one.meant[0]]
        start = length + one.start - at
        length = start + len(one.meant[0])
        places[start, length] = one
        at = one.end
    return "".join((*pieces, text[at:])), places


def _nearer_language(surfaces: Sequence[str], spellings: Spellings) -> str:
    """Return the language whose documents hold the nearer word for more of `surfaces`, "" where none does."""
    nearer = dict.fromkeys(LANGUAGES, 0)
    for surface in surfaces:
        near = {each: spellings(surface, 1, each) for each in LANGUAGES}
        mistakes = {each: held[0].mistakes for each, held in near.items() if held}
        least = [each for each, count in mistakes.items() if count == min(mistakes.values())]
        if len(least) == 1:
            nearer[least[0]] += 1
    most = [each for each, count in nearer.items() if count == max(nearer.values())]
    return most[0] if len(most) == 1 else ""


def _meant(surface: str, near: Sequence[Spelling], native: frozenset[str]) -> tuple[str, ...]:
    """Return the word that is meant, or two opposites between which nothing but their frequency tells."""
    if not near:
        return ()
    # What is one slip further away than the nearest is another word.
    least = min(one.mistakes for one in near)
    ranked = sorted(
        ((one.surface not in native, _slip(surface, one.surface), -one.documents, one.surface) for one in near
         if one.mistakes == least and not _says_opposite(surface, one)),
    )  # fmt: skip
    if not ranked:
        return ()
    first = ranked[0]
    equal = [one[3] for one in ranked if one[:2] == first[:2]]
    other = next((one for one in equal if one in _opposites(first[3])), None)
    return (first[3],) if other is None else (first[3], other)


def _slip(typed: str, meant: str) -> int:
    """Return 0 for a letter not doubled or doubled, 1 for letters left out or exchanged in place, 2 for any other."""
    if [one for one, _ in groupby(typed)] == [one for one, _ in groupby(meant)]:
        return 0
    letters = iter(meant)
    return 1 if all(one in letters for one in typed) or sorted(typed) == sorted(meant) else 2


def _says_opposite(typed: str, one: Spelling) -> bool:
    """Say whether a word with the opposite meaning is nearer to what was typed, be it in the documents or not."""
    own = (one.mistakes, _slip(typed, one.surface))
    return any((OSA.distance(typed, each), _slip(typed, each)) < own for each in _opposites(one.surface))


def _opposites(word: str) -> frozenset[str]:
    return frozenset(
        other + word[len(beginning) :]
        for pair in _OPPOSITES
        for beginning, other in (pair, pair[::-1])
        if word.startswith(beginning) and len(word) - len(beginning) >= SHORTEST_SPELLED - 1
    )


def _may_be_misspelled(surface: str) -> bool:
    if len(surface) < SHORTEST_SPELLED or not surface.isalpha() or surface in _everyday():
        return False
    return not _is_empty(surface) and not split_compound(surface)


def _is_empty(surface: str) -> bool:
    return any(is_stop_word(surface, language) for language in LANGUAGES)


@lru_cache(maxsize=1)
def _everyday() -> frozenset[str]:
    return frozenset(fold(word) for language in LANGUAGES for word in word_list(f"common_{language}"))
