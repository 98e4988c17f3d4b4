"""The action items of all post-mortems in one list, and their states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.action_items import STATES, UNDER_WAY, ActionItem, action_items_of, with_action_items
from kb.article_edits import edited_article, parse_edit
from kb.documents import SITE_SOURCE
from kb.errors import StaleEdit
from kb.ids import checked_id
from kb.language import detect_language
from kb.life_cycle import settled
from kb.protocols.action_items import PlannedItem
from kb.queries import Viewer
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("action_items", __name__)
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """One action item of a post-mortem, how old it is and for how long it is overdue, both in days."""

    article: PlannedItem
    item: ActionItem
    age: int | None
    overdue: int

    @property
    def may_change(self) -> bool:
        """Say whether the site owns the post-mortem, so that its text can be changed here."""
        return self.article.source == SITE_SOURCE


@pages.get("/action-items")
@login_required
def action_items_page() -> str:
    """List action items: overdue ones first, then the oldest; by default those that are open."""
    return _page()


@pages.post("/action-items")
@allowed("write")
def change_state() -> Response | tuple[str, int]:
    """Change the state of one item in its post-mortem's text, which makes a revision; a stale one is refused."""
    store, viewer = _services().store, current_user.viewer
    article = store.article(checked_id(request.form.get("article", ""), "article"))
    if article is None or not may_read(viewer, article):
        abort(404, _("There is no article %(id)s.", id=request.form.get("article", "")))
    if article.source != SITE_SOURCE:
        abort(409, _("This post-mortem is kept in a file; change it there."))
    number, state = request.form.get("number", -1, type=int), request.form.get("state", "")
    items = action_items_of(article.body) or ()
    if state not in STATES or not 0 <= number < len(items):
        abort(422, _("Choose one of the states."))
    changed = [replace(one, state=state) if place == number else one for place, one in enumerate(items)]
    now = datetime.now(UTC)
    edit = parse_edit({"body": with_action_items(article.body, changed, article.language)})
    wanted = settled(article, edited_article(article, edit, now, detect_language), viewer, now)
    # How far its items are is no part of what was validated.
    wanted = replace(wanted, confidence=article.confidence)
    try:
        store.update_article(wanted, viewer.name, request.form.get("revision", 0, type=int), items[number].action[:200])
    except StaleEdit:
        return _page(is_stale=True), 409
    _services().wake()
    kept = {f"by_{name}": value for name, value in _filters().items()}
    return redirect(f"{url_for('action_items.action_items_page')}?{urlencode(kept)}", 303)


def listed_items(services: Services, viewer: Viewer, today: date, *, only_open: bool = False) -> list[Listed]:
    """Return the action items of all post-mortems that the viewer may read: overdue first, then the oldest."""
    found = [
        Listed(
            one,
            one.item,
            max((today - one.began).days, 0) if one.began is not None else None,
            one.item.days_overdue(today),
        )
        for one in services.store.planned_items(viewer, only_open=only_open)
    ]
    return sorted(found, key=lambda one: (-one.overdue, -(one.age or 0), one.article.article_id, one.article.number))


def is_mine(item: ActionItem, viewer: Viewer) -> bool:
    """Say whether an item's owner is the viewer, or a group that the viewer belongs to."""
    groups = {one.removeprefix("group:") for one in viewer.audiences or () if one.startswith("group:")}
    return item.owner.strip().casefold() in {viewer.name.casefold(), *groups}


def _page(*, is_stale: bool = False) -> str:
    viewer, today = current_user.viewer, datetime.now(UTC).date()
    filters = _filters()
    only_open = filters.get("show", "open") in ("open", "overdue", "mine")
    every = listed_items(_services(), viewer, today, only_open=only_open)
    shown = [one for one in every if _fits(one, filters, viewer)]
    pending = [one for one in every if one.item.is_open]
    return render_template(
        "action_items/list.html",
        shown=shown[:MOST_LISTED],
        more=len(shown) - MOST_LISTED,
        filters=filters,
        states=STATES,
        owners=_counted(one.item.owner for one in pending),
        types=_counted(one.item.type for one in pending),
        services=_counted(one.article.service or "" for one in pending),
        open_count=len(pending),
        overdue_count=sum(one.overdue > 0 for one in pending),
        is_stale=is_stale,
    )


def _filters() -> dict[str, str]:
    """Return the filters that are on, from the address or, after a change, from the form."""
    given = request.values
    names = ("show", "owner", "service", "type")
    return {name: value for name in names if (value := given.get(f"by_{name}", "").strip())}


def _fits(one: Listed, filters: Mapping[str, str], viewer: Viewer) -> bool:
    show = filters.get("show", "open")
    state = one.item.state or "open"
    if (show == "open" and state not in UNDER_WAY) or (show in STATES and show != "open" and state != show):
        return False
    if (show == "overdue" and not one.overdue) or (
        show == "mine" and not (one.item.is_open and is_mine(one.item, viewer))
    ):
        return False
    return (
        filters.get("owner", one.item.owner) == one.item.owner
        and filters.get("type", one.item.type) == one.item.type
        and filters.get("service", one.article.service or "") == (one.article.service or "")
    )


def _counted(values: object) -> Sequence[tuple[str, int]]:
    counted = Counter(value for value in values if value)  # type: ignore[attr-defined]
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:20]


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
