"""Keep every vector ever made, and which document had which text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from kb.errors import InvalidInput
from kb.store import sqlite
from kb.store.erasure import forget_vectors_of
from kb.store.part import Part
from kb.store.sqlite import chunks
from kb.store.tables import document_text, tombstone, vector

_STORED = np.dtype("<f2")
"""Little-endian, so that a copy can be read on any machine."""


class SqlVectors(Part):
    """Vectors (`kb.protocols.store.VectorStore`)."""

    def vectors(self, recipe_id: str, text_hashes: Sequence[str]) -> Mapping[str, NDArray[np.float16]]:
        """Return hash → vector for those that are stored; the arrays are read-only."""
        found: dict[str, NDArray[np.float16]] = {}
        with self._database.read() as connection:
            for some in chunks(sorted(set(text_hashes))):  # sorted: neighbours share pages
                query = select(vector.c.text_hash, vector.c.data).where(
                    vector.c.recipe_id == recipe_id, vector.c.text_hash.in_(some)
                )
                for text_hash, data in connection.execute(query):
                    found[text_hash] = np.frombuffer(data, dtype=_STORED)
        return found

    def put_vectors(
        self,
        recipe_id: str,
        vectors: Mapping[str, NDArray[np.float16]],
        documents: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Store vectors and note which documents their texts are from."""
        for text_hash, one in vectors.items():
            if one.ndim != 1 or not np.isfinite(one).all():
                raise InvalidInput(f"the vector of text {text_hash} is not one row of finite numbers; make it again")
        sources = documents or {}
        pairs = sorted({(one, text_hash) for one, hashes in sources.items() for text_hash in hashes})
        for some in chunks(pairs):
            with self._database.write() as connection:
                erased = _erased(connection, [document_id for document_id, _ in some])
                texts = [{"document_id": one, "text_hash": text_hash} for one, text_hash in some if one not in erased]
                if texts:
                    connection.execute(sqlite.insert(document_text).on_conflict_do_nothing(), texts)
        for hashes in chunks(sorted(vectors)):
            with self._database.write() as connection:
                forgotten = _only_in(_erased(connection, list(sources)), sources)
                rows = [
                    {"recipe_id": recipe_id, "text_hash": one, "data": vectors[one].astype(_STORED).tobytes()}
                    for one in hashes
                    if one not in forgotten
                ]
                if rows:
                    connection.execute(sqlite.insert(vector).on_conflict_do_nothing(), rows)

    def forget_vectors(self, text_hashes: Sequence[str]) -> None:
        """Remove the vectors of these texts under every recipe."""
        for some in chunks(list(text_hashes)):
            with self._database.write() as connection:
                forget_vectors_of(connection, some)
        self._database.forget_deleted()


def _erased(connection: Connection, document_ids: Sequence[str]) -> frozenset[str]:
    """Return those that were erased, perhaps while their text was being encoded: it must not come back."""
    found: set[str] = set()
    for some in chunks(document_ids):
        is_erased = tombstone.c.ticket_id.in_(some) & tombstone.c.deleted_at.is_(None)
        found.update(connection.scalars(select(tombstone.c.ticket_id).where(is_erased)))
    return frozenset(found)


def _only_in(erased: frozenset[str], documents: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the texts that no document has but the erased ones."""
    kept = {text_hash for one, hashes in documents.items() if one not in erased for text_hash in hashes}
    return frozenset(text_hash for one in erased for text_hash in documents[one] if text_hash not in kept)
