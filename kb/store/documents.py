"""Read articles and tickets together, as search and the indexer do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import JSON, Connection, func, select, type_coerce

from kb.access import may_read, may_read_facts
from kb.documents import Document
from kb.queries import Facts, Viewer
from kb.store.decoded import Row
from kb.store.lookup import Lookup, one_of
from kb.store.part import Part
from kb.store.rows import document_from, is_storable
from kb.store.sqlite import chunks
from kb.store.tables import document

_PAGE = 5000
"""Ids that `all_ids` reads at once."""
_CONTENT = type_coerce(document.c.content, JSON)
_DOCUMENTS = Lookup(lambda size: select(document).where(one_of(document.c.id, "ids", size)))
_SOURCES = Lookup(lambda size: select(document.c.id, document.c.source).where(one_of(document.c.id, "ids", size)))
_SOURCES_SEEN = Lookup(
    lambda size: select(
        document.c.id, document.c.source, _CONTENT["audience"].as_string(), _CONTENT["state"].as_string()
    ).where(one_of(document.c.id, "ids", size))
)


def ids_after(connection: Connection, last: str | None, limit: int) -> Sequence[str]:
    """Return the next ids in order, the first ones when `last` is None, within the caller's transaction."""
    query = select(document.c.id).order_by(document.c.id).limit(limit)
    if last is not None:
        query = query.where(document.c.id > last)
    return connection.scalars(query).all()


def documents_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Document]:
    """Return those of `ids` that exist, in no order, within the caller's transaction."""
    found: dict[str, Document] = {}
    for some in chunks([one for one in ids if is_storable(one)]):
        for row in connection.execute(select(document).where(document.c.id.in_(some))):
            one = document_from(row)
            found[one.id] = one
    return found


class SqlDocuments(Part):
    """Both kinds of documents (`kb.protocols.store.DocumentStore`)."""

    def documents(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, Document]:
        """Return those of `ids` that exist and that the viewer may read, in the order of `ids`."""
        rows: list[Row] = []
        with self._database.look() as connection:
            for some in chunks([one for one in dict.fromkeys(ids) if is_storable(one)]):
                rows += _DOCUMENTS.rows(connection, {"ids": some})
        found = {row[0]: one for row, one in zip(rows, self._decoded.of(rows), strict=True)}
        return {one: found[one] for one in ids if one in found and (viewer is None or may_read(viewer, found[one]))}

    def sources(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, str]:
        """Return id → source of those of `ids` that exist and that the viewer may read."""
        lookup = _SOURCES if viewer is None else _SOURCES_SEEN
        found: dict[str, str] = {}
        with self._database.look() as connection:
            for some in chunks([one for one in ids if is_storable(one)]):
                for one, source, *facts in lookup.rows(connection, {"ids": some}):
                    if viewer is None or _may_read(viewer, one, *facts):
                        found[one] = source
        return found

    def all_ids(self) -> Iterator[str]:
        """Return every id, ordered, read page by page: no transaction stays open while the caller works."""
        last: str | None = None
        while True:
            with self._database.read() as connection:
                ids = ids_after(connection, last, _PAGE)
            if not ids:
                return
            yield from ids
            last = ids[-1]

    def counts(self) -> Mapping[str, int]:
        """Return type → number of documents, ordered by type."""
        query = select(document.c.type, func.count()).group_by(document.c.type).order_by(document.c.type)
        with self._database.read() as connection:
            return {kind: count for kind, count in connection.execute(query)}


def _may_read(viewer: Viewer, document_id: str, audience: str, state: str | None) -> bool:
    """Say whether a viewer may read a document of which this alone is known; a ticket has no state."""
    told = {"audience": frozenset({audience}), **({"state": frozenset({state})} if state is not None else {})}
    return may_read_facts(viewer, Facts(document_id, told))
