"""Find words that are spelled almost like another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kb.protocols.keyword import MOST_SPELLINGS, SHORTEST_SPELLED, Spelling, most_mistakes


def beginnings(word: str) -> tuple[str, ...]:
    """Return how words begin that could be meant: with the same letter, or with the first two exchanged."""
    return (word[0], word[1::-1]) if word[0] != word[1] else (word[0],)


def nearly_spelled(word: str, words: Collection[str], documents: Callable[[str], int]) -> Sequence[tuple[str, int]]:
    """Return those of `words` that are at most `most_mistakes` from `word`, with their distance, the nearest first.

    `documents` tells how many documents hold a word; of equally near ones the most frequent come first, then by
    alphabet. At most `MOST_SPELLINGS` are returned. The distance is that of optimal string alignment.
    """
    near = process.extract(word, list(words), scorer=OSA.distance, score_cutoff=most_mistakes(word), limit=None)
    found = sorted((distance, -documents(other), other) for other, distance, _ in near if distance)
    return [(other, int(distance)) for distance, _, other in found[:MOST_SPELLINGS]]


def is_spelled(word: str) -> bool:
    """Say whether a folded word is of letters alone and long enough to be misspelled."""
    return len(word) >= SHORTEST_SPELLED and word.isalpha()


def by_nearness(spelling: Spelling) -> tuple[int, int, str]:
    """Return the key by which the nearest come first, then those in most documents, then by alphabet."""
    return (spelling.mistakes, -spelling.documents, spelling.surface)
