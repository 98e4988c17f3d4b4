"""Say which period a report tells of."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from kb.errors import InvalidInput
from kb.json_values import time_from

SINCE = "30d"
_DAYS = re.compile(r"([0-9]{1,5})\s*d", re.IGNORECASE)


def since_of(told: str, now: datetime) -> datetime:
    """Return the beginning of a period up to now: so many days ago (`30d`), or a day or time.

    Raises InvalidInput that names `since` for anything else, and for a time to come.
    """
    try:
        days = _DAYS.fullmatch(told.strip())
        since = now - timedelta(days=int(days[1])) if days else time_from(told, "since")
    except (InvalidInput, OverflowError) as error:
        raise InvalidInput(
            f"since {told!r} is no period; say how many days (30d), or a day (2026-11-01)", field="since"
        ) from error
    if since > now:
        raise InvalidInput(f"since {told!r} is still to come; choose an earlier time", field="since")
    return since
