"""Show an error as a page: what happened, and what to do next."""

from __future__ import annotations

from flask import render_template

from web.problems import TITLES


def error_page(status: int, detail: str) -> tuple[str, int]:
    """Return the page of an HTTP error."""
    return render_template("errors/error.html", title=TITLES.get(status, "Error"), detail=detail, status=status), status
