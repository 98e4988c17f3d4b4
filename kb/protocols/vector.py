"""State what a vector index must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kb.protocols.encoder import Vector
from kb.queries import Facts, Filter, Hit, Viewer
from kb.recipe import Recipe


@dataclass(frozen=True, slots=True)
class VectorEntry:
    """One document as the vector index takes it: row i of `vectors` is passage `passages[i]` (0 is the title
    passage).
    """

    facts: Facts
    fingerprint: str
    passages: tuple[int, ...]
    vectors: Vector


class VectorSearch(Protocol):
    """The read side of a vector index: inner product of unit vectors, which is the cosine similarity."""

    @property
    def recipe(self) -> Recipe:
        """Return the recipe of every vector held."""
        ...

    def search(self, vector: Vector, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` documents that filter and viewer admit, by their most similar passage, best first.

        Filters hold before the cut: as many documents come back as exist, up to `depth`. Similarities are
        rounded to four decimals.
        """
        ...

    def similarities(self, vector: Vector, ids: Sequence[str]) -> Mapping[str, Mapping[int, float]]:
        """Return id → passage → similarity, without regard to filter or viewer."""
        ...

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vector]:
        """Return id → `(passages, dimension)` vectors as they are held, in order of passage, for those of `ids` that
        are, without regard to filter or viewer.
        """
        ...

    def refresh(self) -> None:
        """See what has been committed since, by this or another process.

        Cheap when nothing was. Raises RecipeMismatch.
        """
        ...

    @property
    def size(self) -> int:
        """Return the number of passages."""
        ...


class VectorIndex(VectorSearch, Protocol):
    """Both sides of a vector index kept in one directory.

    Opening one that was made with another recipe raises RecipeMismatch.
    """

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint of the documents held, all of them when `ids` is None."""
        ...

    def apply(self, upserts: Sequence[VectorEntry], deletes: Sequence[str]) -> None:
        """Replace and remove documents; durable on return, the manifest written last, seen after `refresh`."""
        ...

    def filling(self) -> AbstractContextManager[Callable[[Sequence[VectorEntry]], None]]:
        """Lend what adds documents, each once, to an index that is empty.

        All are committed together at the end, none when the block fails. Memory grows by the vectors alone. Only the
        thread that fills may use the index meanwhile. Raises as `apply` does, and IndexUnavailable at once when the
        index holds something.
        """
        ...

    def clear(self) -> None:
        """Remove every document."""
        ...

    def close(self) -> None:
        """Free locks and files. Idempotent."""
        ...
