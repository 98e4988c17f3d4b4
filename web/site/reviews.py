"""What waits for somebody: articles that are due, in review, forgotten, without an owner, or used before anyone
looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, abort, current_app, render_template, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from kb.documents import DECISION_SOURCE, EXAMPLE_SOURCE, MANUAL_SOURCE, Article
from kb.errors import FixloreError
from kb.json_values import storable
from kb.protocols.upkeep import REVIEW_LISTS, ReviewFilter
from search.reuse import reuse_of
from web.addresses import number_in_address
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("reviews", __name__)
SHOWN = 10
"""Articles of a list that are shown beside the other lists."""
PAGE_SIZE = 50
MUCH_REUSED = 3
"""Problems that an article was used for before it is asked whether it is right: once may be chance."""
MOST_USED = 100
NAMES = {
    "due": _l("Due for review"),
    "in_review": _l("In review"),
    "used": _l("Used often, never validated"),
    "old_drafts": _l("Drafts that nobody touched for 30 days"),
    "without_owner": _l("Without an owner"),
}
"""The lists in the order of the page."""
SHIPPED = frozenset({MANUAL_SOURCE, DECISION_SOURCE, EXAMPLE_SOURCE})
"""What came with Fixlore is nobody's to review."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One list: how many there are (`more` when at least so many), and those that are shown."""

    name: str
    count: int
    articles: tuple[Article, ...]
    reuse: Mapping[str, int]
    more: bool = False


@pages.get("/reviews")
@allowed("write")
def reviews_page() -> str:
    """Show every list with its first articles; one list in pages when it is named."""
    chosen = request.args.get("list", "")
    if chosen and chosen not in NAMES:
        abort(404)
    now, where = datetime.now(UTC), _where()
    page = max(1, request.args.get("page", 1, type=number_in_address))
    counts = _services().store.review_counts(where, now)
    limit, offset = (PAGE_SIZE, (page - 1) * PAGE_SIZE) if chosen else (SHOWN, 0)

    def listed(name: str) -> Waiting:
        if name not in REVIEW_LISTS:
            return _used(where, limit, offset)
        ids = _services().store.review_list(name, where, now, limit, offset)
        return Waiting(name, counts[name], _articles(ids), {})

    return render_template(
        "reviews/reviews.html",
        lists=[listed(name) for name in ([chosen] if chosen else NAMES)],
        names=NAMES,
        only=chosen,
        page=page,
        page_size=PAGE_SIZE,
        today=now.date(),
        filters={name: request.args[name] for name in ("mine", "owner", "service") if request.args.get(name)},
    )


def waiting_count() -> int:
    """Return how many articles are due or in review, for who may review; 0 when it cannot be told."""
    if not current_user.is_authenticated or not current_user.may("review"):
        return 0
    try:
        where = ReviewFilter(current_user.viewer.audiences, without=SHIPPED)
        counts = _services().store.review_counts(where, datetime.now(UTC))
    except FixloreError:
        return 0
    return counts["due"] + counts["in_review"]


def _where() -> ReviewFilter:
    viewer = current_user.viewer

    def asked(name: str) -> str | None:
        return storable(request.args.get(name, "").strip()) or None

    person = viewer.name if asked("mine") else None
    return ReviewFilter(viewer.audiences, person, asked("owner"), asked("service"), SHIPPED)


def _used(where: ReviewFilter, limit: int, offset: int) -> Waiting:
    store = _services().store
    named = _articles(store.used_unvalidated(where, MOST_USED))
    reuse = {one: count for one, count in reuse_of(store, named, current_user.viewer).items() if count >= MUCH_REUSED}
    often = sorted((one for one in named if one.id in reuse), key=lambda one: (-reuse[one.id], one.id))
    return Waiting("used", len(often), tuple(often[offset : offset + limit]), reuse, len(named) == MOST_USED)


def _articles(ids: Sequence[str]) -> tuple[Article, ...]:
    found = _services().store.documents(ids, current_user.viewer)
    return tuple(one for one in found.values() if isinstance(one, Article))


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
