"""Record what people made of an answer."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from flask import Response, current_app, g
from pydantic import Field, field_validator

from web.api.authentication import scope
from web.api.models import Asked, Described, example
from web.api.resources import BODY, failures, resource
from web.feedback import Word, record_feedback
from web.wiring import Services

api = resource("feedback", __name__)
_NO_CONTROL = {"pattern": r"^[^\x00-\x1f\x7f-\x9f]*$"}
Action = Literal["opened", "copied", "linked", "resolved_by", "helpful", "not_helpful", "dismissed"]


class FeedbackBody(Asked):
    """One word on one result of one answer."""

    model_config = example(
        {
            "response_id": "5f0d3a1c9b6e4c2f8d7a6b5c4d3e2f1a",
            "result_id": "vpn/error-809",
            "action": "resolved_by",
            "ticket": "zammad:48213",
            "person": "agent-17",
        }
    )

    response_id: Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=_NO_CONTROL)]
    """The answer's `response_id`."""
    result_id: Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra=_NO_CONTROL)]
    """The `id` of one of its results."""
    action: Action
    """What was made of it."""
    ticket: Annotated[str | None, Field(min_length=1, max_length=1024, json_schema_extra=_NO_CONTROL)] = None
    """The ticket at hand, `SOURCE:EXTERNAL_ID`; else that of the question."""
    person: Annotated[str | None, Field(min_length=1, max_length=200, json_schema_extra=_NO_CONTROL)] = None
    """Who says so, by any id that tells this person from the others of the token; no name is needed."""

    @field_validator("response_id", "result_id", "ticket", "person")
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(_NO_CONTROL["pattern"].strip("^$"), value):
            raise ValueError("must not hold control characters")
        return value


class FeedbackAnswer(Described):
    """Whether the word was new, and which stored ticket is linked with the result by it."""

    model_config = example({"recorded": True, "ticket": "zammad:48213"})

    recorded: bool
    """Whether it was new; saying it twice counts once."""
    ticket: str | None = None
    """The ticket that is now linked with the result; only there where one is."""


@api.post("/feedback", responses={200: FeedbackAnswer, **failures(404, *BODY)}, summary="Say what a result was worth")
@scope("feedback")
def post_feedback(body: FeedbackBody) -> Response:
    """Record one word on one result of an answer that this token got in the last 90 days.

    Each person counts once: saying it again changes nothing (`recorded` is false), and the last word counts, so that
    `not_helpful` takes back `helpful` and `resolved_by`, and they it. `resolved_by` links the stored ticket with the
    result. An answer that another token got is not found, unless the scope is `admin`.
    """
    services: Services = current_app.extensions["fixlore"]
    word = Word(body.response_id, body.result_id, body.action, body.ticket, body.person)
    recorded, ticket = record_feedback(services, word, g.viewer)
    return Response(
        FeedbackAnswer(recorded=recorded, ticket=ticket).model_dump_json(exclude_none=True), mimetype="application/json"
    )
