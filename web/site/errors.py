"""Show an error as a page: what happened, and what to do next."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

TITLES = {
    400: _l("Bad request"),
    401: _l("Not signed in"),
    403: _l("Not allowed"),
    404: _l("Not found"),
    405: _l("Method not allowed"),
    413: _l("Too large"),
    422: _l("Invalid input"),
    429: _l("Too many requests"),
    500: _l("Internal error"),
    503: _l("Unavailable"),
}


def error_page(status: int, detail: str) -> tuple[str, int]:
    """Return the page of an HTTP error."""
    title = str(TITLES.get(status) or _("Error"))
    return render_template("errors/error.html", title=title, detail=detail, status=status), status
