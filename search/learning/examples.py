"""Make questions with known answers from what people linked: the ticket as it was opened → what tells of its problem.

What teaches: links `duplicate_of` and `resolved_by` of tickets, and of feedback on a ticket `resolved_by`, `linked` and
`helpful`. What was merely opened or copied teaches nothing, however often: a click says what stood first, not what
helped. Shipped examples never count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kb.documents import EXAMPLE_SOURCE, Document, Ticket, dated_at
from kb.protocols.feedback import Feedback, standing
from search.prior import PriorStore

DUPLICATE = "duplicate_of"
RESOLVED = "resolved_by"
TEACHING = ("resolved_by", "linked", "helpful")
"""Actions of feedback that teach."""
REFUSING = "not_helpful"
"""Takes back what the same person said of the same document and ticket before."""
_CHUNK = 500
_MOST_LINKS = 10_000


class LinkedStore(PriorStore, Protocol):
    """The parts of the store that examples are made from."""

    def all_ids(self) -> Iterator[str]:
        """Return every document id, ordered."""
        ...

    def aliases(self) -> Mapping[str, str]:
        """Return every alias → the id it leads to."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """Somebody linked a ticket with the document that tells of its problem; `is_duplicate` if both are one problem."""

    ticket: str
    document: str
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A question: a ticket, when it was opened, and the documents that answer it.

    `group` is the same for tickets of one problem, which must not stand on both sides of a split.
    """

    ticket: Ticket
    at: datetime
    right: frozenset[str]
    group: str


def examples_of(store: LinkedStore) -> list[Example]:
    """Return every question that links and feedback make, ordered by time and id. Raises StoreError.

    A ticket without a date makes none, nor does one whose answers all came later than itself.
    """
    pairs = list(_linked(store))
    ids = sorted({one for pair in pairs for one in (pair.ticket, pair.document)})
    documents = {
        one: document
        for start in range(0, len(ids), _CHUNK)
        for one, document in store.documents(ids[start : start + _CHUNK]).items()
        if document.source != EXAMPLE_SOURCE
    }
    return examples_from(pairs, documents)


def examples_from(pairs: Sequence[Pair], documents: Mapping[str, Document]) -> list[Example]:
    """Return the questions that pairs make, ordered by time and id. Pure.

    Tickets that are duplicates of each other, over any number of steps, are one problem: all others of it answer each,
    and so does what was linked with any of them.
    """
    known = [one for one in pairs if one.ticket in documents and one.document in documents]
    first: dict[str, str] = {}

    def group_of(one: str) -> str:
        while first.get(one, one) != one:
            one = first[one]
        return one

    for pair in known:
        if pair.is_duplicate:
            least, other = sorted((group_of(pair.ticket), group_of(pair.document)))
            first[other] = least
    answers: dict[str, set[str]] = {}
    for pair in known:
        answers.setdefault(group_of(pair.ticket), set()).update(
            (pair.ticket, pair.document) if pair.is_duplicate else (pair.document,)
        )
    asked = {one.ticket for one in known} | {one.document for one in known if one.is_duplicate}
    examples = []
    for one in asked:
        ticket = documents[one]
        if not isinstance(ticket, Ticket) or ticket.opened_at is None:
            continue
        right = {each for each in answers[group_of(one)] - {one} if _was_there(documents[each], ticket.opened_at)}
        if right:
            examples.append(Example(ticket, ticket.opened_at, frozenset(right), group_of(one)))
    return sorted(examples, key=lambda example: (example.at, example.ticket.id))


def _was_there(document: Document, moment: datetime) -> bool:
    dated = dated_at(document)
    return dated is None or dated < moment


def _linked(store: LinkedStore) -> Iterator[Pair]:
    aliases = store.aliases()
    ids = sorted({*store.all_ids(), *aliases})
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        for target, links in store.links_to_each(some, (DUPLICATE, RESOLVED), _MOST_LINKS).items():
            for ticket_id, link in links:
                yield Pair(ticket_id, _own_id(target, aliases), link.type == DUPLICATE)
        said: dict[tuple[str, str, str], Feedback] = {}
        for one in standing(store.feedback_given(some, (*TEACHING, REFUSING))):
            if one.ticket is not None:
                said[(one.ticket, one.result_id, one.by)] = one
        for one in said.values():
            if one.action in TEACHING and one.ticket is not None:
                yield Pair(one.ticket, _own_id(one.result_id, aliases))


def _own_id(one: str, aliases: Mapping[str, str]) -> str:
    seen = set()
    while one in aliases and one not in seen:
        seen.add(one)
        one = aliases[one]
    return one
