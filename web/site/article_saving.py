"""Make an article, or the next revision of one, of what the form of the editor sends."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from flask import current_app, request
from flask_login import current_user

from kb.article_edits import edited_article, new_article, one_line, parse_edit
from kb.attaching import attached
from kb.documents import Article
from kb.errors import IdConflict, StaleEdit
from kb.language import detect_language
from kb.life_cycle import settled
from kb.queries import Viewer
from web.api.references import with_unseen
from web.site.article_form import (
    Values,
    edit_fields,
    one_of,
    refuse_audience,
)
from web.site.writing_place import Place
from web.starting import written
from web.wiring import Services

MOST_LIKE_NAMED = 50
"""Articles of one title that get an id of their own by a number behind it."""


def saved_article(place: Place, values: Values, state: str) -> Article:
    """Return the article as it is stored. Raises StaleEdit when somebody else changed it, and what rules refuse."""
    store, viewer, now = _services().store, current_user.viewer, datetime.now(UTC)
    why = one_line(request.form.get("comment", ""))
    edit = parse_edit({**edit_fields(values, place.began), "state": state})
    if place.stored is None:
        article = settled(None, attached(new_article(edit, now, detect_language), {}, store, viewer), viewer, now)
        refuse_audience(article, viewer)
        saved = (
            store.create_article(article, viewer.name, why) if edit.id is not None else _created(article, viewer, why)
        )
        written(_services(), viewer, saved, one_of(values, "from"), one_of(values, "request"))
        return saved
    if one_of(values, "revision") != str(place.stored.revision):  # before the rules, which judge what it is by now
        raise StaleEdit("somebody else has changed the article meanwhile")
    edit = with_unseen(edit, place.stored, store, viewer)
    wanted = edited_article(place.stored, edit, now, detect_language)
    wanted = attached(wanted, place.stored.attachments, store, viewer)
    article = settled(place.stored, wanted, viewer, now)
    if article.audience != place.stored.audience:
        refuse_audience(article, viewer)
    return store.update_article(article, viewer.name, place.stored.revision, why)


def _created(article: Article, viewer: Viewer, why: str) -> Article:
    """Store a new article under the first free id that its title gives."""
    for number in range(1, MOST_LIKE_NAMED + 1):
        with suppress(IdConflict):
            article_id = article.id if number == 1 else f"{article.id}-{number}"
            return _services().store.create_article(replace(article, id=article_id), viewer.name, why)
    raise IdConflict(
        f"the id {article.id!r} and those after it are taken; give the article another title", field="title"
    )


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
