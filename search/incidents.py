"""Tell which bursts of similar open tickets are under way for somebody who reads, and what was decided about them.

Bursts are formed of the tickets that the reader may read, so that nothing else can show, not even in a number. They
depend on what is stored alone: neither on the order in which it came nor on when it is looked at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from kb.documents import Document, Ticket
from kb.errors import NotFound
from kb.incidents import Decision, DecisionState, counts_as_report, dismissal_of, not_overruled
from kb.protocols.encoder import Vector
from kb.protocols.incidents import IncidentStore
from kb.protocols.store import DocumentStore
from kb.protocols.vector import VectorSearch
from kb.queries import Viewer
from search.answers import Incident, IncidentState
from search.bursts import ALIKE, likenesses
from search.explaining import explained
from search.reports import (
    HORIZON,
    Compared,
    Report,
    Reports,
    VectorsOf,
    compared,
    microseconds,
    microseconds_of,
    report_of,
    texts_of,
)
from search.usual import Usual

LATE_S = 60.0
"""Within how many seconds older tickets that were delivered late count in what is usual."""
MOST_NEAR = 200
"""Tickets among which one is looked for that the ticket of a question would make."""
MOST_READERS = 32
"""Kinds of readers whose incidents are remembered."""


class WatchedStore(IncidentStore, DocumentStore, Protocol):
    """The parts of the store that incidents are told from."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What is under way for one kind of reader, made from `seen` and `decisions`."""

    seen: Compared
    decisions: tuple[Decision, ...]
    own: Compared
    incidents: tuple[Incident, ...]
    centres: tuple[int, ...]
    """The row of each incident's centre in `own`."""
    gone: frozenset[str] = frozenset()
    """Ids of tickets in `own` that are closed, deleted or changed since."""
    mark: str | None = None
    made_at: float = 0.0


class Incidents:
    """The incidents of one store; may be used by several threads at once."""

    def __init__(
        self,
        store: WatchedStore,
        vectors_of: VectorsOf,
        index: Callable[[], VectorSearch],
        now: Callable[[], datetime],
        *,
        size: int,
        window: timedelta,
        corrects: bool,
    ):
        """`corrects`: the model knows English alone, so that texts in other languages look alike to it."""
        self._store = store
        self._size = size
        self._window = window
        self._corrects = corrects
        self._reports = Reports(store, vectors_of, now, corrects=corrects)
        self._now = now
        self._lock = threading.Lock()
        self._told: dict[frozenset[str] | None, _Told] = {}
        self._usual_since = time.monotonic()
        self._usual = Usual(store, index, size, window, corrects=corrects)

    @property
    def none(self) -> Incident:
        """Return that there is none."""
        return Incident(candidate=False, size=0, window_minutes=self._minutes)

    def current(self, viewer: Viewer) -> tuple[Incident, ...]:
        """Return what is under way for `viewer`, dismissed ones too, the one with the latest ticket first.

        Raises StoreError.
        """
        return self._current(viewer).incidents

    def of_id(self, incident_id: str, viewer: Viewer) -> Incident:
        """Return the incident that a ticket is part of. Raises NotFound, StoreError."""
        for one in self.current(viewer):
            if incident_id in one.tickets:
                return one
        raise NotFound(f"There is no incident with the ticket {incident_id!r}, or none that is still open.")

    def decide(self, incident_id: str, state: DecisionState, viewer: Viewer) -> Incident:
        """Confirm or dismiss the incident that a ticket is part of, and return it. Raises NotFound, StoreError.

        What comes back are the tickets decided on: a dismissal can leave too few of them open for `of_id`.
        """
        found = self.of_id(incident_id, viewer)
        made = self._store.decide_incident(state, found.tickets, viewer.name)
        is_candidate = state != "dismissed"
        return replace(found, candidate=is_candidate, state=state, decided_by=made.by, decided_at=made.at, grown=False)

    def of_ticket(self, ticket: Ticket, vectors: Sequence[Vector], viewer: Viewer) -> Incident:
        """Return the incident that a ticket is part of, or would be if it were stored; else that there is none.

        `vectors` are those of its text; a ticket that is not stored and undated is taken to have come just now. Of a
        dismissed incident only state, id and who dismissed it are told. Raises StoreError.
        """
        told = self._current(viewer)
        for one in told.incidents:
            if ticket.id in one.tickets:
                return self._as_answer(one)
        if any(report.id == ticket.id for report in told.own.reports) or not vectors or not told.own.reports:
            return self.none
        opened_at = ticket.opened_at or told.own.reports[-1].opened_at
        if not counts_as_report(replace(ticket, opened_at=opened_at)):
            return self.none
        if vectors[0].shape != told.own.texts.vectors[0].shape:
            return self.none
        return self._joined(told, report_of(ticket, opened_at, vectors[0]), viewer)

    @property
    def _minutes(self) -> int:
        return int(self._window.total_seconds() // 60)

    def _as_answer(self, incident: Incident) -> Incident:
        if incident.candidate:
            return incident
        return replace(
            self.none,
            id=incident.id,
            state=incident.state,
            decided_by=incident.decided_by,
            decided_at=incident.decided_at,
        )

    def _current(self, viewer: Viewer) -> _Told:
        with self._lock:
            began = time.monotonic()
            self._reports.refresh(self._window)
            seen = self._reports.compared
            decisions = tuple(self._store.incident_decisions(self._now() - HORIZON))
            told = self._told.get(viewer.audiences)
            is_late = told is not None and told.mark != self._reports.mark and began - told.made_at >= LATE_S
            if told is None or told.seen is not seen or told.decisions != decisions or is_late:
                if began - self._usual_since >= LATE_S:
                    self._usual.forget()
                    self._usual_since = began
                if len(self._told) >= MOST_READERS:
                    self._told.clear()
                told = self._told[viewer.audiences] = self._made(seen, decisions, viewer)
                self._reports.rest(time.monotonic() - began)
            return self._without(told, self._reports.gone) if self._reports.gone else told

    def _without(self, told: _Told, gone: frozenset[str]) -> _Told:
        """Return what was told without tickets that are gone since."""
        by_id = {one.id: one for one in told.own.reports}
        kept = []
        for incident, centre in zip(told.incidents, told.centres, strict=True):
            reports = [by_id[one] for one in incident.tickets if one not in gone]
            if len(reports) == incident.size:
                kept.append((incident, centre))
            elif reports and (incident.state == "confirmed" or len(reports) >= self._size):
                first, last = reports[0], reports[-1]
                middle = first if told.own.reports[centre].id in gone else told.own.reports[centre]
                less = replace(
                    incident,
                    size=len(reports),
                    tickets=tuple(one.id for one in reports),
                    id=first.id,
                    title=middle.title,
                    language=middle.language,
                    since=first.opened_at,
                    latest=last.opened_at,
                )
                kept.append((explained(less, reports), centre))
        incidents, centres = tuple(one for one, _ in kept), tuple(centre for _, centre in kept)
        return replace(told, incidents=incidents, centres=centres, gone=gone)

    def _made(self, seen: Compared, decisions: tuple[Decision, ...], viewer: Viewer) -> _Told:
        rows = [
            row for row, one in enumerate(seen.reports) if viewer.audiences is None or one.audience in viewer.audiences
        ]
        own = seen if len(rows) == len(seen.reports) else seen.only(rows)
        valid = not_overruled(decisions)
        found: list[tuple[Incident, int]] = []
        left = set(range(len(own.reports)))
        for decision in (one for one in valid if one.state == "confirmed"):
            members = self._collected(own, decision, left, viewer)
            if members:
                named = frozenset(decision.tickets)
                centre = _centre(own, [row for row in members if own.reports[row].id in named] or members)
                left -= set(members)
                found.append((self._incident(own, centre, members, "confirmed", decision), centre))
        dismissed = [one for one in valid if one.state == "dismissed"]
        rest = sorted(left)
        some = own if len(rest) == len(own.reports) else own.only(rest)
        for burst in self._usual.unusual_bursts(some, viewer):
            members, centre = [rest[row] for row in burst.rows], rest[burst.centre]
            decided, is_back = dismissal_of([own.reports[row].id for row in members], dismissed)
            state: IncidentState = "candidate" if decided is None or is_back else "dismissed"
            made = self._incident(own, centre, members, state, decided)
            found.append((replace(made, grown=is_back), centre))
        found.sort(key=lambda pair: (pair[0].latest or self._now(), pair[0].id or ""), reverse=True)
        incidents, centres = tuple(one for one, _ in found), tuple(centre for _, centre in found)
        made_at = time.monotonic()
        return _Told(seen, decisions, own, incidents, centres, mark=self._reports.mark, made_at=made_at)

    def _collected(self, own: Compared, decision: Decision, left: set[int], viewer: Viewer) -> list[int]:
        """Return the open tickets of a confirmed incident: those that were confirmed, and what resembles them since.

        None where the reader may read fewer of those confirmed than make a candidate, unless it is all of them.
        """
        named = frozenset(decision.tickets)
        confirmed = [row for row in sorted(left) if own.reports[row].id in named]
        readable: Mapping[str, Document] = {}
        if len(confirmed) < min(self._size, len(named)):
            readable = self._store.documents(decision.tickets, viewer)
            if len(readable) < min(self._size, len(named)):
                return []
        if confirmed:
            alike, first = own.alike[_centre(own, confirmed)], int(own.times[confirmed[0]])
        else:  # those who were first are often closed first, as duplicates of one that leads
            closed = self._reports.read([one for one in readable.values() if isinstance(one, Ticket)][:MOST_NEAR])
            if not closed.reports or not own.reports:
                return []
            centre = closed.only([_centre(closed, range(len(closed.reports)))])
            alike, first = likenesses(centre.texts, own.texts)[0] >= ALIKE, int(closed.times[0])
        since = {int(row) for row in np.flatnonzero(alike) if own.times[row] >= first - microseconds_of(self._window)}
        return sorted(left & since | set(confirmed))

    def _incident(
        self, own: Compared, centre: int, rows: Sequence[int], state: IncidentState, decision: Decision | None
    ) -> Incident:
        reports = [own.reports[row] for row in rows]
        others = [row for row in rows if row != centre]
        texts = texts_of([own.reports[row] for row in others], self._corrects)
        middle = texts_of([own.reports[centre]], self._corrects)
        # The plain cosine: what raises a likeness beyond it, codes in common, is told beside it.
        alike = (middle.vectors @ texts.vectors.T)[0] if others else np.ones(1, dtype=np.float32)
        return explained(
            Incident(
                candidate=state != "dismissed",
                size=len(rows),
                window_minutes=self._minutes,
                tickets=tuple(one.id for one in reports),
                id=reports[0].id,
                state=state,
                title=own.reports[centre].title,
                language=own.reports[centre].language,
                since=reports[0].opened_at,
                latest=reports[-1].opened_at,
                similarity=round(min(float(alike.mean()), 1.0), 2),
                decided_by=decision.by if decision else None,
                decided_at=decision.at if decision else None,
            ),
            reports,
        )

    def _joined(self, told: _Told, asked: Report, viewer: Viewer) -> Incident:
        """Return the incident that a ticket joins or makes which is not stored."""
        own, window = told.own, microseconds_of(self._window)
        alike = likenesses(texts_of([asked], self._corrects), own.texts)[0]
        at = microseconds(asked.opened_at)
        rows = {one.id: row for row, one in enumerate(own.reports)}
        ways = sorted(zip(told.incidents, told.centres, strict=True), key=lambda way: -alike[way[1]])
        for incident, centre in ways:
            times = own.times[[rows[one] for one in incident.tickets]]
            is_confirmed = incident.state == "confirmed" and at >= times[0]
            if alike[centre] >= ALIKE and (is_confirmed or np.abs(times - at).min() <= window):
                joined = replace(
                    self._as_answer(incident),
                    latest=max(asked.opened_at, incident.latest or asked.opened_at),
                )
                if not incident.candidate:
                    return self._as_answer(incident)
                reports = [own.reports[rows[one]] for one in incident.tickets]
                return explained(replace(joined, size=incident.size + 1), [*reports, asked])
        taken = {rows[one] for incident in told.incidents for one in incident.tickets}
        taken |= {rows[one] for one in told.gone if one in rows}
        close = [int(row) for row in np.argsort(-alike, kind="stable")[:MOST_NEAR] if alike[row] >= ALIKE]
        near = sorted(set(close) - taken)
        if len(near) + 1 < self._size:
            return self.none
        some = compared([*(own.reports[row] for row in near), asked], self._corrects)
        for burst in self._usual.unusual_bursts(some, viewer):
            reports = [some.reports[row] for row in burst.rows]
            if asked in reports:
                made = self._incident(some, burst.centre, burst.rows, "candidate", None)
                stored = tuple(one.id for one in reports if one is not asked)
                return replace(made, tickets=stored, id=stored[0])
        return self.none


def _centre(own: Compared, rows: Sequence[int]) -> int:
    """Return the row that most of `rows` resemble, the earliest of equals."""
    among = np.array(rows, dtype=np.intp)
    counts = np.count_nonzero(own.alike[np.ix_(among, among)], axis=1)
    return int(among[int(np.argmax(counts))])
