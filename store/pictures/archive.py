"""Every picture ever seen or imported: who showed it, when, and which others are the same picture."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, func, select

from secondsource.contracts.messages import UNMOVED, WHOLE, Earlier, Picture, Reuse, SeenIn
from secondsource.contracts.reuse import BYTES_OF_PDQ, alike, inverted
from store.database.connections import Database
from store.database.lists import among
from store.database.locks import LINKING, exclusive
from store.database.tables import imports, picture_views, posts, reuse_matches, sightings
from store.database.tables import pictures as pictures_table
from store.database.text import key, storable
from store.pictures.lookup import Asked, Lookup, hashes, subjects, usable
from store.rows.rows import (
    ImportRow,
    MatchRow,
    Moment,
    PictureRow,
    ReuseRow,
    SightingRow,
    ViewRow,
    WordsRow,
    as_json,
    picture_row,
    reuse_rows,
    view_rows,
    words_rows,
)
from store.rows.upserts import IMPORTS, MATCHES, PICTURES, REUSE, SIGHTINGS, VIEWS, WORDS

_decode = msgspec.json.Decoder(Reuse).decode
_MOST_NAMED = 8
_RANKS = {"bytes": 0, "clip": 1, "text": 2, "hash": 3, "features": 5}  # the best is told
_BY_VIEW = 4


class Imported(NamedTuple):
    """A sighting from an archive that somebody brought: `entry` names it, as "import:agency/1994/bridge.jpg".

    `dated_by` says what tells the date ("importer", "exif", "file name", and how much of it is given); `named` are
    ids of the places and events that its caption names.
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
    named: tuple[str, ...] = ()

    @property
    def said(self) -> Said:
        """All but its picture's looks."""
        words = (self.handle, self.caption, self.url, self.dated_by, self.credit, self.place)
        handle, caption, url, dated_by, credit, place = map(storable, words)
        return Said(self.picture.id, self.seen_at, handle, caption, url, dated_by, credit, place, self.named)


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
    named: tuple[str, ...]


class _How(NamedTuple):
    """How a stored picture matches one that was asked for; the best comes first in order."""

    rank: int  # 0 bytes, 1 clip, 2 text, 3 hash of the whole as it is, 4 of a view, 5 features
    distance: int
    doubt: float  # 1 - confidence
    asked: str
    match: Reuse


class PictureArchive:
    """Sightings by picture, and which pictures are the same."""

    def __init__(self, database: Database, moment: Moment) -> None:
        self._database = database
        self._moment = moment
        self._lookup = Lookup(database)

    def earlier(self, pictures: Sequence[Picture], before: datetime, limit: int) -> list[Earlier]:
        """Sightings of these pictures strictly before a time, oldest first, at most `limit`.

        The same picture is the same bytes, a PDQ hash as near as `same_bits` asks of their qualities, of the whole or
        of a view, mirrored or turned; the text of a card; or a part of one is seen in the other. Each sighting tells
        the best of the ways in which it matches.

        Raises:
            SourceAway: the database did not answer.
            BadRecord: a fingerprint is not 64 hex digits.
        """
        if not pictures:
            return []
        with self._database.reading() as connection:
            ways = self._ways(connection, pictures)
            p, s, i = posts.c, sightings.c, imports.c
            found = connection.execute(
                select(
                    *(s.picture, s.seen_at, s.source, s.handle, s.url, p.platform, p.reviews, p.entities, i.named),
                    func.coalesce(p.text, s.caption).label("caption"),
                    func.coalesce(i.dated_by, "").label("dated_by"),
                )
                .select_from(sightings.outerjoin(posts, p.uid == s.source).outerjoin(imports, i.entry == s.source))
                .where(among(connection, s.picture, ways), s.seen_at < before)
                .order_by(s.seen_at, s.source, s.picture)
                .limit(limit)
            ).all()
        return [_earlier(row, ways[row.picture]) for row in found]

    def _ways(self, connection: Connection, asked: Sequence[Picture]) -> dict[str, _How]:
        """How each stored picture matches those asked for, by its id. Cheap ways first: none is asked twice."""
        ways: dict[str, _How] = {}

        def way(name: str, of: str, match: Reuse) -> None:
            as_it_is = (match.region, match.transform) == (WHOLE, UNMOVED)
            rank = _RANKS[match.kind] if match.kind != "hash" or as_it_is else _BY_VIEW
            how = _How(rank, match.distance, 1 - match.confidence, of, match)
            if name not in ways or how[:4] < ways[name][:4]:
                ways[name] = how

        for picture in asked:
            way(picture.id, picture.id, Reuse(picture=picture.id, kind="bytes"))
        wanted = hashes(asked)
        for (_, one), near in zip(wanted, self._lookup.near(connection, wanted), strict=True):
            for distance, name, there in near:
                way(name, one.of, alike(name, distance, here=one.here, turn=one.turn, there=there))
        for of, match in self._lookup.read_alike(connection, asked):
            way(match.picture, of, match)
        ids = [picture.id for picture in asked]
        for picture in asked:
            for match in picture.found:
                way(match.picture, picture.id, match)
        r = reuse_matches.c
        for row in connection.execute(select(r.asked, r.kept, r.body).where(among(connection, r.asked, ids))):
            match = _decode(row.body)
            way(row.kept, row.asked, match)
        for row in connection.execute(select(r.asked, r.kept, r.body).where(among(connection, r.kept, ids))):
            match = _decode(row.body)
            way(row.asked, row.kept, inverted(match, row.asked))
        return ways

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
        more = [
            ImportRow(entry.entry, entry.dated_by, entry.credit, entry.place, as_json(entry.named)) for entry in kept
        ]
        reuse = [row for entry in kept for row in reuse_rows(entry.picture)]
        views = [row for entry in kept for row in view_rows(entry.picture)]
        words = [row for entry in kept for row in words_rows(entry.picture)]
        with self._database.writing() as connection:
            names = [row.source for row in seen]
            # it may say another date now, or be another picture
            connection.execute(delete(sightings).where(among(connection, sightings.c.source, names)))
            connection.execute(delete(imports).where(among(connection, imports.c.entry, names)))
            self.write(connection, [picture_row(entry.picture) for entry in kept], seen, reuse, views, words)
            IMPORTS.write(connection, more)

    def brought(self, entries: Sequence[str]) -> dict[str, Said]:
        """What is known of these entries, of those that were brought before.

        Raises:
            SourceAway: the database did not answer.
        """
        s, i = sightings.c, imports.c
        with self._database.reading() as connection:
            found = connection.execute(
                select(
                    *(s.source, s.picture, s.seen_at, s.handle, s.caption, s.url),
                    *(i.dated_by, i.credit, i.place, i.named),
                )
                .select_from(sightings.join(imports, i.entry == s.source))
                .where(among(connection, s.source, entries))
            ).all()
        return {row.source: Said(*row[1:9], tuple(row.named)) for row in found}

    def write(
        self,
        connection: Connection,
        pictures: Iterable[PictureRow],
        seen: Iterable[SightingRow],
        reuse: Iterable[ReuseRow] = (),
        views: Iterable[ViewRow] = (),
        words: Iterable[WordsRow] = (),
    ) -> None:
        """Keep these pictures and sightings in this transaction, and match the new pictures with all others.

        `reuse` is what was found of others in them by their features, `views` what they enclose, `words` what can be
        read in them.
        """
        REUSE.write(connection, reuse)
        WORDS.write(connection, words)
        shown = PICTURES.merged(pictures)
        if not shown:
            return
        enclosed = {(row.picture, row.place): row for row in views}
        framing = {picture for picture, _ in enclosed}
        known = self._known(connection, shown, framing)
        fresh = [row for row in shown if row.id not in known]
        if any(usable(row.pdq, row.quality) or row.id in framing for row in fresh):
            # From here to the end of the transaction nobody else adds pictures, so none can miss another.
            exclusive(connection, LINKING)
            known = self._known(connection, shown, framing)
            fresh = [row for row in shown if row.id not in known]
            # One that had no fingerprint until now gets a new number, by which other processes find it.
            promoted = among(connection, pictures_table.c.id, [row.id for row in fresh if row.pdq])
            connection.execute(delete(pictures_table).where(promoted))
        PICTURES.write(connection, fresh)
        new = {row.id for row in fresh}
        VIEWS.write(connection, (row for row in enclosed.values() if row.picture in new))
        SIGHTINGS.write(connection, seen)
        self._link(connection, [row for row in fresh if usable(row.pdq, row.quality)], enclosed.values())

    def _known(self, connection: Connection, shown: Sequence[PictureRow], framing: Collection[str]) -> set[str]:
        """Ids of those that are stored with a fingerprint, and with what they enclose: an earlier version kept none."""
        p, v = pictures_table.c, picture_views.c
        stored = among(connection, p.id, [row.id for row in shown])
        known = set(connection.execute(select(p.id).where(stored, p.state == "fingerprinted")).scalars())
        older = known & {*framing}
        if older:
            viewed = select(v.picture).distinct().where(among(connection, v.picture, older))
            known -= older - set(connection.execute(viewed).scalars())
        return known

    def _link(self, connection: Connection, fresh: Sequence[PictureRow], enclosed: Iterable[ViewRow]) -> None:
        if not fresh:
            return
        insides = {name: view.codes[:BYTES_OF_PDQ] for name, view in subjects(enclosed).items()}
        self._database.mark_dirty()
        self._lookup.add(connection, (row.pdq for row in fresh))
        asked = [(row.pdq, Asked(row.id, row.quality, inside=insides.get(row.id, b""))) for row in fresh]
        pairs = [
            MatchRow(min(one.of, other), max(one.of, other), distance)
            for (_, one), near in zip(asked, self._lookup.near(connection, asked), strict=True)
            for distance, other, there in near
            if other != one.of and there == WHOLE
        ]
        MATCHES.write(connection, pairs)


def _earlier(row: Any, how: _How) -> Earlier:
    match = how.match
    return Earlier(
        picture=row.picture,
        seen_at=row.seen_at,
        source=row.source,
        handle=row.handle,
        caption=row.caption,
        distance=match.distance,
        url=row.url,
        dated_by=row.dated_by,
        seen_in=_seen_in(row),
        named=tuple(row.named) if row.named is not None else _named(row.entities or ()),
        kind=match.kind,
        inliers=match.inliers,
        confidence=match.confidence,
        region=match.region,
        transform=match.transform,
        shown=how.asked,
        seconds=match.seconds,
    )


def _seen_in(row: Any) -> SeenIn:
    if row.platform is None:
        return "archive"
    if row.platform != "feed":
        return "post"
    return "fact-check" if row.reviews else "feed"


def _named(entities: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """As `alerts.text.words.named` says it of a post."""
    names = dict.fromkeys(each["id"] for each in entities if each["kind"] in {"place", "event"})
    return tuple(names)[:_MOST_NAMED]
