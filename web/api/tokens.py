"""Say what a token looks like, what is stored of it, and what may be given to one. No web framework in here."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from kb.access import checked_audience
from kb.errors import InvalidInput
from kb.protocols.store import Token

SCOPES = ("read", "feedback", "tickets:write", "articles:write", "admin")
LIFETIME = "365d"
"""How long a token lives unless told otherwise: a year, so that one that was forgotten ends by itself, and one in use
is renewed in a rhythm that people can plan. `never` is there for who has another rule."""
SOON = timedelta(days=30)
"""How long before its end a token is said to expire soon."""
LONGEST_NAME = 100
_DAYS = re.compile(r"([0-9]{1,5})\s*d")
State = Literal["live", "expiring", "expired", "revoked"]


def new_secret() -> str:
    """Return a fresh token: 256 random bits, recognisable in logs by its prefix."""
    return f"kb_{secrets.token_urlsafe(32)}"


def secret_hash(secret: str) -> str:
    """Return what is stored of a token. A 256-bit random secret needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def checked_name(name: str) -> str:
    """Return the name of a token without white space around it. Raises InvalidInput for one that nobody can read."""
    stripped = name.strip()
    if not stripped or not stripped.isprintable() or len(stripped) > LONGEST_NAME:
        told = ascii(name[:LONGEST_NAME])
        raise InvalidInput(f"{told} is no name for a token; name who will use it, such as helpdesk", field="name")
    return stripped


def checked_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    """Return scopes without repeats, in the order of `SCOPES`. Raises InvalidInput for none, or one that is unknown."""
    unknown = [one for one in scopes if one not in SCOPES]
    if unknown or not scopes:
        what = f"scope {unknown[0]!r} is unknown" if unknown else "a token needs a scope"
        raise InvalidInput(f"{what}; choose among {', '.join(SCOPES)}", field="scope")
    return tuple(one for one in SCOPES if one in scopes)


def checked_groups(audiences: Sequence[str]) -> tuple[str, ...]:
    """Return the groups a token may read, ordered. Raises InvalidInput for anything but `group:NAME`."""
    groups = {checked_audience(one) for one in audiences}
    if wrong := sorted(one for one in groups if not one.startswith("group:")):
        raise InvalidInput(f"audience {wrong[0]!r} is read by every token; name a group:NAME", field="audience")
    return tuple(sorted(groups))


def expiry_of(told: str, now: datetime) -> datetime | None:
    """Return when a token ends that lives so long: `90d` from now, through a day such as `2027-03-31`, or `never`.

    Raises InvalidInput for anything else, and for a time that is past.
    """
    text = told.strip().casefold()
    if text == "never":
        return None
    ends: datetime | None = None
    try:
        if days := _DAYS.fullmatch(text):
            ends = now + timedelta(days=int(days[1]))
        else:
            last = date.fromisoformat(text) + timedelta(days=1)
            ends = datetime(last.year, last.month, last.day, tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"expiry {told!r} is none; say how many days (90d), the last day (2027-03-31) or never", field="expires"
        ) from error
    if ends <= now:
        raise InvalidInput(f"expiry {told!r} is past; choose a later one", field="expires")
    return ends


def state_of(token: Token, now: datetime) -> State:
    """Return whether a token works, soon will not, or does not any more, and why."""
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is None or token.expires_at > now + SOON:
        return "live"
    return "expiring" if token.expires_at > now else "expired"
