"""State what the store tells of the action items of all post-mortems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from kb.action_items import ActionItem
from kb.queries import Viewer


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One action item of a post-mortem: its place among the items there, from 0, and what its list shows of the rest.

    `began` is when its age begins: when the incident was resolved, else when the post-mortem was written; `None` where
    neither is known.
    """

    article_id: str
    number: int
    item: ActionItem
    title: str
    language: str
    source: str
    service: str | None
    revision: int
    began: date | None


class ActionItemStore(Protocol):
    """The action items of post-mortems, derived by every write in its transaction."""

    def planned_items(self, viewer: Viewer, *, only_open: bool = False) -> Sequence[PlannedItem]:
        """Return the items of all post-mortems that the viewer may read, by article and place; blank ones and those of
        archived post-mortems are left out. With `only_open` those that are done or dropped are left out, too.
        """
        ...
