"""What is kept of pictures outside the database goes with the last post that shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import delete, exists, select

from store.database.connections import Database
from store.database.lists import among
from store.database.locks import REMOVING, shared
from store.database.tables import imports, pictures_to_forget, posts, sightings

_AT_ONCE = 500


class Forgetting:
    """Removing a post, or letting go of it, queues its pictures in the same transaction; here they are worked off."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def drain(self, remove: Callable[[Collection[str]], None]) -> int:
        """Have `remove` forget the queued pictures that no post and no import shows; how many those were.

        They stay queued until `remove` has returned, so it may be given some of them again. One that is queued
        meanwhile stays queued.

        Raises:
            SourceAway: the database did not answer; and whatever `remove` raises.
        """
        removed = 0
        while self._any():
            with self._database.writing() as connection:
                shared(connection, REMOVING)  # nobody queues one that we hold for shown until it is off the queue
                p, s = pictures_to_forget.c, sightings.c
                which = select(p.picture).order_by(p.picture).limit(_AT_ONCE).with_for_update(skip_locked=True)
                queued = connection.execute(which).scalars().all()
                if not queued:
                    return removed  # another process has them in hand
                # Off the queue before they are removed: whoever queues one from now on waits for us, and is heard.
                connection.execute(delete(pictures_to_forget).where(among(connection, p.picture, queued)))
                # Of a post that was let go of for its age, the sighting stays, and shows nothing any more.
                stored = exists().where(posts.c.uid == s.source) | exists().where(imports.c.entry == s.source)
                query = select(s.picture).distinct().where(among(connection, s.picture, queued), stored)
                shown = set(connection.execute(query).scalars())
                gone = [picture for picture in queued if picture not in shown]
                remove(gone)
            removed += len(gone)
        return removed

    def _any(self) -> bool:
        """Almost never, and asked after almost every batch: without the writer's lock."""
        with self._database.reading() as connection:
            return connection.exec_driver_sql("SELECT picture FROM pictures_to_forget LIMIT 1").first() is not None
