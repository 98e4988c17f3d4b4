"""The part of the store in memory that tells the action items of post-mortems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from kb.access import may_read
from kb.documents import Article, Document
from kb.protocols.action_items import PlannedItem
from kb.queries import Viewer
from kb.store.action_items import items_of


class MemoryActionItems:
    """An ActionItemStore over the documents of the store in memory."""

    _open: Callable[[], AbstractContextManager[None]]
    _documents: dict[str, Document]

    def planned_items(self, viewer: Viewer, *, only_open: bool = False) -> Sequence[PlannedItem]:
        with self._open():
            found = [
                item
                for one in self._documents.values()
                if isinstance(one, Article) and one.state != "archived" and may_read(viewer, one)
                for item in items_of(one)
                if item.item.is_open or not only_open
            ]
            return sorted(found, key=lambda one: (one.article_id, one.number))
