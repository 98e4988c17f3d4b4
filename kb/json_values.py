"""Check values that come out of JSON, YAML and CSV, and turn them into ours. Pure.

Every function names the field in the InvalidInput that it raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

from kb.documents import JSON
from kb.errors import InvalidInput

DEEPEST = 50
"""Levels of lists and objects in one value; beyond it is an attack or a mistake."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_INSTANT = "an ISO 8601 time such as 2026-11-21T08:12:00Z"


def storable(text: str) -> str:
    """Return `text` with what no database stores (NUL, lone surrogates) replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def text_from(value: object, field: str) -> str:
    """Return a text as it is, made storable. Raises InvalidInput for any other type."""
    if not isinstance(value, str):
        raise InvalidInput(f"{field} must be text, not {_named(value)}", field=field)
    return storable(value)


def name_from(value: object, field: str) -> str:
    """Return a short text without white space around it; a whole number, `3.0` too, is taken as its digits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_from(value, field).strip()


def names_from(value: object, field: str) -> tuple[str, ...]:
    """Return a list of short texts, blank and repeated ones left out; a single text is a list of one."""
    items: Iterable[object] = value if isinstance(value, (list, tuple)) else (value,)
    names: dict[str, None] = {}
    for item in items:
        if name := name_from(item, field):
            names[name] = None
    return tuple(names)


def choice_from(value: object, field: str, choices: tuple[str, ...]) -> str:
    """Return the one of `choices` that `value` is, whatever its case. Raises InvalidInput that lists them."""
    name = text_from(value, field).strip()
    for choice in choices:
        if name.casefold() == choice.casefold():
            return choice
    raise InvalidInput(f"{field} {name!r} is unknown; use one of {', '.join(choices)}", field=field)


def language_from(value: object, field: str = "language") -> str:
    """Return a BCP 47 tag with its primary part in lower case. Raises InvalidInput for what is none."""
    tag = text_from(value, field).strip()
    if not _LANGUAGE.fullmatch(tag):
        raise InvalidInput(f"{field} {tag!r} is no language tag; use one such as en or de", field=field)
    primary, *rest = tag.replace("_", "-").split("-")
    return "-".join([primary.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def time_from(value: object, field: str) -> datetime:
    """Return an aware time in UTC; a day becomes its midnight, a time without offset is taken as UTC.

    Raises InvalidInput for anything that is no ISO 8601 time.
    """
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, date):
            moment = datetime(value.year, value.month, value.day)
        else:
            moment = datetime.fromisoformat(text_from(value, field).strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{field} {value!r} is no time; use {_INSTANT}", field=field) from error


def day_from(value: object, field: str) -> date:
    """Return a day; of a time, the day it names. Raises InvalidInput."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
        return time_from(value, field).date()
    except (ValueError, InvalidInput) as error:
        raise InvalidInput(f"{field} {value!r} is no day; use one such as 2026-11-21", field=field) from error


def time_text(moment: datetime) -> str:
    """Return a time in UTC as the contract writes it: `2026-11-21T08:12:00Z`, with microseconds if it has any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def json_from(value: object, field: str, depth: int = 0) -> JSON:
    """Return a copy of a JSON value with storable text.

    Raises InvalidInput for NaN and infinities, which JSON lacks, and below `DEEPEST` levels.
    """
    if depth > DEEPEST:
        raise InvalidInput(f"{field} is nested more than {DEEPEST} levels deep; flatten it", field=field)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [json_from(item, field, depth + 1) for item in value]
    if isinstance(value, dict):
        return {text_from(name, field): json_from(item, field, depth + 1) for name, item in value.items()}
    raise InvalidInput(f"{field} holds {_named(value)}, which JSON cannot express", field=field)


def _named(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
