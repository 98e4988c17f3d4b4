"""Say which documents a viewer may read by the few combinations of audience and state that occur.

Every document bears the key of its combination. `kb.access` decides for each combination held, not for each document,
so an index cannot differ from it, and the common viewer's bound becomes a short list of keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from indexer.keyword.exact_text import exact_key
from kb.access import may_read_facts
from kb.queries import Facts, Viewer

_FACTS_READ = ("audience", "state")
_LONGEST_KEY = 60_000
"""What an engine's dictionary takes."""


@dataclass(frozen=True, slots=True)
class Readership:
    """The combinations that occur in an index: key → how many documents bear it."""

    documents: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return the number of documents of all combinations together."""
        return sum(self.documents.values())

    def readable(self, viewer: Viewer) -> list[str]:
        """Return the keys of documents that the viewer may read, ordered."""
        return sorted(key for key in self.documents if _may_read(viewer, key))

    def refused(self, viewer: Viewer) -> list[str]:
        """Return the keys of documents that the viewer may not read, ordered."""
        return sorted(key for key in self.documents if not _may_read(viewer, key))

    def count(self, keys: Iterable[str]) -> int:
        """Return how many documents bear one of the keys."""
        return sum(self.documents[key] for key in keys)


def readership_key(facts: Facts) -> str:
    """Return the key of a document: what of its facts decides who may read it."""
    held = {name: sorted(facts.values[name]) for name in _FACTS_READ if name in facts.values}
    return exact_key(json.dumps(held), _LONGEST_KEY)


def _may_read(viewer: Viewer, key: str) -> bool:
    try:
        held = json.loads(key)
    except ValueError:  # an audience of 60,000 letters was cut short; nobody was ever given it
        return viewer.audiences is None and viewer.may_edit
    return may_read_facts(viewer, Facts("", {name: frozenset(values) for name, values in held.items()}))
