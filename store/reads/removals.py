"""Posts that were taken down in the store itself, for whoever must still hear of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, tuple_

from store.database.column_types import EPOCH
from store.database.connections import Database
from store.database.tables import takedowns


class Removals:
    """Satisfies `ingest.ports.Removals`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, last: tuple[datetime, str] | None, by: str, limit: int) -> list[tuple[datetime, str, str]]:
        """When, uid and reason of what was taken down by this collector, in order, from just after `last` on.

        Raises:
            SourceAway: the database did not answer.
        """
        t = takedowns.c
        query = select(t.observed_at, t.uid, t.reason).where(t.collector == by)
        query = query.where(
            tuple_(t.observed_at, t.uid) > tuple_(*(last or (EPOCH, "")), types=[t.observed_at.type, t.uid.type])
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(t.observed_at, t.uid).limit(limit)).all()
        return [(row.observed_at, row.uid, row.reason) for row in rows]
