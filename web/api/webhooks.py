"""Take what ticket systems send by themselves: believe it, read it by its mapping, store it once."""

from __future__ import annotations

import json
import logging
from typing import Any, Literal, NoReturn

from flask import Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from kb.connectors.mapping import TicketMapping
from kb.connectors.signatures import Signing
from kb.documents import JSON
from kb.errors import ConfigurationError, InvalidInput, NotFound
from kb.queries import Viewer
from web.api.authentication import open_to_all
from web.api.models import Described, example, example_of
from web.api.rate_limits import count_forgery, limited_by_address, refuse_forging
from web.api.resources import BODY, failures, open_resource
from web.deliveries import Deliveries
from web.problems import problem
from web.wiring import Services

api = open_resource("webhooks", __name__, prefix="/api/v1")
_log = logging.getLogger("fixlore.web")
_DELIVERY = {"ticket": {"id": 213, "number": "48213", "title": "VPN drops every 10 minutes, error 809"}}
_WHY = {
    "no_signature": "The delivery is not signed; enter the secret of `kb connector enable` in the ticket system.",
    "wrong_signature": "The signature is wrong; the secret in the ticket system is another, or the body was changed.",
    "too_old": "The delivery was signed too long ago, or by a clock that is off; send it anew.",
}


class WebhookPath(Described):
    """Whose webhook it is."""

    model_config = example({"connector": "zammad"})

    connector: str
    """The name of a mapping that is switched on."""


class WebhookTicket(Described):
    """What became of one ticket of a delivery."""

    model_config = example({"id": "zammad:48213", "outcome": "updated"})

    id: str
    """The ticket's id."""
    outcome: Literal["created", "updated", "unchanged", "ignored", "deleted"]
    """What became of it; `ignored`: what is stored is newer, or the ticket was deleted."""


class WebhookAnswer(Described):
    """What became of a delivery."""

    model_config = example({"outcome": "stored", "tickets": [example_of(WebhookTicket)]})

    outcome: Literal["stored", "ignored"]
    """`ignored`: by the mapping of the connector it says nothing that is kept."""
    tickets: list[WebhookTicket]
    """What became of its tickets."""


@api.post(
    "/webhooks/<connector>",
    responses={200: WebhookAnswer, **failures(401, 404, 409, 422, 429, 500, 503, *BODY)},
    summary="Take a delivery of a ticket system",
    openapi_extensions={
        "security": [],
        "requestBody": {
            "description": "What the ticket system sends; the mapping of the connector reads it.",
            "required": True,
            "content": {"application/json": {"schema": {}, "example": _DELIVERY}},
        },
    },
)
@open_to_all
@limited_by_address
def take_webhook(path: WebhookPath) -> Response:
    """Store the tickets of a delivery, all or none. Its signature is the credential; a delivery is taken once.

    What the search shows of it follows within seconds. Older deliveries than what is stored change nothing.
    """
    if (refused := refuse_forging(path.connector)) is not None:
        return refused
    services: Services = current_app.extensions["fixlore"]
    deliveries: Deliveries = current_app.extensions["deliveries"]
    secret = services.store.connector_secret(path.connector) if "\0" not in path.connector else None
    if secret is None:
        raise NotFound("There is no such webhook; `kb connector list` shows those that are on.")
    mapping, signing = _mapping(services, path.connector)
    body = _raw_body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    refusal = signing.refusal(secret, headers, body, deliveries.now())
    if refusal is not None:
        deliveries.note_stranger(path.connector, refusal)
        count_forgery(path.connector)
        answer = problem(401, _WHY[refusal])
        answer.headers["WWW-Authenticate"] = 'Basic realm="fixlore"' if signing.method == "basic" else "Signature"
        return answer
    g.viewer = Viewer(name=f"connector:{path.connector}")
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        deliveries.note(path.connector, "invalid")
        return problem(415, "Send the body as application/json; choose that content type in the webhook's settings.")
    try:
        taken = deliveries.take(path.connector, mapping, signing, headers, body, _json(body))
    except _NotJson as error:
        deliveries.note(path.connector, "invalid")
        return problem(400, f"The body is not valid JSON: {error}.")
    except InvalidInput:
        deliveries.note(path.connector, "invalid")
        raise
    if taken is None:
        deliveries.note(path.connector, "repeated")
        return problem(409, "This delivery was taken before; nothing was changed.")
    tickets = [WebhookTicket(id=ticket_id, outcome=outcome) for ticket_id, outcome in taken]
    answered = WebhookAnswer(outcome="stored" if tickets else "ignored", tickets=tickets)
    return Response(answered.model_dump_json(), mimetype="application/json")


def _mapping(services: Services, connector: str) -> tuple[TicketMapping, Signing]:
    """Return the mapping of a connector that is on. A faulty file is ours to mend: the system shall try again."""
    try:
        mapping = services.mappings.mapping(connector)
    except (ConfigurationError, NotFound) as error:
        _unusable(connector, error)
    if mapping.signing is None:
        _unusable(connector, ConfigurationError(f"the mapping {connector} says in no [webhook] how it is signed"))
    return mapping, mapping.signing


def _unusable(connector: str, error: Exception) -> NoReturn:
    _log.error("connector %s: %s", connector, error)
    raise ConfigurationError(f"The mapping {connector} cannot be used; `kb connector show` says why.") from error


def _raw_body() -> bytes:
    length = request.content_length
    if length is not None and length > current_app.config["MAX_CONTENT_LENGTH"]:
        raise RequestEntityTooLarge
    return request.get_data(cache=False)


class _NotJson(ValueError):
    """A body that is no JSON; says where."""


def _json(body: bytes) -> JSON:
    try:
        value: Any = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise _NotJson(f"it is not UTF-8 (byte {error.start + 1})") from error
    except RecursionError as error:
        raise _NotJson("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise _NotJson(f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    except ValueError as error:
        raise _NotJson(str(error)) from error
    return value  # type: ignore[no-any-return]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
