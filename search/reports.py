"""Hold what open tickets are compared by, and keep it up to the store at the cost of what has changed.

Of every ticket the vector that the store keeps is used, none is made: a ticket counts from when it is indexed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.analysis.analyse import analyse
from kb.analysis.cited import without_cited
from kb.analysis.excerpt import telling_excerpt
from kb.analysis.telling import telling_title, told
from kb.documents import Document, Ticket
from kb.incidents import OpenTicket, counts_as_report
from kb.protocols.encoder import Vector
from kb.queries import Viewer
from search.agreement import STRONG, asked_identifiers, stands_for_the_problem
from search.bursts import ALIKE, Flags, Texts, Times, likenesses

MOST_COMPARED = 1_500
"""Open tickets that are compared, the newest."""
HORIZON = timedelta(days=7)
"""Older ones are not, counted back from the newest: what is open for longer waits for something else."""
LONGEST_READ = 4_000
"""Characters of a ticket in which identifiers are looked for."""
TRY_AGAIN_S = 2.0
"""After how many seconds vectors are looked for that were missing."""
FEW = 300
"""Open tickets that can be compared again with every write."""
RESTS = 5
"""With more of them, the work after which nothing new is taken in for so many times as long as it took: a stream of
tickets must not keep a processor from the searches.
"""
LONGEST_REST_S = 2.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class ReportStore(Protocol):
    """The parts of the store that open tickets are read from."""

    def documents_mark(self) -> str:
        """Return a text that is another one after every write of a document, and after changes were indexed."""
        ...

    def open_tickets(self, until: datetime, most: int) -> Sequence[OpenTicket]:
        """Return open, dated tickets, the newest first."""
        ...

    def documents(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, Document]:
        """Return those of `ids` that exist and that the viewer may read."""
        ...


VectorsOf = Callable[[Sequence[Ticket]], Mapping[str, NDArray[np.float16]]]
"""Returns ticket id → the vector that is stored of the ticket as it is, for those that have one."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is compared and shown of one open ticket.

    `strong` are the identifiers that name a problem; `written` maps every identifier to how it stands in the text,
    `words` the terms of the title to theirs.
    """

    id: str
    opened_at: datetime
    audience: str
    mark: str
    title: str
    language: str
    service: str | None
    vector: Vector
    strong: frozenset[str]
    written: Mapping[str, str]
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """Open tickets in order of time, then of id, and which of them resemble each other."""

    reports: tuple[Report, ...]
    texts: Texts
    times: Times
    alike: Flags

    def only(self, rows: Sequence[int]) -> Compared:
        """Return the same of some rows, which must be in order."""
        chosen = np.array(rows, dtype=np.intp)
        reports = tuple(self.reports[row] for row in rows)
        texts = Texts(
            self.texts.vectors[chosen],
            self.texts.foreign[chosen],
            [self.texts.identifiers[row] for row in rows],
        )
        return Compared(reports, texts, self.times[chosen], self.alike[np.ix_(chosen, chosen)])


def microseconds(moment: datetime) -> int:
    """Return the time since the epoch in microseconds, exactly."""
    return (moment - _EPOCH) // _TICK


def microseconds_of(length: timedelta) -> int:
    """Return a length of time in microseconds."""
    return length // _TICK


def report_of(ticket: Ticket, opened_at: datetime, vector: Vector, mark: str = "") -> Report:
    """Return what is compared of a ticket."""
    title = telling_title(ticket.title)
    description, _ = telling_excerpt(without_cited(ticket.description), LONGEST_READ)
    text = f"{title}\n{told(description).gist}"[:LONGEST_READ]
    analysed = analyse(text, ticket.language)
    named = asked_identifiers(analysed.identifiers, stands_for_the_problem(text, len(title)))
    strong = frozenset(one.value for one in named if one.decides and one.strength >= STRONG)
    return Report(
        ticket.id,
        opened_at,
        ticket.audience,
        mark,
        ticket.title,
        ticket.language,
        ticket.service,
        np.asarray(vector, dtype=np.float32),
        strong,
        {one.value: text[one.start : one.end] for one in reversed(analysed.identifiers)},
        {
            one.terms[0]: text[one.start : one.end]
            for one in reversed(analysed.words)
            if one.terms and one.end <= len(title)
        },
    )


def compared(reports: Sequence[Report], corrects: bool, before: Compared | None = None) -> Compared:
    """Return reports compared; of those that `before` compared already nothing is done again.

    `corrects` takes off what a model that knows English alone finds alike in other languages.
    """
    ordered = tuple(sorted(reports, key=lambda one: (one.opened_at, one.id)))
    texts = texts_of(ordered, corrects)
    count = len(ordered)
    alike = np.zeros((count, count), dtype=bool)
    held = {one.id: (row, one) for row, one in enumerate(before.reports)} if before is not None else {}
    kept = [(row, held[one.id][0]) for row, one in enumerate(ordered) if one.id in held and held[one.id][1] is one]
    if before is not None and kept:
        here, there = (np.array(rows, dtype=np.intp) for rows in zip(*kept, strict=True))
        alike[np.ix_(here, here)] = before.alike[np.ix_(there, there)]
    known = {row for row, _ in kept}
    new = np.array([row for row in range(count) if row not in known], dtype=np.intp)
    if len(new):
        some = Texts(texts.vectors[new], texts.foreign[new], [texts.identifiers[row] for row in new])
        rows = likenesses(some, texts) >= ALIKE
        alike[new] = rows
        alike[:, new] = rows.T
        alike[new, new] = True
    times = np.array([microseconds(one.opened_at) for one in ordered], dtype=np.int64)
    return Compared(ordered, texts, times, alike)


def texts_of(reports: Sequence[Report], corrects: bool) -> Texts:
    """Return what reports are compared by, in their order."""
    vectors = np.stack([one.vector for one in reports]) if reports else np.zeros((0, 1), dtype=np.float32)
    foreign = np.array([corrects and not one.language.casefold().startswith("en") for one in reports], dtype=bool)
    return Texts(vectors, foreign, [one.strong for one in reports])


class Reports:
    """The open tickets of one store; for one thread at a time."""

    def __init__(self, store: ReportStore, vectors_of: VectorsOf, now: Callable[[], datetime], *, corrects: bool):
        self._store = store
        self._vectors_of = vectors_of
        self._now = now
        self._corrects = corrects
        self.mark: str | None = None
        self._lacking: frozenset[str] = frozenset()
        self._looked_at = 0.0
        self._passed: dict[str, str] = {}
        self._rests_until = 0.0
        self.compared = compared((), corrects)
        self.gone: frozenset[str] = frozenset()
        """Ids of tickets in `compared` that are closed, deleted or changed since."""

    def refresh(self, ahead: timedelta) -> None:
        """Bring `compared` up to the store; while resting, only tell what is `gone` from it. Raises StoreError.

        Tickets dated further `ahead` of the clock than that do not count yet.
        """
        mark = self._store.documents_mark()
        is_time = bool(self._lacking) and time.monotonic() - self._looked_at >= TRY_AGAIN_S
        if mark == self.mark and not is_time:
            return
        rows = self._store.open_tickets(self._now() + ahead, MOST_COMPARED)
        if rows:
            oldest = rows[0].opened_at - HORIZON
            rows = [row for row in rows if row.opened_at >= oldest]
        held = {one.id: one for one in self.compared.reports}
        kept = [held[row.id] for row in rows if row.id in held and held[row.id].mark == row.mark]
        known = {one.id for one in kept}
        if time.monotonic() < self._rests_until:
            self.gone = frozenset(held.keys() - known)
            return
        wanted = [row for row in rows if row.id not in known and self._passed.get(row.id) != row.mark]
        made = self._read(wanted)
        there = {row.id for row in rows}
        self._passed = {one: seen for one, seen in self._passed.items() if one in there}
        if made or len(kept) != len(held):
            self.compared = compared([*kept, *made], self._corrects, self.compared)
        self.mark, self._looked_at, self.gone = mark, time.monotonic(), frozenset()

    def rest(self, took_s: float) -> None:
        """Take in nothing new for a while after work that took long; what is gone is told all the same."""
        if len(self.compared.reports) > FEW:
            self._rests_until = time.monotonic() + min(RESTS * took_s, LONGEST_REST_S)

    def read(self, tickets: Sequence[Ticket]) -> Compared:
        """Return dated tickets compared, open or not, those that have a vector."""
        vectors = self._vectors_of(tickets)
        reports = [
            report_of(one, one.opened_at, vectors[one.id].astype(np.float32))
            for one in tickets
            if one.id in vectors and one.opened_at is not None
        ]
        return compared(reports, self._corrects)

    def _read(self, rows: Sequence[OpenTicket]) -> list[Report]:
        """Return those of new or changed tickets that count and have a vector; remember those that do not count."""
        documents = self._store.documents([row.id for row in rows])
        tickets: dict[str, Ticket] = {}
        for row in rows:
            ticket = documents.get(row.id)
            if isinstance(ticket, Ticket) and counts_as_report(ticket):
                tickets[row.id] = ticket
            else:
                self._passed[row.id] = row.mark
        vectors = self._vectors_of(list(tickets.values())) if tickets else {}
        self._lacking = frozenset(tickets.keys() - vectors.keys())
        return [
            report_of(tickets[row.id], row.opened_at, vectors[row.id].astype(np.float32), row.mark)
            for row in rows
            if row.id in vectors
        ]


def shared_values(of_each: Sequence[Mapping[str, str]], share: float, most: int) -> tuple[str, ...]:
    """Return how the values are written that at least two and this share of the tickets have, the most frequent first,
    then by value; at most `most`.
    """
    counts = Counter(value for values in of_each for value in values)
    least = max(2, share * len(of_each))
    found = sorted((-count, value) for value, count in counts.items() if count >= least)[:most]
    return tuple(next(values[value] for values in of_each if value in values) for _, value in found)
