"""Say which facts of a document filters see, and when its indexed content has changed."""

from __future__ import annotations

import hashlib
from dataclasses import fields

from kb.documents import Document, Ticket, dated_at, type_of
from kb.queries import FILTER_FIELDS, Facts

ANALYSIS_VERSION = 2
"""Grows when analysis, passages' text or facts change, so that every document is indexed anew."""


def facts_of(document: Document) -> Facts:
    """Return what filters and facets see of a document."""
    values: dict[str, frozenset[str]] = {}
    for name in FILTER_FIELDS:
        if name == "type":
            value: object = type_of(document)
        elif name == "status":
            value = state_of_problem(document)
        else:
            value = getattr(document, name, None)
        held = value if isinstance(value, tuple) else (value,)
        folded = frozenset(str(one).strip().casefold() for one in held if one)
        if folded:
            values[name] = folded
    return Facts(document.id, values, dated_at(document))


def state_of_problem(document: Document) -> str | None:
    """Return `open` or `resolved` for a ticket; articles have no such state."""
    if isinstance(document, Ticket):
        return "open" if document.is_open else "resolved"
    return None


def fingerprint_of(document: Document) -> str:
    """Return a short hash that changes whenever anything changes that an index holds of the document."""
    parts = [f"{ANALYSIS_VERSION}"]
    for entry in fields(document):
        if entry.name not in ("revision", "path"):
            value = getattr(document, entry.name)
            parts.append(f"{entry.name}={dict(value) if entry.name == 'extra' else value!r}")
    return hashlib.blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
