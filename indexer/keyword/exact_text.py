"""Say how a text stands in an engine's dictionary.

Engines take valid UTF-8 of bounded length only, and Tantivy is given the terms of a field as one text with a space
between them. Both sides, documents and queries, come through here, so that equal texts stay equal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from kb.protocols.keyword import MAX_TERM_BYTES

MAX_KEY_BYTES = 1_000
"""A longer exact value stands under its beginning and a hash; Tantivy drops what is longer than 65,530 bytes."""
_SURELY_SHORT = MAX_TERM_BYTES // 4
"""A text of so many characters is short enough in UTF-8, which takes four bytes for one at most."""
_SPACE = re.compile(r"\s")
_SPACE_SIGN = "\u2420"


def exact_key(text: str, longest: int = MAX_KEY_BYTES) -> str:
    """Return `text` as an engine can hold it: itself, unless it is longer than `longest` bytes or not valid Unicode."""
    if text.isascii() and len(text) <= longest:
        return text
    encoded = text.encode("utf-8", "backslashreplace")
    if len(encoded) <= longest:
        return encoded.decode("utf-8")
    beginning = text[:100].encode("utf-8", "replace").decode("utf-8")
    return f"{beginning}\u2026{hashlib.blake2b(encoded, digest_size=16).hexdigest()}"


def exact_keys(texts: Iterable[str]) -> list[str]:
    """Return the key of each text that is not empty, in order, without white space in it."""
    return [_SPACE.sub(_sign, exact_key(text)) for text in texts if text]


def index_terms(terms: Sequence[str]) -> list[str]:
    """Return those terms that are indexed, in order: neither empty nor longer than `MAX_TERM_BYTES`."""
    if not terms or (max(map(len, terms)) <= _SURELY_SHORT and _is_plain(terms)):
        return list(terms)
    return [
        key
        for term in terms
        if len(term.encode("utf-8", "backslashreplace")) <= MAX_TERM_BYTES
        for key in exact_keys((term,))
    ]


def surface_keys(surfaces: Sequence[str]) -> list[str]:
    """Return the whole words of a field as they are indexed, in order; a very long one under its hash."""
    if not surfaces or (max(map(len, surfaces)) <= MAX_TERM_BYTES and _is_plain(surfaces)):
        return list(surfaces)
    return exact_keys(surfaces)


def _is_plain(texts: Sequence[str]) -> bool:
    """Say whether a space tells the texts apart and all are valid Unicode; fast, since nearly always true."""
    joined = " ".join(texts)
    if joined.split() != list(texts):
        return False
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sign(space: re.Match[str]) -> str:
    return f"{_SPACE_SIGN}{ord(space.group()):x}"
