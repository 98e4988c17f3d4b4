"""Watch the store for incidents, with the vectors that indexing has left in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from indexer.passages import passages_of, text_hash
from kb.documents import Ticket
from kb.errors import IndexUnavailable
from kb.protocols.store import Store
from kb.protocols.vector import VectorSearch
from kb.queries import Viewer
from kb.settings import Settings
from search.incidents import Incidents

DECIDING_SCOPE = "tickets:write"
"""What a token needs to decide about an incident. A decision holds for everybody, so that it takes the right to change
what is stored: over the API that of tickets, on a page `may_decide`.
"""


def may_decide(viewer: Viewer) -> bool:
    """Say whether somebody at the site may decide about an incident. See `DECIDING_SCOPE`."""
    return viewer.may("decide_incidents")


def now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def watched_incidents(
    store: Store, index: Callable[[], VectorSearch], settings: Settings, clock: Callable[[], datetime] = now
) -> Incidents:
    """Return the incidents of an installation; `index` returns the vectors that answer."""

    def vectors_of(tickets: Sequence[Ticket]) -> Mapping[str, NDArray[np.float16]]:
        """Return the vector of each ticket's first passage, for those whose present text was encoded."""
        try:
            recipe = replace(index().recipe, passage_version=0)
        except IndexUnavailable:
            return {}
        passages = {ticket.id: passages_of(ticket) for ticket in tickets}
        hashes = {one: text_hash(held[0].text) for one, held in passages.items() if held}
        stored = store.vectors(recipe.id, list(hashes.values()))
        return {
            one: stored[name]
            for one, name in hashes.items()
            if name in stored and stored[name].shape == (recipe.dimension,)
        }

    return Incidents(
        store,
        vectors_of,
        index,
        clock,
        size=settings.incident_size,
        window=timedelta(minutes=settings.incident_window_minutes),
        corrects=not settings.multilingual,
    )
