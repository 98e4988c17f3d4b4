"""Tell how knowledge is used: the link rate of a period, and what was reused most."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, current_app, g

from search.reuse import UseReport, use_report
from web.api import field_schemas as fields
from web.api.authentication import scope
from web.api.models import Answer, Asked, Moment, example, example_of
from web.api.resources import resource
from web.periods import SINCE, since_of
from web.wiring import Services

api = resource("report", __name__)


class ReportQuery(Asked):
    """Which period, up to now."""

    model_config = example({"since": "30d"})

    since: fields.Period = SINCE
    """So many days (`30d`), or a day or time, none to come."""


class ReusedBody(Answer):
    """A document and the number of tickets of the period that are linked with it."""

    model_config = example(
        {"id": "vpn/error-809", "type": "known-error", "title": "VPN connection fails with error 809", "reuse": 9}
    )

    id: str
    """The document's id."""
    type: str
    """`ticket` or the article's kind."""
    title: str
    """Its title."""
    reuse: int
    """How many tickets of the period are linked with it."""


class ReportBody(Answer):
    """The tickets that were resolved in a period: how many, how many of them are linked, and with what."""

    model_config = example(
        {
            "since": "2026-10-22T00:00:00Z",
            "until": "2026-11-21T08:12:00Z",
            "resolved": 120,
            "linked": 54,
            "linked_to_article": 40,
            "link_rate": 0.45,
            "reused": [example_of(ReusedBody)],
        }
    )

    since: Moment
    """When the period began."""
    until: Moment
    """When it ended: now."""
    resolved: int
    """How many tickets were resolved in it."""
    linked: int
    """How many of these are linked with an article or past ticket."""
    linked_to_article: int
    """How many of these are linked with an article."""
    link_rate: float | None
    """`linked` of `resolved`, `null` when none was resolved."""
    reused: list[ReusedBody]
    """What they are linked with, the most frequent first."""


@api.get("/report", responses={200: ReportBody}, summary="How knowledge is used")
@scope("read")
def get_report(query: ReportQuery) -> Response:
    """Return the link rate of the tickets that were resolved in a period, and the documents reused most for them.

    Only what the token may read counts.
    """
    services: Services = current_app.extensions["fixlore"]
    now = datetime.now(UTC)
    report = use_report(services.store, g.viewer, since_of(query.since, now), now)
    return Response(report_body(report).model_dump_json(), mimetype="application/json")


def report_body(report: UseReport) -> ReportBody:
    """Return the body of a report; `kb report --json` prints the same."""
    return ReportBody.model_validate(report)
