"""State what the store keeps of the people who use the site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kb.people import Person
from kb.roles import Role


class PeopleStore(Protocol):
    """People, their passwords as hashes, and the one-time links by which they choose one.

    Names are compared as `kb.people.name_key` has them; what is given is checked by `kb.people` before. Nobody is
    removed: a name stands in histories, logs and feedback, and must not come to mean somebody else. At least one
    administrator can sign in from the moment that one could: what would end that is refused with InvalidInput whose
    field is `role` or `disabled`, and of several such calls at once one is.
    """

    def add_person(
        self,
        name: str,
        role: Role,
        full_name: str = "",
        groups: Sequence[str] = (),
        password_hash: str | None = None,
    ) -> Person:
        """Store somebody new. Raises InvalidInput (field `name`) when the name is taken, also by a disabled person."""
        ...

    def person(self, name: str) -> Person | None:
        """Return a person, also a disabled one."""
        ...

    def people(self) -> Sequence[Person]:
        """Return everybody, ordered by name."""
        ...

    def has_administrator(self) -> bool:
        """Say whether an administrator can sign in with a password."""
        ...

    def change_person(
        self,
        name: str,
        *,
        role: Role | None = None,
        groups: Sequence[str] | None = None,
        full_name: str | None = None,
        is_disabled: bool | None = None,
    ) -> Person:
        """Change what is not `None` and return the person as they are now; their sessions end unless only the full
        name changed. Disabling voids their link. Idempotent. Raises NotFound.
        """
        ...

    def end_sessions(self, name: str) -> Person:
        """End every session of a person and return them with the new mark. Raises NotFound."""
        ...

    def note_seen(self, name: str) -> None:
        """Note that a person is at work, at most once in ten minutes; lost when the store is busy or full."""
        ...

    def password_hash(self, name: str) -> str | None:
        """Return the hash of a person's password, `None` without one; nothing else tells it."""
        ...

    def set_password(self, name: str, password_hash: str) -> Person:
        """Set a password, which ends every session and voids the person's link; return the person. Raises NotFound."""
        ...

    def renew_password_hash(self, name: str, before: str, after: str) -> bool:
        """Put another hash of the same password in the place of `before`; say whether it was still there."""
        ...

    def put_person_link(self, name: str, secret_hash: str, expires_at: datetime) -> None:
        """Let a one-time link choose this person's password; an earlier one is void.

        Raises NotFound, and InvalidInput for a disabled person.
        """
        ...

    def person_of_link(self, secret_hash: str) -> Person | None:
        """Return whose live link this is; looking does not spend it."""
        ...

    def spend_person_link(self, secret_hash: str, password_hash: str) -> Person | None:
        """Set the password of whose live link this is, and void it, all in one transaction; of two calls one gets the
        person, the other `None`.
        """
        ...
