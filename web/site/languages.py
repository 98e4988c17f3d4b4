"""Speak the reader's language on pages: English or German, by choice, else by what the browser asks for.

Texts are those of gettext: `web/translations/de/LC_MESSAGES/messages.po`, and `messages.mo` compiled from it. A test
says when they are behind what the pages say; the manual (*Design system*) has the commands that bring them up.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, redirect, request
from flask_babel import Babel, get_locale
from werkzeug.wrappers import Response as WerkzeugResponse

from web.addresses import local_target

pages = Blueprint("languages", __name__)
LANGUAGES = {"en": "English", "de": "Deutsch"}
COOKIE = "language"
REMEMBERED_S = 365 * 24 * 3600


def install_languages(app: Flask) -> None:
    """Choose a language for each request, and make what pages need of it known to templates."""
    Babel(app, default_locale="en", locale_selector=asked_language)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.globals.update(get_locale=get_locale, LANGUAGES=LANGUAGES, here=_here)
    app.after_request(_vary)


def asked_language() -> str:
    """Return the language that was chosen once, else the best of those that the browser asks for."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")


@pages.get("/language/<code>")
def choose(code: str) -> WerkzeugResponse:
    """Remember a language and go back to where it was chosen."""
    answer = redirect(local_target(request.args.get("next", "")))
    if code in LANGUAGES:
        answer.set_cookie(COOKIE, code, max_age=REMEMBERED_S, httponly=True, samesite="Lax", secure=request.is_secure)
    return answer


def _here() -> str:
    """Return the address of this page; of one that was posted, which cannot be asked for again, that of its form."""
    return request.full_path if request.query_string else request.path


def _vary(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.add("Accept-Language")
    return response
