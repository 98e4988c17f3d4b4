"""Say which times of a post-mortem stand there because of when its ticket was opened or closed, not because somebody
told them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import current_app
from flask_babel import gettext as _
from flask_login import current_user

from kb.documents import JSON, Ticket
from kb.errors import FixloreError
from kb.post_mortems import moment_of
from web.wiring import Services

MOST_TICKETS = 50


def inferred_of(extra: Mapping[str, JSON]) -> dict[str, str]:
    """Return field → where its time comes from, for those that are the times of a ticket which it names."""
    services: Services = current_app.extensions["fixlore"]
    named = extra.get("source_tickets")
    ids = [one for one in named if isinstance(one, str)][:MOST_TICKETS] if isinstance(named, list) else []
    try:
        found = services.store.documents(ids, current_user.viewer).values() if ids else ()
    except FixloreError:
        return {}
    tickets = [one for one in found if isinstance(one, Ticket)]
    marks: dict[str, str] = {}
    if _moment(extra.get("detected_at")) in {_whole(one.opened_at) for one in tickets if one.opened_at}:
        marks["detected_at"] = _("From when the ticket was opened. Correct it if it was noticed earlier.")
    if _moment(extra.get("resolved_at")) in {_whole(one.resolved_at) for one in tickets if one.resolved_at}:
        marks["resolved_at"] = _("From when the ticket was resolved. Correct it if it was over earlier.")
    return marks


def _moment(value: JSON) -> datetime | None:
    moment = moment_of(value)
    return None if moment is None else _whole(moment)


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
