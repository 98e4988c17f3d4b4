"""Say of an incident what its tickets share, and why they are taken to be one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from search.answers import Incident
from search.reports import Report, shared_values

MOST_SHARED = 5
"""Identifiers, words and services that are told of each."""
WORD_SHARE = 0.5
"""Of the tickets' titles that must hold a word for it to be told."""


def explained(incident: Incident, reports: Sequence[Report]) -> Incident:
    """Return the incident with what its tickets share, and with the sentence that explains it."""
    services = Counter(one.service for one in reports if one.service)
    identifiers = shared_values([one.written for one in reports], 0.0, MOST_SHARED)
    codes = {value.casefold() for value in identifiers}
    words = shared_values([one.words for one in reports], WORD_SHARE, MOST_SHARED + len(codes))
    told = replace(
        incident,
        identifiers=identifiers,
        words=tuple(word for word in words if word.casefold() not in codes)[:MOST_SHARED],
        services=tuple(
            name for name, _ in sorted(services.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_SHARED]
        ),
    )
    return replace(told, explanation=in_one_sentence(told))


def in_one_sentence(incident: Incident) -> str:
    """Return why these tickets are taken to be one incident."""
    since = f" since {incident.since:%Y-%m-%d %H:%M} UTC" if incident.since else ""
    alike = f" (average similarity {incident.similarity:.2f})" if incident.similarity is not None else ""
    shared = [
        f"{name}: {', '.join(values)}"
        for name, values in (
            ("identifiers in common", incident.identifiers),
            ("words in common", incident.words),
            ("services", incident.services),
        )
        if values
    ]
    told = f"{incident.size} similar open tickets{since} around “{incident.title}”{alike}"
    return "; ".join([told, *shared]) + "."
