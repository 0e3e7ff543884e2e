"""Dead letters: what could not be handled, to be looked at and sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select, update

from secondsource.contracts.messages import DeadLetter
from store.database.connections import Database
from store.database.tables import dead_letters
from store.database.text import storable


class StoredLetter(NamedTuple):
    """`resent_at` is None while it has not been sent again since it last failed."""

    letter: DeadLetter
    resent_at: datetime | None


class Letters:
    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, limit: int, *, resent: bool = False) -> list[StoredLetter]:
        """Newest first; those already sent again only where asked for."""
        d = dead_letters.c
        query = select(dead_letters).order_by(d.at.desc(), d.id).limit(limit)
        if not resent:
            query = query.where(d.resent_at.is_(None))
        with self._database.reading() as connection:
            return [_letter(row) for row in connection.execute(query)]

    def one(self, letter_id: str) -> StoredLetter | None:
        named = dead_letters.c.id == storable(letter_id)
        with self._database.reading() as connection:
            row = connection.execute(select(dead_letters).where(named)).one_or_none()
        return None if row is None else _letter(row)

    def waiting_ids(self, source: str = "") -> list[str]:
        """Ids of those that have not been sent again, oldest first; only those whose source begins so."""
        d = dead_letters.c
        query = select(d.id).where(d.resent_at.is_(None), d.source.startswith(source, autoescape=True))
        with self._database.reading() as connection:
            return list(connection.execute(query.order_by(d.at, d.id)).scalars())

    def mark_resent(self, letter_id: str, at: datetime) -> None:
        """Unless it has failed again since."""
        d = dead_letters.c
        with self._database.writing() as connection:
            connection.execute(update(dead_letters).where(d.id == letter_id, d.at <= at).values(resent_at=at))

    def waiting(self) -> int:
        """How many have not been sent again."""
        with self._database.reading() as connection:
            return connection.execute(
                select(func.count()).select_from(dead_letters).where(dead_letters.c.resent_at.is_(None))
            ).scalar_one()

    def of_stages(self, since: datetime) -> int:
        """How many records that collectors could read have been refused since, each by each stage that did."""
        d = dead_letters.c
        query = select(func.count()).where(d.at >= since, ~d.stage.startswith("ingest:"))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()


def _letter(row: Row[Any]) -> StoredLetter:
    letter = DeadLetter(
        id=row.id,
        stage=row.stage,
        source=row.source,
        target=row.target,
        reason=row.reason,
        body=bytes(row.body),
        at=row.at,
        key=row.key,
    )
    return StoredLetter(letter, row.resent_at)
