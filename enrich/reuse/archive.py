"""The index kept in step with the store: made of it where it is missing, damaged or another's, and told what is new.

Each picture is kept in the store first and searched for afterwards, so of two that come at once, wherever, at least one
finds the other.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from enrich.ports import Prints
from enrich.reuse.index import Entry, Index
from enrich.reuse.prints import Look, decode, encode
from enrich.reuse.search import Match, search
from enrich.reuse.segment_file import DamagedIndex
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Reuse

MOST_FOUND: Final = 16  #: pictures that are told of one; a collage of more is rare
_PLACE = "place.json"
_TOGETHER = 256  # prints added to the index at a time
_log = logging.getLogger(__name__)


class _Place(NamedTuple):
    """Up to which number of which store the index has been told; `picture` is that number's."""

    seq: int
    picture: str


class Checked(NamedTuple):
    """What `verify` found: pictures in the index, prints in the store, and what is wrong, in sentences."""

    indexed: int
    kept: int
    wrong: tuple[str, ...]


class ReuseArchive:
    """Which archived pictures are in one that is looked at. Usable from several threads; any number of processes."""

    def __init__(self, folder: Path, prints: Prints) -> None:
        """Opens the index, or makes it again of the store.

        Raises:
            SourceAway: the store did not answer.
        """
        self._folder = folder
        self._prints = prints
        self._lock = Lock()
        with _alone(folder):
            self._index, self._place = self._opened()

    def recognised(self, picture: str, look: Look) -> tuple[Reuse, ...]:
        """Keep a picture's print, and say which others are in it, surest first.

        Raises:
            SourceAway: the store did not answer.
        """
        self._prints.keep([(picture, encode(look.kept))])
        return self.found(look, but=picture)

    def found(self, look: Look, but: str = "") -> tuple[Reuse, ...]:
        """Which archived pictures, `but` one, are in this one, surest first; nothing is kept."""
        with self._lock:
            self.follow()
            segments, gone = self._index.segments(), self._index.gone
        matches = [each for each in search(look, segments) if each.name != but and each.name not in gone]
        return tuple(map(reuse, matches[:MOST_FOUND]))

    def follow(self) -> None:
        """Take in what the store has got since."""
        told = self._place
        fresh: list[Entry] = []
        for seq, picture, body in self._prints.after(told.seq):
            if body:
                entry = _entry(picture, body)
                fresh += [entry] if entry is not None else []
            else:
                self._index.add(fresh)
                fresh = []
                self._index.remove([picture])
            if len(fresh) >= _TOGETHER:
                self._index.add(fresh)
                fresh = []
            told = _Place(seq, picture)
        if told != self._place:
            self._index.add(fresh)
            self._place = told
            _write_place(self._folder, told)

    def rebuild(self) -> int:
        """Make the index again of what the store holds; readers search what was until it is done. Its pictures."""
        with self._lock, _alone(self._folder):
            self._place = self._made(self._index)
            return self._index.pictures

    def verify(self) -> Checked:
        """Read every byte of the index, and compare it with what the store holds."""
        with self._lock:
            self.follow()
            held = {name for _, name, body in self._prints.after(0) if body}
            gone = self._index.gone
            indexed = {
                segment.name(number) for segment in self._index.segments() for number in range(segment.pictures)
            } - gone
            wrong = list(self._index.verify())
        if missing := len(held - indexed):
            wrong.append(f"{missing} pictures of the store are not in the index")
        if foreign := len(indexed - held):
            wrong.append(f"{foreign} pictures in the index are not in the store")
        return Checked(len(indexed), len(held), tuple(wrong))

    def _opened(self) -> tuple[Index, _Place]:
        place = _read_place(self._folder)
        try:
            index = Index(self._folder)
        except DamagedIndex as error:
            _log.warning("made again", extra={"reason": str(error)})
            _emptied(self._folder)
            index, place = Index(self._folder), None
        if place is None or (place.seq and self._prints.at(place.seq) != place.picture):
            return index, self._made(index)
        return index, place

    def _made(self, index: Index) -> _Place:
        place = _Place(0, "")

        def entries() -> Iterator[Entry]:
            nonlocal place
            for seq, picture, body in self._prints.after(0):
                place = _Place(seq, picture)
                entry = _entry(picture, body) if body else None
                if entry is not None:
                    yield entry

        index.rebuild(entries())
        _write_place(self._folder, place)
        return place


def reuse(match: Match) -> Reuse:
    """A match as everybody is told of it."""
    (a, b, c), (d, e, f) = match.transform
    region = match.region
    return Reuse(
        picture=match.name,
        kind=match.kind,
        distance=match.distance or 0,
        inliers=match.inliers or 0,
        confidence=round(match.confidence, 3),
        region=(region.left, region.top, region.right, region.bottom),
        transform=(a, b, c, d, e, f),
    )


def _entry(picture: str, body: bytes) -> Entry | None:
    """None for a print that cannot be read: damaged, or of another vocabulary. By bytes the picture is found yet."""
    try:
        return Entry(picture, decode(body))
    except (BadRecord, ValueError) as error:
        _log.warning("a print is left out", extra={"picture": picture, "reason": str(error)})
        return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of all processes, one at a time opens or makes the index."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "opening").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _emptied(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name in {"opening", "lock"}:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _read_place(folder: Path) -> _Place | None:
    try:
        told = json.loads((folder / _PLACE).read_text(encoding="utf-8"))
        return _Place(int(told["seq"]), str(told["picture"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_place(folder: Path, place: _Place) -> None:
    fresh = folder / f"{_PLACE}.{os.getpid()}"
    fresh.write_text(json.dumps(place._asdict()), encoding="utf-8")
    fresh.replace(folder / _PLACE)
