"""Stems and stop words of the languages that have an analysis of their own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kb.analysis.folding import fold, without_umlauts
from kb.analysis.lists import word_list

if TYPE_CHECKING:
    from collections.abc import Callable

LANGUAGES: tuple[str, ...] = ("en", "de")
"""The languages with their own stems and stop words; text in any other is analysed like the first."""

# In support these carry meaning: "server down", "log out", "switched off".
_TELLING = frozenset({"down", "off", "out"})


def analysed_language(language: str) -> str:
    """Return the member of `LANGUAGES` whose rules apply to `language`, a BCP 47 tag such as "de-AT"."""
    primary = language[:3].lower().partition("-")[0]
    return primary if primary in LANGUAGES else LANGUAGES[0]


@lru_cache(maxsize=2**16)
def stem(word: str, language: str) -> str:
    """Return the stem of a folded word in one of `LANGUAGES` (Snowball; German umlauts are reduced before)."""
    if not word.isalpha():
        return word
    base = without_umlauts(word) if language == "de" else word
    return _stemmer(language)(base) or base


@lru_cache(maxsize=len(LANGUAGES))
def stop_words(language: str) -> frozenset[str]:
    """Return the folded stop words of one of `LANGUAGES`."""
    from whoosh.lang import stopwords_for_language

    listed = {fold(word) for word in stopwords_for_language(language)} - _TELLING
    return frozenset(listed | {fold(word) for word in word_list(f"stop_words_{language}")})


@lru_cache(maxsize=len(LANGUAGES))
def _stemmer(language: str) -> Callable[[str], str]:
    # Imported when first needed: it pulls in modules that `kb --help` has no use for.
    from whoosh.lang import stemmer_for_language

    found: Callable[[str], str] = stemmer_for_language(language)
    return found
