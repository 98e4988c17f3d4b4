"""Prepare a document for both indexes: everything that can be told of it without a vector. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from indexer.entries import keyword_entry
from indexer.passages import passages_of, text_hash
from kb.documents import Document
from kb.facts import fingerprint_of
from kb.protocols.keyword import KeywordEntry

NamedTexts: TypeAlias = tuple[tuple[str, str], ...]
"""(hash, text) of each passage of a document, in the order of their numbers, which count from 0 without a gap."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the keyword index takes of a document, and the texts whose vectors the other index takes."""

    entry: KeywordEntry
    texts: NamedTexts


def prepared(document: Document) -> Prepared:
    """Return what both indexes are to hold of a document."""
    return Prepared(keyword_entry(document, fingerprint_of(document)), named_texts(document))


def named_texts(document: Document) -> NamedTexts:
    """Return the texts of a document's passages, each after the name under which the store keeps its vector."""
    return tuple((text_hash(one.text), one.text) for one in passages_of(document))
