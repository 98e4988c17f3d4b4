"""Let people in by a one-time link, and out again."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_login import UserMixin, login_required, login_user, logout_user
from werkzeug.wrappers import Response

from kb.access import ADMINISTRATOR
from kb.queries import Viewer
from kb.roles import Action
from web.addresses import local_target
from web.links import spend_link

LOOPBACK = ("127.0.0.1", "localhost", "::1")
pages = Blueprint("sign_in", __name__)


class Person(UserMixin):  # type: ignore[misc]
    """Somebody who is signed in: for now the one administrator of the installation."""

    id = ADMINISTRATOR.name

    @property
    def viewer(self) -> Viewer:
        """Return what this person may see and do."""
        return ADMINISTRATOR

    def may(self, action: Action) -> bool:
        """Say whether this person may do something (`kb.roles`)."""
        return self.viewer.may(action)


def load_person(person_id: str) -> Person | None:
    """Return the person of a session, `None` when there is no such person."""
    return Person() if person_id == Person.id else None


@pages.get("/sign-in")
def waiting() -> str:
    """Tell somebody without a session how to get one, and remember where they wanted to go."""
    if "next" in request.args:
        session["next"] = request.args["next"]
    return render_template("sign_in/sign_in.html", failed=False)


@pages.get("/sign-in/<secret>")
def sign_in(secret: str) -> str | Response | tuple[str, int]:
    """Spend the link and sign in. The link is shown on the terminal alone, so no mail scanner opens it first."""
    if request.method == "HEAD":
        return ""
    if not spend_link(current_app.extensions["fixlore"].store, secret):
        return render_template("sign_in/sign_in.html", failed=True), 403
    target = request.args.get("next") or session.get("next", "")
    session.clear()
    login_user(Person(), remember=True)
    return redirect(local_target(target))


@pages.post("/sign-out")
@login_required
def sign_out() -> Response:
    """End the session."""
    logout_user()
    answer = redirect(url_for("sign_in.waiting"))
    if request.is_secure or urlsplit(request.host_url).hostname in LOOPBACK:  # elsewhere browsers refuse it, and say so
        answer.headers["Clear-Site-Data"] = '"cache"'
    return answer
