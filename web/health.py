"""Say whether the process lives, whether it can answer, and what it has measured."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, json

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
    """Answer counts in the Prometheus text format."""
    services = current_app.extensions["fixlore"]
    lines = [
        "# HELP fixlore_documents Documents in the store by type.",
        "# TYPE fixlore_documents gauge",
        *(f'fixlore_documents{{type="{kind}"}} {count}' for kind, count in sorted(services.store.counts().items())),
        "# HELP fixlore_pending_changes Documents whose changes are not in the indexes yet.",
        "# TYPE fixlore_pending_changes gauge",
        f"fixlore_pending_changes {services.store.pending_count()}",
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4; charset=utf-8")
