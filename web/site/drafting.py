"""Keep what is being written, show it as it will look, and say what covers it: what the editor asks for meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.attaching import attached
from kb.differences import difference
from kb.documents import Article
from kb.errors import FixloreError, InvalidInput, StaleEdit
from kb.ids import checked_id
from kb.json_values import time_text
from kb.protocols.drafts import Draft
from web.api.references import article_as_seen
from web.problems import log_failure, public_sentence, status_of
from web.sent_numbers import number_in
from web.site.article_form import DRAFT, article_so_far, one_of, sent_values
from web.site.covered import covering
from web.site.permissions import allowed, needing
from web.site.reading import reading
from web.starting import UNNAMED
from web.wiring import Services

pages = Blueprint("drafting", __name__)
_KEY = re.compile(r"[A-Za-z0-9-]{1,64}")
_Given = ParamSpec("_Given")
Answer = Response | tuple[Response, int]


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


def told(view: Callable[_Given, Answer]) -> Callable[_Given, Answer]:
    """Answer a script: 401 instead of a way to the sign-in page, errors of ours as a sentence in JSON."""

    @wraps(view)
    def answered(*args: _Given.args, **kwargs: _Given.kwargs) -> Answer:
        if not current_user.is_authenticated:
            return jsonify(error=_("You are signed out.")), 401
        if not current_user.may("write"):
            return jsonify(error=_("You may not write.")), 403
        try:
            return view(*args, **kwargs)
        except FixloreError as error:
            log_failure(error)
            return jsonify(error=public_sentence(error)), 409 if isinstance(error, StaleEdit) else status_of(error)

    return needing("write", answered)


@pages.get("/writing-session")
@told
def session_state() -> Answer:
    """Tell a page that has been open for long who is signed in now, and the token that forms need."""
    return jsonify(person=current_user.viewer.name, csrf_token=generate_csrf())


@pages.post("/drafts/<key>")
@told
def keep(key: str) -> Answer:
    """Keep a draft: JSON with `values`, `article` and `version`, the version that it was written over."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict) or not _KEY.fullmatch(key):
        raise InvalidInput("send the draft as a JSON object with its values")
    sent = given.get("values")
    if not isinstance(sent, dict) or not all(_is_texts(one) for one in sent.values()):
        raise InvalidInput("values must map each field to a list of texts", field="values")
    article, version = given.get("article"), given.get("version")
    values = sent_values(MultiDict(sent))
    draft = Draft(
        person=current_user.viewer.name,
        key=key,
        values=values,
        article_id=checked_id(article, "article") if isinstance(article, str) and article else None,
        revision=number_in(one_of(values, "began")),
    )
    saved = _services().store.save_draft(draft, version if isinstance(version, int) else None)
    return jsonify(version=saved.version, saved_at=time_text(saved.saved_at) if saved.saved_at else "")


@pages.post("/drafts/<key>/discard")
@allowed("write")
def discard(key: str) -> Response:
    """Forget a draft and go back to what it was a draft of; one that another window has kept since stays."""
    store, person = _services().store, current_user.viewer.name
    draft = store.draft(person, key)
    store.discard_draft(person, key, number_in(request.form.get(DRAFT, "")))
    if draft is not None and draft.article_id is not None and "edit" in request.form:
        return redirect(url_for("writing.edit_page", article_id=draft.article_id), 303)
    if draft is not None and draft.article_id is not None and "read" in request.form:
        return redirect(url_for("documents.article_page", article_id=draft.article_id), 303)
    return redirect(url_for("writing.begin"), 303)


@pages.get("/drafts/<key>/changes")
@allowed("write")
def draft_changes(key: str) -> str:
    """Show what a draft changes in its article as that is now."""
    draft = _services().store.draft(current_user.viewer.name, key)
    stored = _readable(draft.article_id) if draft is not None and draft.article_id is not None else None
    if draft is None or stored is None:
        abort(404, _("There is no such draft of yours. It may have become an article, or was discarded."))
    return render_template(
        "editor/changes_page.html",
        draft=draft,
        stored=stored,
        changes=difference(stored.body, draft.value("body")),
    )


@pages.post("/changes")
@told
def changes_fragment() -> Answer:
    """Return the HTML of two texts side by side: `before` and `after`."""
    found = difference(request.form.get("before", ""), request.form.get("after", ""))
    names = {"before": _("In this window"), "after": _("Kept in this browser")}
    return _html(render_template("editor/changes.html", changes=found, **names))


@pages.post("/preview")
@told
def preview() -> Answer:
    """Return the HTML that the article's page would show of what stands in the form."""
    values = sent_values(request.form)
    viewer = current_user.viewer
    stored = _readable(request.form.get("article", "")) if request.form.get("article") else None
    began = stored or Article(id=UNNAMED, title=one_of(values, "title"), body="", state="draft")
    store = _services().store
    shown = article_so_far(values, article_as_seen(began, store, viewer))
    shown = attached(shown, began.attachments, store, viewer)
    return _html(render_template("editor/preview.html", **reading(_services(), shown, viewer)))


@pages.route("/covered", methods=["GET", "POST"])
@told
def covered() -> Answer:
    """Return the HTML of the articles that cover a title and text; empty where none does."""
    given = request.values
    found = covering(
        _services(), current_user.viewer, given.get("title", ""), given.get("body", ""), given.get("article", "")
    )
    return _html(render_template("editor/covering.html", covering=found))


def _readable(article_id: str) -> Article | None:
    article = _services().store.article(checked_id(article_id, "article"))
    return article if article is not None and may_read(current_user.viewer, article) else None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _html(fragment: str) -> Response:
    return Response(fragment, mimetype="text/html")
