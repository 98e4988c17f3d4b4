"""The part of the store in memory that keeps drafts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from kb.errors import StaleEdit
from kb.protocols.drafts import Draft
from kb.store.rows import json_text


class MemoryDrafts:
    """A DraftStore in the store in memory."""

    _open: Callable[[], AbstractContextManager[None]]
    _clock: Callable[[], datetime]
    _drafts: dict[tuple[str, str], Draft]

    def save_draft(self, draft: Draft, expected_version: int | None = None) -> Draft:
        with self._open():
            json_text({name: list(values) for name, values in draft.values.items()}, "draft")
            before = self._drafts.get((draft.person, draft.key))
            version = before.version if before else 0
            if expected_version not in (None, version):
                raise StaleEdit("this draft was saved in another window meanwhile")
            values = {name: tuple(held) for name, held in draft.values.items()}
            saved = replace(draft, values=values, version=version + 1, saved_at=self._clock())
            self._drafts[draft.person, draft.key] = saved
            return saved

    def draft(self, person: str, key: str) -> Draft | None:
        with self._open():
            return self._drafts.get((person, key))

    def drafts(self, person: str) -> Sequence[Draft]:
        with self._open():
            own = sorted((one for one in self._drafts.values() if one.person == person), key=lambda one: one.key)
            return sorted(own, key=lambda one: one.saved_at or datetime.min, reverse=True)

    def discard_draft(self, person: str, key: str, version: int | None = None) -> bool:
        with self._open():
            held = self._drafts.get((person, key))
            if held is None or version not in (None, held.version):
                return False
            del self._drafts[person, key]
            return True
