"""Turn every failure of an API request into `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging

from flask import Response, current_app, g, json, request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException

from kb.errors import (
    ConfigurationError,
    FixloreError,
    IdConflict,
    IndexUnavailable,
    InvalidInput,
    ModelUnavailable,
    NotAllowed,
    NotFound,
    StaleEdit,
    StoreError,
    TooLarge,
    WrongKind,
)
from kb.json_values import storable

STATUS: tuple[tuple[type[FixloreError], int], ...] = (
    (StaleEdit, 412),
    (IdConflict, 409),
    (TooLarge, 413),
    (WrongKind, 415),
    (InvalidInput, 422),
    (NotFound, 404),
    (NotAllowed, 403),
    (StoreError, 503),
    (IndexUnavailable, 503),
    (ModelUnavailable, 503),
    (ConfigurationError, 503),
)
"""Error → HTTP status; the first class that fits decides."""

RETRY_AFTER_S = "5"
"""When to try again what a part that is down did not answer: lanes and indexing recover within seconds."""
_log = logging.getLogger("fixlore.web")
_OBJECT = "must be an object"
_NUMBER = "must be a whole number"
_SWITCH = "must be true or false"
_COMPLAINTS = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_unicode": "holds characters that are no Unicode",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} values",
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_from_float": _NUMBER,
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "list_type": "must be a list",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "literal_error": "must be one of {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""Kind of a model's complaint → what is said of the field."""
TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Stale edit",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}

EXAMPLES: dict[int, tuple[str, str]] = {
    400: ("The body is not valid JSON.", ""),
    401: ("The token is unknown or revoked; `kb token create` makes a new one.", ""),
    403: ("The token 'helpdesk' lacks the scope 'tickets:write'.", ""),
    404: ("There is no ticket 'zammad:48213'.", ""),
    405: ("The method is not allowed for the requested URL.", ""),
    409: ("The id 'zammad:48213' belongs to an article of the source 'wiki'; give the ticket another one.", "id"),
    412: ("The article was changed since revision 3; read it again and repeat the change.", ""),
    413: ("The body is longer than 10 MB.", ""),
    415: ("Send the body as application/json.", ""),
    422: ("limit must be at most 100.", "limit"),
    428: ("Send the article's ETag as If-Match.", ""),
    429: ("Too many requests; try again in 5 seconds.", ""),
    500: ("Something went wrong here. The log tells what, under the request 3f9a1c7be204.", ""),
    503: ("The store is busy; try again in a few seconds.", ""),
}
"""Status → what a problem with it may say, and the field that it may name, for the description."""


_OF_HTTP = {
    404: "There is nothing at this address; /api/v1/openapi.json names those there are.",
    405: "This address does not have that method; Allow names those it has.",
    413: "What was sent is larger than this server takes; send less.",
}
"""What is said in place of the framework's own sentence."""


def status_of(error: FixloreError) -> int:
    """Return the HTTP status for an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def problem(status: int, detail: str, *, field: str | None = None) -> Response:
    """Return an RFC 9457 body; `field` names the offending field of the request."""
    body: dict[str, object] = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status}
    body["detail"] = detail
    if field is not None:
        body["field"] = field
    response = Response(json.dumps(body), status=status, mimetype="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="fixlore"'
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response


def validation_problem(error: ValidationError) -> Response:
    """Return 422 for the first field that a request's model refuses."""
    errors = error.errors(include_url=False, include_input=False)
    unknown = [_name_of(one) for one in errors if one["type"] == "extra_forbidden"]
    if len(unknown) == len(errors):
        names = ", ".join(repr(storable(name)) for name in unknown)
        return problem(
            422, f"Unknown here: {names}; /api/v1/openapi.json names what is known.", field=storable(unknown[0])
        )
    first = next(one for one in errors if one["type"] != "extra_forbidden")
    field = storable(_name_of(first))
    return problem(422, f"{field or 'The body'} {_complaint(first)}.", field=field or None)


def _name_of(error: ErrorDetails) -> str:
    return ".".join(str(part) for part in error["loc"])


def _complaint(error: ErrorDetails) -> str:
    """Return what is wrong with a value, without the names of our classes that the library puts into its messages."""
    bounds = error.get("ctx", {})
    kind = error["type"]
    if kind == "string_too_short" and bounds["min_length"] == 1:
        return "is empty; give it a value"
    if kind in _COMPLAINTS:
        return _COMPLAINTS[kind].format_map(bounds)
    return f"is not possible: {error['msg']}"


def problem_of(error: Exception) -> Response:
    """Return the problem for an error of ours, of HTTP, or of nobody's making."""
    if isinstance(error, FixloreError):
        status = status_of(error)
        log_failure(error)
        return problem(status, public_sentence(error), field=getattr(error, "field", None))
    if isinstance(error, HTTPException):
        if isinstance(error.response, Response):
            return error.response
        answer = problem(error.code or 500, _OF_HTTP.get(error.code or 500, error.description or "The request failed."))
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                answer.headers[name] = value
        return answer
    log_failure(error)
    return problem(500, unexpected_sentence())


def log_failure(error: Exception) -> None:
    """Log an error that is not the caller's: what nobody foresaw with its traceback, what has a remedy in a line."""
    if isinstance(error, FixloreError):
        if status_of(error) >= 500:
            _log.error("request failed: %s", error, extra={"route": route()})
        return
    _log.error("request failed: %s", type(error).__name__, exc_info=error, extra={"route": route()})


def public_sentence(error: FixloreError) -> str:
    """Return what an error says, without the place of the home directory on this machine."""
    sentence = str(error)
    if status_of(error) >= 500:
        home = current_app.extensions["fixlore"].settings.home
        for place in (home.resolve(), home.absolute(), home):
            sentence = sentence.replace(f"{place}/", "")
    return sentence


def unexpected_sentence() -> str:
    """Return what a person is told of an error that nobody foresaw."""
    return f"Something went wrong here. The log tells what, under the request {g.get('request_id', 'that was made')}."


def route() -> str:
    """Return the rule that the request fits, never the path that fills it in: it may hold a secret or an id."""
    return str(request.url_rule or "(unknown)")


def wants_problem() -> bool:
    """Say whether the request asks the API rather than a page."""
    if request.path.startswith("/api/") or request.path in ("/healthz", "/readyz", "/metrics"):
        return True
    return request.path == "/attachments" and request.method == "POST" and not wants_page()


def wants_page() -> bool:
    """Say whether a browser that follows a link or sends a form asks, rather than a script."""
    return request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"
