"""Create what the store keeps of the people of the site."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "person",
        sa.Column("name_key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("full_name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("last_seen_at", sa.Text),
        sa.Column("disabled_at", sa.Text),
        sa.Column("password_hash", sa.Text),
        sa.Column("session_mark", sa.Text, nullable=False),
        sa.Column("link_hash", sa.Text, unique=True),
        sa.Column("link_expires_at", sa.Text),
    )
