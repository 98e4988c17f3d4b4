"""Keep why a revision was made, what articles name, and what waits for whom."""

from __future__ import annotations

import json
from types import MappingProxyType

import sqlalchemy as sa
from alembic import op

from kb.documents import Article
from kb.links_in_text import references_of

revision = "0009"
down_revision = "0008"

_AT_ONCE = 500
_OF_ARTICLE = ("state", "confidence", "audience", "owner", "service", "review_due")


def upgrade() -> None:
    """Add a column and two tables, and derive what they hold of the articles that are there."""
    op.add_column("revision", sa.Column("comment", sa.Text))
    of_article = sa.ForeignKey("document.id", ondelete="CASCADE")
    op.create_table(
        "reference",
        sa.Column("article_id", sa.Text, of_article, primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("anchor", sa.Text, primary_key=True),
        sa.Column("is_path", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("reference_by_target", "reference", ["target", "is_path"])
    op.create_table(
        "article_standing",
        sa.Column("article_id", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("confidence", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("service", sa.Text),
        sa.Column("authors", sa.Text, nullable=False),
        sa.Column("review_due", sa.Text),
        sa.Column("touched_at", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("article_standing_by_state", "article_standing", ["state", "review_due"])
    _derive(op.get_bind())


def _derive(connection: sa.Connection) -> None:
    columns = ("id", "type", "source", "path", "content")
    document = sa.table("document", *(sa.column(name) for name in columns))
    last = ""
    while True:
        page = sa.select(document).where(document.c.type != "ticket", document.c.id > last)
        found = connection.execute(page.order_by(document.c.id).limit(_AT_ONCE)).all()
        if not found:
            return
        last = found[-1].id
        derived = [_derived(row, json.loads(row.content)) for row in found]
        _insert(connection, "article_standing", [standing for standing, _ in derived])
        _insert(connection, "reference", [one for _, named in derived for one in named])


def _insert(connection: sa.Connection, table: str, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(sa.insert(sa.table(table, *map(sa.column, rows[0]))), rows)


def _derived(
    row: sa.Row[tuple[str, ...]], held: dict[str, object]
) -> tuple[dict[str, object], list[dict[str, object]]]:
    standing = {name: held.get(name) for name in _OF_ARTICLE}
    standing |= {"article_id": row.id, "source": row.source, "authors": json.dumps(held["authors"], ensure_ascii=False)}
    standing["touched_at"] = held.get("updated_at") or held.get("created_at")
    extra, attachments = held.get("extra"), held.get("attachments")
    article = Article(
        id=row.id, title="", body=str(held["body"]), source=row.source, path=row.path,
        related=tuple(held["related"] if isinstance(held["related"], list) else ()),
        translation_of=held["translation_of"] if isinstance(held["translation_of"], str) else None,
        attachments=MappingProxyType(attachments if isinstance(attachments, dict) else {}),
        extra=MappingProxyType(extra if isinstance(extra, dict) else {}),
    )  # fmt: skip
    return standing, [
        {"article_id": row.id, "place": place, "target": to.value, "anchor": to.anchor, "is_path": int(to.is_path)}
        for place, to in references_of(article)
    ]
