"""Which stored pictures look like others: hashes of wholes and of views, in an index that follows the store."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Connection, func, select

from secondsource.contracts.messages import BYTES_OF_VIEW, WHOLE, Picture, Region, Reuse, View
from secondsource.contracts.reuse import (
    BYTES_OF_PDQ,
    TURNS,
    USABLE,
    about,
    inside,
    known_by_text,
    marks,
    only_dressed_alike,
    same_bits,
)
from store.database.connections import Database
from store.database.lists import among
from store.database.tables import picture_views, picture_words
from store.database.tables import pictures as pictures_table
from store.pictures.fingerprints import Fingerprints
from store.rows.rows import ViewRow

_READ_ALIKE = 0.5  # of the marks of the longer of two texts: OCR reads no picture twice alike


class Asked(NamedTuple):
    """A hash that is looked for: of the region `here` of picture `of`, in an orientation of `contracts.reuse.TURNS`.

    `inside`: of a whole, the hash of what it is about, turned likewise. `subject`: it is the whole, or what that is
    about.
    """

    of: str
    quality: int
    here: Region = WHOLE
    turn: int = 0
    inside: bytes = b""
    subject: bool = True


class Near(NamedTuple):
    """A stored picture whose region `there` has a hash so many bits away."""

    distance: int
    name: str
    there: Region


class Lookup:
    """The index of fingerprints, and what the tables say of those that it finds.

    It is loaded at the first picture and follows what others write by the order of commit (`pictures.seq`, given out
    under a lock). It may hold fingerprints whose pictures are gone or were rolled back: what it finds is always looked
    up in the tables. Usable from several threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        self._index: Fingerprints | None = None
        self._seen = 0

    def add(self, connection: Connection, fingerprints: Iterable[str]) -> None:
        """Take in what this connection wrote, and may yet roll back."""
        self._following(connection).add(fingerprints)

    def near(self, connection: Connection, asked: Sequence[tuple[str, Asked]]) -> list[list[Near]]:
        """For each fingerprint, stored pictures that look so as a whole or in a view, nearest first."""
        if not asked:
            return []
        near = self._following(connection).near([fingerprint for fingerprint, _ in asked])
        stored: dict[str, list[tuple[str, int, Region]]] = {}
        p, v = pictures_table.c, picture_views.c
        found = {fingerprint for each in near for fingerprint in each}
        wholes = connection.execute(select(p.id, p.pdq, p.quality).where(among(connection, p.pdq, found))).all()
        for name, fingerprint, quality in wholes:
            stored.setdefault(fingerprint, []).append((name, quality, WHOLE))
        views = connection.execute(select(picture_views).where(among(connection, v.pdq, found))).all()
        for row in views:
            stored.setdefault(row.pdq, []).append((row.picture, row.quality, _region(row)))
        framing = {row.picture for row in views}
        if any(one.inside for _, one in asked):
            framing |= {row.id for row in wholes}
        named = select(picture_views).where(among(connection, v.picture, framing))
        subject_of = subjects(ViewRow(*row) for row in connection.execute(named))

        def one_picture(one: Asked, name: str, there: Region) -> bool:
            subject = subject_of.get(name)
            if there == WHOLE:
                return subject is None or not only_dressed_alike(one.inside, subject.codes[:BYTES_OF_PDQ])
            # What stands beside a picture, an advertisement, may stand beside any other.
            return one.here == WHOLE or (one.subject and subject is not None and subject.region == there)

        return [
            sorted(
                Near(distance, name, there)
                for fingerprint, distance in each.items()
                for name, quality, there in stored.get(fingerprint, ())
                if distance <= same_bits(one.quality, quality) and one_picture(one, name, there)
            )
            for (_, one), each in zip(asked, near, strict=True)
        ]

    def read_alike(self, connection: Connection, asked: Iterable[Picture]) -> list[tuple[str, Reuse]]:
        """For each of these that is known by its text, stored pictures whose text is the same in half of it or more."""
        w = picture_words.c
        found = []
        for picture in asked:
            if picture.words is None or not known_by_text(picture):
                continue
            own = {*marks(picture.words)}
            sharing = select(w.picture).distinct().where(w.mark.in_(sorted(own)))
            theirs: dict[str, set[int]] = {}
            for name, mark in connection.execute(select(w.picture, w.mark).where(w.picture.in_(sharing))):
                theirs.setdefault(name, set()).add(mark)
            for name, others in theirs.items():
                share = len(own & others) / max(len(own), len(others))
                if share >= _READ_ALIKE:
                    found.append((picture.id, Reuse(picture=name, kind="text", confidence=round(share, 3))))
        return found

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


def usable(fingerprint: str, quality: int) -> bool:
    return bool(fingerprint) and quality >= USABLE


def _fingerprints(after: int) -> CompoundSelect[tuple[int, str]]:
    """Usable hashes of pictures with later numbers, and of what they enclose."""
    p, v = pictures_table.c, picture_views.c
    wholes = select(p.seq, p.pdq).where(p.seq > after, p.pdq != "", p.quality >= USABLE)
    views = select(p.seq, v.pdq).join_from(pictures_table, picture_views, v.picture == p.id).where(p.seq > after)
    return wholes.union_all(views)


def subjects(rows: Iterable[ViewRow]) -> dict[str, View]:
    """What each picture is about, of those that are about what they enclose."""
    views: dict[str, list[View]] = {}
    for row in sorted(rows, key=lambda row: (row.picture, row.place)):
        upright = bytes.fromhex(row.pdq)
        view = View(codes=upright.ljust(BYTES_OF_VIEW, b"\0"), quality=row.quality, region=_region(row))
        views.setdefault(row.picture, []).append(view)
    return {picture: subject for picture, enclosed in views.items() if (subject := about(enclosed)) is not None}


def _region(row: Any) -> Region:
    return row.left, row.top, row.right, row.bottom


def hashes(asked: Sequence[Picture]) -> list[tuple[str, Asked]]:
    """What is looked for of these pictures, by hash: each as it is, then its views mirrored and turned."""
    found = []
    for picture in asked:
        subject = about(picture.views)
        if usable(picture.pdq, picture.quality):
            found.append((picture.pdq, Asked(picture.id, picture.quality, inside=inside(picture.views))))
        for view in picture.views:
            whole = view.region == WHOLE
            for turn in range(whole, len(TURNS)):
                code = view.codes[turn * BYTES_OF_PDQ : (turn + 1) * BYTES_OF_PDQ].hex()
                within = inside(picture.views, turn) if whole else b""
                one = Asked(picture.id, view.quality, view.region, turn, within, whole or view is subject)
                found.append((code, one))
    return found
