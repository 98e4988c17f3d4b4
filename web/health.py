"""Say whether the process lives, whether it can answer, and what it has measured. No token is needed."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, json, request
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS

from web.api.models import Described, example
from web.api.resources import Responses, of_text, of_type, open_resource

api = open_resource("health", __name__)
_METRICS = 'fixlore_ready 1.0\nfixlore_documents{type="ticket"} 1204.0\n'


class ReadinessBody(Described):
    """Whether searches can be answered."""

    model_config = example({"ready": True, "down": {"semantic": "no model"}, "pending_changes": 0})

    ready: bool
    """Whether at least one lane answers and the store can be read."""
    down: dict[str, str]
    """Part → what keeps it from its work, in a few words: `keyword`, `semantic`, `store`, `indexing`."""
    pending_changes: int | None
    """Documents whose changes are not in the indexes yet; `null` while the store cannot tell."""


_READINESS: Responses = {
    200: of_type(ReadinessBody, "application/json", "Searches can be answered."),
    503: of_type(ReadinessBody, "application/json", "Searches cannot be answered; `down` says why."),
}


def _numbers() -> dict[str, Any]:
    told = of_text("text/plain", "The numbers, in the format that suits `Accept`.", f"{_METRICS}")
    told["content"] |= of_text(OPEN_METRICS.partition(";")[0], "", f"{_METRICS}# EOF\n")["content"]
    return told


@api.get("/healthz", responses={200: of_text("text/plain", "The process runs.", "ok\n")}, summary="Liveness")
def alive() -> Response:
    """Answer while the process runs."""
    return Response("ok\n", mimetype="text/plain")


@api.get("/readyz", responses=_READINESS, summary="Readiness")
def ready() -> Response:
    """Answer 200 when searches can be answered, 503 with the reason otherwise."""
    report = current_app.extensions["fixlore"].readiness()
    return Response(json.dumps(report), status=200 if report["ready"] else 503, mimetype="application/json")


@api.get("/metrics", responses={200: _numbers()}, summary="Numbers for Prometheus")
def metrics() -> Response:
    """Answer numbers in the Prometheus text format, also while store or indexes are down."""
    body, content_type = current_app.extensions["metrics"].exposition(request.headers.get("Accept", ""))
    return Response(body, content_type=content_type)
