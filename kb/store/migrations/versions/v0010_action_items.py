"""Keep the action items of post-mortems as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from kb.action_items import action_items_of
from kb.post_mortems import moment_of

revision = "0010"
down_revision = "0009"

_AT_ONCE = 500


def upgrade() -> None:
    """Add the table, and derive what it holds of the post-mortems that are there."""
    texts = ("action", "type", "owner", "due", "tracker", "state", "title", "language", "source")
    op.create_table(
        "action_item",
        sa.Column("article_id", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("service", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("began", sa.Text),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("article_state", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("action_item_by_state", "action_item", ["state"])
    _derive(op.get_bind())


def _derive(connection: sa.Connection) -> None:
    columns = ("id", "type", "source", "revision", "content")
    document = sa.table("document", *(sa.column(name) for name in columns))
    last = ""
    while True:
        page = sa.select(document).where(document.c.type == "post-mortem", document.c.id > last)
        found = connection.execute(page.order_by(document.c.id).limit(_AT_ONCE)).all()
        if not found:
            return
        last = found[-1].id
        rows = [one for row in found for one in _rows(row, json.loads(row.content))]
        if rows:
            connection.execute(sa.insert(sa.table("action_item", *map(sa.column, rows[0]))), rows)


def _rows(row: sa.Row[tuple[str, ...]], held: dict[str, object]) -> Iterator[dict[str, object]]:
    extra, created = held.get("extra"), held.get("created_at")
    began = moment_of(extra.get("resolved_at")) if isinstance(extra, dict) else None
    if began is None and isinstance(created, str):
        began = datetime.fromisoformat(created)
    for number, item in enumerate(action_items_of(str(held["body"])) or ()):
        if not item.is_blank:
            yield {
                "article_id": row.id, "number": number, "action": item.action, "type": item.type, "owner": item.owner,
                "due": item.due, "tracker": item.tracker, "state": item.state, "title": held["title"],
                "language": held["language"], "source": row.source, "service": held.get("service"),
                "revision": row.revision, "began": began.date().isoformat() if began else None,
                "audience": held["audience"], "article_state": held["state"],
            }  # fmt: skip
