"""Read times as people write them in a post-mortem: a day, a time and a zone. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WEZ": 0, "WET": 0,
    "CET": 60, "MEZ": 60, "BST": 60, "WEST": 60, "WESZ": 60,
    "CEST": 120, "MESZ": 120, "EET": 120, "OEZ": 120,
    "EEST": 180, "OESZ": 180,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
}  # fmt: skip
"""Abbreviation → minutes east of Greenwich, where an English or German reader takes it for one zone."""
_TIME = re.compile(
    r"(?:(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)|(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}))"
    r"(?:T|,?[ ]+(?:um )?)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?(?: Uhr)?"
    r"[ ]*(?:(?:UTC|GMT)?(?P<sign>[+-])(?P<east>\d{1,2}):?(?P<past>\d\d)?|(?P<zone>[A-Za-z]{1,5}))?"
)
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)|(\d{1,2})\.(\d{1,2})\.(\d{4})")


def written_moment(text: str) -> datetime | None:
    """Return a time with its day and zone (`2026-02-16 07:00 CET`, `16.02.2026 07:00 Uhr MEZ`, ISO 8601); else `None`.

    A word as written, but in code marks or bold, is read as well.
    """
    match = _TIME.fullmatch(text.strip().strip("`*_").strip())
    if match is None or not (match["zone"] or match["sign"]):
        return None
    try:
        offset = _offset(match)
        return None if offset is None else datetime(*_parts(match), tzinfo=timezone(offset) if offset else UTC)
    except ValueError:
        return None


def is_zoneless(text: str) -> bool:
    """Say whether a text is a day and a time that lack only a zone."""
    match = _TIME.fullmatch(text.strip().strip("`*_").strip())
    return match is not None and not match["zone"] and not match["sign"]


def written_day(text: str) -> date | None:
    """Return a day as `2026-02-16` or `16.02.2026`; `None` for anything else."""
    match = _DAY.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = match.group(1, 2, 3) if match[1] else match.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _offset(match: re.Match[str]) -> timedelta | None:
    if match["sign"]:
        minutes = int(match["east"]) * 60 + int(match["past"] or 0)
        return timedelta(minutes=-minutes if match["sign"] == "-" else minutes)
    east = ZONES.get(match["zone"].upper())
    return None if east is None else timedelta(minutes=east)


def _parts(match: re.Match[str]) -> tuple[int, int, int, int, int, int]:
    year, month, day = match.group("year", "month", "day") if match["year"] else (match["y"], match["m"], match["d"])
    return int(year), int(month), int(day), int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
