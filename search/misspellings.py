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

Spellings = Callable[[str, int], Sequence[Spelling]]
"""Returns at most so many words of the documents that are spelled almost like one, the nearest first."""


@dataclass(frozen=True, slots=True)
class Misspelling:
    """A word of the query between `start` and `end`, and the folded words that may be meant, the likeliest first."""

    start: int
    end: int
    written: str
    meant: tuple[str, ...]


def misspellings(
    text: str, words: Sequence[QueryWord], counts: Mapping[str, int], spellings: Spellings
) -> tuple[Misspelling, ...]:
    """Return the first `MOST_CORRECTED` of `words` that no document holds, with words of the documents for them.

    `counts` is in how many documents each term occurs. Compounds of known parts, and everyday words of either language,
    are taken as meant.
    """
    found: list[Misspelling] = []
    looked_up = 0
    for word in words:
        if looked_up == MOST_CORRECTED:
            break
        if any(counts.get(term) for term in (*word.alternatives, *word.parts)) or not _may_be_misspelled(word.surface):
            continue
        looked_up += 1
        near = spellings(word.surface, MOST_MEANT)
        # What is one slip further away than the nearest is another word.
        meant = tuple(one.surface for one in near if one.mistakes == near[0].mistakes)
        if meant:
            found.append(Misspelling(word.start, word.end, text[word.start : word.end], meant))
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
