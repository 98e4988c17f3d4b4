"""German compounds: which known parts does a word consist of?"""

from __future__ import annotations

from functools import lru_cache

from kb.analysis.folding import fold, without_umlauts
from kb.analysis.lists import word_list
from kb.analysis.stems import stem

SHORTEST_COMPOUND = 7
"""Characters; shorter words are not split (the shortest compounds of support German, "Webseite", have eight)."""

_LONGEST_COMPOUND = 60
_LINKS = ("", "s", "n", "en", "es", "er")
_SHORTEST_PART = 3


def split_compound(word: str) -> tuple[str, ...]:
    """Split a folded German word into listed parts, or return () when parts do not cover the whole of it.

    The parts come in their order in the word, with bare vowels for umlauts and without the linking elements (s, n, en,
    es, er) between them; the last one may be inflected. Of several splits the one with the fewest parts wins, then the
    one whose first parts are longest.
    """
    reduced = without_umlauts(word)
    size = len(reduced)
    if not SHORTEST_COMPOUND <= size <= _LONGEST_COMPOUND or not reduced.isalpha():
        return ()
    if reduced in _parts() or stem(reduced, "de") in _last_stems():
        return ()
    # covering[i]: the fewest parts that reach place i of the word, where the next part may begin.
    covering: dict[int, tuple[str, ...]] = {0: ()}
    splits: list[tuple[str, ...]] = []
    for start in range(size - _SHORTEST_PART + 1):
        before = covering.get(start)
        if before is None:
            continue
        rest = reduced[start:]
        if before and stem(rest, "de") in _last_stems():
            splits.append((*before, rest))
        for length in range(min(_longest_part(), size - start - _SHORTEST_PART), _SHORTEST_PART - 1, -1):
            part = reduced[start : start + length]
            if part in _parts():
                _extend(covering, (*before, part), reduced, start + length)
    return min(splits, key=lambda split: (len(split), [-len(part) for part in split]), default=())


def _extend(covering: dict[int, tuple[str, ...]], parts: tuple[str, ...], word: str, end: int) -> None:
    """Note that `parts` reach `end`, and the place after each linking element that follows there."""
    for link in _LINKS:
        after = end + len(link)
        if word.startswith(link, end) and (after not in covering or len(parts) < len(covering[after])):
            covering[after] = parts


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    return frozenset(without_umlauts(fold(word)) for word in word_list("german_parts") | word_list("loan_parts"))


@lru_cache(maxsize=1)
def _parts() -> frozenset[str]:
    return frozenset(word.rstrip("-") for word in _listed())


@lru_cache(maxsize=1)
def _last_stems() -> frozenset[str]:
    return frozenset(stem(word, "de") for word in _listed() if not word.endswith("-"))


@lru_cache(maxsize=1)
def _longest_part() -> int:
    return max(map(len, _parts()))
