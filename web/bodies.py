"""Translate between requests, answers and what goes over the wire; the endpoint and `--json` share it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from kb.access import checked_audience
from kb.documents import CONFIDENCES, STATES, TIERS, TYPES
from kb.errors import InvalidInput
from kb.json_values import choice_from, storable, time_from
from kb.queries import FILTER_FIELDS, Filter
from search.answers import Incident, Result, SearchAnswer, SimilarAnswer, Suggestion
from search.routing import VALUES
from web.addresses import document_url
from web.api.incident_schemas import Incident as IncidentBody
from web.api.incident_schemas import IncidentList
from web.api.schemas import ResultBody, SearchBody, SimilarBody
from web.wiring import Services

FACETS = ("type", "service", "language", "status", "confidence", "source", "tags")
"""What answers are counted by."""
INCLUDED = ("resolution", "reasons", "routing", "incident")
"""Parts of an answer to a ticket that may be left out."""
MOST_INCIDENT_TICKETS = 100
"""Tickets of an incident that are listed."""
PROBLEM_STATES = ("open", "resolved")
"""What a filter on `status` may ask for: the state of the problem."""
_DATES = ("after", "before")
_SAME = {"kind": "type"}
"""What front matter and the query syntax also call a field."""
_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "type": ("article", *TYPES),
        "state": STATES,
        "confidence": CONFIDENCES,
        "tier": TIERS,
        "status": PROBLEM_STATES,
    }
)
"""Fields with a fixed set of values. Any other value is a slip, which would silently find nothing."""


def filter_of(values: Mapping[str, Sequence[str]], *, within: str = "") -> Filter:
    """Return a filter of field → wanted values; `after` and `before` take one date or time each.

    `within` leads the names of fields in errors (`filters.`). Raises InvalidInput, naming the field, for an unknown
    field, a value that the field cannot have, or a date that is none.
    """
    bounds: dict[str, datetime] = {}
    wanted: dict[str, frozenset[str]] = {}
    for name, given in values.items():
        field = _SAME.get(name, name)
        if field in _DATES:
            if given:
                bounds[field] = time_from(given[-1], f"{within}{name}")
        elif field in FILTER_FIELDS:
            checked = frozenset(_value_of(field, value, f"{within}{name}") for value in given if value.strip())
            wanted[field] = wanted.get(field, frozenset()) | checked
        else:
            known = ", ".join((*FILTER_FIELDS, *_DATES))
            raise InvalidInput(f"There is no filter {storable(name)!r}; known are {known}.", field=f"{within}{name}")
    return Filter(values=wanted, after=bounds.get("after"), before=bounds.get("before"))


def types_of(values: Sequence[str]) -> frozenset[str]:
    """Return the types that an answer is bound to; none stands for all. Raises InvalidInput that names `types`."""
    return frozenset(choice_from(value, "types", _CHOICES["type"]) for value in values)


def _value_of(field: str, value: str, name: str) -> str:
    """Return one value of a filter; `name` is what the request calls the field."""
    if field in _CHOICES:
        return choice_from(value, name, _CHOICES[field])
    if field == "audience":
        try:
            return checked_audience(value)
        except InvalidInput as error:
            error.field = name
            raise
    return storable(value).strip()


def logged(services: Services, result_ids: Sequence[str], *, by: str, ticket: str | None = None) -> str:
    """Log which documents an answer held, for feedback to refer to, and return its response id."""
    response_id = uuid.uuid4().hex
    services.responses.add(response_id, result_ids, by=by, ticket=ticket)
    return response_id


def search_body(answer: SearchAnswer, response_id: str, base_url: str) -> SearchBody:
    """Return the body of a search answer."""
    # As mappings: there are hundreds of values, and attributes are read one by one.
    facets = {
        name: [{"value": one.value, "count": one.count} for one in values] for name, values in answer.facets.items()
    }
    return SearchBody.model_validate(
        {**_shared(answer, response_id, base_url), "total": answer.total, "facets": facets}
        | {"did_you_mean": answer.did_you_mean}
    )


def similar_body(answer: SimilarAnswer, response_id: str, base_url: str, include: Sequence[str]) -> SimilarBody:
    """Return the body of an answer to a ticket, with the parts that were asked for."""
    body = SimilarBody.model_validate(
        {
            **_shared(answer, response_id, base_url),
            "suggestions": _suggestions(answer) if "routing" in include else {},
            "incident": incident_body(answer.incident) if answer.incident and "incident" in include else None,
        }
    )
    for result in body.results:
        if "resolution" not in include:
            result.resolution = result.root_cause = result.workaround = result.fixed_by = None
        if "reasons" not in include:
            result.reasons = []
    return body


def incident_body(incident: Incident) -> IncidentBody:
    """Return one incident, with the newest of its tickets."""
    return IncidentBody.model_validate(replace(incident, tickets=incident.tickets[-MOST_INCIDENT_TICKETS:]))


def incident_list(services: Services, incidents: Sequence[Incident], cursor: str | None = None) -> IncidentList:
    """Return a list of incidents with the settings that they were found with."""
    return IncidentList(
        incidents=[incident_body(one) for one in incidents],
        size=services.settings.incident_size,
        window_minutes=services.settings.incident_window_minutes,
        cursor=cursor,
    )


def _suggestions(answer: SimilarAnswer) -> dict[str, tuple[Suggestion, ...]]:
    """Return what is suggested for each field; an empty list says that nothing can be."""
    return {name: answer.suggestions.get(name, ()) for name in VALUES}


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
    fixed_by = result.fixed_by
    if fixed_by is not None:
        fixed_by = replace(fixed_by, url=fixed_by.url or document_url(fixed_by.id, fixed_by.type, base_url))
    url = result.url or document_url(result.id, result.type, base_url)
    return ResultBody.model_validate(replace(result, url=url, fixed_by=fixed_by))
