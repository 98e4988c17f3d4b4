"""Tell how many tickets like those of a burst are usual, and which bursts are larger than that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from kb.documents import EXAMPLE_SOURCE, Ticket
from kb.errors import IndexUnavailable
from kb.incidents import PLANNED
from kb.protocols.store import DocumentStore
from kb.protocols.vector import VectorSearch
from kb.queries import Filter, Viewer
from search.bursts import ALIKE, NOT_ENGLISH, Burst, bursts
from search.reports import Compared, Report, microseconds, microseconds_of

USUAL_DAYS = timedelta(days=28)
USUAL_TIMES = 2
"""A burst is told only when it is this many times as large as what is usual."""
UNUSUAL_WINDOWS = 2
"""Windows of the last `USUAL_DAYS` that do not count as usual, those with the most tickets: earlier incidents."""
USUAL_DEPTH = 300
"""Earlier tickets that are looked at to tell what is usual."""
MOST_REMEMBERED = 1_000
"""What was found usual is remembered for so many centres."""


class Usual:
    """What is usual at one store, remembered until it is told to `forget`; for one thread at a time."""

    def __init__(
        self, store: DocumentStore, index: Callable[[], VectorSearch], size: int, window: timedelta, *, corrects: bool
    ):
        """`size` and `window` make a burst; `corrects` as in `search.incidents.Incidents`."""
        self._store = store
        self._index = index
        self._size = size
        self._window = window
        self._corrects = corrects
        self._sizes: dict[tuple[frozenset[str] | None, str, str, datetime], int] = {}

    def forget(self) -> None:
        """Look again from now on, as older tickets may have been delivered late."""
        self._sizes.clear()

    def unusual_bursts(self, some: Compared, viewer: Viewer) -> list[Burst]:
        """Return the bursts that are larger than what is usual, in the order of `bursts`. Raises StoreError."""
        found = bursts(some.times, some.alike, self._size, microseconds_of(self._window))
        kept = []
        for burst in found:
            usual = self._size_before(some.reports[burst.centre], some.reports[burst.rows[0]].opened_at, viewer)
            if burst.most >= USUAL_TIMES * usual:
                kept.append(burst)
        return kept

    def _size_before(self, centre: Report, first: datetime, viewer: Viewer) -> int:
        """Return how many tickets like `centre` came within one window at most, in the weeks before `first`.

        Without an index nothing is known to be usual.
        """
        key = (viewer.audiences, centre.id, centre.mark, first)
        if key not in self._sizes:
            where = Filter(
                {"type": frozenset({"ticket"})},
                {"source": frozenset({EXAMPLE_SOURCE})},
                after=first - USUAL_DAYS,
                before=first,
            )
            try:
                hits = self._index().search(centre.vector, where, viewer, USUAL_DEPTH)
            except IndexUnavailable:
                return 0
            scores = {hit.document_id: hit.score for hit in hits if hit.score >= ALIKE}
            earlier = self._store.documents(list(scores), viewer)
            tickets = [one for one in earlier.values() if isinstance(one, Ticket)]
            alike = [one for one in tickets if scores[one.id] >= self._least(centre, one)]
            if len(self._sizes) > MOST_REMEMBERED:
                self._sizes.clear()
            self._sizes[key] = usual_size(alike, self._window)
        return self._sizes[key]

    def _least(self, centre: Report, other: Ticket) -> float:
        """Return from which cosine on two tickets are alike; see `NOT_ENGLISH`."""
        is_foreign = all(not one.language.casefold().startswith("en") for one in (centre, other))
        return ALIKE * (1 - NOT_ENGLISH) + NOT_ENGLISH if self._corrects and is_foreign else ALIKE


def usual_size(tickets: Sequence[Ticket], window: timedelta) -> int:
    """Return how many of these tickets came in the window with the most but for the `UNUSUAL_WINDOWS` fullest.

    Windows lie end to end. Planned work does not count.
    """
    counted = Counter(
        microseconds(one.opened_at) // microseconds_of(window)
        for one in tickets
        if one.opened_at is not None and (one.category or "").strip().casefold() not in PLANNED
    )
    fullest = sorted(counted.values(), reverse=True)
    return fullest[UNUSUAL_WINDOWS] if len(fullest) > UNUSUAL_WINDOWS else 0
