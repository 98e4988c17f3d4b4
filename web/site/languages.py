"""Speak the reader's language on pages: English or German, by choice, else by what the browser asks for.

Texts are those of gettext: `web/translations/de/LC_MESSAGES/messages.po`, and `messages.mo` compiled from it. A test
says when they are behind what the pages say; the manual (*Design system*) has the commands that bring them up.
"""

from __future__ import annotations

from babel.support import NullTranslations
from flask import Blueprint, Flask, Response, g, redirect, request
from flask_babel import Babel, get_locale, get_translations
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
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of its extension
        gettext=lambda text: _texts().ugettext(text),
        ngettext=lambda one, more, count: _texts().ungettext(one, more, count),
        newstyle=True,
        pgettext=lambda context, text: _texts().upgettext(context, text),
        npgettext=lambda context, one, more, count: _texts().unpgettext(context, one, more, count),
    )
    app.jinja_env.globals.update(get_locale=get_locale, LANGUAGES=LANGUAGES, here=_here)
    app.after_request(_vary)


def _texts() -> NullTranslations:
    """Return the texts of the language of the request. A page asks for some hundred: they are looked up once."""
    if (texts := g.get("texts")) is None:
        texts = g.texts = get_translations()
    found: NullTranslations = texts
    return found


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
