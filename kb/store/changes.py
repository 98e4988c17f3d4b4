"""Keep what the indexer has still to look at, written in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, select

from kb.protocols.store import Change
from kb.store import sqlite
from kb.store.documents import ids_after
from kb.store.lookup import Lookup
from kb.store.part import Part
from kb.store.sqlite import MOST, chunks
from kb.store.tables import change, indexed

_TICK = timedelta(microseconds=1)
"""The smallest step of the times that are stored."""


def record_changes(connection: Connection, document_ids: Iterable[str], now: datetime) -> None:
    """Add a change for each document, within the caller's transaction.

    Their time never runs backwards, even when the clock does, and is after that of every change done:
    `indexed_through` relies on it.
    """
    latest = connection.scalar(select(change.c.at).order_by(change.c.seq.desc()).limit(1))
    done = connection.scalar(select(indexed.c.through))
    at = max(moment for moment in (now, latest, done and done + _TICK) if moment is not None)
    rows = [{"document_id": document_id, "at": at} for document_id in document_ids]
    if rows:
        connection.execute(insert(change), rows)


def _pending_in(order: ColumnElement[int]) -> Select[int, str, datetime]:
    newer = change.alias()
    is_newest = ~(
        select(newer.c.seq)
        .where(newer.c.document_id == change.c.document_id, newer.c.seq > change.c.seq)
        .correlate(change)
        .exists()
    )
    query = select(change.c.seq, change.c.document_id, change.c.at).where(is_newest)
    return query.order_by(order).limit(bindparam("most"))


_OLDEST = Lookup(lambda size: _pending_in(change.c.seq))
_NEWEST = Lookup(lambda size: _pending_in(change.c.seq.desc()))
_THROUGH = Lookup(
    lambda size: select(
        select(change.c.at).order_by(change.c.seq).limit(1).scalar_subquery(),
        select(indexed.c.through).scalar_subquery(),
    )
)


class SqlChanges(Part):
    """The change log (`kb.protocols.store.ChangeLog`)."""

    def pending(self, limit: int) -> Sequence[Change]:
        """Return the oldest changes not yet done, the newest of each document."""
        return self._pending(_OLDEST, limit)

    def newest_pending(self, limit: int) -> Sequence[Change]:
        """Return the newest changes not yet done, the newest of each document, newest first."""
        return self._pending(_NEWEST, limit)

    def _pending(self, lookup: Lookup, limit: int) -> Sequence[Change]:
        with self._database.look() as connection:
            return [Change(*row) for row in lookup.rows(connection, most=limit)]

    def pending_count(self) -> int:
        """Return the number of documents with changes not yet done."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count(change.c.document_id.distinct()))) or 0

    def done(self, changes: Sequence[Change]) -> None:
        """Forget these changes and the older ones of the same documents."""
        query = delete(change).where(change.c.document_id == bindparam("of"), change.c.seq <= bindparam("up_to"))
        for some in chunks(sorted(changes, key=lambda one: one.seq)):
            with self._database.write() as connection:
                connection.execute(query, [{"of": one.document_id, "up_to": one.seq} for one in some])
                through = connection.scalar(select(indexed.c.through))
                latest = max(one.at for one in some)
                if through is None or latest > through:
                    row = sqlite.insert(indexed).values(only=1, through=latest)
                    connection.execute(
                        row.on_conflict_do_update(index_elements=["only"], set_={"through": row.excluded.through})
                    )

    def enqueue_all(self) -> int:
        """Add a change for every document, a few hundred in each transaction."""
        last: str | None = None
        count = 0
        while True:
            with self._database.write() as connection:
                ids = ids_after(connection, last, MOST)
                record_changes(connection, ids, self._clock())
            if not ids:
                return count
            last, count = ids[-1], count + len(ids)

    def indexed_through(self) -> datetime | None:
        """Return the moment before the oldest pending change, else the time of the last one done."""
        with self._database.look() as connection:
            oldest, through = _THROUGH.rows(connection)[0]
        until: datetime | None = oldest - _TICK if oldest is not None else through
        return until
