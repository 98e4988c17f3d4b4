"""Articles that are missing: questions without an answer that people asked to be covered, and who is on them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.article_requests import ArticleRequest, checked_query, request_key
from kb.documents import Article
from kb.errors import InvalidInput, NotFound, StaleEdit
from kb.queries import Viewer
from web.addresses import local_target, number_in_address
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("requests", __name__)
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """A request as a page shows it; `article` is what was written for it, where the viewer may read it.

    `is_written` says whether somebody has saved an article for it, `is_answered` whether that is published.
    """

    request: ArticleRequest
    article: Article | None
    is_written: bool
    is_answered: bool


@pages.get("/requests")
@allowed("request")
def requests_page() -> str:
    """List what is missing, the most wanted first, and below it what was answered."""
    return _page()


@pages.post("/requests")
@allowed("request")
def ask() -> Response:
    """Note that somebody misses an article, and go back to the page that they came from."""
    try:
        query = checked_query(request.form.get("q", ""))
    except InvalidInput:
        abort(422, _("Say in a few words what is missing."))
    _services().store.ask_for_article(query, request_key(query), current_user.viewer.name)
    return redirect(local_target(request.form.get("next") or url_for("requests.requests_page")), 303)


@pages.post("/requests/<wanted>")
@allowed("request")
def change(wanted: str) -> Response | tuple[str, int]:
    """Take a request, give it back, or dismiss it."""
    store, viewer, action = _services().store, current_user.viewer, request.form.get("action", "")
    found = _request_at(wanted)
    if not may_change(found, action, viewer):
        abort(403)
    try:
        if action == "take":
            store.take_request(found.number, viewer.name)
        elif action == "release":
            store.release_request(found.number)
        else:
            store.dismiss_request(found.number)
    except StaleEdit:
        return _page(is_taken=True), 409
    except NotFound:
        abort(404, _("There is no such request; it may have been dismissed."))
    return redirect(url_for("requests.requests_page"), 303)


def may_change(found: ArticleRequest, action: str, viewer: Viewer) -> bool:
    """Say whether the viewer may do it: authors take, who took it or a reviewer gives it back, reviewers dismiss."""
    if action == "take":
        return viewer.may("write")
    if action == "release":
        return found.taken_by == viewer.name or viewer.may("review")
    return action == "dismiss" and viewer.may("review")


def request_for(query: str) -> Shown | None:
    """Return the request of questions that ask for the same as `query`; `None` when nobody asked."""
    if not query.strip() or not current_user.is_authenticated:
        return None
    found = _services().store.request_of_key(request_key(query))
    return None if found is None else shown_requests(_services(), current_user.viewer, [found])[0]


def shown_requests(services: Services, viewer: Viewer, found: Sequence[ArticleRequest]) -> list[Shown]:
    """Return requests with what was written for them."""
    ids = [one.article_id for one in found if one.article_id]
    every = services.store.documents(ids)
    readable = services.store.documents(ids, viewer)
    shown = []
    for one in found:
        written = every.get(one.article_id or "")
        article = readable.get(one.article_id or "")
        is_written = isinstance(written, Article) and written.state != "archived"
        is_answered = isinstance(written, Article) and written.state == "published"
        shown.append(Shown(one, article if isinstance(article, Article) else None, is_written, is_answered))
    return shown


def _page(*, is_taken: bool = False) -> str:
    services, viewer = _services(), current_user.viewer
    found = shown_requests(services, viewer, services.store.article_requests(MOST_LISTED))
    return render_template(
        "requests/list.html",
        missing=[one for one in found if not one.is_answered],
        answered=[one for one in found if one.is_answered],
        may_change=lambda one, action: may_change(one, action, viewer),
        is_taken=is_taken,
    )


def _request_at(wanted: str) -> ArticleRequest:
    """Return the request of an address. Leaves with 404 where there is none, as of a number that none can have."""
    with suppress(ValueError):
        found = _services().store.article_request(number_in_address(wanted))
        if found is not None:
            return found
    abort(404, _("There is no such request; it may have been dismissed."))


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
