"""Make and spend one-time sign-in links."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta

from kb.protocols.store import Store

LINK_SETTING = "sign_in_link"
ADDRESS_SETTING = "address"
"""Where the server that was started last listens, for links that a command makes."""
LINK_LIFETIME = timedelta(hours=24)


def new_sign_in_path(store: Store) -> str:
    """Make a one-time sign-in link, valid for a day, and return its path; an earlier unused link is void."""
    secret = secrets.token_urlsafe(32)
    expires = datetime.now(UTC) + LINK_LIFETIME
    store.put_setting(LINK_SETTING, json.dumps({"hash": _hash(secret), "expires": expires.isoformat()}))
    return f"/sign-in/{secret}"


def spend_link(store: Store, secret: str) -> bool:
    """Say whether `secret` is the live link, and void it if so."""
    kept = store.setting(LINK_SETTING)
    stored = json.loads(kept or "{}")
    if kept is None or not hmac.compare_digest(str(stored.get("hash", "")), _hash(secret)):
        return False
    if datetime.fromisoformat(stored["expires"]) < datetime.now(UTC):
        return False
    return store.take_setting(LINK_SETTING, kept)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
