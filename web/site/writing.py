"""Write articles in the site: begin one, go on with it, change one that is there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.article_edits import edited_article, new_article, one_line, parse_edit
from kb.attaching import attached
from kb.documents import KINDS, SITE_SOURCE, Article
from kb.errors import FixloreError, IdConflict, InvalidInput, StaleEdit, StoreError
from kb.ids import checked_id
from kb.language import detect_language
from kb.life_cycle import next_states, settled
from kb.protocols.drafts import Draft
from kb.queries import Viewer
from web.addresses import document_url
from web.api.references import article_as_seen, with_unseen
from web.problems import log_failure, public_sentence, status_of
from web.sent_numbers import number_in
from web.site.article_form import (
    CARRIED,
    DRAFT,
    Values,
    article_so_far,
    edit_fields,
    extra_of,
    one_of,
    refuse_audience,
    sent_values,
    started_values,
    values_of,
)
from web.site.conflict import conflict_page
from web.site.covered import covering
from web.site.known_values import known_values
from web.site.permissions import allowed
from web.site.reading import reading
from web.starting import UNNAMED, begun, readable_ticket, similar_before, started_article, with_similar, written
from web.wiring import Services

pages = Blueprint("writing", __name__)
MOST_LIKE_NAMED = 50
"""Articles of one title that get an id of their own by a number behind it."""
Answer = str | Response | tuple[str, int]


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


@pages.get("/write")
@allowed("write")
def begin() -> str:
    """Ask for kind and title, show what covers it already, and list one's own drafts."""
    asked = _asked(request.args)
    if asked["from"] or asked["request"]:
        started = _started(asked)
        asked["title"] = asked["title"] or started.title
    viewer = current_user.viewer
    ticket = readable_ticket(_services(), viewer, asked["from"])
    return render_template(
        "editor/begin.html",
        asked=asked,
        past=None if ticket is None else similar_before(_services(), viewer, ticket),
        asked_similar=request.args.getlist("similar"),
        kinds=KINDS,
        covering=covering(_services(), viewer, asked["title"]) if asked["title"] else None,
        drafts=_listed(viewer),
    )


@pages.post("/write")
@allowed("write")
def begin_draft() -> Response:
    """Begin a draft of one's own and open it."""
    asked = _asked(request.form)
    viewer = current_user.viewer
    article = with_similar(_services(), viewer, _started(asked), request.form.getlist("similar"))
    draft = Draft(person=viewer.name, key=secrets.token_hex(8), values=started_values(article, asked))
    _services().store.save_draft(draft, 0)
    begun(_services(), viewer, asked["request"])
    return redirect(url_for("writing.draft_page", key=draft.key), 303)


@pages.get("/write/<key>")
@allowed("write")
def draft_page(key: str) -> Answer:
    """Go on with a draft of an article that is not there yet."""
    place = _new_place(key)
    if place.draft is None:
        abort(404, _("There is no such draft of yours. It may have become an article, or was discarded."))
    stored = _readable(place.draft.article_id) if place.draft.article_id else None
    if stored is not None:
        return redirect(url_for("writing.edit_page", article_id=stored.id))
    return _page(place, place.draft.values)


@pages.post("/write/<key>")
@allowed("write")
def save_new(key: str) -> Answer:
    """Make an article of a draft."""
    return _answered(_new_place(key))


@pages.get("/edit/<path:article_id>")
@allowed("write")
def edit_page(article_id: str) -> Answer:
    """Change an article; one's own draft of it comes first."""
    place = _place(article_id)
    if place.draft is not None:
        return _page(place, place.draft.values, is_draft=True)
    return _page(place, values_of(place.shown))


@pages.post("/edit/<path:article_id>")
@allowed("write")
def save(article_id: str) -> Answer:
    """Save the change of an article."""
    return _answered(_place(article_id))


def article_key(article_id: str) -> str:
    """Return the key of a person's draft of an article."""
    return f"of-{hashlib.sha256(article_id.encode()).hexdigest()[:24]}"


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


def _asked(given: Mapping[str, str]) -> dict[str, str]:
    """Return what an address or form says of the article to begin."""
    asked = {name: given.get(name, "").strip() for name in ("kind", "title", "language", *CARRIED)}
    return {**asked, "kind": asked["kind"] if asked["kind"] in KINDS else "troubleshooting"}


def _started(asked: Mapping[str, str]) -> Article:
    return started_article(
        _services(),
        current_user.viewer,
        asked["kind"],
        asked["title"],
        asked["language"],
        asked["from"],
        asked["request"],
    )


def _listed(viewer: Viewer) -> list[tuple[Draft, str]]:
    """Return one's drafts, the latest first, each with the address at which it goes on."""
    return [(one, url_for("writing.draft_page", key=one.key)) for one in _services().store.drafts(viewer.name)]


def _readable(article_id: str) -> Article | None:
    article = _services().store.article(checked_id(article_id, "id"))
    return article if article is not None and may_read(current_user.viewer, article) else None


def _new_place(key: str) -> Place:
    return Place(key, None, None, _services().store.draft(current_user.viewer.name, key), _written_over())


def _written_over() -> int | None:
    return number_in(request.form.get(DRAFT, ""))


def _place(article_id: str) -> Place:
    """Return the place of an article. Leaves with 404 for one that the writer may not read, 409 for a folder's."""
    stored = _readable(article_id)
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


def _answered(place: Place) -> Answer:
    """Save what the form sends, or show it again with what keeps it from being saved."""
    values = sent_values(request.form)
    if "preview" in request.form or "covered" in request.form:
        return _page(place, values, is_previewed="preview" in request.form, is_compared="covered" in request.form)
    try:
        if place.stored is None and place.draft is None:
            raise InvalidInput(
                "this draft has become an article meanwhile, or was discarded; what you wrote is kept again as one, "
                "so save once more if it is to be an article of its own"
            )
        saved = _saved(place, values, request.form.get("state") or place.state)
    except StaleEdit:
        place = _kept(place, values)
        version = None if place.is_kept_elsewhere else place.version
        return conflict_page(_services(), place.stored or place.shown, place.shown, values, place.key, version), 409
    except FixloreError as error:
        place = _kept(place, values)
        log_failure(error)
        return _page(place, values, error=error), status_of(error)
    with suppress(StoreError):
        _services().store.discard_draft(current_user.viewer.name, place.key, place.version)  # another window's stays
    _services().wake()
    return redirect(document_url(saved.id, saved.kind), 303)


def _saved(place: Place, values: Values, state: str) -> Article:
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


def _kept(place: Place, values: Values) -> Place:
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


def _page(
    place: Place,
    values: Values,
    *,
    error: FixloreError | None = None,
    is_draft: bool = False,
    is_previewed: bool = False,
    is_compared: bool = False,
) -> str:
    services, viewer = _services(), current_user.viewer
    kind = one_of(values, "kind")
    title = one_of(values, "title")
    shown = attached(article_so_far(values, place.shown), place.shown.attachments, services.store, viewer)
    store_excluded = place.stored.id if place.stored is not None else ""
    return render_template(
        "editor/edit.html",
        place=place,
        values=values,
        one_of=one_of,
        extra=extra_of(values, place.began),
        kind=kind,
        kinds=KINDS,
        states=next_states(place.state, viewer, kind),
        known=known_values(services, viewer, place.shown.audience),
        revision=one_of(values, "revision") or place.shown.revision,
        error=public_sentence(error) if error is not None else "",
        faulty=getattr(error, "field", None),
        is_draft=is_draft,
        is_new=place.stored is None,
        is_post_mortem=kind == "post-mortem",
        covering=covering(services, viewer, title, one_of(values, "body"), store_excluded) if is_compared else None,
        **(reading(services, shown, viewer) if is_previewed else {"article": shown, "page": None}),
    )
