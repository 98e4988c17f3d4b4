"""Keep the people of the site, hashes of their passwords, and their one-time links."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from kb.errors import InvalidInput, NotFound, StoreError
from kb.people import SEEN_NOTED_EVERY, Person, name_key
from kb.roles import Role, role_from
from kb.store.access import NOTE_PATIENCE
from kb.store.part import Part
from kb.store.rows import json_text
from kb.store.tables import person

MARK_BYTES = 16

_SHOWN = (
    person.c.name,
    person.c.role,
    person.c.full_name,
    person.c.groups,
    person.c.created_at,
    person.c.last_seen_at,
    person.c.disabled_at,
    person.c.session_mark,
    person.c.password_hash.is_not(None).label("has_password"),
)
_ADMINISTRATORS = (
    (person.c.role == "administrator") & person.c.password_hash.is_not(None) & person.c.disabled_at.is_(None)
)


class SqlPeople(Part):
    """People (`kb.protocols.people.PeopleStore`)."""

    def add_person(
        self,
        name: str,
        role: Role,
        full_name: str = "",
        groups: Sequence[str] = (),
        password_hash: str | None = None,
    ) -> Person:
        """Store somebody new."""
        row = {"name_key": name_key(name), "name": name, "role": role, "full_name": full_name}
        row |= {"groups": json_text(list(groups), "groups"), "session_mark": _new_mark()}
        with self._database.write() as connection:
            taken = connection.scalar(select(person.c.name).where(person.c.name_key == name_key(name)))
            if taken is not None:
                raise InvalidInput(f"there is a person {taken!r} already; choose another name", field="name")
            connection.execute(insert(person).values(created_at=self._clock(), password_hash=password_hash, **row))
            return _found(connection, name)

    def person(self, name: str) -> Person | None:
        """Return a person, also a disabled one."""
        with self._database.read() as connection:
            row = connection.execute(select(*_SHOWN).where(person.c.name_key == name_key(name))).one_or_none()
        return None if row is None else _person_from(row)

    def people(self) -> Sequence[Person]:
        """Return everybody, ordered by name."""
        with self._database.read() as connection:
            return [_person_from(row) for row in connection.execute(select(*_SHOWN).order_by(person.c.name_key))]

    def has_administrator(self) -> bool:
        """Say whether an administrator can sign in with a password."""
        with self._database.read() as connection:
            return connection.scalar(select(person.c.name).where(_ADMINISTRATORS).limit(1)) is not None

    def change_person(
        self,
        name: str,
        *,
        role: Role | None = None,
        groups: Sequence[str] | None = None,
        full_name: str | None = None,
        is_disabled: bool | None = None,
    ) -> Person:
        """Change what is not `None`, unless it would leave no administrator who can sign in."""
        with self._database.write() as connection:
            before = _found(connection, name)
            values: dict[str, object] = {}
            if role is not None and role != before.role:
                values["role"] = role
            if groups is not None and tuple(groups) != before.groups:
                values["groups"] = json_text(list(groups), "groups")
            if is_disabled is not None and is_disabled != before.is_disabled:
                values["disabled_at"] = self._clock() if is_disabled else None
                values |= {"link_hash": None, "link_expires_at": None}
            if values:
                values["session_mark"] = _new_mark()
            if full_name is not None and full_name != before.full_name:
                values["full_name"] = full_name
            if values:
                connection.execute(_of(name).values(**values))
            if "role" in values or "disabled_at" in values:
                _refuse_without_administrator(connection, before, "role" if "role" in values else "disabled")
            return _found(connection, name)

    def end_sessions(self, name: str) -> Person:
        """End every session of a person."""
        with self._database.write() as connection:
            connection.execute(_of(name).values(session_mark=_new_mark()))
            return _found(connection, name)

    def note_seen(self, name: str) -> None:
        """Note that a person is at work, unless the store is busy or full."""
        with suppress(StoreError), self._database.write(NOTE_PATIENCE) as connection:
            now = self._clock()
            long_ago = person.c.last_seen_at.is_(None) | (person.c.last_seen_at <= now - SEEN_NOTED_EVERY)
            connection.execute(_of(name).where(long_ago).values(last_seen_at=now))

    def password_hash(self, name: str) -> str | None:
        """Return the hash of a person's password."""
        with self._database.read() as connection:
            return connection.scalar(select(person.c.password_hash).where(person.c.name_key == name_key(name)))

    def set_password(self, name: str, password_hash: str) -> Person:
        """Set a password, which ends every session and voids the person's link."""
        with self._database.write() as connection:
            _set_password(connection, name, password_hash)
            return _found(connection, name)

    def renew_password_hash(self, name: str, before: str, after: str) -> bool:
        """Put another hash of the same password in the place of `before`."""
        with self._database.write(NOTE_PATIENCE) as connection:
            still = _of(name).where(person.c.password_hash == before)
            return connection.execute(still.values(password_hash=after)).rowcount == 1

    def put_person_link(self, name: str, secret_hash: str, expires_at: datetime) -> None:
        """Let a one-time link choose this person's password."""
        with self._database.write() as connection:
            found = _found(connection, name)
            if found.is_disabled:
                raise InvalidInput(f"{found.name!r} is disabled; enable the account first", field="name")
            connection.execute(_of(name).values(link_hash=secret_hash, link_expires_at=expires_at))

    def person_of_link(self, secret_hash: str) -> Person | None:
        """Return whose live link this is."""
        with self._database.read() as connection:
            return self._of_link(connection, secret_hash)

    def spend_person_link(self, secret_hash: str, password_hash: str) -> Person | None:
        """Set the password of whose live link this is, and void it."""
        with self._database.write() as connection:
            found = self._of_link(connection, secret_hash)
            if found is None:
                return None
            _set_password(connection, found.name, password_hash)
            return _found(connection, found.name)

    def _of_link(self, connection: Connection, secret_hash: str) -> Person | None:
        live = (person.c.link_hash == secret_hash) & (person.c.link_expires_at > self._clock())
        query = select(*_SHOWN).where(live, person.c.disabled_at.is_(None))
        row = connection.execute(query).one_or_none()
        return None if row is None else _person_from(row)


def _of(name: str) -> Any:
    return update(person).where(person.c.name_key == name_key(name))


def _set_password(connection: Connection, name: str, password_hash: str) -> None:
    values = {"password_hash": password_hash, "session_mark": _new_mark(), "link_hash": None, "link_expires_at": None}
    connection.execute(_of(name).values(**values))


def _refuse_without_administrator(connection: Connection, before: Person, field: str) -> None:
    """Raise InvalidInput, which rolls back, when the last administrator who could sign in is one no more."""
    if not (before.role == "administrator" and before.can_sign_in):
        return
    if connection.scalar(select(func.count()).select_from(person).where(_ADMINISTRATORS)) == 0:
        raise InvalidInput(
            f"{before.name!r} is the last administrator who can sign in; make another person one first", field=field
        )


def _new_mark() -> str:
    return secrets.token_urlsafe(MARK_BYTES)


def _found(connection: Connection, name: str) -> Person:
    row = connection.execute(select(*_SHOWN).where(person.c.name_key == name_key(name))).one_or_none()
    if row is None:
        raise NotFound(f"there is no person {name!r}; `kb user list` shows everybody")
    return _person_from(row)


def _person_from(row: Row[Any]) -> Person:
    return Person(
        name=row.name,
        role=role_from(row.role),
        created_at=row.created_at,
        session_mark=row.session_mark,
        full_name=row.full_name,
        groups=tuple(json.loads(row.groups)),
        is_disabled=row.disabled_at is not None,
        has_password=bool(row.has_password),
        last_seen_at=row.last_seen_at,
    )
