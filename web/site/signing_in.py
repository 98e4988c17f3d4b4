"""Let people in by name and password or by a one-time link, and out again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_login import login_required, logout_user
from werkzeug.wrappers import Response

from kb.people import LONGEST_NAME, Person, name_key
from web.api.rate_limits import address_of
from web.links import person_of_link, spend_link, spend_person_link
from web.site.choosing import CHOSEN, chosen_password
from web.site.sessions import SignedIn, begin_session
from web.wiring import Services

LOOPBACK = ("127.0.0.1", "localhost", "::1")
GUESSES_BY_ADDRESS = "10 per minute"
GUESSES_BY_NAME = "30 per hour"
"""Wrong passwords for one name. More would let it be guessed at from many addresses; fewer would let anybody keep its
owner out, who has a link as the way back."""
LINKS_BY_ADDRESS = "20 per minute"
REFUSED = 422
pages = Blueprint("sign_in", __name__)
_log = logging.getLogger("fixlore.people")


@pages.get("/sign-in")
def waiting() -> str:
    """Ask for name and password, and remember where somebody wanted to go."""
    if "next" in request.args:
        session["next"] = request.args["next"]
    return _page()


@pages.post("/sign-in")
def with_password() -> Response | tuple[str, int]:
    """Sign in with name and password; what is wrong of the two is not told."""
    name = request.form.get("name", "")
    person = _services().passwords.person_with(name, request.form.get("password", ""))
    if person is None:
        known = _services().store.person(name)  # what else is typed as a name may be a password
        _log.info("sign-in refused", extra={"person": known.name} if known else {})
        return _page(is_wrong=True, name=name), REFUSED
    return _signed_in(person, "signed in", _target())


@pages.get("/sign-in/<secret>")
def sign_in(secret: str) -> str | Response | tuple[str, int]:
    """Let the person of a link choose a password; the link of the installation, shown on the terminal, is spent."""
    if request.method == "HEAD":
        return ""
    store = _services().store
    person = person_of_link(store, secret)
    if person is not None:
        return _choosing(person)
    if not spend_link(store, secret):
        return _page(has_failed=True), 403
    _log.info("signed in by the link of the installation")
    answer = begin_session(SignedIn(), _target())
    answer.status_code = 302
    return answer


@pages.post("/sign-in/<secret>")
def choose(secret: str) -> Response | tuple[str, int]:
    """Set the password that the person of a link has chosen, and sign in."""
    store = _services().store
    person = person_of_link(store, secret)
    if person is None:
        return _page(has_failed=True), 403
    chosen = chosen_password(request.form, person.name)
    if chosen.problem:
        return _choosing(person, chosen.problem), REFUSED
    person = spend_person_link(store, secret, _services().passwords.hashed(chosen.password))
    if person is None:
        return _page(has_failed=True), 403
    return _signed_in(person, "password chosen by a link", _target())


@pages.post("/sign-out")
@login_required
def sign_out() -> Response:
    """End the session."""
    logout_user()
    return out()


def out() -> Response:
    """Return the way out: the sign-in page, with nothing of the site kept by the browser."""
    answer = redirect(url_for("sign_in.waiting"), 303)
    if request.is_secure or urlsplit(request.host_url).hostname in LOOPBACK:  # elsewhere browsers refuse it, and say so
        answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def limit_guessing(app: Flask, limiter: Limiter) -> None:
    """Limit how often links are tried, and how many passwords are wrong, from one address and for one name."""
    links = limiter.limit(LINKS_BY_ADDRESS, key_func=_address, error_message=too_many)
    for endpoint in ("sign_in.sign_in", "sign_in.choose"):
        limit_view(app, endpoint, links)
    for limit, key in ((GUESSES_BY_ADDRESS, _address), (GUESSES_BY_NAME, _named)):
        guesses = limiter.limit(limit, key_func=key, deduct_when=was_refused, error_message=too_many)
        limit_view(app, "sign_in.with_password", guesses)


def limit_view(app: Flask, endpoint: str, limit: Callable[[Any], Any]) -> None:
    """Put a limit before a view that is registered; one that is not wrapped is not limited."""
    app.view_functions[endpoint] = limit(app.view_functions[endpoint])


def was_refused(response: Response) -> bool:
    """Say whether what was guessed was wrong: only that is counted."""
    return response.status_code == REFUSED


def too_many() -> str:
    """Return what is said to who tries too often."""
    return str(_("Too many attempts. Wait some minutes, or ask an administrator for a link."))


def _address() -> str:
    return address_of(request.remote_addr)


def _named() -> str:
    # cut last: of two spellings that lead to one account none may have a counter of its own
    return f"name {name_key(request.form.get('name', ''))[:LONGEST_NAME]}"


def _target() -> str:
    return request.form.get("next") or request.args.get("next") or str(session.get("next", ""))


def _signed_in(person: Person, told: str, target: str) -> Response:
    _log.info(told, extra={"person": person.name})
    return begin_session(SignedIn(person), target)


def _page(*, has_failed: bool = False, is_wrong: bool = False, name: str = "") -> str:
    return render_template(
        "sign_in/sign_in.html", has_failed=has_failed, is_wrong=is_wrong, name=name, target=_target()
    )


def _choosing(person: Person, problem: str = "") -> str:
    return render_template("sign_in/choose.html", person=person, problem=problem, target=_target(), **CHOSEN)


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
