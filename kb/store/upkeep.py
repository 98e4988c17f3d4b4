"""Keep what is derived from every article: what it names, and what waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, or_, select, union_all

from kb.documents import Article
from kb.links_in_text import Place, Target, references_of
from kb.protocols.upkeep import REVIEW_LISTS, Naming, Reference, ReviewFilter, ReviewList
from kb.store.part import Part
from kb.store.rows import is_storable, json_text
from kb.store.sqlite import chunks
from kb.store.tables import alias, article_standing, document, feedback, link, reference

DUE_WITHIN = timedelta(days=14)
"""How long before its day an article is listed as due: a fortnight is time to look at it."""
OLD_AFTER = timedelta(days=30)
"""A draft that nobody touched for a month is forgotten rather than being written."""
_TABLE = article_standing.c


def note_upkeep(connection: Connection, articles: Sequence[Article]) -> None:
    """Derive of articles anew what is kept of them, within the caller's transaction. Deleted ones go by foreign key."""
    for some in chunks([one.id for one in articles]):
        connection.execute(delete(reference).where(reference.c.article_id.in_(some)))
        connection.execute(delete(article_standing).where(_TABLE.article_id.in_(some)))
    named = [row for one in articles for row in _reference_rows(one)]
    if articles:
        connection.execute(insert(article_standing), [_standing_row(one) for one in articles])
    if named:
        connection.execute(insert(reference), named)


class SqlUpkeep(Part):
    """References and reviews (`kb.protocols.upkeep.UpkeepStore`)."""

    def namings_of(self, document_id: str) -> Sequence[Naming]:
        """Return which articles name a document."""
        if not is_storable(document_id):
            return []
        names = select(literal(document_id).label("name")).cte("names", recursive=True)
        names = names.union(select(alias.c.alias).join(names, alias.c.document_id == names.c.name))
        held = select(document.c.source + "/" + document.c.path).where(document.c.id == document_id)
        by_id = and_(reference.c.is_path == 0, reference.c.target.in_(select(names.c.name)))
        by_path = and_(reference.c.is_path == 1, reference.c.target == held.scalar_subquery())
        query = (
            select(reference.c.article_id, reference.c.place)
            .where(or_(by_id, by_path), reference.c.article_id != document_id, reference.c.place != "file")
            .distinct()
            .order_by(reference.c.article_id, reference.c.place)
        )
        with self._database.read() as connection:
            return [Naming(one, cast("Place", place)) for one, place in connection.execute(query)]

    def references(self, after: str = "", limit: int = 500, article_id: str | None = None) -> Sequence[Reference]:
        """Return what the next articles name."""
        query = select(reference)
        if article_id is not None:
            query = query.where(reference.c.article_id == article_id)
        else:
            page = select(reference.c.article_id).where(reference.c.article_id > after).distinct()
            query = query.where(reference.c.article_id.in_(page.order_by(reference.c.article_id).limit(limit)))
        ordered = query.order_by(
            reference.c.article_id, reference.c.place, reference.c.target, reference.c.anchor, reference.c.is_path
        )
        with self._database.read() as connection:
            return [
                Reference(row.article_id, cast("Place", row.place), Target(row.target, row.anchor, bool(row.is_path)))
                for row in connection.execute(ordered)
            ]

    def review_counts(self, where: ReviewFilter, now: datetime) -> Mapping[ReviewList, int]:
        """Return how many articles are in each list."""
        queries = [
            select(literal(name), func.count()).where(_in_list(name, now), *_admitted(where)) for name in REVIEW_LISTS
        ]
        with self._database.read() as connection:
            return {name: count for name, count in connection.execute(union_all(*queries))}

    def review_list(
        self, name: ReviewList, where: ReviewFilter, now: datetime, limit: int, offset: int = 0
    ) -> Sequence[str]:
        """Return the ids of one list."""
        order = [_TABLE.review_due] if name == "due" else [_TABLE.touched_at.is_not(None), _TABLE.touched_at]
        query = (
            select(_TABLE.article_id)
            .where(_in_list(name, now), *_admitted(where))
            .order_by(*order, _TABLE.article_id)
            .limit(limit)
            .offset(offset)
        )
        with self._database.read() as connection:
            return connection.scalars(query).all()

    def used_unvalidated(self, where: ReviewFilter, limit: int) -> Sequence[str]:
        """Return the ids of published articles that are not validated and are named, the most often named first."""
        by_links = (
            select(link.c.target.label("id"), link.c.ticket_id.label("by"))
            .where(link.c.type.in_(("resolved_by", "duplicate_of")))
            .distinct()
        )
        by_people = (
            select(feedback.c.result_id.label("id"), func.coalesce(feedback.c.ticket, feedback.c.response_id))
            .where(feedback.c.action.in_(("resolved_by", "linked")))
            .distinct()
        )
        named = by_links.union(by_people).subquery()
        query = (
            select(_TABLE.article_id)
            .join(named, named.c.id == _TABLE.article_id)
            .where(_TABLE.state == "published", _TABLE.confidence != "validated", *_admitted(where))
            .group_by(_TABLE.article_id)
            .order_by(func.count().desc(), _TABLE.article_id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return connection.scalars(query).all()


def _in_list(name: ReviewList, now: datetime) -> ColumnElement[bool]:
    published = _TABLE.state == "published"
    if name == "due":
        return and_(published, _TABLE.review_due <= (now + DUE_WITHIN).date().isoformat())
    if name == "in_review":
        return _TABLE.state == "in_review"
    if name == "old_drafts":
        untouched = or_(_TABLE.touched_at.is_(None), _TABLE.touched_at < now - OLD_AFTER)
        return and_(_TABLE.state == "draft", untouched)
    return and_(published, _TABLE.owner.is_(None))


def _admitted(where: ReviewFilter) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if where.audiences is not None:
        bounds.append(_TABLE.audience.in_(sorted(where.audiences)))
    if where.without:
        bounds.append(_TABLE.source.not_in(sorted(where.without)))
    if where.owner is not None:
        bounds.append(_TABLE.owner == where.owner)
    if where.service is not None:
        bounds.append(_TABLE.service == where.service)
    if where.person is not None:
        named = json_text(where.person, "person")
        bounds.append(or_(_TABLE.owner == where.person, func.instr(_TABLE.authors, named) > 0))
    return bounds


def _standing_row(article: Article) -> dict[str, object]:
    return {
        "article_id": article.id,
        "source": article.source,
        "state": article.state,
        "confidence": article.confidence,
        "audience": article.audience,
        "owner": article.owner,
        "service": article.service,
        "authors": json_text(list(article.authors), article.id),
        "review_due": article.review_due.isoformat() if article.review_due else None,
        "touched_at": article.updated_at or article.created_at,
    }


def _reference_rows(article: Article) -> list[dict[str, object]]:
    return [
        {"article_id": article.id, "place": place, "target": to.value, "anchor": to.anchor, "is_path": int(to.is_path)}
        for place, to in references_of(article)
    ]
