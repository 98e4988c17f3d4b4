"""German compounds: which known parts does a word consist of?"""

from __future__ import annotations

from functools import lru_cache

from kb.analysis.folding import fold, without_umlauts
from kb.analysis.lists import word_list
from kb.analysis.stems import stem

SHORTEST_COMPOUND = 7
"""Shorter words are not split: the shortest compounds of support German ("Webseite") have eight letters."""

_LONGEST_COMPOUND = 60
_LINKS = ("", "s", "n", "en", "es", "er")
_SHORTEST_PART = 3


@lru_cache(maxsize=1)
def compound_parts() -> frozenset[str]:
    """Return the listed parts, folded and with bare vowels, as they stand inside a compound."""
    return frozenset(without_umlauts(fold(word)) for word in word_list("german_parts"))


@lru_cache(maxsize=1)
def _part_stems() -> frozenset[str]:
    return frozenset(stem(part, "de") for part in compound_parts())


@lru_cache(maxsize=1)
def _longest_part() -> int:
    return max(map(len, compound_parts()))


def split_compound(word: str) -> tuple[str, ...]:
    """Split a folded German word into listed parts, or return () when parts do not cover the whole of it.

    Linking elements (s, n, en, es, er) between parts belong to none. The last part may be inflected. Of several
    splits the one with the fewest parts wins, then the one whose first parts are longest.
    """
    reduced = without_umlauts(word)
    size = len(reduced)
    if not SHORTEST_COMPOUND <= size <= _LONGEST_COMPOUND or not reduced.isalpha():
        return ()
    parts, last_parts = compound_parts(), _part_stems()
    if reduced in parts or stem(reduced, "de") in last_parts:
        return ()
    # best[i]: the fewest parts that cover the word up to i, where the next part may begin.
    best: dict[int, tuple[str, ...]] = {0: ()}
    splits: list[tuple[str, ...]] = []
    for start in range(size - _SHORTEST_PART + 1):
        before = best.get(start)
        if before is None:
            continue
        rest = reduced[start:]
        if before and (rest in parts or stem(rest, "de") in last_parts):
            splits.append((*before, rest))
        for length in range(min(_longest_part(), size - start - _SHORTEST_PART), _SHORTEST_PART - 1, -1):
            part = reduced[start : start + length]
            if part in parts:
                _extend(best, (*before, part), reduced, start + length)
    return min(splits, key=lambda split: (len(split), [-len(part) for part in split]), default=())


def _extend(best: dict[int, tuple[str, ...]], covering: tuple[str, ...], word: str, end: int) -> None:
    """Note that `covering` reaches `end`, and the places after each linking element that follows there."""
    for link in _LINKS:
        after = end + len(link)
        if word.startswith(link, end) and (after not in best or len(covering) < len(best[after])):
            best[after] = covering
