"""One's own account: full name, password, and signing out everywhere."""

from __future__ import annotations

import logging

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from kb.errors import InvalidInput
from kb.people import LONGEST_FULL_NAME, Person, checked_full_name
from web.site.choosing import CHOSEN, chosen_password
from web.site.permissions import allowed
from web.site.roles import ROLE_WORDS
from web.site.sessions import SignedIn, begin_session
from web.site.signing_in import GUESSES_BY_NAME, REFUSED, limit_view, out, too_many, was_refused
from web.wiring import Services

pages = Blueprint("account", __name__)
_log = logging.getLogger("fixlore.people")


@pages.get("/account")
@allowed("read")
def account_page() -> str:
    """Show who is signed in, with the forms to change what is one's own."""
    return _page(saved=request.args.get("saved", ""))


@pages.post("/account")
@allowed("read")
def rename() -> Response | tuple[str, int]:
    """Change one's full name."""
    person = _account()
    try:
        full_name = checked_full_name(request.form.get("full_name", ""))
    except InvalidInput:
        return _page({"full_name": _("Write at most %(count)s readable characters.", count=LONGEST_FULL_NAME)}), REFUSED
    _services().store.change_person(person.name, full_name=full_name)
    return redirect(url_for("account.account_page", saved="name"), 303)


@pages.post("/account/password")
@allowed("read")
def change_password() -> Response | tuple[str, int]:
    """Change one's password, which ends every other session; who does it must know the present one."""
    person, passwords = _account(), _services().passwords
    if passwords.person_with(person.name, request.form.get("current", "")) is None:
        return _page({"current": _("This is not your present password.")}), REFUSED
    chosen = chosen_password(request.form, person.name)
    if chosen.problem:
        return _page({"password": chosen.problem}), REFUSED
    changed = _services().store.set_password(person.name, passwords.hashed(chosen.password))
    _log.info("password changed", extra={"person": person.name})
    return begin_session(SignedIn(changed), url_for("account.account_page", saved="password"))


@pages.post("/account/sessions")
@allowed("read")
def sign_out_everywhere() -> Response:
    """End every session of one's own, this one too."""
    person = _account()
    _services().store.end_sessions(person.name)
    _log.info("signed out everywhere", extra={"person": person.name})
    logout_user()
    return out()


def limit_guessing(app: Flask, limiter: Limiter) -> None:
    """Limit how often the present password may be wrong: a session that somebody left open must not tell it."""
    guesses = limiter.limit(GUESSES_BY_NAME, key_func=_name_of_reader, deduct_when=was_refused, error_message=too_many)
    limit_view(app, "account.change_password", guesses)


def _name_of_reader() -> str:
    return f"name {current_user.name}"


def _account() -> Person:
    """Return the account of who is signed in; the administrator without one has nothing to change (403)."""
    account: Person | None = current_user.account
    if account is None:
        abort(403, _("You are signed in without an account. Make one first."))
    return account


def _page(problems: dict[str, str] | None = None, saved: str = "") -> str:
    account = current_user.account
    return render_template(
        "people/account.html",
        person=account,
        role=ROLE_WORDS[current_user.viewer.role],
        problems=problems or {},
        saved=saved if saved in ("name", "password") else "",
        sent=request.form,
        longest_full_name=LONGEST_FULL_NAME,
        **CHOSEN,
    )


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
