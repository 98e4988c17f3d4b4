"""Show the description of the API as a page on which it can be tried. Open to all, as the description is."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response, abort, render_template

pages = Blueprint("api_docs", __name__)
BUNDLE = "flask_openapi3_swagger"
PARTS = {
    "swagger-ui.css": "templates/swagger/css/swagger-ui.css",
    "swagger-ui-bundle.js": "templates/swagger/js/swagger-ui-bundle.js",
}
"""File of Swagger UI → where its package keeps it."""
KEPT_S = 86_400
"""How long browsers keep the files, in seconds; their address names no version."""


@pages.get("/api/docs")
def docs_page() -> str:
    """Show the page; its parts come from this host."""
    return render_template("api_docs/docs.html")


@pages.get("/api/docs/<name>")
def docs_part(name: str) -> Response:
    """Return a file of Swagger UI."""
    if name not in PARTS:
        abort(404)
    with files(BUNDLE).joinpath(PARTS[name]).open("rb") as part:
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        answer = Response(part.read(), mimetype=kind)
    answer.cache_control.max_age = KEPT_S
    answer.cache_control.public = True
    return answer
