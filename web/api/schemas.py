"""Shape answers to questions and tickets. The OpenAPI description is generated from these models.

Answers are read off the dataclasses of `search.answers` by attribute name, so that the description is what is answered.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from web.api.incident_schemas import Incident
from web.api.models import Answer, Band, Moment, example, example_of


class Scores(Answer):
    """What each lane thought of a result; `null` where the lane did not find it."""

    model_config = example({"semantic": 0.71, "keyword": 12.4, "rank_semantic": 2, "rank_keyword": 1})

    semantic: float | None = None
    """Cosine of ticket or question and the best passage."""
    keyword: float | None = None
    """BM25; not comparable with `semantic`."""
    rank_semantic: int | None = None
    """Place in the semantic lane, from 1."""
    rank_keyword: int | None = None
    """Place in the keyword lane, from 1."""


class Reason(Answer):
    """Why a result is there. Only the fields that belong to its `type` are answered.

    Of `translated_words`, `synonym` and `corrected_word` the value is "word of the query → word of the document".
    """

    model_config = ConfigDict(
        **example(
            {"type": "identifier", "value": "809", "field": "symptoms"},
            {"type": "similar_passage", "passage": "The tunnel closes after ten minutes.", "similarity": 0.71},
            {"type": "prior_feedback", "helpful": 12, "not_helpful": 1, "resolved_by": 9},
        ),
        json_schema_serialization_defaults_required=False,
    )

    type: str
    """`identifier`, `phrase`, `matched_words`, `translated_words`, `synonym`, `corrected_word`, `similar_passage`,
    `same_service`, `same_component` or `prior_feedback`; others may be added."""
    value: str | None = None
    """The identifier, phrase, words, service or component."""
    field: str | None = None
    """The part of the document that holds the identifier or phrase."""
    passage: str | None = None
    """The passage that is similar."""
    similarity: float | None = None
    """Its cosine."""
    helpful: int | None = None
    """How many people found the result helpful."""
    not_helpful: int | None = None
    """How many did not."""
    resolved_by: int | None = None
    """How many problems were resolved by it."""

    @model_serializer(mode="wrap")
    def _without_empty_fields(self, serialise: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        # A return type would take the place of the fields in the description.
        return {name: value for name, value in serialise(self).items() if value is not None}


class Snippet(Answer):
    """A piece of the document's text."""

    model_config = example({"text": "VPN error 809 behind a router", "highlights": [[4, 9], [10, 13]]})

    text: str
    """The piece, as plain text."""
    highlights: list[tuple[int, int]]
    """Half-open ranges of code points of `text`, in order."""


class Resolution(Answer):
    """What fixed it."""

    model_config = example(
        {
            "kind": "permanent_fix",
            "summary": "Opened UDP 4500 on the router and restarted the client.",
            "steps": ["Open UDP 4500 on the router.", "Restart the client."],
        }
    )

    kind: Literal["permanent_fix", "workaround", "configuration_change", "none"]
    """What kind of fix it is."""
    summary: str
    """The fix in a few sentences."""
    steps: list[str]
    """The steps, drawn from the text; empty where it lists none."""


class FixedBy(Answer):
    """The document that a ticket's links lead to and that holds the fix shown for it."""

    model_config = example(
        {
            "id": "vpn/error-809",
            "type": "known-error",
            "title": "VPN connection fails with error 809",
            "language": "en",
            "url": "https://kb.example.com/articles/vpn/error-809",
        }
    )

    id: str
    """The document's id."""
    type: str
    """`ticket` or the article's kind."""
    title: str
    """Its title."""
    language: str
    """Its language (BCP 47)."""
    url: str
    """Where it is to be read."""


class ResultBody(Answer):
    """One document that answers."""

    model_config = example(
        {
            "rank": 1,
            "id": "vpn/error-809",
            "type": "known-error",
            "title": "VPN connection fails with error 809",
            "url": "https://kb.example.com/articles/vpn/error-809",
            "language": "en",
            "relationship": "same_problem",
            "band": "high",
            "score": 0.87,
            "scores": example_of(Scores),
            "reasons": [example_of(Reason)],
            "snippet": example_of(Snippet),
            "resolution": example_of(Resolution),
            "fixed_by": None,
            "root_cause": "The router drops UDP 4500.",
            "workaround": "Use a phone as a hotspot.",
            "known_error": True,
            "confidence": "validated",
            "status": "resolved",
            "resolved_at": "2026-05-02T10:00:00Z",
            "stale": False,
            "state": "published",
            "service": "vpn",
            "source": "runbooks",
        }
    )

    rank: int
    """Place in the answer, from 1."""
    id: str
    """The document: an article's id or `SOURCE:EXTERNAL_ID` of a ticket."""
    type: str
    """`ticket` or the article's kind."""
    title: str
    """Its title."""
    url: str
    """Where it is to be read: a ticket's own address in its system, else its page here."""
    language: str
    """Its language (BCP 47)."""
    relationship: Literal["duplicate", "same_problem", "related"] | None = None
    """How it stands to the ticket: `duplicate` is an open ticket of the same problem. `null` in answers to a search."""
    band: Band | None = None
    """How probable it is in three steps, cut from `score`; `null` while `retrieval.calibrated` is false."""
    score: float | None = None
    """The calibrated probability that it tells of the same problem; `null` while `retrieval.calibrated` is false."""
    scores: Scores
    """What each lane thought of it."""
    reasons: list[Reason]
    """Why it is there; empty where they were not asked for."""
    snippet: Snippet
    """The piece of its text that answers."""
    resolution: Resolution | None = None
    """What fixed it; `null` where none is known or it was not asked for."""
    fixed_by: FixedBy | None = None
    """The document that tells the fix, where a ticket is linked to one that does; `null` where the result tells it."""
    root_cause: str | None = None
    """Why it happened."""
    workaround: str | None = None
    """What helps until it is fixed."""
    known_error: bool
    """Whether it is a known error: the cause is known, or a workaround."""
    confidence: str | None = None
    """How far an article is confirmed: `wip`, `not_validated` or `validated`."""
    status: Literal["open", "resolved"] | None = None
    """The state of the problem; `null` for articles that tell of none."""
    resolved_at: Moment | None = None
    """When the problem was resolved."""
    stale: bool
    """Whether the article's review was due before today."""
    state: str | None = None
    """An article's state; only those who may edit see drafts."""
    service: str | None = None
    """The service that is concerned."""
    source: str
    """The ticket system, the imported folder, or `site`."""


class Retrieval(Answer):
    """How the answer was found."""

    model_config = example(
        {
            "mode": "hybrid",
            "degraded": [],
            "model": "all-MiniLM-L6-v2@53aa51172d14",
            "calibrated": True,
            "indexed_through": "2026-11-21T08:11:40Z",
            "took_ms": 38,
        }
    )

    mode: str
    """The lanes that answered: `hybrid`, `keyword` or `semantic`."""
    degraded: list[str]
    """The lanes that are down: `identifier`, `keyword`, `semantic`."""
    model: str | None
    """The embedding model and its revision."""
    calibrated: bool
    """Whether `score` is a probability."""
    indexed_through: Moment | None
    """Every write up to this time was taken into account."""
    took_ms: int
    """How long it took, in milliseconds."""


class AskedQuery(Answer):
    """How the question was understood."""

    model_config = example({"language": "en", "identifiers": ["809"], "truncated": False, "problems": []})

    language: str
    """The language it is in."""
    identifiers: list[str]
    """Error codes, event ids and the like that were found in it, those that tell most first."""
    truncated: bool
    """Whether it was so long that not all of it was read."""
    problems: list[str] = Field(default_factory=list)
    """Sentences about what looked like query syntax but was searched as plain words."""


class FacetValue(Answer):
    """One value of a facet and how many documents have it."""

    model_config = example({"value": "ticket", "count": 12})

    value: str
    """The value."""
    count: int
    """How many of the counted documents have it."""


Status = Literal["ok", "degraded", "no_confident_match"]
_SEARCHED: dict[str, Any] = {
    "response_id": "5f0d3a1c9b6e4c2f8d7a6b5c4d3e2f1a",
    "status": "ok",
    "retrieval": example_of(Retrieval),
    "query": example_of(AskedQuery),
    "results": [example_of(ResultBody)],
}


class SearchBody(Answer):
    """Documents that answer the question, the best first."""

    model_config = example(
        {**_SEARCHED, "total": 1, "facets": {"type": [{"value": "known-error", "count": 1}]}, "did_you_mean": None}
    )

    response_id: str
    """What feedback refers to, for 90 days."""
    status: Status
    """`degraded`: a lane is down; `no_confident_match`: nothing is likely to answer."""
    retrieval: Retrieval
    """How the answer was found."""
    query: AskedQuery
    """How the question was understood."""
    total: int
    """How many documents match the words or identifiers, or are close enough in meaning."""
    results: list[ResultBody]
    """The documents, the best first."""
    facets: dict[str, list[FacetValue]]
    """Field → values of all documents that were counted, the most frequent first."""
    did_you_mean: str | None = None
    """The question with misspelled words corrected, if it would find more."""


class Suggestion(Answer):
    """A value that similar resolved tickets had."""

    model_config = example({"value": "network-l2", "confidence": 0.74, "support": 6, "voters": 8})

    value: str
    """The assignment group or tier."""
    confidence: float
    """The probability that it is right."""
    support: int
    """How many of the voters have it."""
    voters: int
    """How many similar tickets have any value."""


class SimilarBody(Answer):
    """What is known about the ticket's problem, the most probable first."""

    model_config = example(
        {
            **_SEARCHED,
            "suggestions": {
                "assignment_group": [{"value": "network-l2", "confidence": 0.74, "support": 6, "voters": 8}],
                "tier": [{"value": "L2", "confidence": 0.7, "support": 6, "voters": 7}],
            },
            "incident": None,
        }
    )

    response_id: str
    """What feedback refers to, for 90 days."""
    status: Status
    """`degraded`: a lane is down; `no_confident_match`: nothing known is likely to be the same problem."""
    retrieval: Retrieval
    """How the answer was found."""
    query: AskedQuery
    """How the ticket was understood."""
    results: list[ResultBody]
    """The documents, the most probable first; the ticket itself is never among them."""
    suggestions: dict[str, list[Suggestion]]
    """Who should get the ticket: `assignment_group` and `tier` → values, the most probable first. Empty where
    routing was not asked for; an empty list says that nothing can be suggested."""
    incident: Incident | None = None
    """The burst of similar open tickets that the ticket belongs to, if there is one."""
