"""Keep which articles people miss, who asked, and who is on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the tables of requests."""
    op.create_table(
        "article_request",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("first_at", sa.Text, nullable=False),
        sa.Column("last_at", sa.Text, nullable=False),
        sa.Column("taken_by", sa.Text),
        sa.Column("taken_at", sa.Text),
        sa.Column("article_id", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "article_request_person",
        sa.Column(
            "request",
            sa.Integer,
            sa.ForeignKey("article_request.number", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("person", sa.Text, primary_key=True),
    )
