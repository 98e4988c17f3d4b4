"""Create the first schema: documents, their history and links, changes, vectors, access."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "document",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("path", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("document_by_source", "document", ["source", "id", "type", "path"])
    op.create_table(
        "revision",
        sa.Column("document_id", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("path", sa.Text),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "alias",
        sa.Column("alias", sa.Text, primary_key=True),
        sa.Column("document_id", sa.Text, nullable=False),
    )
    op.create_table(
        "link",
        sa.Column("ticket_id", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("at", sa.Text),
    )
    op.create_index("link_by_target", "link", ["target"])
    op.create_table(
        "tombstone",
        sa.Column("ticket_id", sa.Text, primary_key=True),
        sa.Column("deleted_at", sa.Text),
    )
    op.create_table(
        "change",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("change_by_document", "change", ["document_id", "seq"])
    op.create_table(
        "indexed",
        sa.Column("only", sa.Integer, sa.CheckConstraint("only = 1", name="indexed_has_one_row"), primary_key=True),
        sa.Column("through", sa.Text, nullable=False),
    )
    op.create_table(
        "vector",
        sa.Column("recipe_id", sa.Text, primary_key=True),
        sa.Column("text_hash", sa.Text, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "document_text",
        sa.Column("document_id", sa.Text, primary_key=True),
        sa.Column("text_hash", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("last_used_at", sa.Text),
        sa.Column("revoked_at", sa.Text),
    )
    op.create_index(
        "token_by_live_name",
        "token",
        ["name"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "response",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("ticket", sa.Text),
        sa.Column("results", sa.Text, nullable=False),
    )
    op.create_index("response_by_time", "response", ["at"])
    op.create_table(
        "feedback",
        sa.Column("response_id", sa.Text, primary_key=True),
        sa.Column("result_id", sa.Text, primary_key=True),
        sa.Column("action", sa.Text, primary_key=True),
        sa.Column("given_by", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("ticket", sa.Text),
    )
    op.create_index("feedback_by_result", "feedback", ["result_id", "action", "given_by"])
    op.create_table(
        "setting",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
