"""Ask labelled questions and keep what the ranker saw: the features of each candidate, and which of them are right."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kb.access import SHELL
from kb.documents import Ticket
from kb.queries import Filter
from search.batch import read_searches, read_tickets
from search.evidence import EVERYTHING
from search.ordering import LOOKED_UP
from search.ranker import Ranked
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from tests.quality.labelled_sets import LabelledSet, data_path, queries_of_split, tickets_in

SPLIT_AT = "2012-09-20"
"""Where titanium's splits divide: what was opened before is `tune`."""
UNLINKED = 400
"""Tickets without a known answer that are asked, drawn once and for all."""
Form = Literal["answered", "taken_out", "unlinked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with the first `LOOKED_UP` candidates, best first.

    `right` are the ids that answer it. `form` says whether the answers are in the index, were taken out of it, or
    whether none is known.
    """

    query: str
    form: Form
    ranked: tuple[Ranked, ...]
    right: frozenset[str]

    @property
    def is_right(self) -> list[bool]:
        """Say of each candidate whether it answers the question."""
        return [one.candidate.document_id in self.right for one in self.ranked]


def asked(
    searcher: Searcher, labelled: LabelledSet, split: str, form: Form, *, as_ticket: bool = False
) -> Iterator[Asked]:
    """Yield the questions of a split as asked in one form. Only a set of tickets has `unlinked` ones.

    `as_ticket` asks for articles as a ticket does, the first sentence being its title.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, qrels = queries_of_split(labelled, split, Path(folder))
        if form == "unlinked":
            for ticket in unlinked_tickets(labelled, split):
                yield _of_ticket(searcher, ticket, form, {})
        elif labelled.is_tickets:
            for query, ticket in read_tickets(file, as_of=True):
                yield replace(_of_ticket(searcher, ticket, form, qrels[query]), query=query)
        else:
            for query, text in read_searches(file):
                if as_ticket:
                    title, _, rest = text.partition("\n" if "\n" in text else ". ")
                    ticket = Ticket(source="query", external_id=query, title=title, description=rest)
                    yield replace(_of_ticket(searcher, ticket, form, qrels[query]), query=query)
                    continue
                gone = frozenset(qrels[query]) if form == "taken_out" else frozenset()
                order = searcher.ranked_search(
                    SearchRequest(
                        text=text,
                        filter=Filter(without=gone),
                        viewer=SHELL,
                        syntax=False,
                        floor=EVERYTHING,
                        details=False,
                    )
                )
                yield Asked(query, form, tuple(order.ranked[:LOOKED_UP]), frozenset(qrels[query]) - gone)


def unlinked_tickets(labelled: LabelledSet, split: str) -> list[Ticket]:
    """Return tickets of the split's period that nobody linked to another, the same ones each time.

    Some repeat a problem that nobody noticed: whatever is found for them counts as wrong all the same.
    """
    rows = (data_path() / labelled.qrels).read_text(encoding="utf-8").splitlines()[1:]
    linked = {one for row in rows for one in row.split("\t")[:2]}
    period = [
        ticket
        for ticket in tickets_in(labelled.corpus)
        if ticket.id not in linked
        and ticket.external_id not in linked
        and ticket.opened_at is not None
        and (ticket.opened_at.isoformat() < SPLIT_AT) == (split == "tune")
    ]
    return random.Random(7).sample(period, min(UNLINKED, len(period)))


def _of_ticket(searcher: Searcher, ticket: Ticket, form: Form, right: Mapping[str, int]) -> Asked:
    gone = frozenset(right) if form == "taken_out" else frozenset()
    order = searcher.ranked_similar(
        SimilarRequest(
            ticket=ticket,
            filter=Filter(without=gone),
            as_of=ticket.opened_at,
            viewer=SHELL,
            floor=EVERYTHING,
            details=False,
        )
    )
    return Asked(ticket.id, form, tuple(order.ranked[:LOOKED_UP]), frozenset(right) - gone)
