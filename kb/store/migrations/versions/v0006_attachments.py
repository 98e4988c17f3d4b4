"""Create what the store keeps of attached files, and of the revisions that use them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "attachment",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("put_at", sa.Text, nullable=False),
        sa.Column("put_by", sa.Text),
        sa.Column("unused_since", sa.Text),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("attachment_unused", "attachment", ["unused_since"])
    op.create_table(
        "attachment_sender",
        sa.Column("sha256", sa.Text, sa.ForeignKey("attachment.sha256", ondelete="CASCADE"), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attachment_use",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("document_id", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("attachment_use_by_document", "attachment_use", ["document_id"])
