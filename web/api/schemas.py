"""Shape what the API takes and answers. The OpenAPI description is generated from these models.

Answers are read off the dataclasses of `search.answers` by attribute name, so that the description is what is answered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from kb.json_values import time_text

Band = Literal["low", "medium", "high"]
Moment = Annotated[datetime, PlainSerializer(time_text, return_type=str)]
"""A time, answered as ISO 8601 in UTC."""


class Answer(BaseModel):
    """Base of everything answered: read from attributes."""

    model_config = ConfigDict(from_attributes=True)


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None


class Scores(Answer):
    """What each lane thought of a result; `null` where the lane did not find it."""

    semantic: float | None = None
    keyword: float | None = None
    rank_semantic: int | None = None
    rank_keyword: int | None = None


class Reason(Answer):
    """Why a result is there. Only the fields that belong to its `type` are answered.

    Of `translated_words`, `synonym` and `corrected_word` the value is "word of the query → word of the document".
    """

    type: str
    value: str | None = None
    field: str | None = None
    passage: str | None = None
    similarity: float | None = None
    helpful: int | None = None
    not_helpful: int | None = None
    resolved_by: int | None = None

    @model_serializer(mode="wrap")
    def _without_empty_fields(self, serialise: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {name: value for name, value in serialise(self).items() if value is not None}


class Snippet(Answer):
    """A piece of the document's text; highlights are half-open ranges of code points."""

    text: str
    highlights: list[tuple[int, int]]


class Resolution(Answer):
    """What fixed it."""

    kind: Literal["permanent_fix", "workaround", "configuration_change", "none"]
    summary: str
    steps: list[str]


class FixedBy(Answer):
    """The document that a ticket's links lead to and that holds the fix shown for it."""

    id: str
    type: str
    title: str
    language: str
    url: str


class ResultBody(Answer):
    """One document that answers."""

    rank: int
    id: str
    type: str
    title: str
    url: str
    language: str
    relationship: Literal["duplicate", "same_problem", "related"] | None = None
    band: Band | None = None
    score: float | None = None
    scores: Scores
    reasons: list[Reason]
    snippet: Snippet
    resolution: Resolution | None = None
    fixed_by: FixedBy | None = None
    root_cause: str | None = None
    workaround: str | None = None
    known_error: bool
    confidence: str | None = None
    status: Literal["open", "resolved"] | None = None
    resolved_at: Moment | None = None
    stale: bool
    state: str | None = None
    service: str | None = None
    source: str


class Retrieval(Answer):
    """How the answer was found."""

    mode: str
    degraded: list[str]
    model: str | None
    calibrated: bool
    indexed_through: Moment | None
    took_ms: int


class AskedQuery(Answer):
    """How the question was understood."""

    language: str
    identifiers: list[str]
    truncated: bool
    problems: list[str] = []


class FacetValue(Answer):
    """One value of a facet and how many documents have it."""

    value: str
    count: int


Status = Literal["ok", "degraded", "no_confident_match"]


class SearchBody(Answer):
    """The answer to a search."""

    response_id: str
    status: Status
    retrieval: Retrieval
    query: AskedQuery
    total: int
    results: list[ResultBody]
    facets: dict[str, list[FacetValue]]
    did_you_mean: str | None = None


class Suggestion(Answer):
    """A value that similar resolved tickets had: the probability that it is right, and how many of the voting tickets
    have it.
    """

    value: str
    confidence: float
    support: int
    voters: int


class Incident(Answer):
    """Whether a burst of similar open tickets is under way, of which the ticket is part; only those that the token may
    read count. `tickets` are at most a hundred, the newest; `state` is `null` where there is none.
    """

    candidate: bool
    size: int
    window_minutes: int
    tickets: list[str]
    id: str | None = None
    state: Literal["candidate", "confirmed", "dismissed"] | None = None
    title: str | None = None
    since: Moment | None = None
    latest: Moment | None = None
    similarity: float | None = None
    identifiers: list[str] = []
    words: list[str] = []
    services: list[str] = []
    decided_by: str | None = None
    decided_at: Moment | None = None
    grown: bool = False
    explanation: str | None = None


class IncidentList(Answer):
    """A page of incidents, the one with the latest ticket first; `cursor` asks for the next one.

    `size` similar open tickets within `window_minutes` make a candidate.
    """

    incidents: list[Incident]
    size: int
    window_minutes: int
    cursor: str | None = None


class SimilarBody(Answer):
    """The answer to a ticket."""

    response_id: str
    status: Status
    retrieval: Retrieval
    query: AskedQuery
    results: list[ResultBody]
    suggestions: dict[str, list[Suggestion]]
    incident: Incident | None = None


class ArticleBody(BaseModel):
    """An article: the front matter fields, the Markdown, its revision, and HTML on request."""

    model_config = ConfigDict(extra="allow")

    id: str
    title: str
    kind: str
    language: str
    audience: str
    state: str
    confidence: str
    body: str
    revision: int
    reuse: int
    html: str | None = None


class ArticleSummary(BaseModel):
    """One line of the list of articles."""

    id: str
    title: str
    kind: str
    language: str
    state: str
    revision: int
    reuse: int


class ArticleList(BaseModel):
    """A page of articles, ordered by id; `cursor` asks for the next one."""

    articles: list[ArticleSummary]
    cursor: str | None = None
