"""Say which ids and source names are possible. Pure."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from kb.errors import InvalidInput

LONGEST_ID = 500
"""In code points; longer ones are broken input, and file systems and addresses end at about 1,000 bytes."""
LONGEST_SOURCE = 100


def encoded_id(text: str) -> str:
    """Return `text` composed (NFC), with white space and control characters percent-encoded as UTF-8.

    Everything else stays readable: `Büro Netz` becomes `Büro%20Netz`. Applying it again changes nothing.
    """
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii() and composed.isprintable() and " " not in composed:
        return composed
    return "".join(_encoded(character) for character in composed)


def checked_id(value: str, field: str) -> str:
    """Return `value` as an id, without white space around it.

    Raises InvalidInput when nothing is left or it is longer than `LONGEST_ID`.
    """
    return _bounded(encoded_id(value.strip()), field, LONGEST_ID)


def checked_source(value: str, field: str = "source") -> str:
    """Return `value` as the name of a source.

    Raises InvalidInput when it is empty, too long, or holds `:` (which ends it in a ticket's id) or `/`.
    """
    source = _bounded(encoded_id(value.strip()), field, LONGEST_SOURCE)
    if ":" in source or "/" in source:
        raise InvalidInput(f"{field} {value!r} holds ':' or '/'; use a plain name such as zammad", field=field)
    return source


def _encoded(character: str) -> str:
    if character.isspace() or unicodedata.category(character) in ("Cc", "Cs", "Zs", "Zl", "Zp"):
        return quote(character.encode("utf-8", "surrogatepass"), safe="")
    return character


def _bounded(text: str, field: str, longest: int) -> str:
    if not text:
        raise InvalidInput(f"{field} is empty; give it a value", field=field)
    if len(text) > longest:
        raise InvalidInput(f"{field} is {len(text)} characters long; at most {longest} are possible", field=field)
    return text
