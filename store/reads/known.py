"""Which posts are stored, and for which watches: what collectors ask when a platform takes posts down."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, union

from store.database.connections import Database
from store.database.lists import among
from store.database.tables import posts, quotations, sightings, takedowns


class KnownPosts:
    """Satisfies `ingest.ports.Known`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def posts(self, uids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Those of these posts that are stored, with their watches.

        Raises:
            SourceAway: the database did not answer.
        """
        return self._found(posts.c.uid, uids)

    def traces(self, uids: Sequence[str]) -> frozenset[str]:
        """Those of these posts that are stored, that something stored passes on, quotes or shows a picture of, or that
        were taken down.

        Raises:
            SourceAway: the database did not answer.
        """
        named = (posts.c.uid, posts.c.repost_of, quotations.c.uid, sightings.c.source, takedowns.c.uid)
        with self._database.reading() as connection:
            found = union(*(select(column).where(among(connection, column, uids)) for column in named))
            return frozenset(connection.execute(found).scalars())

    def of_accounts(self, uids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """All stored posts of these accounts, with their watches. Raises as `posts`."""
        return self._found(posts.c.account_uid, uids)

    def _found(self, column: ColumnElement[str], ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        if not ids:
            return {}
        with self._database.reading() as connection:
            query = select(posts.c.uid, posts.c.watches).where(among(connection, column, ids)).order_by(posts.c.uid)
            return {row.uid: tuple(row.watches) for row in connection.execute(query)}

    def page(self, platform: str, after: str, limit: int) -> list[str]:
        """Uids of a platform's stored posts in their order, from just after one ("" for the first).

        Raises:
            SourceAway: the database did not answer.
        """
        u = posts.c.uid
        prefix = f"{platform}:"
        beyond = f"{platform};"  # ";" is what follows ":", in byte order
        with self._database.reading() as connection:
            query = select(u).where(u > max(after, prefix), u < beyond).order_by(u).limit(limit)
            return list(connection.execute(query).scalars())
