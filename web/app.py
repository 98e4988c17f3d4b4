"""Build the Flask application: API, pages, health, and what every answer carries."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Response, g, request
from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from kb.errors import FixloreError
from web.api import articles, feedback, search, similar, tickets
from web.api.authentication import authenticate, open_to_all
from web.api.schemas import Problem
from web.health import health
from web.problems import problem_of, status_of, validation_problem, wants_problem
from web.site.errors import error_page
from web.site.install import install_site
from web.wiring import Services

_log = logging.getLogger("fixlore.requests")
SECURITY_SCHEMES: dict[str, SecurityScheme | dict[str, Any]] = {"token": {"type": "http", "scheme": "bearer"}}


def create_app(services: Services) -> OpenAPI:
    """Return the application over `services`; it opens and closes nothing itself."""
    app = OpenAPI(
        "web",
        info=Info(title="Fixlore", version="1", description="Has anyone fixed this before?"),
        security_schemes=SECURITY_SCHEMES,
        validation_error_callback=validation_problem,
        validation_error_model=Problem,
        doc_ui=False,
    )
    app.extensions["fixlore"] = services
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(
        SECRET_KEY=services.session_key(),
        MAX_CONTENT_LENGTH=services.settings.max_body_mb * 2**20,
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
    app.before_request(authenticate)
    for resource in (search, similar, tickets, articles, feedback):
        app.register_api(resource.api)
    app.register_blueprint(health)
    app.add_url_rule("/api/v1/openapi.json", "openapi", open_to_all(lambda: app.api_doc))
    install_site(app)
    app.register_error_handler(Exception, _error_answer)
    app.after_request(_finish)
    return app


def _begin() -> None:
    g.request_id = uuid.uuid4().hex[:12]
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    """Stamp the answer with its request id and log the request by its route: what fills it in may be a secret."""
    response.headers["X-Request-Id"] = g.get("request_id", "")
    took_ms = 1000 * (time.perf_counter() - g.get("began", time.perf_counter()))
    route = request.url_rule or "(unknown)"
    _log.info("%s %s %s %s %.0f ms", g.get("request_id", "-"), request.method, route, response.status_code, took_ms)
    return response


def _error_answer(error: Exception) -> Response | tuple[str, int]:
    """Answer an error as a problem to programs and as a page to people."""
    if wants_problem():
        return problem_of(error)
    if isinstance(error, HTTPException):
        if isinstance(error.response, Response):
            return error.response
        return error_page(error.code or 500, error.description or "")
    if isinstance(error, FixloreError):
        return error_page(status_of(error), str(error))
    _log.exception("%s %s %s failed", g.get("request_id", "-"), request.method, request.url_rule, exc_info=error)
    return error_page(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here. The log names the request.")
