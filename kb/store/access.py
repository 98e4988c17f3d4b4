"""Keep API tokens and the store's own settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, or_, select, update

from kb.errors import InvalidInput, NotFound, StoreBusy, StoreError
from kb.protocols.store import Token
from kb.store import sqlite
from kb.store.lookup import Lookup
from kb.store.part import Part
from kb.store.rows import json_text
from kb.store.tables import setting, token

USE_NOTED_EVERY = timedelta(minutes=1)
WRITE_TRIED = "write_tried_at"
"""Setting that is written to see whether the store takes writes again."""
NOTE_PATIENCE = 0.1
"""Seconds that noting the use of a token may hold up the search that it came with."""

_TOKEN_COLUMNS = (
    token.c.name,
    token.c.scopes,
    token.c.created_at,
    token.c.last_used_at,
    token.c.revoked_at,
    token.c.expires_at,
    token.c.audiences,
)
_SETTING = Lookup(lambda size: select(setting.c.value).where(setting.c.name == bindparam("of")))
_TOKEN = Lookup(
    lambda size: select(*_TOKEN_COLUMNS).where(
        token.c.secret_hash == bindparam("hash"),
        token.c.revoked_at.is_(None),
        or_(token.c.expires_at.is_(None), token.c.expires_at > bindparam("now")),
    )
)


class SqlAccess(Part):
    """Tokens and settings (`kb.protocols.store.AccessStore`)."""

    def create_token(
        self,
        name: str,
        scopes: Sequence[str],
        secret_hash: str,
        expires_at: datetime | None = None,
        audiences: Sequence[str] = (),
    ) -> None:
        """Store a token."""
        with self._database.write() as connection:
            taken = select(token.c.id).where(token.c.name == name, token.c.revoked_at.is_(None))
            if connection.scalar(taken) is not None:
                raise InvalidInput(f"token name {name!r} is taken; revoke that token or choose another", field="name")
            if connection.scalar(select(token.c.id).where(token.c.secret_hash == secret_hash)) is not None:
                raise InvalidInput("this secret was given out before; make a new one", field="secret")
            row = {"name": name, "scopes": json_text(list(scopes), "scopes"), "secret_hash": secret_hash}
            row["audiences"] = json_text(list(audiences), "audiences")
            connection.execute(insert(token).values(created_at=self._clock(), expires_at=expires_at, **row))

    def token(self, secret_hash: str) -> Token | None:
        """Return the live token of this hash and note that it was used, unless the store is busy or full."""
        now = self._clock()
        with self._database.look() as looking:
            rows = _TOKEN.rows(looking, hash=secret_hash, now=now)
        if not rows:
            return None
        found = _token_from(*rows[0])
        if found.last_used_at is not None and abs(now - found.last_used_at) < USE_NOTED_EVERY:
            return found
        wanted = (token.c.secret_hash == secret_hash) & token.c.revoked_at.is_(None) & ~self._is_expired()
        row: tuple[Any, ...] | None = rows[0]
        with suppress(StoreError), self._database.write(NOTE_PATIENCE) as connection:
            connection.execute(update(token).where(wanted).values(last_used_at=now))
            row = connection.execute(select(*_TOKEN_COLUMNS).where(wanted)).one_or_none()
        return None if row is None else _token_from(*row)

    def has_expired(self, secret_hash: str) -> bool:
        """Say whether the token of this hash was not revoked, but has expired."""
        query = select(token.c.id).where(
            token.c.secret_hash == secret_hash, token.c.revoked_at.is_(None), self._is_expired()
        )
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def _is_expired(self) -> ColumnElement[bool]:
        return token.c.expires_at.is_not(None) & (token.c.expires_at <= self._clock())

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

    def setting(self, name: str) -> str | None:
        """Return a value kept in the store."""
        with self._database.look() as connection:
            rows = _SETTING.rows(connection, of=name)
        return rows[0][0] if rows else None

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


def _token_from(
    name: str,
    scopes: str,
    created_at: datetime,
    last_used_at: datetime | None,
    revoked_at: datetime | None,
    expires_at: datetime | None,
    audiences: str,
) -> Token:
    kept = tuple(json.loads(audiences))
    return Token(name, tuple(json.loads(scopes)), created_at, last_used_at, revoked_at, expires_at, kept)
