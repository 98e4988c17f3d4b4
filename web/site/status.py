"""The system's status: which part answers, why one does not, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, current_app, render_template
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from kb.errors import FixloreError
from kb.protocols.connectors import Connector
from web.wiring import Readiness, Services

pages = Blueprint("status", __name__)
PARTS = {
    "store": _l("Store"),
    "keyword": _l("Search by words and codes"),
    "semantic": _l("Search by meaning"),
    "indexing": _l("Indexing"),
}
_REBUILT = _l("The server makes it anew by itself; if it does not within a minute, run kb index --rebuild.")
_WORDS_GO_ON = _l("Install Fixlore again, or correct the setting model. Words and codes are still searched.")
_OTHER_MODEL = _l("Run kb index --rebuild. Words and codes are still searched.")
_NO_WRITES = _l("Look at the log: most often the disk is full or may not be written. Searches go on.")
_RESTORED = _l("Look at the log, then run kb doctor; a backup comes back by kb restore.")
_NO_ROOM = _l("Free space, or make the disk writable. Searches go on; refused writes must be sent again.")
REMEDIES = {
    "no model": (_l("no model"), _WORDS_GO_ON),
    "made with another model": (_l("made with another model"), _OTHER_MODEL),
    "damaged": (_l("damaged"), _REBUILT),
    "missing": (_l("missing"), _REBUILT),
    "not indexed yet": (_l("not indexed yet"), _l("Wait until the first indexing ends, or run kb index.")),
    "cannot be read": (_l("cannot be read"), _RESTORED),
    "cannot be written": (_l("cannot be written"), _NO_ROOM),
    "fails": (_l("fails"), _NO_WRITES),
}
"""What readiness tells of a part → what people read, and what they can do."""
REFUSALS = {
    "repeated": _l("taken before"),
    "invalid": _l("cannot be read"),
    "no_signature": _l("no signature"),
    "wrong_signature": _l("wrong signature"),
    "too_old": _l("signed too long ago"),
}
"""Why deliveries by webhook are refused → what people read."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the system; `problem` is empty while it works."""

    name: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """One connector; `taken` and `refused` say when that last happened, empty for never."""

    name: str
    is_on: bool
    address: str
    taken: str
    refused: str


@pages.get("/status")
@login_required
def status_page() -> str:
    """Show every part with its state and remedy, and how far the indexes are."""
    services: Services = current_app.extensions["fixlore"]
    report = services.readiness()
    told = report["down"]
    parts = [_part(str(name), told.get(key)) for key, name in PARTS.items()]
    return render_template(
        "status/status.html",
        ready=report["ready"],
        down=told,
        parts=parts,
        figures=_figures(services, report),
        webhooks=_webhooks(services),
    )


def _part(name: str, problem: str | None) -> Part:
    if problem is None:
        return Part(name, "", "")
    told, remedy = REMEDIES.get(problem, (problem, _("Run kb doctor.")))
    return Part(name, str(told), str(remedy))


def _webhooks(services: Services) -> list[Webhook]:
    """Return the connectors that were ever on; none while the store does not tell."""
    try:
        current_app.extensions["deliveries"].write()
        connectors = services.store.connectors()
    except FixloreError:
        return []
    return [_webhook(one, services.settings.base_url.rstrip("/")) for one in connectors]


def _webhook(connector: Connector, base_url: str) -> Webhook:
    taken = [one.last_at for outcome, one in connector.outcomes.items() if outcome not in REFUSALS]
    refused = [(one.last_at, outcome) for outcome, one in connector.outcomes.items() if outcome in REFUSALS]
    last_refusal = ""
    if refused:
        at, outcome = max(refused)
        last_refusal = f"{_told(at)}: {REFUSALS[outcome]}"
    return Webhook(
        name=connector.name,
        is_on=connector.is_on,
        address=f"{base_url}/api/v1/webhooks/{connector.name}",
        taken=_told(max(taken)) if taken else "",
        refused=last_refusal,
    )


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _figures(services: Services, report: Readiness) -> list[tuple[str, str]]:
    figures: list[tuple[str, str]] = [(_("Waiting to be indexed"), str(report["pending_changes"] or 0))]
    try:
        figures.append((_("Documents"), format_decimal(sum(services.store.counts().values()))))
        through = services.store.indexed_through()
        figures.append((_("Indexed through"), f"{through:%Y-%m-%d %H:%M:%S} UTC" if through else _("nothing yet")))
        figures.append((_("Passages"), format_decimal(services.indexes.vectors.size)))
        figures.append((_("Model"), services.indexes.vectors.recipe.model_name))
        figures.append((_("Ranking"), _ranking(services)))
    except FixloreError:
        pass  # the table tells which part that is
    return figures


def _ranking(services: Services) -> str:
    """Return which ranker orders results, and since when."""
    active = services.rankers.active()
    if active.problem:
        return str(_("%(name)s (the learned one cannot be used; run kb doctor)", name=active.ranker.name))
    if active.since is None:
        return active.ranker.name
    return str(_("%(name)s, since %(time)s", name=active.ranker.name, time=f"{active.since:%Y-%m-%d %H:%M:%S} UTC"))
