"""Say whether the process lives, whether it can answer, and what it has measured."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, json, request

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """Answer while the process runs."""
    return Response("ok\n", mimetype="text/plain")


@health.get("/readyz")
def ready() -> Response:
    """Answer 200 when searches can be answered, 503 with the reason otherwise."""
    report = current_app.extensions["fixlore"].readiness()
    return Response(json.dumps(report), status=200 if report["ready"] else 503, mimetype="application/json")


@health.get("/metrics")
def metrics() -> Response:
    """Answer numbers in the Prometheus text format, also while store or indexes are down."""
    body, content_type = current_app.extensions["metrics"].exposition(request.headers.get("Accept", ""))
    return Response(body, content_type=content_type)
