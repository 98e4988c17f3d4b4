"""Count how often documents were reused, and how many resolved tickets are linked with what was known: KCS's measures.

KCS v6 (Consortium for Service Innovation, Practices Guide, Technique 3.3 "Linking") takes both from the association of
a case with the article that resolves it, whether it was there before or was written from the case, and whether the link
was made before or after the case was closed. The link rate is the percentage of closed cases with an article linked.
Here a past ticket counts as well as an article, and what is linked with an article is told beside. To open or to copy
something is no association: neither says that it fitted. Shipped examples count in nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kb.documents import EXAMPLE_SOURCE, Article, Document, Ticket, type_of
from kb.protocols.feedback import TAKES_BACK, Feedback, standing
from kb.queries import Viewer
from search.prior import PriorStore, not_counting

LINKS = ("resolved_by", "duplicate_of")
"""Links of a ticket that say that its problem was known."""
USES = ("resolved_by", "linked")
"""Feedback that says the same."""
MOST_LINKS = 10_000
MOST_REUSED = 10
_CHUNK = 500
_CONTRARY = tuple(sorted({one for use in USES for one in TAKES_BACK.get(use, ())}))


class ReuseStore(PriorStore, Protocol):
    """The parts of the store that reuse is counted from."""

    def aliases(self) -> Mapping[str, str]:
        """Return every alias → the id it leads to."""
        ...

    def resolved_tickets(self, since: datetime, before: datetime) -> Sequence[str]:
        """Return the ids of tickets that were resolved in a period."""
        ...

    def feedback_on(self, tickets: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        """Return all feedback of these actions that names one of these tickets."""
        ...


@dataclass(frozen=True, slots=True)
class Reused:
    """A document and the number of tickets it was reused for."""

    id: str
    type: str
    title: str
    reuse: int


@dataclass(frozen=True, slots=True)
class UseReport:
    """What became of the tickets that were resolved from `since` until before `until`.

    `linked` of the `resolved` ones are linked with an article or past ticket, `linked_to_article` with an article.
    `reused` are the documents that most of them are linked with, the most reused first, then by id.
    """

    since: datetime
    until: datetime
    resolved: int
    linked: int
    linked_to_article: int
    reused: tuple[Reused, ...] = ()

    @property
    def link_rate(self) -> float | None:
        """Return the share of resolved tickets that are linked, `None` when none was resolved."""
        return self.linked / self.resolved if self.resolved else None


def reuse_of(store: ReuseStore, documents: Iterable[Document], viewer: Viewer) -> Mapping[str, int]:
    """Return document id → how many problems it was reused for; a document without any is left out.

    A problem is a ticket that names the document in one of `LINKS` or in feedback of `USES`, once; or, where feedback
    names no ticket, the answer it was given on. Tickets that `viewer` may not read do not count. Raises StoreError.
    """
    own = {one.id: one.id for one in documents if one.source != EXAMPLE_SOURCE}
    if not own:
        return {}
    own |= {former: own[target] for former, target in _ends(store.aliases()).items() if target in own}
    problems: dict[str, set[str]] = {}
    for target, links in store.links_to_each(sorted(own), LINKS, MOST_LINKS).items():
        problems.setdefault(own[target], set()).update(ticket for ticket, _ in links)
    answers: dict[str, set[str]] = {}
    for word in standing(store.feedback_given(sorted(own), (*USES, *_CONTRARY))):
        if word.action in USES:
            held = problems if word.ticket else answers
            held.setdefault(own[word.result_id], set()).add(word.ticket or word.response_id)
    named = {one for tickets in problems.values() for one in tickets}
    silent = not_counting(store, named, viewer)
    counts = {
        one: len(problems.get(one, set()) - silent - {one}) + len(answers.get(one, ())) for one in (*problems, *answers)
    }
    return {one: count for one, count in counts.items() if count}


def use_report(store: ReuseStore, viewer: Viewer, since: datetime, until: datetime) -> UseReport:
    """Return the link rate of a period, and what was reused most. Only what `viewer` may read counts.

    A ticket is resolved when its status says so and its `resolved_at` lies in the period. Raises StoreError.
    """
    ends = _ends(store.aliases())
    resolved = linked = to_article = 0
    reused: Counter[str] = Counter()
    titles: dict[str, Reused] = {}
    for some in _chunks(store.resolved_tickets(since, until)):
        tickets = {
            one.id: one
            for one in store.documents(some, viewer).values()
            if isinstance(one, Ticket) and one.source != EXAMPLE_SOURCE and not one.is_open
        }
        targets = {
            ticket.id: {ends.get(link.target, link.target) for link in ticket.links if link.type in LINKS}
            for ticket in tickets.values()
        }
        for word in _uses_on(store, sorted(tickets)):
            if word.ticket is not None:
                targets[word.ticket].add(ends.get(word.result_id, word.result_id))
        there = _counting(store, {one for found in targets.values() for one in found}, viewer)
        for ticket_id, found in targets.items():
            known = [there[one] for one in found - {ticket_id} if one in there]
            resolved += 1
            linked += bool(known)
            to_article += any(isinstance(one, Article) for one in known)
            for one in known:
                reused[one.id] += 1
                titles.setdefault(one.id, Reused(one.id, type_of(one), one.title, 0))
    first = sorted(reused.items(), key=lambda item: (-item[1], item[0]))[:MOST_REUSED]
    most = tuple(Reused(one, titles[one].type, titles[one].title, count) for one, count in first)
    return UseReport(since, until, resolved, linked, to_article, most)


def _uses_on(store: ReuseStore, tickets: Sequence[str]) -> list[Feedback]:
    """Return the feedback on these tickets that says that a document fitted, and stands."""
    uses = store.feedback_on(tickets, USES)
    if not uses:
        return []
    contrary = store.feedback_given(sorted({one.result_id for one in uses}), _CONTRARY)
    words = sorted([*uses, *contrary], key=lambda one: one.at)
    return [one for one in standing(words) if one.action in USES]


def _counting(store: ReuseStore, ids: Iterable[str], viewer: Viewer) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for some in _chunks(sorted(ids)):
        found.update(store.documents(some, viewer))
    return {one: document for one, document in found.items() if document.source != EXAMPLE_SOURCE}


def _ends(aliases: Mapping[str, str]) -> dict[str, str]:
    """Return every alias → the id that it leads to in the end."""
    ends: dict[str, str] = {}
    for alias in aliases:
        seen, one = {alias}, aliases[alias]
        while one in aliases and one not in seen:
            seen.add(one)
            one = aliases[one]
        ends[alias] = one
    return ends


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
