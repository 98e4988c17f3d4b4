"""Hash passwords, and say whose name and password belong together, in a time that tells nothing else."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from kb.errors import StoreError
from kb.people import LONGEST_PASSWORD, Person, normalised_password
from kb.protocols.store import Store

if TYPE_CHECKING:
    from argon2 import PasswordHasher

AT_ONCE = 2
"""Hashes under way: each takes 64 MiB, and sign-in must not take memory and processors from searches."""
LONGEST_TYPED = 4 * LONGEST_PASSWORD
"""Characters that are looked at at all; accents that are typed apart become fewer when they are normalised."""


class Passwords:
    """Passwords of the people in a store, hashed by argon2id with the parameters that argon2-cffi recommends.

    They are those of RFC 9106, 4, for little memory: 64 MiB, three passes. A hash with others is made anew at the next
    sign-in.
    """

    def __init__(self, store: Store, hasher: PasswordHasher | None = None):
        self._store = store
        self._given = hasher
        self._at_work = threading.Semaphore(AT_ONCE)

    def hashed(self, password: str) -> str:
        """Return what is stored of a password that was checked."""
        with self._at_work:
            return self._hasher.hash(_bytes(password))

    def person_with(self, name: str, password: str) -> Person | None:
        """Return the person who may sign in with these, else `None`: for an unknown name, a disabled person and a wrong
        password alike, after the same work.
        """
        stand_in = self._stand_in
        person = self._store.person(name)
        known = self._store.password_hash(name) if person is not None and person.can_sign_in else None
        is_right = self._verifies(known or stand_in, password[:LONGEST_TYPED])
        if known is None or person is None or not is_right:
            return None
        if self._hasher.check_needs_rehash(known):
            with suppress(StoreError):  # the next sign-in does it
                self._store.renew_password_hash(person.name, known, self.hashed(normalised_password(password)))
        return person

    def _verifies(self, known: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        with self._at_work:
            try:
                return self._hasher.verify(known, _bytes(normalised_password(password)))
            except (VerificationError, InvalidHashError):
                return False

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return self._given or PasswordHasher()

    @cached_property
    def _stand_in(self) -> str:
        """Return the hash that is verified where there is none, of a text that no password can be."""
        return self.hashed("\0" * (LONGEST_PASSWORD + 1))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
