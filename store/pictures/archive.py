"""Every picture ever seen or imported: who showed it, when, and which others are the same picture."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import CompoundSelect, Connection, delete, func, select

from secondsource.contracts.messages import WHOLE, Earlier, Picture, Region, Reuse, SeenIn, View
from secondsource.contracts.reuse import (
    BYTES_OF_PDQ,
    TURNS,
    USABLE,
    alike,
    inside,
    inverted,
    only_dressed_alike,
    same_bits,
)
from store.database.connections import Database
from store.database.lists import among
from store.database.locks import LINKING, exclusive
from store.database.tables import imports, picture_views, posts, reuse_matches, sightings
from store.database.tables import pictures as pictures_table
from store.database.text import key, storable
from store.pictures.fingerprints import Fingerprints
from store.rows.rows import (
    ImportRow,
    MatchRow,
    Moment,
    PictureRow,
    ReuseRow,
    SightingRow,
    ViewRow,
    as_json,
    picture_row,
    reuse_rows,
    view_rows,
)
from store.rows.upserts import IMPORTS, MATCHES, PICTURES, REUSE, SIGHTINGS, VIEWS

_decode = msgspec.json.Decoder(Reuse).decode
_MOST_NAMED = 8
_RANKS = {"bytes": 0, "clip": 1, "hash": 2, "features": 3}  # the best is told


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

    rank: int  # 0 bytes, 1 clip, 2 hash, 3 features
    distance: int
    doubt: float  # 1 - confidence
    asked: str
    match: Reuse


class _Asked(NamedTuple):
    """A hash that is looked for: of the region `here` of picture `of`, in an orientation of `contracts.reuse.TURNS`.

    `inside`: of a whole, the hash of what it is about, turned likewise.
    """

    of: str
    quality: int
    here: Region = WHOLE
    turn: int = 0
    inside: bytes = b""


class _Near(NamedTuple):
    """A stored picture whose region `there` has a hash so many bits away."""

    distance: int
    name: str
    there: Region


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

        The same picture is the same bytes, a PDQ hash as near as `same_bits` asks of their qualities, of the whole or
        of a view, mirrored or turned, or one of which a part is seen in the other. Each sighting tells the best of the
        ways in which it matches.

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

        def way(name: str, rank: int, of: str, match: Reuse) -> None:
            how = _How(rank, match.distance, 1 - match.confidence, of, match)
            if name not in ways or how[:4] < ways[name][:4]:
                ways[name] = how

        for picture in asked:
            way(picture.id, 0, picture.id, Reuse(picture=picture.id, kind="bytes"))
        hashes = _hashes(asked)
        for one, near in zip(hashes.values(), self._near(connection, list(hashes.items())), strict=True):
            for distance, name, there in near:
                match = alike(name, distance, here=one.here, turn=one.turn, there=there)
                way(name, _RANKS["hash"], one.of, match)
        ids = [picture.id for picture in asked]
        for picture in asked:
            for match in picture.found:
                way(match.picture, _RANKS[match.kind], picture.id, match)
        r = reuse_matches.c
        for row in connection.execute(select(r.asked, r.kept, r.body).where(among(connection, r.asked, ids))):
            match = _decode(row.body)
            way(row.kept, _RANKS[match.kind], row.asked, match)
        for row in connection.execute(select(r.asked, r.kept, r.body).where(among(connection, r.kept, ids))):
            match = _decode(row.body)
            way(row.asked, _RANKS[match.kind], row.kept, inverted(match, row.asked))
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
        with self._database.writing() as connection:
            names = [row.source for row in seen]
            # it may say another date now, or be another picture
            connection.execute(delete(sightings).where(among(connection, sightings.c.source, names)))
            connection.execute(delete(imports).where(among(connection, imports.c.entry, names)))
            self.write(connection, [picture_row(entry.picture) for entry in kept], seen, reuse, views)
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
    ) -> None:
        """Keep these pictures and sightings in this transaction, and match the new pictures with all others.

        `reuse` is what was found of others in them by their features, `views` what they enclose.
        """
        REUSE.write(connection, reuse)
        shown = PICTURES.merged(pictures)
        if not shown:
            return
        enclosed = {(row.picture, row.place): row for row in views}
        framing = {picture for picture, _ in enclosed}
        known = self._known(connection, shown)
        fresh = [row for row in shown if row.id not in known]
        if any(_usable(row.pdq, row.quality) or row.id in framing for row in fresh):
            # From here to the end of the transaction nobody else adds pictures, so none can miss another.
            exclusive(connection, LINKING)
            known = self._known(connection, shown)
            fresh = [row for row in shown if row.id not in known]
            # One that had no fingerprint until now gets a new number, by which other processes find it.
            promoted = among(connection, pictures_table.c.id, [row.id for row in fresh if row.pdq])
            connection.execute(delete(pictures_table).where(promoted))
        PICTURES.write(connection, fresh)
        new = {row.id for row in fresh}
        VIEWS.write(connection, (row for row in enclosed.values() if row.picture in new))
        SIGHTINGS.write(connection, seen)
        self._link(connection, [row for row in fresh if _usable(row.pdq, row.quality)], _abouts(enclosed.values()))

    def _known(self, connection: Connection, shown: Sequence[PictureRow]) -> set[str]:
        """Ids of those that are stored with a fingerprint."""
        p = pictures_table.c
        stored = among(connection, p.id, [row.id for row in shown])
        return set(connection.execute(select(p.id).where(stored, p.state == "fingerprinted")).scalars())

    def _link(self, connection: Connection, fresh: Sequence[PictureRow], insides: Mapping[str, bytes]) -> None:
        if not fresh:
            return
        self._database.mark_dirty()
        index = self._following(connection)
        index.add(row.pdq for row in fresh)
        asked = [(row.pdq, _Asked(row.id, row.quality, inside=insides.get(row.id, b""))) for row in fresh]
        pairs = [
            MatchRow(min(one.of, other), max(one.of, other), distance)
            for (_, one), near in zip(asked, self._near(connection, asked), strict=True)
            for distance, other, there in near
            if other != one.of and there == WHOLE
        ]
        MATCHES.write(connection, pairs)

    def _near(self, connection: Connection, asked: Sequence[tuple[str, _Asked]]) -> list[list[_Near]]:
        """For each fingerprint, stored pictures that look so as a whole or in a view, nearest first."""
        if not asked:
            return []
        near = self._following(connection).near([fingerprint for fingerprint, _ in asked])
        stored: dict[str, list[tuple[str, int, Region]]] = {}
        p, v = pictures_table.c, picture_views.c
        hashes = {fingerprint for each in near for fingerprint in each}
        wholes = connection.execute(select(p.id, p.pdq, p.quality).where(among(connection, p.pdq, hashes))).all()
        for name, fingerprint, quality in wholes:
            stored.setdefault(fingerprint, []).append((name, quality, WHOLE))
        insides: dict[str, bytes] = {}
        if any(one.inside for _, one in asked):
            named = among(connection, v.picture, [row.id for row in wholes])
            insides = _abouts(ViewRow(*row) for row in connection.execute(select(picture_views).where(named)))
        for row in connection.execute(select(picture_views).where(among(connection, v.pdq, hashes))):
            stored.setdefault(row.pdq, []).append((row.picture, row.quality, _region(row)))
        return [
            sorted(
                _Near(distance, name, there)
                for fingerprint, distance in each.items()
                for name, quality, there in stored.get(fingerprint, ())
                if distance <= same_bits(one.quality, quality)
                if there != WHOLE or not only_dressed_alike(one.inside, insides.get(name, b""))
            )
            for (_, one), each in zip(asked, near, strict=True)
        ]

    def _following(self, connection: Connection) -> Fingerprints:
        """The index, with everything in it that this connection can see."""
        with self._lock:
            if self._index is None:
                self._index, self._seen = self._loaded(connection)
            index = self._index
            rows = connection.execute(_fingerprints(self._seen)).all()
            index.add(row.pdq for row in rows)
            # What this transaction wrote may yet be rolled back, and its numbers be given out again.
            if rows and not self._database.is_dirty:
                self._seen = max(row.seq for row in rows)
        return index

    def _loaded(self, connection: Connection) -> tuple[Fingerprints, int]:
        """All usable fingerprints, and a number up to which none is missing."""
        p = pictures_table.c
        # Asked for first: what is committed between the two questions is then read twice, never missed.
        last = 0 if self._database.is_dirty else connection.execute(select(func.max(p.seq))).scalar_one() or 0
        index = Fingerprints()
        index.add(row.pdq for row in connection.execute(_fingerprints(0)))
        return index, last


def _fingerprints(after: int) -> CompoundSelect[tuple[int, str]]:
    """Usable hashes of pictures with later numbers, and of what they enclose."""
    p, v = pictures_table.c, picture_views.c
    wholes = select(p.seq, p.pdq).where(p.seq > after, p.pdq != "", p.quality >= USABLE)
    views = select(p.seq, v.pdq).join_from(pictures_table, picture_views, v.picture == p.id).where(p.seq > after)
    return wholes.union_all(views)


def _abouts(rows: Iterable[ViewRow]) -> dict[str, bytes]:
    """The hash of what each picture is about, of those that are about what they enclose."""
    views: dict[str, list[View]] = {}
    for row in sorted(rows, key=lambda row: (row.picture, row.place)):
        view = View(codes=bytes.fromhex(row.pdq), quality=row.quality, region=_region(row))
        views.setdefault(row.picture, []).append(view)
    return {picture: inside(enclosed) for picture, enclosed in views.items()}


def _region(row: Any) -> Region:
    return row.left, row.top, row.right, row.bottom


def _hashes(asked: Sequence[Picture]) -> dict[str, _Asked]:
    """What is looked for of these pictures, by hash: each as it is, then its views mirrored and turned."""
    found: dict[str, _Asked] = {}
    for picture in sorted(asked, key=lambda each: each.id):
        if _usable(picture.pdq, picture.quality):
            found.setdefault(picture.pdq, _Asked(picture.id, picture.quality, inside=inside(picture.views)))
        for view in picture.views:
            whole = view.region == WHOLE
            for turn in range(whole, len(TURNS)):
                code = view.codes[turn * BYTES_OF_PDQ : (turn + 1) * BYTES_OF_PDQ]
                within = inside(picture.views, turn) if whole else b""
                found.setdefault(code.hex(), _Asked(picture.id, view.quality, view.region, turn, within))
    return found


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
