"""Every picture ever seen or imported: who showed it, when, and which others are the same picture."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from secondsource.contracts.messages import Earlier, Picture
from store.database import Database
from store.fingerprints import USABLE, Fingerprints
from store.lists import among
from store.locks import LINKING, exclusive
from store.rows import ImportRow, MatchRow, Moment, PictureRow, SightingRow, picture_row
from store.tables import imports, posts, sightings
from store.tables import pictures as pictures_table
from store.text import key, storable
from store.upserts import IMPORTS, MATCHES, PICTURES, SIGHTINGS


class Imported(NamedTuple):
    """A sighting from an archive that somebody brought: `entry` names it, as "import:agency/1994/bridge.jpg".

    `dated_by` says what tells the date ("importer", "exif", "file name", and how much of it is given).
    """

    picture: Picture
    entry: str
    seen_at: datetime
    handle: str = ""
    caption: str = ""
    url: str = ""
    dated_by: str = ""
    credit: str = ""
    place: str = ""

    @property
    def said(self) -> Said:
        """All but its picture's looks."""
        words = (self.handle, self.caption, self.url, self.dated_by, self.credit, self.place)
        return Said(self.picture.id, self.seen_at, *(storable(word) for word in words))


class Said(NamedTuple):
    """What an import says of one picture, by which it is told whether it says anything new."""

    picture: str
    seen_at: datetime
    handle: str
    caption: str
    url: str
    dated_by: str
    credit: str
    place: str


def _usable(fingerprint: str, quality: int) -> bool:
    return bool(fingerprint) and quality >= USABLE


class PictureArchive:
    """Sightings by picture, and the index of their fingerprints.

    The index is loaded at the first picture and follows what others write by the order of commit (`pictures.seq`,
    given out under a lock). It may hold fingerprints whose pictures are gone or were rolled back: what it finds is
    always looked up in the table.
    """

    def __init__(self, database: Database, moment: Moment) -> None:
        self._database = database
        self._moment = moment
        self._lock = threading.RLock()
        self._index: Fingerprints | None = None
        self._seen = 0

    def earlier(self, pictures: Sequence[Picture], before: datetime, limit: int) -> list[Earlier]:
        """Sightings of these pictures strictly before a time, oldest first, at most `limit`.

        The same picture is the same bytes, or a PDQ hash within 31 of 256 bits where both have quality ≥ 50.
        `distance` is that to the nearest of the pictures asked for.

        Raises:
            SourceAway: the database did not answer.
            BadRecord: a fingerprint is not 64 hex digits.
        """
        if not pictures:
            return []
        with self._database.reading() as connection:
            distances = {picture.id: 0 for picture in pictures}
            usable = sorted({p.pdq for p in pictures if _usable(p.pdq, p.quality)})
            if usable:
                for near in self._near(connection, usable):
                    for name, distance in near.items():
                        distances[name] = min(distance, distances.get(name, distance))
            p, s = posts.c, sightings.c
            caption = func.coalesce(p.text, s.caption).label("caption")
            dated_by = func.coalesce(imports.c.dated_by, "").label("dated_by")
            found = connection.execute(
                select(s.picture, s.seen_at, s.source, s.handle, s.url, caption, dated_by)
                .select_from(
                    sightings.outerjoin(posts, p.uid == s.source).outerjoin(imports, imports.c.entry == s.source)
                )
                .where(among(connection, s.picture, distances), s.seen_at < before)
                .order_by(s.seen_at, s.source, s.picture)
                .limit(limit)
            ).all()
        return [
            Earlier(
                picture=row.picture,
                seen_at=row.seen_at,
                source=row.source,
                handle=row.handle,
                caption=row.caption,
                distance=distances[row.picture],
                url=row.url,
                dated_by=row.dated_by,
            )
            for row in found
        ]

    def bring(self, entries: Iterable[Imported]) -> None:
        """Import sightings that are no posts of ours. Bringing them again changes nothing; what an entry now says
        takes the place of what it said before.
        """
        kept = [storable(entry) for entry in entries]
        seen = [
            SightingRow(
                key(entry.picture.id),
                key(entry.entry),
                self._moment(entry.seen_at),
                entry.url,
                "",
                entry.handle,
                entry.caption,
            )
            for entry in kept
        ]
        more = [ImportRow(entry.entry, entry.dated_by, entry.credit, entry.place) for entry in kept]
        with self._database.writing() as connection:
            names = [row.source for row in seen]
            # it may say another date now, or be another picture
            connection.execute(delete(sightings).where(among(connection, sightings.c.source, names)))
            connection.execute(delete(imports).where(among(connection, imports.c.entry, names)))
            self.write(connection, [picture_row(entry.picture) for entry in kept], seen)
            IMPORTS.write(connection, more)

    def brought(self, entries: Sequence[str]) -> dict[str, Said]:
        """What is known of these entries, of those that were brought before.

        Raises:
            SourceAway: the database did not answer.
        """
        s, i = sightings.c, imports.c
        with self._database.reading() as connection:
            found = connection.execute(
                select(s.source, s.picture, s.seen_at, s.handle, s.caption, s.url, i.dated_by, i.credit, i.place)
                .select_from(sightings.join(imports, i.entry == s.source))
                .where(among(connection, s.source, entries))
            ).all()
        return {row.source: Said(*row[1:]) for row in found}

    def write(self, connection: Connection, pictures: Iterable[PictureRow], seen: Iterable[SightingRow]) -> None:
        """Keep these pictures and sightings in this transaction, and match the new pictures with all others."""
        shown = PICTURES.merged(pictures)
        if not shown:
            return
        known = self._known(connection, shown)
        fresh = [row for row in shown if row.id not in known]
        if any(_usable(row.pdq, row.quality) for row in fresh):
            # From here to the end of the transaction nobody else adds pictures, so none can miss another.
            exclusive(connection, LINKING)
            known = self._known(connection, shown)
            fresh = [row for row in shown if row.id not in known]
            # One that had no fingerprint until now gets a new number, by which other processes find it.
            promoted = among(connection, pictures_table.c.id, [row.id for row in fresh if row.pdq])
            connection.execute(delete(pictures_table).where(promoted))
        PICTURES.write(connection, fresh)
        SIGHTINGS.write(connection, seen)
        self._link(connection, [row for row in fresh if _usable(row.pdq, row.quality)])

    def _known(self, connection: Connection, shown: Sequence[PictureRow]) -> set[str]:
        """Ids of those that are stored with a fingerprint."""
        p = pictures_table.c
        stored = among(connection, p.id, [row.id for row in shown])
        return set(connection.execute(select(p.id).where(stored, p.state == "fingerprinted")).scalars())

    def _link(self, connection: Connection, fresh: Sequence[PictureRow]) -> None:
        if not fresh:
            return
        self._database.mark_dirty()
        index = self._following(connection)
        index.add(row.pdq for row in fresh)
        pairs = [
            MatchRow(min(row.id, other), max(row.id, other), distance)
            for row, near in zip(fresh, self._near(connection, [row.pdq for row in fresh]), strict=True)
            for other, distance in near.items()
            if other != row.id
        ]
        MATCHES.write(connection, pairs)

    def _near(self, connection: Connection, fingerprints: Sequence[str]) -> list[dict[str, int]]:
        """For each fingerprint, the ids of stored pictures within 31 bits and how far each is."""
        near = self._following(connection).near(fingerprints)
        by_fingerprint: dict[str, list[str]] = {}
        p = pictures_table.c
        hashes = among(connection, p.pdq, {fingerprint for each in near for fingerprint in each})
        for name, fingerprint in connection.execute(select(p.id, p.pdq).where(hashes, p.quality >= USABLE)).all():
            by_fingerprint.setdefault(fingerprint, []).append(name)
        return [
            {name: distance for fingerprint, distance in each.items() for name in by_fingerprint.get(fingerprint, ())}
            for each in near
        ]

    def _following(self, connection: Connection) -> Fingerprints:
        """The index, with everything in it that this connection can see."""
        p = pictures_table.c
        usable = (p.pdq != "", p.quality >= USABLE)
        with self._lock:
            if self._index is None:
                self._index, self._seen = self._loaded(connection)
            index = self._index
            rows = connection.execute(select(p.seq, p.pdq).where(p.seq > self._seen, *usable).order_by(p.seq)).all()
            index.add(row.pdq for row in rows)
            # What this transaction wrote may yet be rolled back, and its numbers be given out again.
            if rows and not self._database.is_dirty:
                self._seen = rows[-1].seq
        return index

    def _loaded(self, connection: Connection) -> tuple[Fingerprints, int]:
        """All usable fingerprints, and a number up to which none is missing."""
        p = pictures_table.c
        # Asked for first: what is committed between the two questions is then read twice, never missed.
        last = 0 if self._database.is_dirty else connection.execute(select(func.max(p.seq))).scalar_one() or 0
        index = Fingerprints()
        index.add(connection.execute(select(p.pdq).distinct().where(p.pdq != "", p.quality >= USABLE)).scalars())
        return index, last
