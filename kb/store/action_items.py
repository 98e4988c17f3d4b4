"""Keep the action items of post-mortems as rows: a list of all of them reads no text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, delete, insert, select

from kb.action_items import UNDER_WAY, ActionItem, action_items_of
from kb.documents import Article
from kb.post_mortems import moment_of
from kb.protocols.action_items import PlannedItem
from kb.queries import Viewer
from kb.store.part import Part
from kb.store.sqlite import chunks
from kb.store.tables import action_item

_ITEM = action_item.c


def note_action_items(connection: Connection, articles: Sequence[Article]) -> None:
    """Derive the items of articles anew, within the caller's transaction. Those of deleted ones go by foreign key."""
    for some in chunks([one.id for one in articles]):
        connection.execute(delete(action_item).where(_ITEM.article_id.in_(some)))
    rows = [_row(article, one) for article in articles for one in items_of(article)]
    if rows:
        connection.execute(insert(action_item), rows)


def items_of(article: Article) -> Sequence[PlannedItem]:
    """Return the items of a post-mortem, blank ones left out; of anything else none."""
    if article.kind != "post-mortem":
        return ()
    began = moment_of(article.extra.get("resolved_at")) or article.created_at
    return [
        PlannedItem(
            article_id=article.id,
            number=number,
            item=item,
            title=article.title,
            language=article.language,
            source=article.source,
            service=article.service,
            revision=article.revision,
            began=began.date() if began is not None else None,
        )
        for number, item in enumerate(action_items_of(article.body) or ())
        if not item.is_blank
    ]


class SqlActionItems(Part):
    """Action items (`kb.protocols.action_items.ActionItemStore`)."""

    def planned_items(self, viewer: Viewer, *, only_open: bool = False) -> Sequence[PlannedItem]:
        """Return the items of all post-mortems that the viewer may read."""
        query = select(action_item).where(_ITEM.article_state != "archived")
        if not viewer.may_edit:  # as `kb.access.may_read` has it
            query = query.where(_ITEM.article_state == "published")
        if viewer.audiences is not None:
            query = query.where(_ITEM.audience.in_(sorted(viewer.audiences)))
        if only_open:
            query = query.where(_ITEM.state.in_(("", *UNDER_WAY)))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_ITEM.article_id, _ITEM.number)).all()
        return [
            PlannedItem(
                article_id=row.article_id,
                number=row.number,
                item=ActionItem(row.action, row.type, row.owner, row.due, row.tracker, row.state),
                title=row.title,
                language=row.language,
                source=row.source,
                service=row.service,
                revision=row.revision,
                began=date.fromisoformat(row.began) if row.began else None,
            )
            for row in rows
        ]


def _row(article: Article, one: PlannedItem) -> dict[str, object]:
    return {
        "article_id": one.article_id,
        "number": one.number,
        "action": one.item.action,
        "type": one.item.type,
        "owner": one.item.owner,
        "due": one.item.due,
        "tracker": one.item.tracker,
        "state": one.item.state,
        "title": one.title,
        "language": one.language,
        "source": one.source,
        "service": one.service,
        "revision": one.revision,
        "began": one.began.isoformat() if one.began is not None else None,
        "audience": article.audience,
        "article_state": article.state,
    }
