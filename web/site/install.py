"""Put the pages into the application: sign-in, form protection, security headers, filters, blueprints."""

from __future__ import annotations

from flask import Flask, Response, redirect, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_openapi3.blueprint import APIBlueprint
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response as WerkzeugResponse

from web.site import (
    api_docs,
    documents,
    feedback,
    history,
    incidents,
    languages,
    life_cycle,
    links,
    pasting,
    related,
    report,
    reviews,
    searching,
    signing_in,
    status,
    tokens,
    vocabulary,
)
from web.site.filters import install_filters

# Everything comes from this host; there are no inline scripts or styles to allow.
CONTENT_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "manifest-src": "'self'",
}


def install_site(app: Flask) -> None:
    """Install the pages and what protects them."""
    https = bool(app.config["SESSION_COOKIE_SECURE"])
    Talisman(
        app,
        content_security_policy=CONTENT_POLICY,
        force_https=False,
        strict_transport_security=https,
        session_cookie_secure=https,
        session_cookie_samesite="Lax",
        referrer_policy="same-origin",
    )
    protect = CSRFProtect(app)
    for blueprint in app.blueprints.values():
        if isinstance(blueprint, APIBlueprint):
            protect.exempt(blueprint)  # the API takes bearer tokens, never cookies
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=False)
    limiter.limit("20 per minute", methods=["GET"])(signing_in.sign_in)
    manager = LoginManager(app)
    manager.user_loader(signing_in.load_person)
    manager.unauthorized_handler(_to_sign_in)
    for module in (
        signing_in,
        languages,
        searching,
        documents,
        pasting,
        incidents,
        status,
        vocabulary,
        feedback,
        report,
        life_cycle,
        history,
        reviews,
        links,
        related,
        tokens,
        api_docs,
    ):
        app.register_blueprint(module.pages)
    app.after_request(_keep_private)
    app.context_processor(
        lambda: {"incidents_under_way": incidents.under_way, "reviews_waiting": reviews.waiting_count}
    )
    languages.install_languages(app)
    install_filters(app)


def _keep_private(response: Response) -> Response:
    """Have browsers keep no page, so that *Back* after signing out shows none to whoever comes next.

    The answer to a form may be kept while somebody is signed in, because it cannot be asked for again: *Back* from a
    document to what was found for a pasted ticket would be an error.
    """
    if response.mimetype == "text/html" and not response.cache_control.no_store:
        response.headers["Cache-Control"] = "no-store" if request.method == "GET" else "no-cache"
    return response


def _to_sign_in() -> Response | WerkzeugResponse:
    return redirect(url_for("sign_in.waiting", next=request.full_path if request.query_string else request.path))
