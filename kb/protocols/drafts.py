"""State what the store keeps of texts that somebody is still writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What one person has typed into the editor and not yet saved as an article. It is theirs alone.

    `key` tells the drafts of one person apart. `article_id` and `revision` name the article that is being changed and
    the revision at which that began; both are `None` for an article that is not there yet. `values` maps each field of
    the form to what stands in it, unchecked: a half-typed date is kept as it is.
    """

    person: str
    key: str
    values: Mapping[str, Sequence[str]]
    article_id: str | None = None
    revision: int | None = None
    version: int = 0
    """Counted from 1 by the store with every save; 0 before the first."""
    saved_at: datetime | None = None
    """Set by the store."""

    def value(self, name: str) -> str:
        """Return what stands in a field, the first of several, empty where there is none."""
        held = self.values.get(name, ())
        return held[0] if held else ""


class DraftStore(Protocol):
    """Drafts: no documents, so that no index, list, export or other person ever sees one. Backups hold them."""

    def save_draft(self, draft: Draft, expected_version: int | None = None) -> Draft:
        """Store a draft in place of the person's draft of that key and return it with its version and time.

        `expected_version` is the version that it was written over, 0 for none; `None` replaces whatever is there.
        Raises StaleEdit when the stored version is another, with nothing stored: of two windows one succeeds. Raises
        InvalidInput for what cannot be stored (lone surrogates).
        """
        ...

    def draft(self, person: str, key: str) -> Draft | None:
        """Return the person's draft of that key, `None` when there is none; another person's is none."""
        ...

    def drafts(self, person: str) -> Sequence[Draft]:
        """Return the person's drafts, the latest saved first, then by key."""
        ...

    def discard_draft(self, person: str, key: str, version: int | None = None) -> bool:
        """Forget a draft and say whether there was one; with `version` only when it is still that one."""
        ...
