"""Run by Alembic from `store.database.schema`, on the connection it hands over; there is no alembic.ini."""

from __future__ import annotations

from alembic import context

from store.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
