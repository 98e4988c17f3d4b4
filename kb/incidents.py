"""Say which tickets can be part of an incident, and what people have decided about one. Pure."""

from __future__ import annotations

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
