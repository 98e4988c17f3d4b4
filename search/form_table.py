"""Keep the forms of one language with their other forms, and find them by any inflection. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.analysis.analyse import analyse
from kb.analysis.folding import without_umlauts
from kb.analysis.stems import stem
from kb.analysis.words import surface_of

_WORDS = re.compile(r"(?![eE]-)[^\W\d_]+(?:[ -](?![eE]-)[^\W\d_]+)*")
_SPACES = re.compile("[ -]")
_ENDINGS = frozenset(("", "s", "es", "d", "ed", "ing", "'s"))
"""What an English word may have more than the form it is an inflection of, a last e or y aside."""


class FormTable:
    """Forms of one language with their other forms, found by the stems of their words."""

    def __init__(self, language: str):
        self._language = language
        self._held: dict[tuple[str, ...], list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        self._longest_from: dict[str, int] = {}

    def add(self, form: str, others: Sequence[str]) -> None:
        """Take in a form."""
        said = surfaces_of(form)
        if said:
            key = self._key(said)
            self._held.setdefault(key, []).append((said, tuple(others)))
            self._longest_from[key[0]] = max(self._longest_from.get(key[0], 0), len(key))

    def longest_from(self, surface: str) -> int:
        """Return how many words the longest form has that begins with an inflection of this one, 0 for no form."""
        return self._longest_from.get(stem(surface, self._language), 0)

    def others(self, said: tuple[str, ...]) -> tuple[str, ...]:
        """Return the other forms of a sequence of folded words.

        Of several forms with the same stems those count that are spelled most alike: "Drucker" is no "Druck". English
        words that share no more than the stem are different ones: "sever" is not "several", "minute" no "minutes".
        """
        held = self._held.get(self._key(said))
        if held is None:
            return ()
        is_inflection = _is_inflection if self._language == "en" else _is_german_inflection
        held = [one for one in held if all(map(is_inflection, said, one[0]))]
        if not held:
            return ()
        alike = [(form == said, sum(map(_common_beginning, form, said))) for form, _ in held]
        best = max(alike)
        nearest = (others for (_, others), likeness in zip(held, alike, strict=True) if likeness == best)
        return tuple(dict.fromkeys(one for others in nearest for one in others))

    def holds(self, word: str) -> bool:
        """Say whether a folded word is a form as it stands."""
        return any(form == (word,) for form, _ in self._held.get(self._key((word,)), ()))

    def _key(self, said: tuple[str, ...]) -> tuple[str, ...]:
        return tuple([stem(word, self._language) for word in said])


def _is_inflection(word: str, form: str) -> bool:
    """Say whether an English word is the form itself or a plural, past or -ing form of it."""
    common = _common_beginning(word, form)
    ending, rest = word[common:], form[common:]
    if rest == "" and ending[:1] == form[-1:] and len(ending) > 1:  # stopped
        ending = ending[1:] if ending[1:] in ("ed", "ing") else ending
    return (rest == "" and ending in _ENDINGS) or (rest, ending) in (("e", "ing"), ("y", "ies"), ("y", "ied"))


def _is_german_inflection(word: str, form: str) -> bool:
    """Say whether a German word may be an inflection of a form: who does something is not the doing of it."""
    common = _common_beginning(word, form)
    endings = {word[common : common + 1], form[common : common + 1]}
    return "r" not in endings or endings.isdisjoint("nst")


def _common_beginning(one: str, other: str) -> int:
    common = 0
    for letter, same in zip(without_umlauts(one), without_umlauts(other), strict=False):
        if letter != same:
            break
        common += 1
    return common


def surfaces_of(form: str) -> tuple[str, ...]:
    """Return the folded words of a form."""
    if _WORDS.fullmatch(form):  # much faster, and there are thousands of forms
        return tuple(map(surface_of, _SPACES.split(form)))
    return analyse(form, "en").surfaces
