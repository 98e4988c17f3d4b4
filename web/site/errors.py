"""Show an error as a page: what happened, and what to do next."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.exceptions import default_exceptions

from kb.errors import StoreError
from web.site.sessions import show_to_a_stranger

TITLES = {
    400: _l("Bad request"),
    401: _l("Not signed in"),
    403: _l("Not allowed"),
    404: _l("Not found"),
    405: _l("Method not allowed"),
    409: _l("Not possible"),
    413: _l("Too large"),
    422: _l("Invalid input"),
    429: _l("Too many requests"),
    500: _l("Internal error"),
    503: _l("Unavailable"),
}
SENTENCES = {
    400: _l("The request was not understood. Go back, reload the page and try again."),
    403: _l("You may not see this."),
    404: _l("There is no page at this address. Search for what you need; it may have moved."),
    405: _l("This address takes no such request. Go back and use the page's own buttons."),
    413: _l("What was sent is too large. Shorten it, or leave out attachments."),
    429: _l("Too many requests came in a short time. Wait a minute and try again."),
    500: _l("Something went wrong. Try again; if it happens again, tell your administrator the time."),
}
"""What is said in place of the framework's own sentence."""


def unsaved_page() -> tuple[str, int] | None:
    """Return the page for an article that was sent from a form that is refused, `None` for any other request.

    Its text is not lost: who is still signed in gets it back, others are told how to come back to it.
    """
    if request.method != "POST" or request.blueprint != "writing" or not request.form.get("body"):
        return None
    may_see = current_user.may("write")
    told = {"title": request.form.get("title", ""), "body": request.form["body"] if may_see else None}
    return render_template("errors/unsaved.html", **told), 400 if may_see else 401


def error_page(status: int, detail: str) -> tuple[str, int]:
    """Return the page of an HTTP error."""
    standard = default_exceptions.get(status)
    if status in SENTENCES and (not detail or (standard is not None and detail == standard.description)):
        detail = str(SENTENCES[status])
    title = str(TITLES.get(status) or _("Error"))
    told = {"title": title, "detail": detail, "status": status}
    try:
        return render_template("errors/error.html", **told), status
    except StoreError:  # who reads it cannot be asked
        show_to_a_stranger()
        return render_template("errors/error.html", **told), status
