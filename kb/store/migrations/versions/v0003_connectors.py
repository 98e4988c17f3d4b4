"""Create what the store keeps about connectors and the deliveries it took from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "connector",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("secret", sa.Text),
        sa.Column("changed_at", sa.Text, nullable=False),
    )
    op.create_table(
        "connector_outcome",
        sa.Column("connector", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Text, nullable=False),
    )
    op.create_table(
        "delivery",
        sa.Column("connector", sa.Text, primary_key=True),
        sa.Column("mark", sa.Text, primary_key=True),
        sa.Column("until", sa.Text, nullable=False),
    )
    op.create_index("delivery_by_end", "delivery", ["until"])
