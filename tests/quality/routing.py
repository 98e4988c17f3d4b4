"""Measure routing: `python -m tests.quality.routing HOMES [--split tune] [--fit]`.

No labelled set names groups, so a ticket's component stands for its group. Each of a fixed sample of tickets is asked
about as of when it was opened, without its components; the tickets that were resolved by then vote on them. The
installations leave status and time of resolution out; they are read from the set itself. `tune` are tickets opened
before `BOUNDARY`, `report` those from then on. `--fit` looks for the weights on the sample instead.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kb.access import SHELL
from kb.documents import JSON, Ticket
from kb.json_values import time_from
from search.answers import Suggestion
from search.evidence import EVERYTHING
from search.fix_side import is_resolved
from search.routing import ROUTING_WEIGHTS, Neighbour, RoutingWeights, suggested, voted
from search.similar import SimilarRequest
from tests.quality.labelled_sets import TITANIUM, data_path, installation
from web.wiring import Services

BOUNDARY = datetime(2012, 9, 20, tzinfo=UTC)
"""From here on the titanium clusters are `report`."""
FROM = datetime(2011, 9, 1, tzinfo=UTC)
"""Earlier tickets have hardly a resolved one before them: the set begins in March 2011."""
SAMPLE = 800
DEPTH = 100
RIGHT_WHEN_GIVEN = 0.8
BINS = 10
SHARPNESSES = (0.0, 2.0, 4.0, 6.0)
SMOOTHINGS = (0.2, 0.5, 1.0, 2.0)
RANKS = (10.0, 1_000.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """One ticket of the sample: its components, case-folded, and its resolved neighbours, best first."""

    components: frozenset[str]
    asked_at: datetime
    neighbours: tuple[Neighbour, ...]


def components_of(ticket: Ticket) -> Sequence[str]:
    """Return what stands for the group."""
    return ticket.components


def asked_tickets(services: Services, split: str, size: int = SAMPLE) -> list[Asked]:
    """Ask about the sample of a split."""
    later = written_later()
    store = services.store
    period = (FROM, BOUNDARY) if split == "tune" else (BOUNDARY, datetime.max.replace(tzinfo=UTC))
    tickets = [one for one in store.documents(store.ticket_ids()).values() if isinstance(one, Ticket)]
    tickets = [one for one in tickets if one.components and one.opened_at and period[0] <= one.opened_at < period[1]]
    chosen = random.Random(1).sample(tickets, min(size, len(tickets)))
    return [_asked(services, ticket, later) for ticket in chosen]


def measured(asked: Sequence[Asked], weights: RoutingWeights) -> dict[str, float]:
    """Return coverage, how often the first suggestion and any suggestion is right when given, and the calibration
    error of the first (equal-mass bins, over every ticket that has a vote).
    """
    given = [(one, suggested(one.neighbours, components_of, weights)) for one in asked]
    answered = [(one, values) for one, values in given if values]
    firsts = [(one, voted(one.neighbours, components_of, weights)[:1]) for one in asked]
    guesses = [(value.confidence, _is_right(one, value)) for one, values in firsts for value in values]
    told = [(values[0].confidence, _is_right(one, values[0])) for one, values in answered]
    return {
        "tickets": len(asked),
        "with a vote": len(guesses) / len(asked),
        "first right of all that have a vote": _mean([right for _, right in guesses]),
        "coverage": len(answered) / len(asked),
        "first right when given": _mean([right for _, right in told]),
        "any right when given": _mean([any(_is_right(one, value) for value in values) for one, values in answered]),
        "most frequent value right when given": most_frequent([one for one, _ in answered]),
        "most frequent value right": most_frequent(asked),
        "calibration error": calibration_error(guesses),
        "calibration error when given": calibration_error(told),
    }


def most_frequent(asked: Sequence[Asked]) -> float:
    """Return how often it is right to name always the component that is the most frequent of these very tickets.

    It is chosen with their answers in sight, so that no other fixed choice does better.
    """
    counts = Counter(name for one in asked for name in one.components)
    return max(counts.values(), default=0) / max(len(asked), 1)


def calibration_error(guesses: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error of (probability, right) over equal-mass bins."""
    ordered = sorted(guesses, key=lambda guess: guess[0])
    bins = [one for one in np.array_split(np.array(ordered, dtype=float).reshape(-1, 2), BINS) if len(one)]
    return float(sum(len(one) * abs(one[:, 0].mean() - one[:, 1].mean()) for one in bins) / max(len(ordered), 1))


def fitted(asked: Sequence[Asked]) -> RoutingWeights:
    """Return the weights with the least log loss of the first value, and the lowest threshold at which the lower 95 %
    bound of how often the first suggestion is right is at least `RIGHT_WHEN_GIVEN`.
    """
    best: tuple[float, RoutingWeights] | None = None
    for sharpness, smoothing, ranks in itertools.product(SHARPNESSES, SMOOTHINGS, RANKS):
        plain = replace(
            ROUTING_WEIGHTS, sharpness=sharpness, smoothing=smoothing, ranks=ranks, intercept=0.0, slope=1.0
        )
        firsts = [(one, voted(one.neighbours, components_of, plain)[:1]) for one in asked]
        guesses = [(value.confidence, _is_right(one, value)) for one, values in firsts for value in values]
        intercept, slope = _platt(guesses)
        silent = len(asked) - len(guesses)
        loss = _log_loss(guesses, intercept, slope) + silent * math.log(2)
        if best is None or loss < best[0]:
            best = loss, replace(plain, intercept=intercept, slope=slope)
    assert best is not None
    weights = best[1]
    for threshold in (round(0.3 + 0.01 * step, 2) for step in range(65)):
        weights = replace(best[1], least_confidence=threshold)
        told = measured(asked, weights)
        right, given = told["first right when given"], told["coverage"] * len(asked)
        if right - 1.96 * math.sqrt(right * (1 - right) / max(given, 1)) >= RIGHT_WHEN_GIVEN:
            break
    return weights


def _platt(guesses: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Return intercept and slope of the logistic regression of right on the logit, by Newton's method."""
    table = np.array(guesses, dtype=float)
    inputs = np.column_stack([np.ones(len(table)), np.log(table[:, 0] / (1 - table[:, 0]))])
    coefficients = np.array([0.0, 1.0])
    for _ in range(30):
        probability = 1 / (1 + np.exp(-np.clip(inputs @ coefficients, -30, 30)))
        gradient = inputs.T @ (table[:, 1] - probability) - coefficients
        curvature = (inputs * (probability * (1 - probability))[:, None]).T @ inputs + np.eye(2)
        coefficients = coefficients + np.linalg.solve(curvature, gradient)
    return round(float(coefficients[0]), 3), round(float(coefficients[1]), 3)


def _log_loss(guesses: Sequence[tuple[float, bool]], intercept: float, slope: float) -> float:
    table = np.array(guesses, dtype=float)
    odds = np.clip(intercept + slope * np.log(table[:, 0] / (1 - table[:, 0])), -30, 30)
    return float(np.log1p(np.exp(np.where(table[:, 1] > 0, -odds, odds))).sum())


def _is_right(asked: Asked, value: Suggestion) -> bool:
    return value.value.casefold() in asked.components


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else math.nan


def _asked(services: Services, ticket: Ticket, later: Callable[[Ticket], Ticket]) -> Asked:
    request = SimilarRequest(
        ticket=replace(ticket, components=()),
        types=("ticket",),
        limit=DEPTH,
        as_of=ticket.opened_at,
        viewer=SHELL,
        floor=EVERYTHING,
        details=False,
    )
    results = services.searcher().similar(request).results
    documents = services.store.documents([result.id for result in results])
    near = [
        Neighbour(later(document), result.scores.semantic)
        for result in results
        if isinstance(document := documents.get(result.id), Ticket)
    ]
    assert ticket.opened_at is not None
    resolved = tuple(one for one in near if is_resolved(one.ticket, ticket.opened_at))
    return Asked(frozenset(one.casefold() for one in ticket.components), ticket.opened_at, resolved)


def written_later() -> Callable[[Ticket], Ticket]:
    """Return what gives a ticket the status and time of resolution that the set knows of it."""
    held: dict[str, dict[str, JSON]] = {}
    for line in (data_path() / "titanium" / "tickets.jsonl").read_text(encoding="utf-8").split("\n"):
        if line:
            fields = json.loads(line)
            held[f"{fields['source']}:{fields['external_id']}"] = fields

    def with_resolution(ticket: Ticket) -> Ticket:
        fields = held[ticket.id]
        status, resolved_at = fields.get("status"), fields.get("resolved_at")
        return replace(
            ticket,
            status=status if isinstance(status, str) else None,
            resolved_at=time_from(resolved_at, "resolved_at") if resolved_at else None,
        )

    return with_resolution


def main() -> None:
    """Measure or fit, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", type=Path)
    parser.add_argument("--split", choices=("tune", "report"), default="tune")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    if options.fit and options.split != "tune":
        parser.error("weights are fitted on tune alone")
    with installation(TITANIUM, options.homes) as services:
        asked = asked_tickets(services, options.split)
    weights = fitted(asked) if options.fit else ROUTING_WEIGHTS
    print(weights)
    for name, value in measured(asked, weights).items():
        print(f"{name:38} {value:.3f}")


if __name__ == "__main__":
    main()
