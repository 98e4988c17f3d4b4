"""Say how a text stands in an engine's dictionary.

Engines take valid UTF-8 of bounded length only. Both sides, documents and queries, come through here, so that
equal texts stay equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from kb.protocols.keyword import MAX_TERM_BYTES

MAX_KEY_BYTES = 1_000
"""A longer exact value stands under its beginning and a hash; Tantivy drops what is longer than 65,530 bytes."""
SEPARATOR = "\x1f"
"""Stands between the terms of a field; Tantivy cuts there and nowhere else."""
_SEPARATOR_SIGN = "\u241f"


def exact_key(text: str) -> str:
    """Return `text` as the engines can hold it: itself, unless it is very long or not valid Unicode."""
    if text.isascii() and len(text) <= MAX_KEY_BYTES and SEPARATOR not in text:
        return text
    encoded = text.replace(SEPARATOR, _SEPARATOR_SIGN).encode("utf-8", "backslashreplace")
    if len(encoded) <= MAX_KEY_BYTES:
        return encoded.decode("utf-8")
    beginning = text[:100].encode("utf-8", "replace").decode()
    return f"{beginning}\u2026{hashlib.blake2b(encoded, digest_size=16).hexdigest()}"


def exact_keys(texts: Iterable[str]) -> list[str]:
    """Return the key of each text that is not empty, in order."""
    return [exact_key(text) for text in texts if text]


def index_terms(terms: Iterable[str]) -> list[str]:
    """Return those terms that are indexed, in order: neither empty nor longer than `MAX_TERM_BYTES`."""
    return [key for key in exact_keys(terms) if len(key) <= 50 or len(key.encode()) <= MAX_TERM_BYTES]
