"""Propose articles that belong to an article, and relate them with one button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.documents import SITE_SOURCE, Article
from kb.errors import FixloreError
from kb.ids import checked_id
from search.answers import Result
from search.related import proposed
from web.addresses import document_url
from web.site.permissions import allowed
from web.site.saving import article_at, carried_out, planned
from web.wiring import Services

pages = Blueprint("related", __name__)
MOST_REASONS = 3


@pages.get("/related/<path:article_id>")
@allowed("write")
def related_fragment(article_id: str) -> str:
    """Return the list of proposals for an article, to stand on another page."""
    article = article_at(article_id)
    return render_template("articles/related.html", article=article, proposals=proposals_for(article))


@pages.post("/related/<path:article_id>")
@allowed("write")
def relate(article_id: str) -> Response:
    """Add the document `with` to what an article names as related, and with `both` the article to that one's."""
    services: Services = current_app.extensions["fixlore"]
    other_id = checked_id(request.form.get("with", ""), "with")
    other = services.store.article(other_id)
    if other is None or not may_read(current_user.viewer, other):
        abort(404, _("There is no article %(id)s.", id=other_id))

    article = article_at(article_id)
    plans = [planned(article_id, _naming(other), _related_to(other))]
    if "both" in request.form and other.source == SITE_SOURCE:
        plans.append(planned(other.id, _naming(article), _related_to(article), other.revision))
    for plan in plans:  # nothing is stored unless both may be
        carried_out(plan)
    return redirect(document_url(article.id, article.kind), 303)


def _naming(other: Article) -> Callable[[Article, datetime], Article]:
    def changed(article: Article, now: datetime) -> Article:
        if other.id in (article.id, *article.related):
            return article
        return replace(article, related=(*article.related, other.id), updated_at=now.replace(microsecond=0))

    return changed


def _related_to(other: Article) -> str:
    return str(_("Related to %(title)s", title=other.title))


def proposals_for(article: Article, known: Sequence[str] = ()) -> list[tuple[Result, bool]]:
    """Return what may belong to an article, and whether it can name the article, too; nothing where no index answers.

    `known` are documents that need no proposal.
    """
    services: Services = current_app.extensions["fixlore"]
    if not current_user.may("write"):
        return []
    try:
        found = proposed(article, services.searcher(), current_user.viewer, known)
    except FixloreError:
        return []
    # How likely a ticket is fixed by it says nothing of two articles, and a few reasons are enough beside a text.
    return [(replace(one, score=None, reasons=one.reasons[:MOST_REASONS]), one.source == SITE_SOURCE) for one in found]
