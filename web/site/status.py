"""The system's status: which part answers, why one does not, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, render_template
from flask_login import login_required

from kb.errors import FixloreError
from web.wiring import Services

pages = Blueprint("status", __name__)
PARTS = {
    "store": "Store",
    "keyword": "Search by words and codes",
    "semantic": "Search by meaning",
    "indexing": "Indexing",
}
REMEDIES = {
    "no model": "Install Fixlore again, or correct the setting model. Words and codes are still searched.",
    "made with another model": "Run kb index --rebuild. Words and codes are still searched.",
    "damaged": "The server makes it anew by itself; if it does not within a minute, run kb index --rebuild.",
    "missing": "The server makes it anew by itself; if it does not within a minute, run kb index --rebuild.",
    "not indexed yet": "Wait until the first indexing ends, or run kb index.",
    "cannot be read": "Look at the log, then run kb doctor; a backup comes back by kb restore.",
    "fails": "Look at the log: most often the disk is full or may not be written. Searches go on.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the system; `problem` is empty while it works."""

    name: str
    problem: str
    remedy: str


@pages.get("/status")
@login_required
def status_page() -> str:
    """Show every part with its state and remedy, and how far the indexes are."""
    services: Services = current_app.extensions["fixlore"]
    report = services.readiness()
    down = report["down"]
    told: dict[str, str] = down if isinstance(down, dict) else {}
    parts = [
        Part(name, told.get(key, ""), REMEDIES.get(told[key], "Run kb doctor.") if key in told else "")
        for key, name in PARTS.items()
    ]
    return render_template(
        "status/status.html", ready=report["ready"], down=told, parts=parts, figures=_figures(services, report)
    )


def _figures(services: Services, report: dict[str, object]) -> list[tuple[str, str]]:
    figures: list[tuple[str, str]] = [("Waiting to be indexed", str(report["pending_changes"] or 0))]
    try:
        figures.append(("Documents", f"{sum(services.store.counts().values()):,}"))
        through = services.store.indexed_through()
        figures.append(("Indexed through", f"{through:%Y-%m-%d %H:%M:%S} UTC" if through else "nothing yet"))
        figures.append(("Passages", f"{services.indexes.vectors.size:,}"))
        figures.append(("Model", services.indexes.vectors.recipe.model_name))
    except FixloreError:
        pass  # the table tells which part that is
    return figures
