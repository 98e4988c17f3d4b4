"""Write articles in the site: begin one, go on with it, change one that is there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.attaching import attached
from kb.documents import KINDS, Article
from kb.errors import FixloreError, InvalidInput, StaleEdit, StoreError
from kb.life_cycle import next_states
from kb.protocols.drafts import Draft
from kb.queries import Viewer
from web.addresses import document_url
from web.problems import log_failure, public_sentence, status_of
from web.site.article_form import (
    CARRIED,
    Values,
    article_so_far,
    extra_of,
    one_of,
    sent_values,
    started_values,
    values_of,
)
from web.site.article_saving import saved_article
from web.site.conflict import conflict_page
from web.site.covered import covering
from web.site.known_values import known_values
from web.site.permissions import allowed
from web.site.reading import reading
from web.site.writing_place import Place, kept, new_place, place_of, readable_article
from web.starting import begun, readable_ticket, similar_before, started_article, with_similar
from web.wiring import Services

pages = Blueprint("writing", __name__)
Answer = str | Response | tuple[str, int]


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
    place = new_place(key)
    if place.draft is None:
        abort(404, _("There is no such draft of yours. It may have become an article, or was discarded."))
    stored = readable_article(place.draft.article_id) if place.draft.article_id else None
    if stored is not None:
        return redirect(url_for("writing.edit_page", article_id=stored.id))
    return _page(place, place.draft.values)


@pages.post("/write/<key>")
@allowed("write")
def save_new(key: str) -> Answer:
    """Make an article of a draft."""
    return _answered(new_place(key))


@pages.get("/edit/<path:article_id>")
@allowed("write")
def edit_page(article_id: str) -> Answer:
    """Change an article; one's own draft of it comes first."""
    place = place_of(article_id)
    if place.draft is not None:
        return _page(place, place.draft.values, is_draft=True)
    return _page(place, values_of(place.shown))


@pages.post("/edit/<path:article_id>")
@allowed("write")
def save(article_id: str) -> Answer:
    """Save the change of an article."""
    return _answered(place_of(article_id))


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
        saved = saved_article(place, values, request.form.get("state") or place.state)
    except StaleEdit:
        place = kept(place, values)
        version = None if place.is_kept_elsewhere else place.version
        return conflict_page(_services(), place.stored or place.shown, place.shown, values, place.key, version), 409
    except FixloreError as error:
        place = kept(place, values)
        log_failure(error)
        return _page(place, values, error=error), status_of(error)
    with suppress(StoreError):
        _services().store.discard_draft(current_user.viewer.name, place.key, place.version)  # another window's stays
    _services().wake()
    return redirect(document_url(saved.id, saved.kind), 303)


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
