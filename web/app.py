"""Build the Flask application: API, pages, health, and what every answer carries."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import timedelta
from http import HTTPStatus
from math import ceil

from flask import Response, current_app, g, make_response, request
from flask_limiter import RateLimitExceeded
from flask_openapi3.openapi import OpenAPI
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from kb.errors import FixloreError
from web import health
from web.api import articles, describing, feedback, incidents, report, search, similar, tickets, webhooks
from web.api.authentication import authenticate
from web.api.description import INFO, SECURITY_SCHEMES
from web.api.models import Problem
from web.api.rate_limits import install_rate_limits
from web.api.strict_json import StrictJSON
from web.deliveries import Deliveries
from web.logs import GIVEN_ID, REQUEST_ID
from web.metrics import Metrics
from web.problems import (
    RETRY_AFTER_S,
    log_failure,
    problem_of,
    public_sentence,
    route,
    status_of,
    unexpected_sentence,
    validation_problem,
    wants_problem,
)
from web.site.errors import error_page, unsaved_page
from web.site.install import install_site
from web.wiring import Services

_log = logging.getLogger("fixlore.requests")


def create_app(services: Services) -> OpenAPI:
    """Return the application over `services`; it opens and closes nothing itself."""
    app = OpenAPI(
        "web",
        info=INFO,
        security_schemes=SECURITY_SCHEMES,
        validation_error_callback=validation_problem,
        validation_error_model=Problem,
        doc_ui=False,
    )
    app.extensions["fixlore"] = services
    app.extensions["metrics"] = metrics = Metrics(services)
    services.answered = metrics.count_answer
    app.extensions["deliveries"] = deliveries = Deliveries(services, metrics)
    services.closing.append(deliveries.write)
    app.extensions["description"] = {}
    app.json = StrictJSON(app)
    app.url_map.merge_slashes = False  # an id may hold several in a row
    app.config.update(
        SECRET_KEY=services.session_key(),
        WTF_CSRF_TIME_LIMIT=None,  # the token is bound to the session: a page open since the morning can still be sent
        MAX_CONTENT_LENGTH=services.settings.max_body_mb * 2**20,
        MAX_FORM_MEMORY_SIZE=services.settings.max_body_mb * 2**20,  # an article is one field
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=services.settings.base_url.startswith("https://"),
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=services.settings.base_url.startswith("https://"),
        REMEMBER_COOKIE_DURATION=timedelta(days=30),
    )
    if services.settings.base_url:
        # Only an installation with an address of its own stands behind a proxy whose headers can be believed.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.before_request(_begin)  # first: whatever refuses a request, its answer is stamped and logged
    install_rate_limits(app, services.settings.rate_limit)
    app.before_request(authenticate)
    for resource in (
        similar,
        search,
        tickets,
        webhooks,
        articles,
        feedback,
        incidents,
        report,
        describing,
        health,
    ):
        app.register_api(resource.api)
    install_site(app)
    app.register_error_handler(Exception, _error_answer)
    app.after_request(_finish)
    app.teardown_request(_forget)
    return app


def _begin() -> None:
    g.request_id = _given_id() or uuid.uuid4().hex[:12]
    g.began = time.perf_counter()
    REQUEST_ID.set(g.request_id)


def _given_id() -> str | None:
    """Return the id that the proxy gave the request. Without a proxy anybody could write one, so none is believed."""
    given = request.headers.get("X-Request-Id", "") if current_app.extensions["fixlore"].settings.base_url else ""
    return given if GIVEN_ID.fullmatch(given) else None


def _finish(response: Response) -> Response:
    """Stamp the answer with its request id; count and log the request by its route."""
    response.headers["X-Request-Id"] = g.get("request_id", "")
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    metrics: Metrics = current_app.extensions["metrics"]
    metrics.count_request(route(), request.method, response.status_code, seconds)
    response.call_on_close(current_app.extensions["deliveries"].write_due)  # after the answer: a store can be busy
    fields = {"method": request.method, "route": route(), "status": response.status_code}
    by = {"by": name} if (name := _asked_by()) else {}
    _log.info("request", extra={**fields, "took_ms": round(1000 * seconds), **by})
    return response


def _asked_by() -> str | None:
    """Return the name of the token or person, when the request got as far as that."""
    viewer = g.get("viewer") or getattr(g.get("_login_user"), "viewer", None)  # what Flask-Login found, asked no more
    return getattr(viewer, "name", None)


def _forget(error: BaseException | None) -> None:
    REQUEST_ID.set(None)


def _seconds_left() -> int:
    """Return in how many seconds the limit that was passed ends."""
    ends = [one.current_limit.reset_at for one in current_app.extensions["limiter"] if one.current_limit is not None]
    return max(1, ceil(max(ends, default=0) - time.time()))


def _error_answer(error: Exception) -> Response:
    """Answer an error as a problem to programs and as a page to people."""
    if wants_problem():
        return problem_of(error)
    if isinstance(error, CSRFError) and (page := unsaved_page()) is not None:
        return make_response(page)
    if isinstance(error, HTTPException):
        if isinstance(error.response, Response):
            return error.response
        answer = make_response(error_page(error.code or 500, error.description or ""))
        if isinstance(error, RateLimitExceeded):
            answer.headers["Retry-After"] = str(_seconds_left())
        return answer
    log_failure(error)
    if isinstance(error, FixloreError):
        answer = make_response(error_page(status_of(error), public_sentence(error)))
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            answer.headers["Retry-After"] = RETRY_AFTER_S
        return answer
    return make_response(error_page(HTTPStatus.INTERNAL_SERVER_ERROR, unexpected_sentence()))
