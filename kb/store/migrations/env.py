"""Run migrations on the connection that `kb.store.schema` hands over, inside its transaction. Called by Alembic."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
