"""State what the store tells of all articles at once: what they name, and what waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from kb.links_in_text import Place, Target

ReviewList = Literal["due", "in_review", "old_drafts", "without_owner"]
REVIEW_LISTS: tuple[ReviewList, ...] = ("due", "in_review", "old_drafts", "without_owner")


@dataclass(frozen=True, slots=True)
class Naming:
    """An article that names a document, and where it does."""

    article_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class Reference:
    """What one article names in one place."""

    article_id: str
    place: Place
    target: Target


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Whose articles are asked for.

    `audiences` are those that the viewer may read, `None` for all. `person` is the owner or one of the authors.
    Articles of the sources `without` are left out.
    """

    audiences: frozenset[str] | None = None
    person: str | None = None
    owner: str | None = None
    service: str | None = None
    without: frozenset[str] = frozenset()


class UpkeepStore(Protocol):
    """What is derived from every article, kept up to date by every write in its transaction."""

    def namings_of(self, document_id: str) -> Sequence[Naming]:
        """Return which articles name a document: by its id, by an alias that leads to it (over others, too), or by the
        path of its file; not the document itself. Ordered by article, then place; each pair once.
        """
        ...

    def references(self, after: str = "", limit: int = 500, article_id: str | None = None) -> Sequence[Reference]:
        """Return what the next `limit` articles name whose id comes after `after` (or this article alone), ordered by
        article, place and target. Articles that name nothing are passed over.
        """
        ...

    def review_counts(self, where: ReviewFilter, now: datetime) -> Mapping[ReviewList, int]:
        """Return how many articles are in each of `REVIEW_LISTS` at `now`.

        - `due`: published, and `review_due` is past or within 14 days;
        - `in_review`: in that state;
        - `old_drafts`: a draft that was not touched (`updated_at`, else `created_at`) for 30 days;
        - `without_owner`: published, and nobody looks after it.
        """
        ...

    def review_list(
        self, name: ReviewList, where: ReviewFilter, now: datetime, limit: int, offset: int = 0
    ) -> Sequence[str]:
        """Return the ids of one of the lists: by `review_due`, else the longest untouched first (never touched before
        those), then by id.
        """
        ...

    def used_unvalidated(self, where: ReviewFilter, limit: int) -> Sequence[str]:
        """Return the ids of published articles that are not validated and that tickets (links `resolved_by` and
        `duplicate_of`) or feedback (`resolved_by`, `linked`) name, the most often named first, then by id.

        Who may see those tickets, and what feedback was taken back, is not looked at: `search.reuse` counts.
        """
        ...
