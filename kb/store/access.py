"""Keep API tokens, logged answers, feedback and the store's own settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from kb.errors import InvalidInput, NotFound, StoreBusy, StoreError
from kb.protocols.store import Feedback, Token
from kb.store import sqlite, tables
from kb.store.part import Part
from kb.store.rows import json_text
from kb.store.sqlite import MOST, chunks
from kb.store.tables import response, setting, token

RESPONSES_KEPT = timedelta(days=90)
USE_NOTED_EVERY = timedelta(minutes=1)
WRITE_TRIED = "write_tried_at"
"""Setting that is written to see whether the store takes writes again."""
NOTE_PATIENCE = 0.1
"""Seconds that noting the use of a token may hold up the search that it came with."""

_TOKEN_COLUMNS = (token.c.name, token.c.scopes, token.c.created_at, token.c.last_used_at, token.c.revoked_at)


class SqlAccess(Part):
    """Tokens, answers, feedback and settings (`kb.protocols.store.AccessStore`)."""

    def create_token(self, name: str, scopes: Sequence[str], secret_hash: str) -> None:
        """Store a token."""
        with self._database.write() as connection:
            taken = select(token.c.id).where(token.c.name == name, token.c.revoked_at.is_(None))
            if connection.scalar(taken) is not None:
                raise InvalidInput(f"token name {name!r} is taken; revoke that token or choose another", field="name")
            if connection.scalar(select(token.c.id).where(token.c.secret_hash == secret_hash)) is not None:
                raise InvalidInput("this secret was given out before; make a new one", field="secret")
            row = {"name": name, "scopes": json_text(list(scopes), "scopes"), "secret_hash": secret_hash}
            connection.execute(insert(token).values(created_at=self._clock(), **row))

    def token(self, secret_hash: str) -> Token | None:
        """Return the live token of this hash and note that it was used, unless the store is busy or full."""
        wanted = (token.c.secret_hash == secret_hash) & token.c.revoked_at.is_(None)
        query = select(*_TOKEN_COLUMNS).where(wanted)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        found, now = _token_from(*row), self._clock()
        if found.last_used_at is not None and abs(now - found.last_used_at) < USE_NOTED_EVERY:
            return found
        with suppress(StoreError), self._database.write(NOTE_PATIENCE) as connection:
            connection.execute(update(token).where(wanted).values(last_used_at=now))
            row = connection.execute(query).one_or_none()
        return None if row is None else _token_from(*row)

    def tokens(self) -> Sequence[Token]:
        """Return every token, revoked ones too, ordered by name and creation."""
        query = select(*_TOKEN_COLUMNS).order_by(token.c.name, token.c.created_at, token.c.id)
        with self._database.read() as connection:
            return [_token_from(*row) for row in connection.execute(query)]

    def revoke_token(self, name: str) -> None:
        """Revoke the live token of this name."""
        live = update(token).where(token.c.name == name, token.c.revoked_at.is_(None))
        with self._database.write() as connection:
            if connection.execute(live.values(revoked_at=self._clock())).rowcount == 0:
                raise NotFound(f"there is no live token named {name!r}; `kb token list` shows them")

    def log_response(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        """Keep which documents an answer held, and drop answers that are too old."""
        results = json_text(list(result_ids), "response")
        with self._database.write() as connection:
            now = self._clock()
            row = {"id": response_id, "at": now, "asked_by": by, "ticket": ticket, "results": results}
            connection.execute(sqlite.insert(response).on_conflict_do_nothing(), [row])
            # More leave at once than come in, so a long backlog shrinks without one long transaction.
            old = select(response.c.id).where(response.c.at < now - RESPONSES_KEPT).order_by(response.c.at).limit(MOST)
            connection.execute(delete(response).where(response.c.id.in_(old)))

    def response(self, response_id: str) -> Sequence[str] | None:
        """Return the result ids of a logged answer in their order."""
        query = select(response.c.results).where(
            response.c.id == response_id, response.c.at >= self._clock() - RESPONSES_KEPT
        )
        with self._database.read() as connection:
            results = connection.scalar(query)
        return None if results is None else list(json.loads(results))

    def add_feedback(self, feedback: Feedback) -> bool:
        """Record it once for each person, response, result and action; say whether it was new."""
        row = {
            "response_id": feedback.response_id,
            "result_id": feedback.result_id,
            "action": feedback.action,
            "given_by": feedback.by,
            "at": feedback.at,
            "ticket": feedback.ticket,
        }
        with self._database.write() as connection:
            return connection.execute(sqlite.insert(tables.feedback).values(row).on_conflict_do_nothing()).rowcount > 0

    def feedback(self, result_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return result id → action → number of distinct people, for those that have any."""
        counts: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            for some in chunks(sorted(set(result_ids))):
                for result_id, action, people in _feedback_of(connection, some):
                    counts.setdefault(result_id, {})[action] = people
        return counts

    def feedback_given(self, result_ids: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        """Return all feedback of these actions on these results, ordered by time."""
        given = tables.feedback
        columns = (given.c.response_id, given.c.result_id, given.c.action, given.c.given_by, given.c.at, given.c.ticket)
        found: list[Feedback] = []
        with self._database.read() as connection:
            for some in chunks(sorted(set(result_ids))):
                query = select(*columns).where(given.c.result_id.in_(some), given.c.action.in_(actions))
                found += [Feedback(*row) for row in connection.execute(query)]
        return sorted(found, key=lambda one: (one.at, one.response_id, one.result_id, one.action, one.by))

    def setting(self, name: str) -> str | None:
        """Return a value kept in the store."""
        with self._database.read() as connection:
            return connection.scalar(select(setting.c.value).where(setting.c.name == name))

    def put_setting(self, name: str, value: str | None) -> None:
        """Keep a value, or drop it when `None`."""
        with self._database.write() as connection:
            if value is None:
                connection.execute(delete(setting).where(setting.c.name == name))
                return
            _put_setting(connection, name, value)

    def check_writing(self) -> None:
        """Raise StoreError when the last write failed and one that is tried now fails too."""
        if self._database.write_failure is not None:
            # One that has to wait for another writer is not waited for: that one is writing, and a monitor is asking.
            with suppress(StoreBusy), self._database.write(NOTE_PATIENCE) as connection:
                _put_setting(connection, WRITE_TRIED, self._clock().isoformat())

    def take_setting(self, name: str, value: str) -> bool:
        """Drop a value if it is still this one, and say whether it was."""
        with self._database.write() as connection:
            taken = connection.execute(delete(setting).where(setting.c.name == name, setting.c.value == value))
            return taken.rowcount == 1


def _put_setting(connection: Connection, name: str, value: str) -> None:
    row = sqlite.insert(setting).values(name=name, value=value)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": row.excluded.value}))


def _feedback_of(connection: Connection, result_ids: Sequence[str]) -> Sequence[tuple[str, str, int]]:
    given = tables.feedback
    people = func.count(given.c.given_by.distinct())
    query = select(given.c.result_id, given.c.action, people).where(given.c.result_id.in_(result_ids))
    rows = connection.execute(
        query.group_by(given.c.result_id, given.c.action).order_by(given.c.result_id, given.c.action)
    )
    return [(result_id, action, count) for result_id, action, count in rows]


def _token_from(
    name: str, scopes: str, created_at: datetime, last_used_at: datetime | None, revoked_at: datetime | None
) -> Token:
    return Token(name, tuple(json.loads(scopes)), created_at, last_used_at, revoked_at)
