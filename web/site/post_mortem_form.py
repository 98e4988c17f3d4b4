"""Read the fields of a post-mortem that stand beside its text in the editor, and show them there."""

from __future__ import annotations

import re
from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

from kb.documents import JSON
from kb.post_mortems import PHASES

TEXTS = ("severity", "owner_team", "reviewer", "problem_id", "cause_category", "root_cause", "resolution_kind")
LISTS = ("configuration_items", "source_tickets")
"""One value a line."""
FLAG = "known_error"
ZONE = "_zone"
"""What follows the name of a time in the name of the field that holds its zone."""
SHOWN = "known_error_shown"
"""Says that the form has the box for `known_error`, which sends nothing while it is empty."""
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(.*)", re.DOTALL)


def post_mortem_fields(form: MultiDict[str, str]) -> dict[str, JSON]:
    """Return the extra fields that the form carries, `None` for one that was emptied; those it lacks are left out.

    Nothing is refused: what is half typed is kept as its text.
    """
    found: dict[str, JSON] = {}
    for name in TEXTS:
        if name in form:
            found[name] = form[name].strip() or None
    for name in LISTS:
        if name in form:
            lines = dict.fromkeys(line.strip() for line in form[name].splitlines() if line.strip())
            found[name] = [*lines] or None
    for name in PHASES:
        if name in form:
            found[name] = joined_time(form[name], form.get(name + ZONE, "")) or None
    if SHOWN in form:
        found[FLAG] = True if FLAG in form else None
    return found


def split_time(value: object) -> tuple[str, str]:
    """Return a time as a field for local times shows it, and its zone as it was written; another text as the first."""
    match = _LOCAL.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return (str(value) if value is not None else ""), ""
    return f"{match[1]}T{match[2]}", match[3].strip()


def joined_time(local: str, zone: str) -> str:
    """Return a local time and its zone as one time in ISO 8601, with seconds as browsers leave them out."""
    match = _LOCAL.fullmatch(local.strip())
    if match is None:
        return local.strip()
    time = match[2] if match[2].count(":") > 1 else f"{match[2]}:00"
    return f"{match[1]}T{time}{zone.strip() or match[3].strip()}"


def is_local_time(value: object) -> bool:
    """Say whether a field for local times can show a value; another is shown as the text that it is."""
    return value in (None, "") or (isinstance(value, str) and _LOCAL.fullmatch(value.strip()) is not None)


def lines_of(extra: Mapping[str, JSON], name: str) -> str:
    """Return a list as the form shows it, one value a line; a single text is its only line."""
    value = extra.get(name)
    if isinstance(value, list):
        return "\n".join(str(one) for one in value)
    return "" if value is None else str(value)
