"""Say where somebody writes: over which revision of which article, and over which draft of theirs."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace

from flask import abort, current_app, request
from flask_babel import gettext as _
from flask_login import current_user

from kb.access import may_read
from kb.documents import SITE_SOURCE, Article
from kb.errors import FixloreError
from kb.ids import checked_id
from kb.protocols.drafts import Draft
from web.api.references import article_as_seen
from web.sent_numbers import number_in
from web.site.article_form import (
    DRAFT,
    Values,
)
from web.starting import UNNAMED
from web.wiring import Services


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody writes: on an article that is there, or on one that is not there yet.

    `began` is what the form showed when the writing began, with only what the writer may see of it; `draft` is what was
    kept since. `written_over` is the version of the draft that the form was written over, `None` for the one that there
    is: another window may have kept more since.
    """

    key: str
    stored: Article | None
    began: Article | None
    draft: Draft | None
    written_over: int | None = None

    @property
    def version(self) -> int:
        """Return the version of the draft that this window shows, 0 for none."""
        if self.draft is None:
            return 0
        return self.draft.version if self.written_over is None else self.written_over

    @property
    def is_kept_elsewhere(self) -> bool:
        """Say whether another window has kept a draft that this one does not show."""
        return self.draft is not None and self.version != self.draft.version

    @property
    def shown(self) -> Article:
        """Return what the form showed when the writing began: nothing, of an article that is not there yet."""
        return self.began or Article(id=UNNAMED, title="", body="", state="draft")

    @property
    def state(self) -> str:
        """Return the state that the article has now."""
        return self.stored.state if self.stored is not None else "draft"


def article_key(article_id: str) -> str:
    """Return the key of a person's draft of an article."""
    return f"of-{hashlib.sha256(article_id.encode()).hexdigest()[:24]}"


def readable_article(article_id: str) -> Article | None:
    article = _services().store.article(checked_id(article_id, "id"))
    return article if article is not None and may_read(current_user.viewer, article) else None


def new_place(key: str) -> Place:
    return Place(key, None, None, _services().store.draft(current_user.viewer.name, key), _written_over())


def _written_over() -> int | None:
    return number_in(request.form.get(DRAFT, ""))


def place_of(article_id: str) -> Place:
    """Return the place of an article. Leaves with 404 for one that the writer may not read, 409 for a folder's."""
    stored = readable_article(article_id)
    if stored is None:
        abort(404, _("There is no article %(id)s.", id=article_id))
    if stored.source != SITE_SOURCE:
        abort(
            409,
            _(
                "The article %(id)s is kept in a file of %(source)s. Edit the file, or take the article over first.",
                id=stored.id,
                source=stored.source,
            ),
        )
    store, viewer, key = _services().store, current_user.viewer, article_key(stored.id)
    draft = store.draft(viewer.name, key)
    sent = number_in(request.form.get("began", ""))
    wanted = sent if sent is not None else draft.revision if draft is not None else None
    began = stored if wanted is None or wanted == stored.revision else _revision(stored, wanted)
    return Place(key, stored, article_as_seen(began, store, viewer), draft, _written_over())


def _revision(stored: Article, number: int) -> Article:
    """Return an earlier revision that the writer may read, as the history shows it; the stored one without such."""
    earlier = _services().store.revision(stored.id, number)
    return earlier.article if earlier is not None and may_read(current_user.viewer, earlier.article) else stored


def kept(place: Place, values: Values) -> Place:
    """Keep what was sent as a draft, since it did not become an article, and return the place with it.

    A draft that another window has kept meanwhile stays, and so does the place.
    """
    draft = Draft(
        person=current_user.viewer.name,
        key=place.key,
        values=values,
        article_id=place.stored.id if place.stored is not None else None,
        revision=place.began.revision if place.began is not None else None,
    )
    with suppress(FixloreError):
        return replace(place, draft=_services().store.save_draft(draft, place.version), written_over=None)
    return place


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
