"""Note since when tickets are open, and keep decisions on incident candidates."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CLOSED = ("resolved", "closed", "done", "solved")
_AT_ONCE = 500


def upgrade() -> None:
    """Create the tables, and note the tickets that are open."""
    op.create_table(
        "open_ticket",
        sa.Column("ticket_id", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("opened_at", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
    )
    op.create_index("open_ticket_by_time", "open_ticket", ["opened_at", "ticket_id"])
    op.create_table(
        "incident_decision",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
    )
    op.create_table(
        "incident_ticket",
        sa.Column(
            "decision",
            sa.Integer,
            sa.ForeignKey("incident_decision.number", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("ticket_id", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("incident_ticket_by_ticket", "incident_ticket", ["ticket_id"])
    _note_open_tickets(op.get_bind())


def _note_open_tickets(connection: sa.Connection) -> None:
    document = sa.table("document", sa.column("id"), sa.column("type"), sa.column("source"), sa.column("content"))
    noted = sa.table("open_ticket", *(sa.column(name) for name in ("ticket_id", "opened_at", "audience", "mark")))
    is_own = (document.c.type == "ticket") & (document.c.source != "example")
    last = ""
    while True:
        page = sa.select(document.c.id, document.c.content).where(is_own, document.c.id > last)
        found = connection.execute(page.order_by(document.c.id).limit(_AT_ONCE)).all()
        if not found:
            return
        last = found[-1].id
        rows = []
        for ticket_id, content in found:
            held = json.loads(content)
            if held.get("opened_at") and (held.get("status") or "").strip().casefold() not in _CLOSED:
                mark = hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
                rows.append({"ticket_id": ticket_id, "opened_at": held["opened_at"], "mark": mark})
                rows[-1]["audience"] = held.get("audience") or "internal"
        if rows:
            connection.execute(sa.insert(noted), rows)
