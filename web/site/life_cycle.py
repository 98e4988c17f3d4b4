"""Send an article on: its state, its confidence, and that somebody looked at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from flask import Blueprint, abort, redirect, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.documents import CONFIDENCES, SITE_SOURCE, STATES, Article
from kb.life_cycle import looked_at, next_states
from kb.queries import Viewer
from web.addresses import document_url
from web.site.permissions import allowed
from web.site.saving import saved

pages = Blueprint("life_cycle", __name__)


@pages.post("/state/<path:article_id>")
@allowed("write")
def change_state(article_id: str) -> Response:
    """Take `state`, `confidence`, or `looked_at`, and show the article."""

    def changed(article: Article, now: datetime) -> Article:
        if "looked_at" in request.form:
            return looked_at(article, current_user.viewer, now)
        state = request.form.get("state", article.state)
        confidence = request.form.get("confidence", article.confidence)
        if state not in STATES or confidence not in CONFIDENCES:
            abort(422, _("Choose what to do with the article."))
        if (state, confidence) == (article.state, article.confidence):
            return article
        wanted = replace(article, state=state, confidence=confidence)
        if confidence == "validated" and article.review_due is not None and article.review_due <= now.date():
            wanted = replace(wanted, review_due=None)  # whoever validates it has looked at it
        return replace(wanted, updated_at=now.replace(microsecond=0)) if state != article.state else wanted

    article = saved(article_id, changed)
    return redirect(document_url(article.id, article.kind), 303)


def moves_of(article: Article, viewer: Viewer) -> tuple[str, ...]:
    """Return the states that the viewer may send an article to from its page; none for one that a file owns."""
    return next_states(article.state, viewer, article.kind) if article.source == SITE_SOURCE else ()
