"""The pictures a watch has seen: which are the same, which living story shows them, and where they were seen before.

The same picture is the same bytes, or a PDQ hash within 31 of 256 bits where both have quality ≥ 50: the threshold
and the quality floor that PDQ's authors recommend (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm", 2019).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.ledger import Ledger
from secondsource.contracts.messages import Picture

SAME_BITS = 31
FEWEST_QUALITY = 50
_SIGHTINGS = 5
_VARIANTS = 64  # files of the same picture that are known by name; further ones are compared again


class Sighting(msgspec.Struct, array_like=True, frozen=True):
    """One picture in one post: when (seconds since 1970), in which post, which file, by whom, with which words.

    `distance`: bits in which the file differs from the one that stands for the picture. What a sighting says is what
    the archive says of it, so that it does not matter which of the two is asked.
    """

    at: float
    uid: str
    picture: str
    handle: str
    caption: str
    url: str = ""
    distance: int = 0


class Row(msgspec.Struct, array_like=True):
    """One picture: its representative file, other files of it with their distance, its earliest sightings.

    `story` is the living story that shows it (0: none), `uid` that story's first post with it.
    """

    number: int
    id: str
    pdq: str
    quality: int
    story: int = 0
    uid: str = ""
    variants: dict[str, int] = {}
    sightings: list[Sighting] = []

    def picture(self) -> Picture:
        return Picture(id=self.id, url="", state="fingerprinted", pdq=self.pdq, quality=self.quality)


class Match(NamedTuple):
    row: Row
    distance: int


class PictureBook:
    """The last `most` pictures of a watch. Finding one by bytes is a look-up, by hash a scan of them all (0.1 ms)."""

    def __init__(self, name: str, most: int = 50_000) -> None:
        self._most = most
        self._rows: dict[int, Row] = {}
        self._by_id: dict[str, int] = {}
        self._sighted: dict[str, list[int]] = {}
        self._next = 1
        self._hashes: NDArray[np.uint64] = np.zeros((4, 64), dtype=np.uint64)
        self._matchable: NDArray[np.bool_] = np.zeros(64, dtype=bool)
        self._changed: set[int] = set()
        self._encoder = msgspec.msgpack.Encoder()
        self._ledger = Ledger(name, lambda number: self._encoder.encode(self._rows[number]))

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, number: int) -> Row | None:
        return self._rows.get(number)

    def enter(self, picture: Picture) -> Match:
        """The row a picture belongs to, a new one where it is not known, and how many bits it differs."""
        known = self._by_id.get(picture.id)
        if known is not None:
            row = self._rows[known]
            return Match(row, row.variants.get(picture.id, 0))
        match = self._scan(picture)
        if match is None:
            return Match(self._open(picture), 0)
        row = match.row
        if len(row.variants) < _VARIANTS:
            row.variants[picture.id] = match.distance
            self._by_id[picture.id] = row.number
            self._changed.add(row.number)
        return match

    def see(self, row: Row, sighting: Sighting) -> None:
        """Keep a sighting if it is among the earliest of its picture."""
        if any(_order(known) == _order(sighting) for known in row.sightings):
            return
        if len(row.sightings) == _SIGHTINGS and _order(sighting) > _order(row.sightings[-1]):
            return
        row.sightings = sorted([*row.sightings, sighting], key=_order)
        for gone in row.sightings[_SIGHTINGS:]:
            self._unsight(gone.uid, row.number)
        row.sightings = row.sightings[:_SIGHTINGS]
        self._sighted.setdefault(sighting.uid, []).append(row.number)
        self._changed.add(row.number)

    def show(self, row: Row, story: int, uid: str) -> None:
        """A living story shows this picture from now on (0: none does any more)."""
        row.story, row.uid = story, uid
        self._changed.add(row.number)

    def forget_post(self, uid: str) -> None:
        """A post is gone from its platform: its words must not be quoted as a sighting."""
        for number in self._sighted.pop(uid, ()):
            row = self._rows.get(number)
            if row is not None:
                row.sightings = [seen for seen in row.sightings if seen.uid != uid]
                self._changed.add(number)
                self._ledger.scrub(number)

    def recaption(self, uid: str, caption: str, edited_at: float) -> None:
        """A post has other words now: the earlier ones must not be quoted."""
        for number in self._sighted.get(uid, ()):
            row = self._rows.get(number)
            if row is not None:
                row.sightings = [
                    msgspec.structs.replace(seen, caption=caption)
                    if seen.uid == uid and seen.caption != caption and edited_at > seen.at
                    else seen
                    for seen in row.sightings
                ]
                self._changed.add(number)
                self._ledger.scrub(number)

    def _open(self, picture: Picture) -> Row:
        if len(self._rows) >= self._most:
            self._close(next(iter(self._rows)))
        row = Row(self._next, picture.id, picture.pdq, picture.quality)
        self._next += 1
        self._insert(row)
        self._changed.add(row.number)
        return row

    def _insert(self, row: Row) -> None:
        self._rows[row.number] = row
        self._by_id[row.id] = row.number
        for variant in row.variants:
            self._by_id[variant] = row.number
        for seen in row.sightings:
            self._sighted.setdefault(seen.uid, []).append(row.number)
        if len(self._rows) > self._size():
            self._grow()
        self._write(row)

    def _close(self, number: int) -> None:
        row = self._rows.pop(number)
        for name in (row.id, *row.variants):
            self._by_id.pop(name, None)
        for seen in row.sightings:
            self._unsight(seen.uid, number)
        self._matchable[number % self._size()] = False
        self._changed.discard(number)
        self._ledger.drop(number)

    def _unsight(self, uid: str, number: int) -> None:
        rows = self._sighted.get(uid, [])
        if number in rows:
            rows.remove(number)
        if not rows:
            self._sighted.pop(uid, None)

    # Rows are numbered in order and the oldest leave first, so a ring of a fixed size never has two in one place.

    def _size(self) -> int:
        return len(self._matchable)

    def _grow(self) -> None:
        size = self._size() * 2
        self._hashes = np.zeros((4, size), dtype=np.uint64)
        self._matchable = np.zeros(size, dtype=bool)
        for row in self._rows.values():
            self._write(row)

    def _write(self, row: Row) -> None:
        if matchable(row):
            place = row.number % self._size()
            self._hashes[:, place] = _words(row.pdq)
            self._matchable[place] = True

    def _scan(self, picture: Picture) -> Match | None:
        """The nearest known picture, the earliest of equally near ones."""
        if not matchable(picture):
            return None
        wanted = _words(picture.pdq)
        distance = np.bitwise_count(self._hashes[0] ^ wanted[0]).astype(np.uint16)
        for word in (1, 2, 3):
            distance += np.bitwise_count(self._hashes[word] ^ wanted[word])
        near = np.flatnonzero((distance <= SAME_BITS) & self._matchable)
        if not len(near):
            return None
        first = next(iter(self._rows))
        size = self._size()
        numbers = ((int(place), first + (int(place) - first) % size) for place in near)
        far, number = min((int(distance[place]), number) for place, number in numbers)
        return Match(self._rows[number], far)

    def changes(self) -> dict[str, bytes | None]:
        for number in sorted(self._changed):
            self._ledger.put(number, self._encoder.encode(self._rows[number]))
        self._changed = set()
        return self._ledger.changes()

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        decoder = msgspec.msgpack.Decoder(Row)
        rows = [decoder.decode(said[-1]) for said in self._ledger.restore(parts).values()]
        for row in sorted(rows, key=lambda row: row.number):
            self._next = row.number + 1
            self._insert(row)


def matchable(picture: Picture | Row) -> bool:
    """Whether a picture has a fingerprint that can be compared."""
    return len(picture.pdq) == 64 and picture.quality >= FEWEST_QUALITY


def _words(pdq: str) -> NDArray[np.uint64]:
    return np.frombuffer(bytes.fromhex(pdq), dtype=">u8").astype(np.uint64)


def _order(sighting: Sighting) -> tuple[float, str, str]:
    return sighting.at, sighting.uid, sighting.picture
