"""List incident candidates, and take in what people decide about them."""

from __future__ import annotations

from flask import Response, current_app, g

from kb.errors import InvalidInput
from kb.ids import encoded_id
from web.api.authentication import scope
from web.api.incident_schemas import DecisionBody, IncidentList, IncidentPath, IncidentQuery
from web.api.incident_schemas import Incident as IncidentBody
from web.api.paths import decoded
from web.api.resources import BODY, failures, resource
from web.bodies import incident_body, incident_list
from web.incidents import DECIDING_SCOPE
from web.wiring import Services

api = resource("incidents_api", __name__, tag="incidents")


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


@api.get("/incidents", responses={200: IncidentList}, summary="Incidents under way")
@scope("read")
def list_incidents(query: IncidentQuery) -> Response:
    """Return the incidents of which the token may read enough tickets, dismissed ones too."""
    found = [one for one in _services().incidents.current(g.viewer) if query.state in (None, one.state)]
    begin = 0
    if query.cursor is not None:
        places = [place for place, one in enumerate(found, 1) if query.cursor in one.tickets]
        if not places:
            raise InvalidInput("cursor leads nowhere any more; begin again without it", field="cursor")
        begin = places[0]
    page = found[begin : begin + query.limit]
    body = incident_list(_services(), page, page[-1].id if begin + query.limit < len(found) else None)
    return Response(body.model_dump_json(), mimetype="application/json")


@api.get("/incidents/<path:incident_id>", responses={200: IncidentBody, **failures(404)}, summary="One incident")
@scope("read")
def get_incident(path: IncidentPath) -> Response:
    """Return the incident that a ticket is part of."""
    found = _services().incidents.of_id(_id_of(path), g.viewer)
    return Response(incident_body(found).model_dump_json(), mimetype="application/json")


@api.post(
    "/incidents/<path:incident_id>",
    responses={200: IncidentBody, **failures(404, *BODY)},
    summary="Confirm or dismiss",
)
@scope(DECIDING_SCOPE)
def decide(path: IncidentPath, body: DecisionBody) -> Response:
    """Confirm or dismiss an incident for everybody; the last decision counts."""
    made = _services().incidents.decide(_id_of(path), body.state, g.viewer)
    return Response(incident_body(made).model_dump_json(), mimetype="application/json")


def _id_of(path: IncidentPath) -> str:
    return encoded_id(decoded(path.incident_id, "incident_id"))
