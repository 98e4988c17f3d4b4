"""Keep which articles people miss, and who is on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update

from kb.article_requests import ArticleRequest
from kb.errors import NotFound, StaleEdit
from kb.store import sqlite
from kb.store.part import Part
from kb.store.rows import is_storable, json_text
from kb.store.tables import article_request as table
from kb.store.tables import article_request_person as person


class SqlRequests(Part):
    """Requests for articles (`kb.protocols.requests.RequestStore`)."""

    def ask_for_article(self, query: str, key: str, by: str) -> ArticleRequest:
        """Count that somebody misses an article."""
        json_text([query, key, by], "request")  # refuses what cannot be stored
        now = self._clock()
        with self._database.write() as connection:
            number = connection.scalar(select(table.c.number).where(table.c.key == key))
            if number is None:
                row = insert(table).values(key=key, query=query, times=1, first_at=now, last_at=now)
                made = connection.execute(row).inserted_primary_key
                number = int(made[0]) if made else 0
            else:
                again = update(table).where(table.c.number == number)
                connection.execute(again.values(times=table.c.times + 1, last_at=now))
            connection.execute(sqlite.insert(person).on_conflict_do_nothing(), [{"request": number, "person": by}])
            return _needed(connection, number)

    def article_requests(self, limit: int) -> Sequence[ArticleRequest]:
        """Return requests, the most wanted first."""
        people = _people().label("people")
        query = _all().order_by(people.desc(), table.c.times.desc(), table.c.last_at.desc(), table.c.number)
        with self._database.read() as connection:
            return [_request(row) for row in connection.execute(query.limit(limit))]

    def article_request(self, number: int) -> ArticleRequest | None:
        """Return one request."""
        with self._database.read() as connection:
            return _found(connection, number)

    def request_of_key(self, key: str) -> ArticleRequest | None:
        """Return the request of a key."""
        if not is_storable(key):
            return None
        with self._database.read() as connection:
            row = connection.execute(_all().where(table.c.key == key)).one_or_none()
        return None if row is None else _request(row)

    def take_request(self, number: int, by: str) -> ArticleRequest:
        """Note that somebody is on it."""
        with self._database.write() as connection:
            found = _needed(connection, number)
            if found.taken_by not in (None, by):
                raise StaleEdit(f"{found.taken_by} is on it already; ask there, or take another one")
            if found.taken_by is None:
                self._change(connection, number, taken_by=by, taken_at=self._clock())
            return _needed(connection, number)

    def release_request(self, number: int) -> ArticleRequest:
        """Note that nobody is on it."""
        with self._database.write() as connection:
            self._change(connection, number, taken_by=None, taken_at=None)
            return _needed(connection, number)

    def answer_request(self, number: int, article_id: str) -> ArticleRequest:
        """Note which article was begun for it."""
        with self._database.write() as connection:
            self._change(connection, number, article_id=article_id)
            return _needed(connection, number)

    def dismiss_request(self, number: int) -> bool:
        """Forget a request; who asked goes by foreign key."""
        with self._database.write() as connection:
            return connection.execute(delete(table).where(table.c.number == number)).rowcount > 0

    def _change(self, connection: Connection, number: int, **values: object) -> None:
        connection.execute(update(table).where(table.c.number == number).values(**values))


def _people() -> ColumnElement[int]:
    return select(func.count()).where(person.c.request == table.c.number).scalar_subquery()


def _all() -> Select[*tuple[object, ...]]:
    return select(table, _people().label("people"))


def _found(connection: Connection, number: int) -> ArticleRequest | None:
    row = connection.execute(_all().where(table.c.number == number)).one_or_none()
    return None if row is None else _request(row)


def _needed(connection: Connection, number: int) -> ArticleRequest:
    found = _found(connection, number)
    if found is None:
        raise NotFound(f"there is no request {number}; it may have been dismissed")
    return found


def _request(row: Row[*tuple[object, ...]]) -> ArticleRequest:
    return ArticleRequest(
        number=row.number,
        key=row.key,
        query=row.query,
        times=row.times,
        people=row.people,
        first_at=row.first_at,
        last_at=row.last_at,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        article_id=row.article_id,
    )
