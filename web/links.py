"""Make and spend one-time sign-in links.

There are two kinds. A person's link leads to a page on which that person chooses a password; looking at it does not
spend it, so that a mail scanner may. The link of the installation signs in an administrator without an account, to make
the first one: it works as long as no administrator can sign in with a password.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta

from kb.people import Person
from kb.protocols.store import Store

LINK_SETTING = "sign_in_link"
ADDRESS_SETTING = "address"
"""Where the server that was started last listens, for links that a command makes."""
LINK_LIFETIME = timedelta(hours=24)
PERSON_LINK_LIFETIME = timedelta(days=7)
"""An invitation may arrive while somebody is away."""


def new_sign_in_path(store: Store) -> str:
    """Make a one-time sign-in link, valid for a day, and return its path; an earlier unused link is void."""
    secret = secrets.token_urlsafe(32)
    expires = datetime.now(UTC) + LINK_LIFETIME
    store.put_setting(LINK_SETTING, json.dumps({"hash": _hash(secret), "expires": expires.isoformat()}))
    return f"/sign-in/{secret}"


def spend_link(store: Store, secret: str) -> bool:
    """Say whether `secret` is the live link of the installation, and void it if so."""
    kept = store.setting(LINK_SETTING)
    stored = json.loads(kept or "{}")
    if kept is None or not hmac.compare_digest(str(stored.get("hash", "")), _hash(secret)):
        return False
    if datetime.fromisoformat(stored["expires"]) < datetime.now(UTC):
        return False
    return store.take_setting(LINK_SETTING, kept) and not store.has_administrator()


def new_person_path(store: Store, name: str) -> str:
    """Make a one-time link by which a person chooses a password, valid for a week, and return its path.

    An earlier one is void. Raises NotFound, and InvalidInput for a disabled person.
    """
    secret = secrets.token_urlsafe(32)
    store.put_person_link(name, _hash(secret), datetime.now(UTC) + PERSON_LINK_LIFETIME)
    return f"/sign-in/{secret}"


def person_of_link(store: Store, secret: str) -> Person | None:
    """Return whose live link this is."""
    return store.person_of_link(_hash(secret))


def spend_person_link(store: Store, secret: str, password_hash: str) -> Person | None:
    """Set the password of whose live link this is and void it; return that person."""
    return store.spend_person_link(_hash(secret), password_hash)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
