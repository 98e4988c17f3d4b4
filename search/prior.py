"""Count what people made of a document before: who found it helpful, and which problems it solved.

Of feedback only what was said counts (`helpful`, `not_helpful`, `resolved_by`), never what was merely opened or copied.
A person counts once for each document, with the last word on whether it helped, and what was taken back counts no more.
Shipped examples count in nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kb.documents import EXAMPLE_SOURCE, Document, Link, Ticket
from kb.protocols.feedback import Feedback, standing
from kb.queries import Viewer
from search.answers import Reason
from search.fix_side import was_known

OPINIONS = ("helpful", "not_helpful")
SOLVED = "resolved_by"
MOST_SOLVED = 100
"""Tickets that are counted for one document: beyond that, more say nothing new and each has to be read."""


class PriorStore(Protocol):
    """The parts of the store that prior feedback is counted from."""

    def documents(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, Document]:
        """Return those of `ids` that exist and that the viewer may read."""
        ...

    def sources(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, str]:
        """Return id → source of those of `ids` that exist and that the viewer may read."""
        ...

    def links_to_each(
        self, document_ids: Sequence[str], types: Sequence[str], most: int, before: datetime | None = None
    ) -> Mapping[str, Sequence[tuple[str, Link]]]:
        """Return document id → (ticket id, link) of links to it, the latest first."""
        ...

    def feedback_given(self, result_ids: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        """Return all feedback of these actions on these results, ordered by time."""
        ...


@dataclass(frozen=True, slots=True)
class PriorFeedback:
    """People who found a document helpful, people who did not, and how many problems it solved."""

    helpful: int = 0
    not_helpful: int = 0
    resolved_by: int = 0


def prior_feedback(
    store: PriorStore,
    documents: Mapping[str, Document],
    viewer: Viewer,
    *,
    as_of: datetime | None = None,
    asked: str | None = None,
) -> Mapping[str, PriorFeedback]:
    """Return document id → its counts, for those of `documents` that have any.

    `resolved_by` counts the tickets that name the document as what resolved them, and the people who said so of a
    ticket that does not. Only tickets that `viewer` may read count, at most `MOST_SOLVED` for each document, and never
    `asked`, the ticket of the question. With `as_of`, what was said or linked at or after it does not count; a link
    without a time was made when its ticket was resolved. Raises StoreError.
    """
    ids = [one.id for one in documents.values() if one.source != EXAMPLE_SOURCE]
    if not ids:
        return {}
    solved = _solved(store, ids, viewer, as_of, asked)
    given: dict[str, list[Feedback]] = {}
    told = store.feedback_given(ids, (*OPINIONS, SOLVED))
    silent = not_counting(store, {one.ticket for one in told if one.ticket}, viewer)
    for one in standing([one for one in told if as_of is None or one.at < as_of]):
        if (asked is None or one.ticket != asked) and one.ticket not in silent:
            given.setdefault(one.result_id, []).append(one)
    return {
        one: counted(given.get(one, ()), solved.get(one, frozenset())) for one in ids if one in given or one in solved
    }


def not_counting(store: PriorStore, tickets: Iterable[str], viewer: Viewer) -> frozenset[str]:
    """Return those of the tickets that the viewer may not read, or that are examples; one that is not stored counts."""
    ids = sorted(tickets)
    if not ids:
        return frozenset()
    readable = store.sources(ids, viewer)
    return frozenset(
        one for one, source in store.sources(ids).items() if one not in readable or source == EXAMPLE_SOURCE
    )


def counted(given: Sequence[Feedback], solved: frozenset[str]) -> PriorFeedback:
    """Return the counts of a document from the feedback on it, ordered by time, and the tickets that name it. Pure."""
    opinions = {one.by: one.action for one in given if one.action in OPINIONS}
    said: dict[str, list[Feedback]] = {}
    for one in given:
        if one.action == SOLVED:
            said.setdefault(one.by, []).append(one)
    beyond = sum(all(one.ticket not in solved for one in words) for words in said.values())
    verdicts = list(opinions.values())
    return PriorFeedback(verdicts.count("helpful"), verdicts.count("not_helpful"), len(solved) + beyond)


def prior_reasons(prior: PriorFeedback | None) -> tuple[Reason, ...]:
    """Return the counts as a reason, when there is something to tell."""
    if prior is None or prior == PriorFeedback():
        return ()
    return (
        Reason(
            "prior_feedback",
            helpful=prior.helpful,
            not_helpful=prior.not_helpful,
            resolved_by=prior.resolved_by,
        ),
    )


def _solved(
    store: PriorStore, ids: Sequence[str], viewer: Viewer, as_of: datetime | None, asked: str | None
) -> dict[str, frozenset[str]]:
    """Return document id → the tickets that it resolved."""
    links = store.links_to_each(ids, (SOLVED,), MOST_SOLVED, as_of)
    tickets = store.documents(sorted({ticket_id for found in links.values() for ticket_id, _ in found}), viewer)
    counting: dict[str, frozenset[str]] = {}
    for document_id, found in links.items():
        readable = [(tickets[ticket_id], link) for ticket_id, link in found if ticket_id in tickets]
        those = frozenset(
            ticket.id
            for ticket, link in readable
            if isinstance(ticket, Ticket)
            and ticket.source != EXAMPLE_SOURCE
            and ticket.id not in (asked, document_id)
            and (link.at is not None or was_known(ticket, as_of))
        )
        if those:
            counting[document_id] = those
    return counting
