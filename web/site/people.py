"""People: list them, add one with an invitation, change role and groups, disable and enable."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response as WerkzeugResponse

from kb.errors import InvalidInput
from kb.people import (
    LONGEST_FULL_NAME,
    LONGEST_NAME,
    Person,
    checked_full_name,
    checked_groups,
    checked_name,
)
from kb.roles import ROLES, role_from
from web.links import new_person_path
from web.site.choosing import CHOSEN, chosen_password
from web.site.permissions import allowed
from web.site.roles import ROLE_WORDS, roles_table
from web.site.sessions import SignedIn, begin_session
from web.wiring import Services

pages = Blueprint("people", __name__)
_log = logging.getLogger("fixlore.people")
_Value = TypeVar("_Value")
PROBLEMS = MappingProxyType(
    {
        "name": _l("Use letters, digits and . @ + - _ alone, and a name that nobody else has."),
        "full_name": _l("Write at most %(count)s readable characters.", count=LONGEST_FULL_NAME),
        "role": _l("Choose a role."),
        "groups": _l("Name groups with white space or commas between them, such as network."),
    }
)
"""Field → what to do about what is wrong with it."""
LAST = _l("This is the last administrator who can sign in. Make another person one first.")


@pages.get("/people")
@allowed("administer")
def people_page() -> str:
    """List everybody, with the form to add somebody."""
    return _list({}, {})


@pages.post("/people")
@allowed("administer")
def add() -> Response | tuple[str, int]:
    """Add somebody and show the link of the invitation, once: no browser may keep the page."""
    form, problems = request.form, dict[str, str]()
    sent = {name: form.get(name, "") for name in ("name", "full_name", "role", "groups")}
    name = _checked(problems, lambda: checked_name(sent["name"]))
    full_name = _checked(problems, lambda: checked_full_name(sent["full_name"]))
    role = _checked(problems, lambda: role_from(sent["role"]))
    groups = _checked(problems, lambda: checked_groups(_split(sent["groups"])))
    person: Person | None = None
    if name is not None and full_name is not None and role is not None and groups is not None:
        person = _checked(problems, lambda: _services().store.add_person(name, role, full_name, groups))
    if person is None:
        return _list(sent, problems), 422
    _log.info("person added", extra={"person": person.name, "role": person.role, "by": current_user.name})
    return _once(_list({}, {}, link=_new_link(person), invited=person))


@pages.get("/people/roles")
@allowed("read")
def roles_page() -> str:
    """Show who may do what."""
    return render_template("people/roles.html", roles=[(one, ROLE_WORDS[one]) for one in ROLES], rows=roles_table())


@pages.get("/people/first")
@allowed("administer")
def first_page() -> str:
    """Ask who came by the link of the installation for the account of the first administrator."""
    _refuse_account()
    return _first({}, {})


@pages.post("/people/first")
@allowed("administer")
def first() -> WerkzeugResponse | tuple[str, int]:
    """Make the account of the first administrator and go on as that person."""
    _refuse_account()
    form, problems = request.form, dict[str, str]()
    store, passwords = _services().store, _services().passwords
    sent = {name: form.get(name, "") for name in ("name", "full_name")}
    name = _checked(problems, lambda: checked_name(sent["name"]))
    full_name = _checked(problems, lambda: checked_full_name(sent["full_name"]))
    chosen = chosen_password(form, name or "")
    if chosen.problem:
        problems["password"] = chosen.problem
    person: Person | None = None
    if name is not None and full_name is not None and not problems:
        hashed = passwords.hashed(chosen.password)
        person = _checked(problems, lambda: store.add_person(name, "administrator", full_name, password_hash=hashed))
    if person is None:
        return _first(sent, problems), 422
    _log.info("first administrator", extra={"person": person.name})
    return begin_session(SignedIn(person), url_for("people.people_page"))


@pages.get("/person/<name>")
@allowed("administer")
def person_page(name: str) -> str:
    """Show one person with what can be changed."""
    return _person(_known(name), saved="saved" in request.args)


@pages.post("/person/<name>")
@allowed("administer")
def change(name: str) -> WerkzeugResponse | tuple[str, int]:
    """Change full name, role and groups."""
    person, form, problems = _known(name), request.form, dict[str, str]()
    sent = {field: form.get(field, "") for field in ("full_name", "role", "groups")}
    full_name = _checked(problems, lambda: checked_full_name(sent["full_name"]))
    role = _checked(problems, lambda: role_from(sent["role"]))
    groups = _checked(problems, lambda: checked_groups(_split(sent["groups"])))
    if full_name is None or role is None or groups is None:
        return _person(person, sent, problems), 422
    try:
        changed = _services().store.change_person(name, full_name=full_name, role=role, groups=groups)
    except InvalidInput:
        return _person(person, sent, {"role": str(LAST)}), 422
    if changed.session_mark != person.session_mark:
        told = {"role": changed.role, "groups": " ".join(changed.groups), "by": current_user.name}
        _log.info("person changed", extra={"person": person.name, **told})
    return _back(changed)


@pages.post("/person/<name>/disable")
@allowed("administer")
def disable(name: str) -> WerkzeugResponse | tuple[str, int]:
    """Let a person in no more, from this moment on."""
    person = _known(name)
    try:
        changed = _services().store.change_person(name, is_disabled=True)
    except InvalidInput:
        return _person(person, problems={"disabled": str(LAST)}), 422
    _log.info("person disabled", extra={"person": person.name, "by": current_user.name})
    return _back(changed)


@pages.post("/person/<name>/enable")
@allowed("administer")
def enable(name: str) -> WerkzeugResponse:
    """Let a person in again."""
    changed = _services().store.change_person(_known(name).name, is_disabled=False)
    _log.info("person enabled", extra={"person": changed.name, "by": current_user.name})
    return _back(changed)


@pages.post("/person/<name>/link")
@allowed("administer")
def new_link(name: str) -> Response | tuple[str, int]:
    """Show a new link by which the person chooses a password, once."""
    person = _known(name)
    if person.is_disabled:
        return _person(person, problems={"disabled": _("Enable the account first.")}), 422
    _log.info("link made", extra={"person": person.name, "by": current_user.name})
    return _once(_person(person, link=_new_link(person)))


def _known(name: str) -> Person:
    person = _services().store.person(name)
    if person is None:
        abort(404, _("There is no person %(name)s.", name=name))
    return person


def _refuse_account() -> None:
    if current_user.account is not None:
        abort(403, _("There is an administrator already."))


def _back(person: Person) -> WerkzeugResponse:
    """Lead to the page of a person; who changed their own account goes on with it, as far as it may still go."""
    target = url_for("people.person_page", name=person.name, saved=1)
    if current_user.name != person.name or person.is_disabled:
        return redirect(target, 303)
    return begin_session(SignedIn(person), target if person.may("administer") else "/")


def _new_link(person: Person) -> str:
    base = _services().settings.base_url or request.host_url
    return base.rstrip("/") + new_person_path(_services().store, person.name)


def _once(page: str) -> Response:
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _split(groups: str) -> list[str]:
    return groups.replace(",", " ").split()


def _checked(problems: dict[str, str], check: Callable[[], _Value]) -> _Value | None:
    """Return what a check returns; what it refuses is noted under the field that it names."""
    try:
        return check()
    except InvalidInput as error:
        field = error.field if error.field in PROBLEMS else "name"
        problems[str(field)] = str(PROBLEMS[str(field)])
        return None


def _list(
    sent: Mapping[str, str], problems: Mapping[str, str], *, link: str = "", invited: Person | None = None
) -> str:
    return render_template(
        "people/people.html",
        people=sorted(_services().store.people(), key=lambda one: one.is_disabled),
        roles=ROLE_WORDS,
        sent={"role": "agent", **sent},
        problems=problems,
        link=link,
        invited=invited,
        longest_name=LONGEST_NAME,
        longest_full_name=LONGEST_FULL_NAME,
    )


def _person(
    person: Person,
    sent: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    link: str = "",
    saved: bool = False,
) -> str:
    stored = {"full_name": person.full_name, "role": person.role, "groups": ", ".join(person.groups)}
    return render_template(
        "people/person.html",
        person=person,
        roles=ROLE_WORDS,
        sent=sent or stored,
        problems=problems or {},
        link=link,
        saved=saved,
        longest_full_name=LONGEST_FULL_NAME,
    )


def _first(sent: Mapping[str, str], problems: Mapping[str, str]) -> str:
    return render_template(
        "people/first.html",
        sent=sent,
        problems=problems,
        longest_name=LONGEST_NAME,
        longest_full_name=LONGEST_FULL_NAME,
        **CHOSEN,
    )


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
