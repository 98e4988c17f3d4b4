"""Say what answers are made from: the store, the indexes, the encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from kb.documents import Ticket
from kb.protocols.encoder import Vector
from kb.protocols.keyword import KeywordSearch
from kb.protocols.store import ChangeLog, DocumentStore
from kb.protocols.vector import VectorSearch
from kb.queries import Viewer
from kb.reporting import Clock
from search.answers import Incident
from search.expansion import Expander
from search.lanes import EncoderSource
from search.prior import PriorStore
from search.ranker import Ranker, shipped_ranker
from search.readings import Readings

OLDEST_LOOKED_AT = 200
NEWEST_LOOKED_AT = 300
"""Documents that changed but are not indexed yet, and are checked again before anything is counted: those that wait
longest, and those that changed last, which wait behind an import. More than these wait only during an import, and
reading them all would make each search slow; results themselves are always checked.
"""


RankerSource = Callable[[], Ranker]
"""Returns the ranker that is active now."""

IncidentSource = Callable[[Ticket, Sequence[Vector], Viewer], Incident | None]
"""Returns the incident that a ticket, with the vectors of its text, is part of for a reader; `None` where nobody
watches for incidents.
"""

VocabularySource = Callable[[], Expander | None]
"""Returns what looks up other words as the vocabulary is now; `None` where there is none."""


class ReadStore(DocumentStore, ChangeLog, PriorStore, Protocol):
    """The parts of the store that answers need."""

    def article_ids(self, source: str | None = None) -> Mapping[str, str | None]:
        """Return id → path of every article (of one source), ordered by id."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything an answer is made from. An index that is `None` is a lane that is down."""

    store: ReadStore
    keyword: KeywordSearch | None
    vectors: VectorSearch | None
    encoder: EncoderSource
    readings: Readings
    clock: Clock
    vocabulary: VocabularySource
    ranker: RankerSource = shipped_ranker
    incidents: IncidentSource = lambda ticket, vectors, viewer: None
    background: Callable[[], Executor | None] = lambda: None
    """Returns what runs beside the rest what waits for native code; `None` while every core has enough to do."""
    refresh: Callable[[], None] = lambda: None
    """Lets the indexes see what was committed since, where nobody else does."""

    def hidden_by_changes(self, viewer: Viewer) -> frozenset[str]:
        """Return documents that the indexes may still show but the viewer may not read, or that are gone.

        The indexes lag behind the store by a moment; without this, totals and facets would tell of a document that was
        just deleted or closed to the viewer.
        """
        changes = list(self.store.pending(OLDEST_LOOKED_AT))
        self.refresh()  # now: what is indexed after this look is in the changes, what was before it in the indexes
        if not changes:
            return frozenset()
        if len(changes) == OLDEST_LOOKED_AT:
            changes += self.store.newest_pending(NEWEST_LOOKED_AT)
        changed = frozenset(change.document_id for change in changes)
        return changed - self.store.documents(sorted(changed), viewer).keys()
