"""Say which tickets can be part of an incident, and what people have decided about one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kb.documents import EXAMPLE_SOURCE, Ticket

DecisionState = Literal["confirmed", "dismissed"]
DECISION_STATES: tuple[DecisionState, ...] = ("confirmed", "dismissed")

PLANNED = frozenset(
    {
        "service request", "request", "request fulfilment", "request fulfillment", "change", "change request",
        "standard change", "task", "sub-task", "subtask", "technical task", "story", "user story", "epic", "feature",
        "new feature", "feature request", "enhancement", "improvement", "project", "onboarding", "offboarding",
        "serviceanfrage", "anfrage", "änderung", "änderungsantrag", "aufgabe", "unteraufgabe", "funktionswunsch",
        "verbesserung", "projekt",
    }
)  # fmt: skip
"""Categories, case-folded, that say that nothing is broken. Such tickets are written in series by one hand: on
titanium's `tune` half of the bursts that nobody injected were made of them.
"""


def counts_as_report(ticket: Ticket) -> bool:
    """Say whether a ticket can be part of a burst: open, dated, no shipped example, and not planned work."""
    category = (ticket.category or "").strip().casefold()
    return may_be_reported(ticket) and category not in PLANNED


def may_be_reported(ticket: Ticket) -> bool:
    """Say the same but for the category. A ticket without `opened_at` never counts: nobody knows when it came."""
    return ticket.is_open and ticket.opened_at is not None and ticket.source != EXAMPLE_SOURCE


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """An open, dated ticket of the organisation's own; `mark` changes with everything that is stored of it."""

    id: str
    opened_at: datetime
    audience: str
    mark: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about the tickets of a candidate.

    `size` is how many there were; `tickets` those of them that are still stored, ordered by id. `number` grows with
    every decision.
    """

    number: int
    state: DecisionState
    by: str
    at: datetime
    size: int
    tickets: tuple[str, ...]


def not_overruled(decisions: Sequence[Decision]) -> list[Decision]:
    """Return the decisions, given by number, that no later one names a ticket of, ordered by number."""
    seen: set[str] = set()
    kept = []
    for one in reversed(decisions):
        if seen.isdisjoint(one.tickets):
            kept.append(one)
        seen.update(one.tickets)
    return kept[::-1]


def dismissal_of(ids: Sequence[str], dismissed: Sequence[Decision]) -> tuple[Decision | None, bool]:
    """Return the latest dismissal of some of these tickets, and whether as many others have come since."""
    those = [one for one in dismissed if not set(ids).isdisjoint(one.tickets)]
    if not those:
        return None, False
    named = {ticket for one in those for ticket in one.tickets}
    fresh = sum(one not in named for one in ids)
    return those[-1], fresh >= max(one.size for one in those)
