"""What a reader says of a result: in its list, or on the page of the document that it led to."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from kb.documents import type_of
from kb.errors import InvalidInput, NotFound
from kb.protocols.feedback import RESOLVED_BY
from web.addresses import document_url, local_target
from web.feedback import Word, given_answer, record_feedback, result_now
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("feedback_page", __name__)
ACTIONS = ("helpful", "not_helpful", RESOLVED_BY)
"""What a reader can say."""


@pages.get("/feedback")
@login_required
def start() -> Response:
    """Lead on from what can only be sent, as when the language is changed on the page that thanks."""
    return redirect("/")


@pages.post("/feedback")
@allowed("read")
def say() -> str | tuple[str, int]:
    """Record a word, thank for it, and ask for the ticket where a fix was found without one."""
    services: Services = current_app.extensions["fixlore"]
    form, viewer = request.form, current_user.viewer
    action = form.get("action", "")
    if action not in ACTIONS:
        raise InvalidInput(_("Choose one of the three."), field="action")
    named = form.get("ticket", "").strip()
    word = Word(form.get("response_id", "")[:64], form.get("result_id", "")[:1024], action, named or None)
    problem, linked, is_new = "", None, False
    try:
        is_new, linked = record_feedback(services, word, viewer)
    except InvalidInput as error:
        if error.field != "ticket":
            raise
        problem = _("There is no other ticket %(id)s here.", id=named)
    document = result_now(services, word.result_id, viewer)
    if document is None:
        raise NotFound(f"There is no document {word.result_id!r} any more.")
    back = local_target(form.get("next", ""))
    page = render_template(
        "feedback/thanks.html",
        word=word,
        document=document,
        address=document_url(document.id, type_of(document)),
        is_new=is_new,
        linked=linked,
        asks=action == RESOLVED_BY and linked is None,
        problem=problem,
        named=named,
        back=back,
    )
    return (page, 422) if problem else page


def shown_in(services: Services, document_id: str) -> dict[str, str]:
    """Return the answer that led to the page of a document, as `answer_id`, if its reader got it; and whether a fix is
    still to be given a ticket, as `asks`.
    """
    response_id = request.args.get("answer", "")[:64]
    answer = given_answer(services, response_id, current_user.viewer) if response_id else None
    if answer is None or document_id not in answer.results:
        return {"answer_id": "", "asks": ""}
    return {"answer_id": response_id, "asks": "" if answer.ticket else "ticket"}
