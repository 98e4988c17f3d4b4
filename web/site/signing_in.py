"""Let people in by a one-time link, and out again."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_login import UserMixin, login_required, login_user, logout_user
from werkzeug.wrappers import Response

from kb.protocols.store import Store
from kb.queries import Viewer

pages = Blueprint("sign_in", __name__)
LINK_SETTING = "sign_in_link"
LINK_LIFETIME = timedelta(hours=24)


class Person(UserMixin):  # type: ignore[misc]
    """Somebody who is signed in: for now the one administrator of the installation."""

    id = "administrator"

    @property
    def viewer(self) -> Viewer:
        """Return what this person may see."""
        return Viewer(name="administrator", audiences=None, may_edit=True)


def load_person(person_id: str) -> Person | None:
    """Return the person of a session, `None` when there is no such person."""
    return Person() if person_id == Person.id else None


def new_sign_in_path(store: Store) -> str:
    """Make a one-time sign-in link, valid for a day, and return its path; an earlier unused link is void."""
    secret = secrets.token_urlsafe(32)
    expires = datetime.now(UTC) + LINK_LIFETIME
    store.put_setting(LINK_SETTING, json.dumps({"hash": _hash(secret), "expires": expires.isoformat()}))
    return f"/sign-in/{secret}"


@pages.get("/sign-in")
def waiting() -> str | Response:
    """Tell somebody without a session how to get one."""
    return render_template("sign_in/sign_in.html", failed=False)


@pages.get("/sign-in/<secret>")
def sign_in(secret: str) -> str | Response | tuple[str, int]:
    """Spend the link and sign in. The link is shown on the terminal alone, so no mail scanner opens it first."""
    store: Store = current_app.extensions["fixlore"].store
    if request.method == "HEAD":
        return ""
    stored = json.loads(store.setting(LINK_SETTING) or "{}")
    fits = hmac.compare_digest(str(stored.get("hash", "")), _hash(secret))
    if not fits or datetime.fromisoformat(stored["expires"]) < datetime.now(UTC):
        return render_template("sign_in/sign_in.html", failed=True), 403
    store.put_setting(LINK_SETTING, None)
    session.clear()
    login_user(Person(), remember=True)
    return redirect(_safe_target(request.args.get("next", "")))


@pages.post("/sign-out")
@login_required
def sign_out() -> Response:
    """End the session."""
    logout_user()
    return redirect(url_for("sign_in.waiting"))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _safe_target(target: str) -> str:
    """Return `target` when it is a path on this host, else the search page: no open redirect."""
    parts = urlsplit(target)
    local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
    return target if local else url_for("searching.search_page")
