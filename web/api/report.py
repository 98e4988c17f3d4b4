"""Tell how knowledge is used: the link rate of a period, and what was reused most."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from flask import Response, current_app, g
from pydantic import BaseModel, ConfigDict, Field

from search.reuse import UseReport, use_report
from web.api.authentication import scope
from web.api.resources import resource
from web.api.schemas import Answer, Moment
from web.periods import SINCE, since_of
from web.wiring import Services

api = resource("report", __name__)


class ReportQuery(BaseModel):
    """Which period, up to now."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[str, Field(max_length=40, description="So many days (`30d`), or a day or time")] = SINCE


class ReusedBody(Answer):
    """A document and the number of tickets of the period that are linked with it."""

    id: str
    type: str
    title: str
    reuse: int


class ReportBody(Answer):
    """The tickets that were resolved in a period: how many, how many of them are linked, and with what.

    `link_rate` is `linked` of `resolved`, `null` when none was resolved.
    """

    since: Moment
    until: Moment
    resolved: int
    linked: int
    linked_to_article: int
    link_rate: float | None
    reused: list[ReusedBody]


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
