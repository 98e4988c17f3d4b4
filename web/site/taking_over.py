"""Let the site take over an article that a folder's file owns, on purpose: from then on no import changes it."""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.documents import SITE_SOURCE, Article
from kb.errors import StaleEdit
from kb.ids import checked_id
from kb.tickets import RESERVED_SOURCES
from web.addresses import document_url
from web.article_page import without_paths
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("taking_over", __name__)
_log = logging.getLogger("fixlore.articles")


def may_be_taken_over(article: Article) -> bool:
    """Say whether a folder's file owns the article; what comes with Fixlore stays as it comes."""
    return article.source != SITE_SOURCE and article.source not in RESERVED_SOURCES


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


@pages.get("/take-over/<path:article_id>")
@allowed("review")
def confirm(article_id: str) -> str | Response:
    """Say what taking over means, and ask."""
    article = _readable(article_id)
    if article.source == SITE_SOURCE:
        return redirect(document_url(article.id, article.kind), 303)
    return render_template("articles/take_over.html", taken=article)


@pages.post("/take-over/<path:article_id>")
@allowed("review")
def take_over(article_id: str) -> Response:
    """Make the site the owner; id, history and attachments stay. Links to files of the folder become links to pages.

    Taking over twice is taking over.
    """
    article = _readable(article_id)
    if article.source != SITE_SOURCE:
        if request.form.get("revision") != str(article.revision):
            raise StaleEdit(str(_("The article was changed meanwhile. Read it, then decide again.")))
        body = without_paths(article, _services().store)
        ours = replace(article, source=SITE_SOURCE, path=None, body=body)
        _services().store.update_article(ours, current_user.viewer.name, article.revision)
        _services().wake()
        told = {"article": article.id, "source": article.source, "by": current_user.viewer.name}
        _log.info("article taken over", extra=told)
    return redirect(document_url(article.id, article.kind), 303)


def _readable(article_id: str) -> Article:
    article_id = checked_id(article_id, "id")
    article = _services().store.article(article_id)
    if article is None or not may_read(current_user.viewer, article):
        abort(404, _("There is no article %(id)s.", id=article_id))
    if article.source != SITE_SOURCE and not may_be_taken_over(article):
        abort(404, _("This article comes with Fixlore and cannot be taken over. Write one of your own."))
    return article
