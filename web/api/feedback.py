"""Record what people made of an answer."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, current_app, g
from pydantic import BaseModel, ConfigDict, Field, field_validator

from web.api.authentication import scope
from web.api.resources import BODY, failures, resource
from web.feedback import Word, record_feedback
from web.wiring import Services

api = resource("feedback", __name__)
Action = Literal["opened", "copied", "linked", "resolved_by", "helpful", "not_helpful", "dismissed"]


class FeedbackBody(BaseModel):
    """One word on one result of one answer."""

    model_config = ConfigDict(extra="forbid")

    response_id: Annotated[str, Field(min_length=1, max_length=64, description="`response_id` of the answer")]
    result_id: Annotated[str, Field(min_length=1, max_length=1024, description="`id` of the result")]
    action: Action
    ticket: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=1024,
            description="The ticket at hand, `SOURCE:EXTERNAL_ID`; else that of the question",
        ),
    ] = None
    person: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="Who says so, by any id that tells this person from the others of the token; no name is needed",
        ),
    ] = None

    @field_validator("response_id", "result_id", "ticket", "person")
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("must not hold control characters")
        return value


class FeedbackAnswer(BaseModel):
    """Whether the word was new, and the stored ticket that is linked with the result by it, if any."""

    recorded: bool
    ticket: str | None = None


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
