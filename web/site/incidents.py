"""Incidents: bursts of similar open tickets, why they are taken to be one, and what people decide about them."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from kb.errors import FixloreError, NotFound
from kb.ids import checked_id
from kb.incidents import DECISION_STATES
from search.answers import Incident
from web.incidents import may_decide
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("incidents", __name__)
MOST_LISTED = 100
"""Tickets of one incident that its page lists, the newest."""


@pages.get("/incidents")
@login_required
def incidents_page() -> str:
    """List what is under way, and below it what was dismissed and is still open."""
    found = _services().incidents.current(current_user.viewer)
    return render_template(
        "incidents/list.html",
        under_way=[one for one in found if one.candidate],
        dismissed=[one for one in found if not one.candidate],
        settings=_services().settings,
        is_over="over" in request.args,
    )


@pages.get("/incidents/<path:incident_id>")
@login_required
def incident_page(incident_id: str) -> str:
    """Show one incident: its tickets, what they share, and the form to confirm or dismiss it."""
    try:
        found = _services().incidents.of_id(checked_id(incident_id, "id"), current_user.viewer)
    except NotFound:
        abort(404, _("There is no open incident with the ticket %(id)s.", id=incident_id))
    listed = found.tickets[-MOST_LISTED:]
    tickets = _services().store.documents(listed[::-1], current_user.viewer)
    return render_template(
        "incidents/incident.html",
        incident=found,
        tickets=list(tickets.values()),
        more=len(found.tickets) - len(listed),
        may_decide=may_decide(current_user.viewer),
    )


@pages.post("/incidents/<path:incident_id>")
@allowed("decide_incidents")
def decide(incident_id: str) -> Response:
    """Confirm or dismiss an incident, and show it; the list where it is over with that."""
    chosen = [state for state in DECISION_STATES if state == request.form.get("state")]
    if not chosen:
        abort(422, _("Choose whether to confirm or to dismiss it."))
    incidents = _services().incidents
    try:
        made = incidents.decide(checked_id(incident_id, "id"), chosen[0], current_user.viewer)
    except NotFound:
        abort(404, _("There is no open incident with the ticket %(id)s.", id=incident_id))
    if not any(made.id in one.tickets for one in incidents.current(current_user.viewer)):
        return redirect(url_for("incidents.incidents_page", over=1))
    return redirect(url_for("incidents.incident_page", incident_id=made.id))


def under_way() -> tuple[Incident, ...]:
    """Return what is under way for whoever is signed in; nothing when it cannot be told, as a page must still show."""
    if not current_user.is_authenticated:
        return ()
    try:
        return tuple(one for one in _services().incidents.current(current_user.viewer) if one.candidate)
    except FixloreError:
        return ()


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services
