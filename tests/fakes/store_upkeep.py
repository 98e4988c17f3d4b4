"""The part of the store in memory that tells what articles name, and what waits for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from kb.documents import Article, Document, Ticket
from kb.links_in_text import Target, references_of
from kb.protocols.feedback import Feedback
from kb.protocols.upkeep import REVIEW_LISTS, Naming, Reference, ReviewFilter, ReviewList
from kb.store.upkeep import DUE_WITHIN, OLD_AFTER


class MemoryUpkeep:
    """An UpkeepStore over the documents of the store in memory."""

    _open: Callable[[], AbstractContextManager[None]]
    _documents: dict[str, Document]
    _aliases: dict[str, str]
    _feedback: dict[tuple[str, str, str, str], Feedback]

    def namings_of(self, document_id: str) -> Sequence[Naming]:
        with self._open():
            names = {document_id}
            while more := {alias for alias, target in self._aliases.items() if target in names} - names:
                names |= more
            wanted = {Target(name) for name in names}
            document = self._documents.get(document_id)
            if isinstance(document, Article) and document.path is not None:
                wanted.add(Target(f"{document.source}/{document.path}", is_path=True))
            found = {
                Naming(one.article_id, one.place)
                for one in self._references()
                if Target(one.target.value, "", one.target.is_path) in wanted
                and one.article_id != document_id
                and one.place != "file"
            }
            return sorted(found, key=lambda one: (one.article_id, one.place))

    def references(self, after: str = "", limit: int = 500, article_id: str | None = None) -> Sequence[Reference]:
        with self._open():
            found = self._references()
            if article_id is not None:
                return [one for one in found if one.article_id == article_id]
            page = sorted({one.article_id for one in found if one.article_id > after})[:limit]
            return [one for one in found if one.article_id in page]

    def review_counts(self, where: ReviewFilter, now: datetime) -> Mapping[ReviewList, int]:
        with self._open():
            return {name: sum(_is_in(name, one, now) for one in self._admitted(where)) for name in REVIEW_LISTS}

    def review_list(
        self, name: ReviewList, where: ReviewFilter, now: datetime, limit: int, offset: int = 0
    ) -> Sequence[str]:
        with self._open():

            def order(one: Article) -> tuple[str, str]:
                touched = one.updated_at or one.created_at
                first = str(one.review_due) if name == "due" else touched.isoformat() if touched else ""
                return first, one.id

            found = [one for one in self._admitted(where) if _is_in(name, one, now)]
            return [one.id for one in sorted(found, key=order)][offset : offset + limit]

    def used_unvalidated(self, where: ReviewFilter, limit: int) -> Sequence[str]:
        with self._open():
            named = {
                (link.target, one.id)
                for one in self._documents.values()
                if isinstance(one, Ticket)
                for link in one.links
                if link.type in ("resolved_by", "duplicate_of")
            }
            named |= {
                (one.result_id, one.ticket or one.response_id)
                for one in self._feedback.values()
                if one.action in ("resolved_by", "linked")
            }
            wanted = {
                one.id for one in self._admitted(where) if one.state == "published" and one.confidence != "validated"
            }
            counts = Counter(target for target, _ in named if target in wanted)
            return [one for one, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))][:limit]

    def _articles(self) -> list[Article]:
        return [one for one in self._documents.values() if isinstance(one, Article)]

    def _references(self) -> list[Reference]:
        found = [Reference(one.id, place, to) for one in self._articles() for place, to in references_of(one)]
        return sorted(
            found, key=lambda one: (one.article_id, one.place, one.target.value, one.target.anchor, one.target.is_path)
        )

    def _admitted(self, where: ReviewFilter) -> list[Article]:
        return [
            one
            for one in self._articles()
            if (where.audiences is None or one.audience in where.audiences)
            and one.source not in where.without
            and where.owner in (None, one.owner)
            and where.service in (None, one.service)
            and (where.person is None or where.person in (one.owner, *one.authors))
        ]


def _is_in(name: ReviewList, article: Article, now: datetime) -> bool:
    touched = article.updated_at or article.created_at
    is_published = article.state == "published"
    return {
        "due": is_published and article.review_due is not None and article.review_due <= (now + DUE_WITHIN).date(),
        "in_review": article.state == "in_review",
        "old_drafts": article.state == "draft" and (touched is None or touched < now - OLD_AFTER),
        "without_owner": is_published and article.owner is None,
    }[name]
