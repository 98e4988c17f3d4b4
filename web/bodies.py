"""Translate between requests, answers and what goes over the wire; the endpoint and `--json` share it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from kb.errors import InvalidInput
from kb.queries import FILTER_FIELDS, Filter
from search.answers import Result, SearchAnswer, SimilarAnswer
from web.addresses import document_url
from web.api.schemas import ResultBody, SearchBody, SimilarBody
from web.wiring import Services

FACETS = ("type", "service", "language", "status", "confidence", "source", "tags")
"""What answers are counted by."""
INCLUDED = ("resolution", "reasons", "routing", "incident")
"""Parts of an answer to a ticket that may be left out."""
_DATES = ("after", "before")


def filter_of(values: Mapping[str, Sequence[str]], base: Filter | None = None) -> Filter:
    """Return a filter of field → wanted values; `after` and `before` take one date or time each.

    Raises InvalidInput, naming the field, for an unknown field or a date that is none.
    """
    bounds: dict[str, datetime] = {}
    wanted: dict[str, frozenset[str]] = {}
    for name, given in values.items():
        field = "type" if name == "kind" else name
        if field in _DATES:
            if given:
                bounds[field] = _moment(field, given[-1])
        elif field in FILTER_FIELDS:
            wanted[field] = frozenset(value for value in given if value)
        else:
            known = ", ".join((*FILTER_FIELDS, *_DATES))
            raise InvalidInput(f"There is no filter {name!r}; known are {known}.", field=f"filters.{name}")
    after, before = bounds.get("after"), bounds.get("before")
    return replace(base or Filter(), values=wanted, after=after, before=before)


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        try:
            moment = datetime.combine(date.fromisoformat(value), datetime.min.time())
        except ValueError as error:
            raise InvalidInput(f"{name} {value!r} is no date; write 2025-01-31.", field=name) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def logged(services: Services, result_ids: Sequence[str], *, by: str, ticket: str | None = None) -> str:
    """Log which documents an answer held, for feedback to refer to, and return its response id."""
    response_id = uuid.uuid4().hex
    services.responses.add(response_id, result_ids, by=by, ticket=ticket)
    return response_id


def search_body(answer: SearchAnswer, response_id: str, base_url: str) -> SearchBody:
    """Return the body of a search answer."""
    return SearchBody.model_validate(
        {**_shared(answer, response_id, base_url), "total": answer.total, "facets": dict(answer.facets)}
        | {"did_you_mean": answer.did_you_mean}
    )


def similar_body(answer: SimilarAnswer, response_id: str, base_url: str, include: Sequence[str]) -> SimilarBody:
    """Return the body of an answer to a ticket, with the parts that were asked for."""
    body = SimilarBody.model_validate(
        {
            **_shared(answer, response_id, base_url),
            "suggestions": dict(answer.suggestions) if "routing" in include else {},
            "incident": answer.incident if "incident" in include else None,
        }
    )
    for result in body.results:
        if "resolution" not in include:
            result.resolution = result.root_cause = result.workaround = None
        if "reasons" not in include:
            result.reasons = []
    return body


def _shared(answer: SearchAnswer | SimilarAnswer, response_id: str, base_url: str) -> dict[str, object]:
    return {
        "response_id": response_id,
        "status": answer.status,
        "retrieval": answer.retrieval,
        "query": answer.query,
        "results": [result_body(result, base_url) for result in answer.results],
    }


def result_body(result: Result, base_url: str) -> ResultBody:
    """Return one result; its address is where it lives: the ticket system's own, else its page here."""
    url = result.url or document_url(result.id, result.type, base_url)
    return ResultBody.model_validate(replace(result, url=url))
