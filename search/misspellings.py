"""Find the words of a query that nobody uses, and what they may be misspellings of. Words only, never identifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.analysis.analyse import LANGUAGES, QueryWord
from kb.analysis.compounds import split_compound
from kb.analysis.folding import fold
from kb.analysis.lists import word_list
from kb.analysis.words import is_stop_word
from kb.protocols.keyword import SHORTEST_SPELLED, Spelling

MOST_CORRECTED = 3
"""Words of a query that are looked up for misspellings: each costs a walk through the words of the index."""
MOST_MEANT = 2
"""Spellings that are looked up in place of one word."""
RARE = 2
FAR_MORE = 50
"""A word in so few documents is asked about, when so many times as many hold one that is a single slip away."""

Spellings = Callable[[str, int], Sequence[Spelling]]
"""Returns at most so many words of the documents that are spelled almost like one, the nearest first."""


@dataclass(frozen=True, slots=True)
class Misspelling:
    """A word of the query between `start` and `end`, and the folded words that may be meant, the likeliest first.

    `is_unknown` says that no document holds it; else very few do, and far more hold what may be meant.
    """

    start: int
    end: int
    written: str
    meant: tuple[str, ...]
    is_unknown: bool = True


def misspellings(
    text: str, words: Sequence[QueryWord], counts: Mapping[str, int], spellings: Spellings
) -> tuple[Misspelling, ...]:
    """Return the first `MOST_CORRECTED` of `words` that no document or hardly any holds, with what may be meant.

    `counts` is in how many documents each term occurs. Compounds of known parts, and everyday words of either language,
    are taken as meant.
    """
    found: list[Misspelling] = []
    looked_up = 0
    for word in words:
        held = max((counts.get(term, 0) for term in (*word.alternatives, *word.parts)), default=0)
        if held > RARE or not _may_be_misspelled(word.surface):
            continue
        near = spellings(word.surface, MOST_MEANT)
        if held:
            near = [one for one in near if one.mistakes == 1 and one.documents >= FAR_MORE * held]
        # What is one slip further away than the nearest is another word.
        meant = tuple(one.surface for one in near if one.mistakes == near[0].mistakes)
        if meant:
            written = text[word.start : word.end]
            found.append(Misspelling(word.start, word.end, written, meant, is_unknown=not held))
        looked_up += 1
        if looked_up == MOST_CORRECTED:
            break
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


def _may_be_misspelled(surface: str) -> bool:
    if len(surface) < SHORTEST_SPELLED or not surface.isalpha() or surface in _everyday():
        return False
    return not any(is_stop_word(surface, language) for language in LANGUAGES) and not split_compound(surface)


@lru_cache(maxsize=1)
def _everyday() -> frozenset[str]:
    return frozenset(fold(word) for language in LANGUAGES for word in word_list(f"common_{language}"))
