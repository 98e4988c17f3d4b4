"""Say who is signed in, and begin sessions."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app, g, redirect, session
from flask_login import AnonymousUserMixin, UserMixin, login_user
from werkzeug.wrappers import Response

from kb.access import ADMINISTRATOR
from kb.people import Person
from kb.queries import Viewer
from kb.roles import Action
from web.addresses import local_target
from web.wiring import Services


class SignedIn(UserMixin):  # type: ignore[misc]
    """Somebody who is signed in: a person, or the administrator without an account who makes the first one."""

    def __init__(self, account: Person | None = None):
        self.account = account

    def get_id(self) -> str:
        """Return what a session keeps; it ends when the person's mark changes. No name holds a space."""
        return ADMINISTRATOR.name if self.account is None else f"{self.account.name} {self.account.session_mark}"

    @property
    def viewer(self) -> Viewer:
        """Return what this person may see and do."""
        return ADMINISTRATOR if self.account is None else self.account.viewer

    @property
    def name(self) -> str:
        """Return the name that logs, feedback and the history of articles have."""
        return self.viewer.name

    def may(self, action: Action) -> bool:
        """Say whether this person may do something (`kb.roles`)."""
        return self.viewer.may(action)


class Stranger(AnonymousUserMixin):  # type: ignore[misc]
    """Somebody who is not signed in."""

    account = None
    name = ""

    def may(self, action: Action) -> bool:
        """Say that a stranger may do nothing."""
        return False


def load_person(session_id: str) -> SignedIn | None:
    """Return who has this session, `None` when it is over: the person is disabled, or the mark changed."""
    store = _services().store
    if session_id == ADMINISTRATOR.name:
        return None if store.has_administrator() else SignedIn()
    name, _, mark = session_id.partition(" ")
    person = store.person(name)
    if person is None or person.is_disabled or person.session_mark != mark:
        return None
    if not person.was_seen_of_late(datetime.now(UTC)):
        store.note_seen(person.name)
    return SignedIn(person)


def show_to_a_stranger() -> None:
    """Have the rest of this request not ask the store who is signed in."""
    g._login_user = Stranger()  # where Flask-Login keeps the answer


def begin_session(who: SignedIn, target: str) -> Response:
    """Begin a session of its own, so that nobody who knew the one before has it, and lead to a page of this site."""
    session.clear()
    login_user(who, remember=True)
    return redirect(local_target(target), 303)


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
