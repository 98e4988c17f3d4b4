"""State what the store of record keeps of answers and of what people made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's or system's word on one result of one answer."""

    response_id: str
    result_id: str
    action: str
    by: str
    at: datetime
    ticket: str | None = None


RESOLVED_BY = "resolved_by"
"""The action, and the type of link, that says which document resolved a ticket."""
TAKES_BACK: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"helpful": ("not_helpful",), RESOLVED_BY: ("not_helpful",), "not_helpful": ("helpful", RESOLVED_BY)}
)
"""Action of feedback → what the same person said before on the same result of the same answer, and means no more."""


def standing(words: Sequence[Feedback]) -> list[Feedback]:
    """Return the words, ordered by time, that the same person did not take back later on the same answer. Pure."""
    last: dict[tuple[str, str, str, str], int] = {}
    for place, one in enumerate(words):
        last[one.response_id, one.result_id, one.by, one.action] = place
    return [
        one
        for place, one in enumerate(words)
        if all(
            last.get((one.response_id, one.result_id, one.by, contrary), -1) < place
            for contrary in TAKES_BACK.get(one.action, ())
        )
    ]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """A logged answer: the ids of its results in their order, who asked, and the ticket asked with, if any."""

    results: tuple[str, ...]
    asked_by: str
    ticket: str | None = None


class FeedbackStore(Protocol):
    """The log of answers, and what people made of them."""

    def log_response(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        """Keep which documents an answer held: ids only, for 90 days; older ones go. The first of an id stays."""
        ...

    def answer_given(self, response_id: str) -> GivenAnswer | None:
        """Return a logged answer, `None` when there is none or it is older than 90 days."""
        ...

    def add_feedback(self, feedback: Feedback) -> bool:
        """Record it once for each person, response, result and action; say whether it was new.

        The last word counts: what was taken back (`TAKES_BACK`) can be said anew and is new then, at a time after the
        word that took it back; `standing` tells which words stand. `resolved_by` that names a stored ticket also links
        it to the result, marked as made by `FEEDBACK`, in the same transaction; said again with another ticket, it is
        that one which is linked. A link made so goes when the last one who said so takes it back; one that the ticket's
        system told never does.
        """
        ...

    def feedback_given(self, result_ids: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        """Return all feedback of these actions on these results, ordered by time, then by response, result,
        action and person."""
        ...

    def feedback_on(self, tickets: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        """Return all feedback of these actions that names one of these tickets, in the same order."""
        ...
