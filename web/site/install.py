"""Put the pages into the application: sign-in, form protection, security headers, filters, blueprints."""

from __future__ import annotations

from flask import Flask, Response, abort, g, make_response, redirect, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_openapi3.blueprint import APIBlueprint
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response as WerkzeugResponse

from kb.sensitive import hints_in
from web.problems import wants_problem
from web.site import (
    account,
    action_items,
    api_docs,
    attachments,
    documents,
    drafting,
    feedback,
    history,
    incidents,
    languages,
    life_cycle,
    links,
    linting,
    pasting,
    people,
    related,
    report,
    requests,
    reviews,
    searching,
    signing_in,
    status,
    taking_over,
    tokens,
    vocabulary,
    writing,
)
from web.site.errors import unsaved_page
from web.site.filters import install_filters
from web.site.sessions import Stranger, load_person

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
    app.after_request(_narrow_policy)  # before Talisman's own, and so after it: the last one registered runs first
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
    manager = LoginManager(app)
    manager.anonymous_user = Stranger
    manager.user_loader(load_person)
    manager.unauthorized_handler(_to_sign_in)
    for module in (
        signing_in,
        languages,
        searching,
        documents,
        attachments,
        taking_over,
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
        people,
        account,
        api_docs,
        writing,
        drafting,
        linting,
        action_items,
        requests,
    ):
        app.register_blueprint(module.pages)
    signing_in.limit_guessing(app, limiter)
    account.limit_guessing(app, limiter)
    app.after_request(_keep_private)
    app.context_processor(
        lambda: {"incidents_under_way": incidents.under_way, "reviews_waiting": reviews.waiting_count}
    )
    languages.install_languages(app)
    install_filters(app)
    linting.install_linting(app)
    app.jinja_env.globals.update(request_for=requests.request_for, hints_in=hints_in)


def _keep_private(response: Response) -> Response:
    """Have browsers keep no page, so that *Back* after signing out shows none to whoever comes next.

    The answer to a form may be kept while somebody is signed in, because it cannot be asked for again: *Back* from a
    document to what was found for a pasted ticket would be an error.
    """
    if response.mimetype == "text/html" and not response.cache_control.no_store:
        response.headers["Cache-Control"] = "no-store" if request.method == "GET" else "no-cache"
    return response


def _narrow_policy(response: Response) -> Response:
    """Put the policy that a view asked for into the place of that of pages."""
    if policy := g.get("content_policy"):
        response.headers["Content-Security-Policy"] = policy
    return response


def _to_sign_in() -> Response | WerkzeugResponse:
    if wants_problem():
        abort(401)
    if (page := unsaved_page()) is not None:
        return make_response(page)
    return redirect(url_for("sign_in.waiting", next=request.full_path if request.query_string else request.path))
