"""Let tokens expire and read groups, and find feedback by the ticket it names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
_KEPT = "id, name, scopes, secret_hash, created_at, last_used_at, revoked_at"


def upgrade() -> None:
    """Make the table of tokens anew with two columns more: those that are there never expire and read no group."""
    op.drop_index("token_by_live_name", "token")
    op.rename_table("token", "token_before")
    op.create_table(
        "token",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("last_used_at", sa.Text),
        sa.Column("revoked_at", sa.Text),
        sa.Column("expires_at", sa.Text),
        sa.Column("audiences", sa.Text, nullable=False),
    )
    op.execute(f"INSERT INTO token ({_KEPT}, audiences) SELECT {_KEPT}, '[]' FROM token_before")  # noqa: S608  (no input)
    op.drop_table("token_before")
    op.create_index(
        "token_by_live_name",
        "token",
        ["name"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("feedback_by_ticket", "feedback", ["ticket"])
