"""Say which token asks and what it may do."""

from __future__ import annotations

from collections.abc import Callable
from json import JSONDecodeError
from typing import TypeVar

from flask import Response, current_app, g, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from kb.protocols.store import Token
from kb.queries import Viewer
from kb.roles import Role, allows
from web.api.rate_limits import count_failure, note_success, refuse_address, refuse_guessing, refuse_token
from web.api.tokens import secret_hash
from web.problems import problem

OPEN = "open"
LINE_TYPES = ("application/x-ndjson", "application/jsonl", "application/json", "text/plain")
"""Content types of a body of lines; a form is refused, though `curl --data` calls everything one."""
_VIEW = TypeVar("_VIEW", bound=Callable[..., object])


def scope(name: str) -> Callable[[_VIEW], _VIEW]:
    """Mark a view with the scope its caller needs; an unmarked view below `/api/v1` is refused to everyone."""

    def mark(view: _VIEW) -> _VIEW:
        view.fixlore_scope = name  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: _VIEW) -> _VIEW:
    """Mark a view that needs no token."""
    return scope(OPEN)(view)


def own_address() -> str:
    """Return where this installation is: as its settings say, else as the request calls it, so that links work."""
    return current_app.extensions["fixlore"].settings.base_url or request.host_url


def viewer_of(token: Token) -> Viewer:
    """Return what a token may see: every audience for `admin`, else its groups too; drafts for writers of articles.

    A program that writes articles has the role of a reviewer: what it sends was decided elsewhere.
    """
    scopes = set(token.scopes)
    role: Role = "administrator" if "admin" in scopes else "reviewer" if "articles:write" in scopes else "agent"
    audiences = None if "admin" in scopes else frozenset({"public", "internal", *token.audiences})
    return Viewer(name=f"token:{token.name}", audiences=audiences, may_edit=allows(role, "write"), role=role)


def authenticate() -> Response | None:
    """Check token, scope and the form of the body of an API request before anything else looks at it."""
    view = current_app.view_functions.get(request.endpoint or "")
    if not request.path.startswith("/api/v1/") or view is None or request.method == "OPTIONS":
        return None  # which methods an address has is no secret: the description tells
    needed = getattr(view, "fixlore_scope", None)
    if needed == OPEN:
        return refuse_address() if getattr(view, "fixlore_limited", False) else None
    if needed is None:
        return problem(403, "This endpoint is closed.")
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        return problem(401, "Send a token as 'Authorization: Bearer TOKEN'; `kb token create` makes one.")
    hashed = secret_hash(secret.strip())
    if (refused := refuse_guessing(hashed)) is not None:
        return refused
    token = current_app.extensions["fixlore"].store.token(hashed)
    if token is None:
        return _wrong(hashed)
    note_success(hashed)
    g.viewer = viewer_of(token)  # from here on the log tells who asked
    if (refused := refuse_token(token.name)) is not None:
        return refused
    if needed not in token.scopes and "admin" not in token.scopes:
        return problem(403, f"The token {token.name!r} lacks the scope {needed!r}.")
    return _checked_body(getattr(view, "fixlore_body", "json"))


def _wrong(hashed: str) -> Response:
    """Refuse a secret; only who holds the whole of one is told that it has expired."""
    count_failure(hashed)
    if current_app.extensions["fixlore"].store.has_expired(hashed):
        return problem(401, "The token has expired; `kb token create` makes a new one.")
    return problem(401, "The token is unknown or revoked; `kb token create` makes a new one.")


def _checked_body(kind: str) -> Response | None:
    """Refuse a body that is no JSON object, or for a view that reads lines itself (`ndjson`), of another type."""
    if request.method not in ("POST", "PUT"):
        return None
    if kind == "ndjson":
        if request.mimetype in ("", *LINE_TYPES):
            return None
        return problem(415, f"Send one JSON object a line, as {LINE_TYPES[0]}.")
    try:
        body = request.get_json()
    except UnsupportedMediaType:
        return problem(415, "Send the body as application/json.")
    except RecursionError:
        return problem(400, "The body is nested too deeply; flatten it.")
    except (BadRequest, UnicodeError) as error:
        return problem(400, f"The body is not valid JSON{_why(error)}.")
    if not isinstance(body, dict):
        return problem(422, "The body must be a JSON object.")
    return None


def _why(error: BaseException) -> str:
    """Return what the reader of JSON said, which Flask and Werkzeug each wrap into an error of their own."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ValueError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, JSONDecodeError):
        return f": {cause.msg} (line {cause.lineno}, column {cause.colno})"
    if isinstance(cause, UnicodeError):
        return ": it is not UTF-8"
    return f": {cause}" if cause else ""


def reads_lines(view: _VIEW) -> _VIEW:
    """Mark a view that reads its body itself, line by line."""
    view.fixlore_body = "ndjson"  # type: ignore[attr-defined]
    return view
