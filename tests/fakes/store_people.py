"""The part of the store in memory that keeps the people of the site."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from kb.errors import InvalidInput, NotFound
from kb.people import Person, name_key
from kb.roles import Role


class MemoryPeople:
    """A PeopleStore: dictionaries by the key of a name."""

    _open: Callable[[], AbstractContextManager[None]]
    _clock: Callable[[], datetime]
    _people: dict[str, Person]
    _hashes: dict[str, str]
    _links: dict[str, tuple[str, datetime]]

    def add_person(
        self,
        name: str,
        role: Role,
        full_name: str = "",
        groups: Sequence[str] = (),
        password_hash: str | None = None,
    ) -> Person:
        with self._open():
            key = name_key(name)
            if key in self._people:
                raise InvalidInput(f"there is a person {self._people[key].name!r} already", field="name")
            self._people[key] = Person(name, role, self._clock(), _mark(), full_name, tuple(groups))
            return self.set_password(name, password_hash) if password_hash else self._people[key]

    def person(self, name: str) -> Person | None:
        with self._open():
            return self._people.get(name_key(name))

    def people(self) -> Sequence[Person]:
        with self._open():
            return [one for _, one in sorted(self._people.items())]

    def has_administrator(self) -> bool:
        with self._open():
            return any(one.role == "administrator" and one.can_sign_in for one in self._people.values())

    def change_person(
        self,
        name: str,
        *,
        role: Role | None = None,
        groups: Sequence[str] | None = None,
        full_name: str | None = None,
        is_disabled: bool | None = None,
    ) -> Person:
        with self._open():
            before = self._known(name)
            after = replace(
                before,
                role=before.role if role is None else role,
                groups=before.groups if groups is None else tuple(groups),
                is_disabled=before.is_disabled if is_disabled is None else is_disabled,
            )
            if after != before:
                after = replace(after, session_mark=_mark())
            had = self.has_administrator()
            self._people[name_key(name)] = after
            if had and not self.has_administrator():
                self._people[name_key(name)] = before
                field = "disabled" if after.role == before.role else "role"
                raise InvalidInput(f"{before.name!r} is the last administrator who can sign in", field=field)
            if after.is_disabled != before.is_disabled:
                self._links.pop(name_key(name), None)
            return self._keep(replace(after, full_name=before.full_name if full_name is None else full_name))

    def end_sessions(self, name: str) -> Person:
        with self._open():
            return self._keep(replace(self._known(name), session_mark=_mark()))

    def note_seen(self, name: str) -> None:
        with self._open():
            seen = self._people.get(name_key(name))
            if seen and not seen.was_seen_of_late(self._clock()):
                self._keep(replace(seen, last_seen_at=self._clock()))

    def password_hash(self, name: str) -> str | None:
        with self._open():
            return self._hashes.get(name_key(name))

    def set_password(self, name: str, password_hash: str) -> Person:
        with self._open():
            changed = replace(self._known(name), has_password=True, session_mark=_mark())
            self._hashes[name_key(name)] = password_hash
            self._links.pop(name_key(name), None)
            return self._keep(changed)

    def renew_password_hash(self, name: str, before: str, after: str) -> bool:
        with self._open():
            if self._hashes.get(name_key(name)) != before:
                return False
            self._hashes[name_key(name)] = after
            return True

    def put_person_link(self, name: str, secret_hash: str, expires_at: datetime) -> None:
        with self._open():
            if self._known(name).is_disabled:
                raise InvalidInput(f"{name!r} is disabled", field="name")
            self._links[name_key(name)] = secret_hash, expires_at

    def person_of_link(self, secret_hash: str) -> Person | None:
        with self._open():
            for key, (known, expires_at) in self._links.items():
                if known == secret_hash and expires_at > self._clock():
                    return self._people[key]
            return None

    def spend_person_link(self, secret_hash: str, password_hash: str) -> Person | None:
        with self._open():
            found = self.person_of_link(secret_hash)
            return self.set_password(found.name, password_hash) if found else None

    def _known(self, name: str) -> Person:
        if name_key(name) not in self._people:
            raise NotFound(f"there is no person {name!r}")
        return self._people[name_key(name)]

    def _keep(self, person: Person) -> Person:
        self._people[name_key(person.name)] = person
        return person


def _mark() -> str:
    return secrets.token_urlsafe(16)
