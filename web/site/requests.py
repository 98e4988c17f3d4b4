"""Articles that are missing: questions without an answer that people asked to be covered, and who is on them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.article_requests import ArticleRequest, checked_query, request_key
from kb.documents import Article
from kb.errors import InvalidInput, NotFound, StaleEdit
from kb.queries import Viewer
from web.addresses import local_target, number_in_address
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("requests", __name__)
MOST_READ = 20_000
"""Requests that are looked through for a page; people ask for each by hand."""
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """A request as a page shows it; `article` is what was written for it, where the viewer may read it.

    `is_taken` says whether somebody is on it, `is_written` whether somebody has saved an article for it, `is_answered`
    whether that is published. Nobody is told of an article that is not for them: to them the request is open.
    """

    request: ArticleRequest
    article: Article | None
    is_taken: bool
    is_written: bool
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests of a list, and which of its pages they are."""

    requests: tuple[Shown, ...]
    number: int
    last: int


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
            (shown,) = shown_requests(_services(), viewer, [found])
            if found.is_taken and not shown.is_taken:  # what came of it is for others
                store.release_request(found.number)
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
    every = services.store.documents([one.article_id for one in found if one.article_id])
    shown = []
    for one in found:
        written = every.get(one.article_id or "")
        if not isinstance(written, Article):
            shown.append(Shown(one, None, one.is_taken, False, False))
            continue
        is_published = written.state == "published"
        is_for_them = viewer.audiences is None or written.audience in viewer.audiences
        shown.append(
            Shown(
                one,
                written if may_read(viewer, written) else None,
                is_taken=one.is_taken and (is_for_them or not is_published),
                is_written=is_for_them and written.state != "archived",
                is_answered=is_for_them and is_published,
            )
        )
    return shown


def _page(*, is_taken: bool = False) -> str:
    services, viewer = _services(), current_user.viewer
    found = shown_requests(services, viewer, services.store.article_requests(MOST_READ))
    return render_template(
        "requests/list.html",
        missing=_pages([one for one in found if not one.is_answered], "page"),
        answered=_pages([one for one in found if one.is_answered], "answered"),
        may_change=lambda one, action: may_change(one, action, viewer),
        is_taken=is_taken,
    )


def _pages(found: Sequence[Shown], name: str) -> Page:
    """Return the page of a list that the address asks for by `name`; the last one where it asks for a later one."""
    last = max(1, -(-len(found) // PAGE_SIZE))
    number = min(last, max(1, request.args.get(name, 1, type=number_in_address)))
    return Page(tuple(found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]), number, last)


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
