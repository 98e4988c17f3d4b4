"""Links of articles that lead nowhere, and those to a former id, which a button corrects."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby, islice

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.broken_links import all_broken_links, corrected
from kb.documents import Article
from web.article_page import page_anchors
from web.site.permissions import allowed
from web.site.saving import saved
from web.wiring import Services

pages = Blueprint("links", __name__)
MOST_SHOWN = 500
"""Broken links on the page: more is a day's work."""


@pages.get("/links")
@allowed("write")
def links_page() -> str:
    """List the broken links of published articles, article by article."""
    services = _services()
    found = list(islice(all_broken_links(services.store, current_user.viewer, page_anchors), MOST_SHOWN + 1))
    groups = [list(group) for _, group in groupby(found[:MOST_SHOWN], key=lambda one: one.article_id)]
    articles = services.store.documents([group[0].article_id for group in groups], current_user.viewer)
    return render_template(
        "links/links.html",
        groups=[(articles[group[0].article_id], group) for group in groups if group[0].article_id in articles],
        is_cut=len(found) > MOST_SHOWN,
    )


@pages.post("/links/<path:article_id>")
@allowed("write")
def correct(article_id: str) -> Response:
    """Let the links of one article that name former ids name the present ones."""

    def changed(article: Article, now: datetime) -> Article:
        return corrected(article, _services().store, current_user.viewer, now)

    saved(article_id, changed)
    return redirect(url_for("links.links_page"), 303)


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
