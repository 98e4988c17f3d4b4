"""Words: what a single token is called (its surface) and what is looked up for it (its terms)."""

from __future__ import annotations

import re
from functools import lru_cache

from kb.analysis.compounds import split_compound
from kb.analysis.folding import bare, fold
from kb.analysis.stems import stem, stop_words

MOST_PARTS = 32
"""Parts taken from one token, such as a long address of a page."""

_APOSTROPHES = re.compile("['\u2019\u02bc\u2018]")
_POSSESSIVE = re.compile("['\u2019][sS]$")
_CONTRACTED = re.compile("['\u2019](?:t|re|ve|ll|d|m)$", re.IGNORECASE)
_E_MAIL = re.compile(r"e-(mail\w*)", re.IGNORECASE)
_HUMPS = re.compile("[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|[0-9]+")
_PLURAL = re.compile("([A-Z]{2,})s")
_CAMEL = re.compile("[a-zäöüß][A-ZÄÖÜ]|[A-ZÄÖÜ]{2}[a-zäöüß]{2}")
_LETTERS_DIGITS = re.compile("([^\\W\\d_]{3,})([0-9]{2,})")
_ALPHANUMERIC = re.compile(r"[^\W_]+")

# Parts that every web address has and nobody searches for.
_ADDRESS_PARTS = frozenset({"http", "https", "www", "com"})


def surface_of(token: str) -> str:
    """Return the folded whole word: no possessive, no apostrophe, "e-mail" written "email"."""
    if token.isascii() and token.isalnum():
        return token.lower()
    token = _APOSTROPHES.sub("", _POSSESSIVE.sub("", token))
    if match := _E_MAIL.fullmatch(token):
        token = "e" + match[1]
    return fold(token)


def is_stop_word(surface: str, language: str) -> bool:
    """Say whether a folded word carries no meaning in one of `LANGUAGES`."""
    return surface in stop_words(language)


@lru_cache(maxsize=2**15)
def word_terms(token: str, language: str) -> tuple[str, ...]:
    """Return the index terms of a plain word: its stem, then other spellings and parts; () for a stop word."""
    surface = surface_of(token)
    if not surface or surface in stop_words(language) or _CONTRACTED.search(token):
        return ()
    if len(surface) == 1 and surface.isascii() and surface.isalpha():
        # Placeholders, list letters, initials; a lone digit stays: "Windows 7".
        return ()
    terms = [stem(surface, language)]
    if not token.isascii() and (plain := bare(token)) != surface and plain.isalpha():
        terms.append(stem(plain, language))
    terms.extend(_part_terms(_inner_parts(token), language))
    if language == "de":
        terms.extend(stem(part, language) for part in split_compound(surface))
    return tuple(dict.fromkeys(terms))


def part_terms(token: str, language: str) -> tuple[str, ...]:
    """Return the terms of the parts of an identifier, path or address, in order, each once."""
    parts: list[str] = []
    for match in _ALPHANUMERIC.finditer(token):
        if len(parts) >= MOST_PARTS:
            break
        piece = match.group()
        if "://" in token and piece.lower() in _ADDRESS_PARTS:
            continue
        parts.append(piece)
        parts.extend(_inner_parts(piece))
    return tuple(dict.fromkeys(_part_terms(parts, language)))


def _part_terms(parts: list[str], language: str) -> list[str]:
    stops = stop_words(language)
    folded = (fold(part) for part in parts)
    return [stem(part, language) for part in folded if part not in stops and len(part) > 1]


def _inner_parts(token: str) -> list[str]:
    """Split a token at its humps ("NullPointerException") or between letters and digits ("office365").

    The plural of an abbreviation ("VMs") has the abbreviation as its part, which stemmers do not know.
    """
    if match := _PLURAL.fullmatch(token):
        return [match[1]]
    if _CAMEL.search(token):
        return _HUMPS.findall(token)
    match = _LETTERS_DIGITS.fullmatch(token)
    return [match[1], match[2]] if match else []
