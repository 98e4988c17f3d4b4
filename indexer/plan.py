"""Decide what to do in each index about one document. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kb.documents import Document
from kb.facts import fingerprint_of
from kb.recipe import Recipe


class Act(Enum):
    """What to do in one index: nothing, write the document, or remove it."""

    KEEP = "keep"
    PUT = "put"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What stands for a document's content in each index; `None` where it is not there or not to be."""

    keyword: str | None = None
    vectors: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one document in each index."""

    keyword: Act
    vectors: Act


def wanted_fingerprints(document: Document | None, recipe: Recipe | None) -> Fingerprints:
    """Return what both indexes are to hold: of a document that is gone nothing; without a recipe no vectors."""
    if document is None:
        return Fingerprints()
    fingerprint = fingerprint_of(document)
    return Fingerprints(fingerprint, None if recipe is None else vector_fingerprint(fingerprint, recipe))


def vector_fingerprint(fingerprint: str, recipe: Recipe) -> str:
    """Return what stands for the vectors of a document with this fingerprint; the recipe holds the passage version."""
    return f"{fingerprint}.{recipe.id}"


def plan(wanted: Fingerprints, held: Fingerprints) -> Decision:
    """Compare what is wanted with what is held: equal, keep; wanted otherwise, put; not wanted but held, delete."""
    return Decision(_act(wanted.keyword, held.keyword), _act(wanted.vectors, held.vectors))


def _act(wanted: str | None, held: str | None) -> Act:
    if wanted == held:
        return Act.KEEP
    return Act.DELETE if wanted is None else Act.PUT
