"""The history of an article: what changed when and by whom, each revision as it was, and how to go back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from kb.access import may_read, may_read_as
from kb.differences import difference
from kb.documents import SITE_SOURCE, Article
from kb.protocols.store import Revision, RevisionLine
from kb.revision_changes import RevisionChange, field_changes, restored, revision_change
from web.addresses import document_url, number_in_address
from web.api.references import article_as_seen
from web.article_page import rendered
from web.site.permissions import allowed
from web.site.saving import article_at, saved
from web.wiring import Services

pages = Blueprint("history", __name__)
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history; `change` is `None` where the reader may not read what came before, or nothing did."""

    line: RevisionLine
    change: RevisionChange | None
    is_first: bool


@pages.get("/history/<path:article_id>")
@login_required
def history_page(article_id: str) -> str | Response:
    """List the revisions, newest first; show one, or what differs between two."""
    article = article_at(article_id)
    if article.id != article_id:
        query = request.query_string.decode("ascii", "ignore")
        return redirect(f"{url_for('history.history_page', article_id=article.id)}?{query}".rstrip("?"), 301)
    if "revision" in request.args:
        return _revision_page(article, _revision_of(article, "revision"))
    if "from" in request.args or "to" in request.args:
        return _difference_page(article, _revision_of(article, "from"), _revision_of(article, "to"))
    before = request.args.get("before", type=number_in_address)
    lines = _services().store.history(article.id, PAGE_SIZE + 1, before)
    shown = [one for one in lines[:PAGE_SIZE] if may_read_as(current_user.viewer, one.audience, one.state)]
    return render_template(
        "history/list.html",
        article=article,
        entries=_entries(article, shown),
        older=lines[PAGE_SIZE - 1].number if len(lines) > PAGE_SIZE else None,
        is_newest=before is None,
    )


@pages.post("/restore/<path:article_id>")
@allowed("write")
def restore(article_id: str) -> Response:
    """Make a new revision with the text and the fields of an earlier one, and show the article."""
    article = article_at(article_id)
    seen = _revision_of(article, "revision", request.form.get("revision", type=number_in_address))
    earlier = _services().store.revision(article.id, seen.number) or seen  # with what its reader may not see of it
    why = request.form.get("comment", "").strip()
    told = _("Restored revision %(number)s", number=earlier.number)

    def changed(article: Article, now: datetime) -> Article:
        return restored(article, earlier.article, now)

    article = saved(article_id, changed, f"{told}: {why}" if why else told)
    return redirect(document_url(article.id, article.kind), 303)


def _entries(article: Article, lines: list[RevisionLine]) -> list[Entry]:
    """Return the lines with what each changed; one text is held at a time beside the one before it."""
    entries: list[Entry] = []
    held: Revision | None = None
    for line in lines:
        one = held if held is not None and held.number == line.number else _readable(article, line.number)
        held = _readable(article, line.number - 1)
        change = revision_change(held.article, one.article) if one is not None and held is not None else None
        entries.append(Entry(line, change, line.number == 1))
    return entries


def _revision_page(article: Article, revision: Revision) -> str:
    return render_template(
        "history/revision.html",
        article=article,
        revision=revision,
        page=rendered(revision.article, _services().store),
        may_restore=article.source == SITE_SOURCE and current_user.may("write"),
    )


def _difference_page(article: Article, old: Revision, new: Revision) -> str:
    return render_template(
        "history/difference.html",
        article=article,
        old=old,
        new=new,
        fields=field_changes(old.article, new.article),
        difference=difference(old.article.body, new.article.body),
        may_restore=article.source == SITE_SOURCE and current_user.may("write"),
    )


def _revision_of(article: Article, name: str, given: int | None = None) -> Revision:
    """Return the revision that a request names; 404 when there is none that the reader may read."""
    number = given if given is not None else request.args.get(name, type=number_in_address)
    found = _readable(article, number) if number is not None else None
    if found is None:
        abort(404, _("There is no such revision of this article."))
    return found


def _readable(article: Article, number: int) -> Revision | None:
    """Return a revision with as much of it as its reader may see; `None` where that is nothing."""
    if not 0 < number <= article.revision:
        return None
    store, viewer = _services().store, current_user.viewer
    found = store.revision(article.id, number)
    if found is None or not may_read(viewer, found.article):
        return None
    return replace(found, article=article_as_seen(found.article, store, viewer))


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
