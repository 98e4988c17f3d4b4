"""How knowledge is used: the link rate of a period, and what was reused most."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, current_app, render_template, request
from flask_babel import format_percent
from flask_login import current_user, login_required

from search.reuse import use_report
from web.periods import since_of
from web.wiring import Services

pages = Blueprint("report_page", __name__)
PERIODS = (7, 30, 90, 365)
"""Days that can be chosen."""
USUAL = 30


@pages.get("/report")
@login_required
def report_page() -> str:
    """Show the link rate of the last days, and the documents that most tickets are linked with."""
    services: Services = current_app.extensions["fixlore"]
    days = request.args.get("days", USUAL, type=int)
    days = days if days in PERIODS else USUAL
    now = datetime.now(UTC)
    report = use_report(services.store, current_user.viewer, since_of(f"{days}d", now), now)
    rate = None if report.link_rate is None else format_percent(report.link_rate)
    return render_template("report/report.html", report=report, rate=rate, days=days, periods=PERIODS)
