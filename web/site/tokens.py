"""API tokens: make one, see which there are, revoke one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeVar

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response as WerkzeugResponse

from kb.errors import InvalidInput, NotFound
from kb.protocols.store import Token
from web.api.tokens import (
    LIFETIME,
    LONGEST_NAME,
    SCOPES,
    checked_groups,
    checked_name,
    checked_scopes,
    expiry_of,
    new_secret,
    secret_hash,
    state_of,
)
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("tokens", __name__)
_log = logging.getLogger("fixlore.tokens")
_Value = TypeVar("_Value")
SCOPE_WORDS = MappingProxyType(
    {
        "read": _l("Ask: search, similar issues, articles and tickets."),
        "feedback": _l("Say what the results of its own answers were worth."),
        "tickets:write": _l("Send and delete tickets."),
        "articles:write": _l("Write articles, and read drafts."),
        "admin": _l("Everything, whatever the audience. Give it to no ticket system."),
    }
)
LIFETIMES = MappingProxyType(
    {
        "90d": _l("90 days"),
        LIFETIME: _l("One year"),
        "never": _l("Never"),
        "day": _l("After a certain day"),
    }
)
STATE_WORDS = MappingProxyType(
    {
        "live": _l("works"),
        "expiring": _l("expires soon"),
        "expired": _l("expired"),
        "revoked": _l("revoked"),
    }
)
PROBLEMS = MappingProxyType(
    {
        "name": _l("Give it a name that no other token has, such as helpdesk."),
        "scope": _l("Choose what it may do."),
        "audience": _l("Name groups as group:NAME, with white space or commas between them."),
        "expires": _l("Choose a day to come."),
    }
)
"""Field → what to do about what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A token as the page lists it."""

    token: Token
    state: str
    told: str


@pages.get("/tokens")
@allowed("administer")
def tokens_page() -> str:
    """Show every token and the form for a new one."""
    revoked = request.args.get("revoked", "")
    return _page({}, {}, revoked=revoked if any(one.name == revoked for one in _services().store.tokens()) else "")


@pages.post("/tokens")
@allowed("administer")
def create() -> Response | tuple[str, int]:
    """Make a token and show its secret, once: no browser may keep the page."""
    form, problems = request.form, dict[str, str]()
    sent = {name: form.get(name, "") for name in ("name", "audience", "expires", "day")}
    ends = sent["day"] if sent["expires"] == "day" else sent["expires"]
    name = _checked(problems, lambda: checked_name(sent["name"]))
    scopes = _checked(problems, lambda: checked_scopes(form.getlist("scope")))
    groups = _checked(problems, lambda: checked_groups(sent["audience"].replace(",", " ").split()))
    expires_at = _checked(problems, lambda: expiry_of(ends, datetime.now(UTC)))
    secret = new_secret()
    if name and scopes and groups is not None and not problems:
        _checked(
            problems, lambda: _services().store.create_token(name, scopes, secret_hash(secret), expires_at, groups)
        )
    if problems or not name or not scopes:
        return _page({**sent, "scope": form.getlist("scope")}, problems), 422
    _log.info("token made", extra={"token": name, "scopes": " ".join(scopes), "by": current_user.viewer.name})
    answer = make_response(_page({}, {}, secret=secret, made=name))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/tokens/revoke")
@allowed("administer")
def revoke() -> WerkzeugResponse:
    """Revoke a token; one that is revoked already stays so."""
    name = request.form.get("name", "")
    try:
        _services().store.revoke_token(name)
        _log.info("token revoked", extra={"token": name, "by": current_user.viewer.name})
    except NotFound:
        pass  # somebody else was faster, which is as good
    return redirect(url_for("tokens.tokens_page", revoked=name), 303)


def _checked(problems: dict[str, str], check: Callable[[], _Value]) -> _Value | None:
    """Return what a check returns; what it refuses is noted under the field that it names."""
    try:
        return check()
    except InvalidInput as error:
        field = error.field if error.field in PROBLEMS else "name"
        problems[str(field)] = str(PROBLEMS[str(field)])
        return None


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


def _page(
    sent: Mapping[str, object], problems: Mapping[str, str], *, secret: str = "", made: str = "", revoked: str = ""
) -> str:
    now = datetime.now(UTC)
    rows = [Row(one, state_of(one, now), str(STATE_WORDS[state_of(one, now)])) for one in _services().store.tokens()]
    rows.sort(key=lambda row: (row.state == "revoked", row.token.name, row.token.created_at))
    return render_template(
        "tokens/tokens.html",
        rows=rows,
        scopes=[(name, SCOPE_WORDS[name]) for name in SCOPES],
        lifetimes=LIFETIMES,
        longest_name=LONGEST_NAME,
        sent={"expires": LIFETIME, "scope": ["read"], **sent},
        problems=problems,
        secret=secret,
        made=made,
        revoked=revoked,
    )
