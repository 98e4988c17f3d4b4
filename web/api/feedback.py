"""Record what people made of an answer."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, current_app, g

from kb.errors import InvalidInput, NotFound
from kb.protocols.store import Feedback
from web.api.authentication import scope
from web.api.resources import BODY, failures, resource
from web.api.schemas import FeedbackAnswer, FeedbackBody
from web.wiring import Services

api = resource("feedback", __name__)


@api.post("/feedback", responses={200: FeedbackAnswer, **failures(404, *BODY)}, summary="Say what a result was worth")
@scope("feedback")
def post_feedback(body: FeedbackBody) -> Response:
    """Record one word on one result of an answer given in the last 90 days; saying it again counts once."""
    services: Services = current_app.extensions["fixlore"]
    recorded = record_feedback(
        services, body.response_id, body.result_id, body.action, by=g.viewer.name, ticket=body.ticket
    )
    return Response(FeedbackAnswer(recorded=recorded).model_dump_json(), mimetype="application/json")


def record_feedback(
    services: Services, response_id: str, result_id: str, action: str, *, by: str, ticket: str | None
) -> bool:
    """Record feedback from the API or the site and say whether it was new.

    Raises NotFound for an answer that is not logged, InvalidInput for a result it did not hold.
    """
    services.responses.flush()
    results = services.store.response(response_id)
    if results is None:
        raise NotFound(f"There is no answer {response_id!r}; answers are kept for 90 days.")
    if result_id not in results:
        raise InvalidInput(f"The answer {response_id!r} holds no result {result_id!r}.", field="result_id")
    at = datetime.now(UTC)
    return services.store.add_feedback(Feedback(response_id, result_id, action, by, at, ticket))
