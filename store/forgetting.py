"""What is kept of pictures outside the database goes with the last post that showed them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import delete, select

from store.database import Database
from store.lists import among
from store.tables import pictures_to_forget, sightings

_AT_ONCE = 500


class Forgetting:
    """Removing a post queues its pictures in the same transaction; here the queue is worked off."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def drain(self, remove: Callable[[Collection[str]], None]) -> int:
        """Have `remove` forget the queued pictures that no post and no import shows; how many those were.

        They stay queued until `remove` has returned, so it may be given some of them again.

        Raises:
            SourceAway: the database did not answer; and whatever `remove` raises.
        """
        removed = 0
        while True:
            with self._database.reading() as connection:
                p, s = pictures_to_forget.c, sightings.c
                queued = connection.execute(select(p.picture).order_by(p.picture).limit(_AT_ONCE)).scalars().all()
                if not queued:
                    return removed
                shown = set(
                    connection.execute(
                        select(s.picture).distinct().where(among(connection, s.picture, queued))
                    ).scalars()
                )
            gone = [picture for picture in queued if picture not in shown]
            remove(gone)
            removed += len(gone)
            with self._database.writing() as connection:
                connection.execute(delete(pictures_to_forget).where(among(connection, p.picture, queued)))
