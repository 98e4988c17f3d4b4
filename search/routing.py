"""Suggest who should get a ticket, from what became of similar ones. Pure.

The resolved tickets nearest to it vote, each the more the more similar it is. A share of the votes is no probability
yet: it is smoothed towards how often a value occurs among all candidates at hand, so that two neighbours which agree
do not make a certainty, and calibrated. With few votes, or divided ones, nothing is suggested.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from kb.documents import EXAMPLE_SOURCE, Document, Ticket
from search.answers import Suggestion
from search.fix_side import is_resolved

VALUES: Mapping[str, Callable[[Ticket], Sequence[str]]] = MappingProxyType(
    {
        "assignment_group": lambda ticket: [ticket.assignment_group] if ticket.assignment_group else [],
        "tier": lambda ticket: [ticket.tier] if ticket.tier else [],
    }
)
"""What is suggested → the values that a ticket has for it."""
NEIGHBOURS = 30
MOST_SUGGESTED = 3
UNSEEN = 5
"""Tickets counted as having a value that none of the candidates has: few that all agree are no certainty."""


@dataclass(frozen=True, slots=True)
class RoutingWeights:
    """How votes become a probability.

    The neighbour of rank `r` (from 0) at cosine `s` votes with `exp(sharpness * (s - 1) - r / ranks)`; `smoothing` is
    the weight of the values' frequencies, as a multiple of the strongest possible vote. The probability is
    `1 / (1 + exp(-(intercept + slope * logit(share))))`. Neighbours below the cosine `floor` do not vote. Something is
    suggested when the best value reaches `least_confidence` with `least_support` neighbours; others follow that have
    the same support and `least_beside`.
    """

    sharpness: float
    ranks: float
    smoothing: float
    floor: float
    intercept: float
    slope: float
    least_confidence: float
    least_beside: float
    least_support: int


ROUTING_WEIGHTS = RoutingWeights(
    sharpness=4.0,
    ranks=10.0,
    smoothing=0.5,
    floor=0.4,
    intercept=0.06,
    slope=1.923,
    least_confidence=0.53,
    least_beside=0.1,
    least_support=3,
)
"""Fitted on 800 tickets of titanium's `tune` period with the component standing for the group, `python -m
tests.quality.routing HOMES --fit`: suggested for 75 % of them, and then the first is right for 83 %; expected
calibration error 0.03. Fitted on one half, it is right for 81 % and 87 % of the other.
"""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A similar ticket that was resolved; `similarity` is its cosine, `None` where the semantic lane is down."""

    ticket: Ticket
    similarity: float | None


def suggestions(
    ordered: Iterable[tuple[Document, float | None]],
    as_of: datetime | None = None,
    weights: RoutingWeights = ROUTING_WEIGHTS,
) -> Mapping[str, tuple[Suggestion, ...]]:
    """Return field → suggested values, the most probable first; a field without any is left out.

    `ordered` are (document, cosine) as ranked, best first, all readable to whoever asks. Tickets alone vote, those that
    were resolved before `as_of` (by now, without it); shipped examples never do.
    """
    resolved = [
        Neighbour(document, similarity)
        for document, similarity in ordered
        if isinstance(document, Ticket) and document.source != EXAMPLE_SOURCE and is_resolved(document, as_of)
    ]
    found = {name: suggested(resolved, values_of, weights) for name, values_of in VALUES.items()}
    return {name: values for name, values in found.items() if values}


def suggested(
    resolved: Sequence[Neighbour],
    values_of: Callable[[Ticket], Sequence[str]],
    weights: RoutingWeights = ROUTING_WEIGHTS,
) -> tuple[Suggestion, ...]:
    """Return the values that the neighbours speak for, the most probable first, at most `MOST_SUGGESTED`.

    The first `NEIGHBOURS` that have a value vote; the frequencies of values are those among all of `resolved`.
    """
    able = [one for one in voted(resolved, values_of, weights) if one.support >= weights.least_support]
    if not able or able[0].confidence < weights.least_confidence:
        return ()
    return (able[0], *(one for one in able[1:MOST_SUGGESTED] if one.confidence >= weights.least_beside))


def voted(
    resolved: Sequence[Neighbour],
    values_of: Callable[[Ticket], Sequence[str]],
    weights: RoutingWeights = ROUTING_WEIGHTS,
) -> list[Suggestion]:
    """Return every value that got a vote with its probability, whether or not it may be suggested."""
    named = [(one, _distinct(values_of(one.ticket))) for one in resolved]
    named = [(one, values) for one, values in named if values]
    voters = [(one, values) for one, values in named if one.similarity is None or one.similarity >= weights.floor]
    voters = voters[:NEIGHBOURS]
    frequency = Counter(key for _, values in named for key in values)
    votes: dict[str, float] = {}
    support: Counter[str] = Counter()
    spelled: dict[str, Counter[str]] = {}
    total = weights.smoothing
    for rank, (one, values) in enumerate(voters):
        similarity = weights.floor if one.similarity is None else one.similarity
        vote = math.exp(weights.sharpness * (similarity - 1) - rank / weights.ranks)
        total += vote
        for key, written in values.items():
            votes[key] = votes.get(key, 0.0) + vote
            support[key] += 1
            spelled.setdefault(key, Counter())[written] += 1
    found = []
    for key, vote in votes.items():
        share = (vote + weights.smoothing * frequency[key] / (len(named) + UNSEEN)) / total
        written = min(spelled[key], key=lambda spelling: (-spelled[key][spelling], spelling))
        found.append(Suggestion(written, _probability(share, weights), support[key], len(voters)))
    return sorted(found, key=lambda one: (-one.confidence, -one.support, one.value))


def _distinct(values: Sequence[str]) -> dict[str, str]:
    """Return the values by what they are compared as: upper and lower case are one."""
    return {value.strip().casefold(): value.strip() for value in values if value.strip()}


def _probability(share: float, weights: RoutingWeights) -> float:
    within = min(max(share, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-(weights.intercept + weights.slope * math.log(within / (1 - within)))))
