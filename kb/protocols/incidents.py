"""State what the store must keep for incident candidates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kb.incidents import Decision, DecisionState, OpenTicket


class IncidentStore(Protocol):
    """Open tickets by the time at which they were opened, and what people decided about candidates."""

    def documents_mark(self) -> str:
        """Return a text that is another one after every write of a document, and after changes were indexed. Cheap."""
        ...

    def open_tickets(self, until: datetime, most: int) -> Sequence[OpenTicket]:
        """Return the tickets of `kb.incidents.may_be_reported` that were opened no later than `until`: at most `most`,
        the newest first, those of one time ordered by id from behind. Kept up to date by every write.
        """
        ...

    def decide_incident(self, state: DecisionState, ticket_ids: Sequence[str], by: str) -> Decision:
        """Keep what somebody decided about these tickets, and return it. Ids that are no ticket's are left out.

        Raises InvalidInput when no ticket is left.
        """
        ...

    def incident_decisions(self, since: datetime) -> Sequence[Decision]:
        """Return the decisions on at least one ticket that `open_tickets` could return, and those made since, ordered
        by number.

        A ticket that is deleted is gone from them at once.
        """
        ...
