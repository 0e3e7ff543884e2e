"""Prints of pictures, by which a part of one is found again: what the index of them is made of, in order of commit.

The index is a copy that any process can make again; here they are kept, and here they are erased. A picture whose last
sighting was taken down leaves its number behind with an empty body, so that every index hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from sqlalchemy import Connection, func, insert, select, update

from store.database.connections import Database
from store.database.lists import among
from store.database.locks import PRINTING, exclusive
from store.database.tables import pictures, prints

_TOGETHER = 2_000  # prints read at a time: 20 MB


class Prints:
    """Satisfies `enrich.ports.Prints`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, kept: Sequence[tuple[str, bytes]]) -> None:
        """Keep the prints of these pictures. Kept again, nothing changes.

        Raises:
            SourceAway: the database did not answer.
        """
        with self._database.writing() as connection:
            exclusive(connection, PRINTING)
            p = prints.c
            known = select(p.picture).where(among(connection, p.picture, [name for name, _ in kept]), p.body != b"")
            there = set(connection.execute(known).scalars())
            fresh = {name: body for name, body in kept if name not in there}
            if fresh:
                rows = [{"picture": name, "body": body} for name, body in fresh.items()]
                connection.execute(insert(prints), rows)

    def after(self, seq: int) -> Iterator[tuple[int, str, bytes]]:
        """Number, picture and print of all that were kept or erased after a number, in order; an empty print: erased.

        Raises:
            SourceAway: the database did not answer.
        """
        while True:
            with self._database.reading() as connection:
                p = prints.c
                query = select(p.seq, p.picture, p.body).where(p.seq > seq).order_by(p.seq).limit(_TOGETHER)
                rows = connection.execute(query).all()
            for row in rows:
                seq = row.seq
                yield row.seq, row.picture, bytes(row.body)
            if len(rows) < _TOGETHER:
                return

    def before(self, picture: str, others: Sequence[str]) -> Set[str]:
        """Those of the others whose prints were kept before this picture's.

        Raises:
            SourceAway: the database did not answer.
        """
        p = prints.c
        own = select(func.max(p.seq)).where(p.picture == picture, p.body != b"").scalar_subquery()
        with self._database.reading() as connection:
            held = select(p.picture).where(among(connection, p.picture, others), p.body != b"", p.seq < own)
            return set(connection.execute(held).scalars())

    def at(self, seq: int) -> str:
        """The picture of a number, "" where there is none: what tells one store from another."""
        with self._database.reading() as connection:
            return connection.execute(select(prints.c.picture).where(prints.c.seq == seq)).scalar_one_or_none() or ""

    def last(self) -> int:
        """The highest number given out and committed; 0 for none."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(prints.c.seq))).scalar_one() or 0


def erase(connection: Connection, names: Iterable[str]) -> None:
    """Their prints are gone, in this transaction."""
    p = prints.c
    wanted = list(names)
    held = select(p.picture).distinct().where(among(connection, p.picture, wanted), p.body != b"")
    gone = connection.execute(held).scalars().all()
    if gone:
        exclusive(connection, PRINTING)
        connection.execute(update(prints).where(among(connection, p.picture, gone)).values(body=b""))
        connection.execute(insert(prints), [{"picture": name, "body": b""} for name in gone])


def erase_unseen(connection: Connection, names: Iterable[str]) -> None:
    """Erase the prints of those of these pictures that nothing stored shows."""
    wanted = set(names)
    shown = select(pictures.c.id).where(among(connection, pictures.c.id, wanted))
    erase(connection, wanted - set(connection.execute(shown).scalars()))
