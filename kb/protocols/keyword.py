"""State what a keyword index must do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kb.queries import Facts, Filter, Hit, KeywordQuery, Matches, Viewer


@dataclass(frozen=True, slots=True)
class KeywordEntry:
    """One document as the keyword index takes it.

    `terms`: text field → index terms in order. `surfaces`: text field → folded whole words in order, for phrases.
    `identifiers`: canonical forms. `fingerprint` names the content that all this was made from.
    """

    facts: Facts
    fingerprint: str
    terms: Mapping[str, tuple[str, ...]]
    surfaces: Mapping[str, tuple[str, ...]]
    identifiers: tuple[str, ...]


class KeywordSearch(Protocol):
    """The read side of a keyword index: scores by BM25 over `TEXT_FIELDS` and identifiers.

    Every answer is over one consistent, committed state, and holds only documents that `where.admits` and
    `may_read_facts` admit.
    Scores are positive and rounded to four significant digits, so that they do not depend on how the index is
    cut into segments.
    """

    def search(self, query: KeywordQuery, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` matching documents, best first.

        An empty query finds nothing. Raises IndexUnavailable.
        """
        ...

    def score(self, query: KeywordQuery, ids: Sequence[str]) -> Mapping[str, float]:
        """Return the score of those of `ids` that match, without regard to filter or viewer.

        Raises IndexUnavailable.
        """
        ...

    def matches(
        self, query: KeywordQuery, where: Filter, viewer: Viewer, facets: Sequence[str], also: Sequence[str] = ()
    ) -> Matches:
        """Count documents that match or are among `also`, and their values of each field in `facets` (of
        FILTER_FIELDS).

        An empty query without `also` counts everything that filter and viewer admit. Raises IndexUnavailable.
        """
        ...

    def holding(
        self, identifiers: Sequence[str], phrases: Sequence[tuple[str, ...]], ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of `ids` that hold at least one of the identifiers or phrases. Raises IndexUnavailable."""
        ...

    def document_frequency(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each term occurs in any text field (deleted documents may still count until
        merged).
        """
        ...

    def refresh(self) -> None:
        """See what has been committed since, by this or another process. Cheap when nothing was."""
        ...

    @property
    def size(self) -> int:
        """Return the number of documents."""
        ...


class KeywordIndex(KeywordSearch, Protocol):
    """Both sides of a keyword index kept in one directory."""

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint of the documents held, all of them when `ids` is None."""
        ...

    def apply(self, upserts: Sequence[KeywordEntry], deletes: Sequence[str]) -> None:
        """Replace and remove documents in one commit; durable on return, seen after `refresh`. Order of
        adding is kept.

        Raises IndexLocked while another process writes, IndexUnavailable when it cannot.
        """
        ...

    def clear(self) -> None:
        """Remove every document."""
        ...

    def close(self) -> None:
        """Free locks and files. Idempotent."""
        ...
