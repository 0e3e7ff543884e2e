"""The index kept in step with the store: made of it where it is missing, damaged or another's, and told what is new.

Each picture is kept in the store first and searched for afterwards, among those that were kept before it: of two that
come at once, wherever, it is the later that finds the earlier, however often either is looked at again.
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
from enrich.reuse.clip_archive import Archived, ClipArchive
from enrich.reuse.clip_kept import KeptClip, bound, kept, parted
from enrich.reuse.clip_prints import ClipPrint
from enrich.reuse.clip_search import ClipMatch
from enrich.reuse.clip_search import search as search_clips
from enrich.reuse.index import Entry, Index, Mark
from enrich.reuse.prints import Look, decode, encode
from enrich.reuse.search import Match, search
from enrich.reuse.segment import Segment
from enrich.reuse.segment_file import DamagedIndex
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.messages import Reuse
from secondsource.contracts.reuse import TURNS

MOST_FOUND: Final = 16  #: pictures that are told of one; a collage of more is rare
_PLACE = "place.json"
_CLIPS = "clips"
_TOGETHER = 256  # prints added to the index at a time
_log = logging.getLogger(__name__)


class _Place(NamedTuple):
    """Up to which number of which store the index has been told; `picture` is that number's.

    `mark` and `clips`: what the files held then, and less of which means that they are damaged.
    """

    seq: int
    picture: str
    mark: Mark = Mark()
    clips: int = 0


class Checked(NamedTuple):
    """What `verify` found: pictures in the index, prints in the store, and what is wrong, in sentences."""

    indexed: int
    kept: int
    wrong: tuple[str, ...]


class ReuseArchive:
    """Which archived pictures are in one that is looked at, and which archived clips in a clip.

    Usable from several threads; any number of processes.
    """

    def __init__(self, folder: Path, prints: Prints) -> None:
        """Opens the index, or makes it again of the store.

        Raises:
            SourceAway: the store did not answer.
        """
        self._folder = folder
        self._prints = prints
        self._lock = Lock()
        with _alone(folder):
            self._index, self._clips, self._place = self._opened()

    def recognised(self, picture: str, look: Look, clip: ClipPrint | None = None) -> tuple[Reuse, ...]:
        """Keep the print of a picture, and of the clip that it is the first frame of; say which others are in it.

        Others are those that were kept before it. Clips come first, then pictures, surest first.

        Raises:
            SourceAway: the store did not answer.
        """
        self._prints.keep([(picture, bound(encode(look.kept), kept(clip) if clip is not None else None))])
        found = self._found(look, clip, picture)
        before = self._prints.before(picture, [each.picture for each in found]) if found else ()
        return tuple(each for each in found if each.picture in before)[:MOST_FOUND]

    def found(self, look: Look, clip: ClipPrint | None = None, but: str = "") -> tuple[Reuse, ...]:
        """Which archived clips and pictures, `but` one, are in this one, surest first; nothing is kept."""
        return tuple(self._found(look, clip, but)[:MOST_FOUND])

    def _found(self, look: Look, clip: ClipPrint | None, but: str) -> list[Reuse]:
        with self._lock:
            segments, gone, clips = self._in_step()
        moving = search_clips(clip, clips) if clip is not None else []
        told = [clip_reuse(each) for each in moving if each.name != but and each.name not in gone]
        known = {but, *gone, *(each.picture for each in told)}
        return told + [reuse(each) for each in search(look, segments) if each.name not in known]

    def _in_step(self) -> tuple[list[Segment], frozenset[str], Archived]:
        """All there is to search; of the store made again, where the files were harmed while we had them open.

        Raises:
            SourceAway: the store did not answer, or the files can be neither read nor written: posts wait for them.
        """
        try:
            return self._followed()
        except (DamagedIndex, BadConfiguration, OSError) as error:
            _log.warning("opened again", extra={"reason": str(error)})
        try:
            with _alone(self._folder):
                self._index, self._clips, self._place = self._opened()
            return self._followed()
        except (DamagedIndex, BadConfiguration, OSError) as error:
            raise SourceAway(f"the index of pictures in {self._folder}: {error}") from error

    def _followed(self) -> tuple[list[Segment], frozenset[str], Archived]:
        self.follow()
        return self._index.segments(), self._index.gone, self._clips.archived()

    def follow(self) -> None:
        """Take in what the store has got since."""
        told = self._place
        fresh: list[Entry] = []
        for seq, picture, body in self._prints.after(told.seq):
            if body:
                fresh += self._taken_in(picture, body)
            else:
                self._index.add(fresh)
                fresh = []
                self._index.remove([picture])
                self._clips.remove(picture)
            if len(fresh) >= _TOGETHER:
                self._index.add(fresh)
                fresh = []
            told = _Place(seq, picture)
        if told != self._place:
            self._index.add(fresh)
            self._place = self._written(told, self._index, self._clips)

    def rebuild(self) -> int:
        """Make the index again of what the store holds; readers search what was until it is done. Its pictures."""
        with self._lock, _alone(self._folder):
            self._place = self._made(self._index, self._clips)
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
            wrong += [f"the fingerprints of clip {name} are not what was written" for name in self._clips.damaged()]
        if missing := len(held - indexed):
            wrong.append(f"{missing} pictures of the store are not in the index")
        if foreign := len(indexed - held):
            wrong.append(f"{foreign} pictures in the index are not in the store")
        return Checked(len(indexed), len(held), tuple(wrong))

    def _opened(self) -> tuple[Index, ClipArchive, _Place]:
        place = _read_place(self._folder)
        try:
            index, clips = Index(self._folder), ClipArchive(self._folder / _CLIPS)
        except (DamagedIndex, BadConfiguration) as error:
            _log.warning("made again", extra={"reason": str(error)})
            _emptied(self._folder)
            index, clips, place = Index(self._folder), ClipArchive(self._folder / _CLIPS), None
        if place is not None and not (index.holds(place.mark) and place.clips <= clips.rows):
            _log.warning("made again", extra={"reason": "the index of pictures is damaged: it holds less than it did"})
            place = None
        if place is None or (place.seq and self._prints.at(place.seq) != place.picture):
            return index, clips, self._made(index, clips)
        return index, clips, place

    def _made(self, index: Index, clips: ClipArchive) -> _Place:
        place = _Place(0, "")
        moving: set[str] = set()
        for name in clips.damaged():
            clips.remove(name)

        def entries() -> Iterator[Entry]:
            nonlocal place
            for seq, picture, body in self._prints.after(0):
                place = _Place(seq, picture)
                entry, clip = _read(picture, body)
                if clip is not None:
                    clips.add_kept(picture, clip)
                    moving.add(picture)
                if entry is not None:
                    yield entry

        index.rebuild(entries())
        for name in clips.names() - moving:
            clips.remove(name)
        return self._written(place, index, clips)

    def _written(self, place: _Place, index: Index, clips: ClipArchive) -> _Place:
        """The place, kept with what the files hold by now."""
        now = place._replace(mark=index.mark, clips=clips.rows)
        _write_place(self._folder, now)
        return now

    def _taken_in(self, picture: str, body: bytes) -> list[Entry]:
        """What is new for the index of pictures; a clip is put where clips are."""
        entry, clip = _read(picture, body)
        if clip is not None:
            self._clips.add_kept(picture, clip)
        return [entry] if entry is not None else []


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


def clip_reuse(match: ClipMatch) -> Reuse:
    """A match of clips as everybody is told of it."""
    (a, b), (d, e) = TURNS[match.turn]
    return Reuse(
        picture=match.name,
        kind="clip",
        inliers=match.moments,
        confidence=round(match.confidence, 3),
        transform=(a, b, 0.5 * (1 - a - b), d, e, 0.5 * (1 - d - e)),
        seconds=tuple((*stretch.asked, *stretch.kept) for stretch in match.stretches),
    )


def _read(picture: str, body: bytes) -> tuple[Entry | None, KeptClip | None]:
    """Nothing of a print that is erased, or that cannot be read: damaged, or of another vocabulary.

    By bytes the picture is found yet.
    """
    if not body:
        return None, None
    try:
        print_, clip = parted(body)
        return Entry(picture, decode(print_)), clip
    except (BadRecord, ValueError) as error:
        _log.warning("a print is left out", extra={"picture": picture, "reason": str(error)})
        return None, None


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
        journal, end = told.get("mark", Mark())
        return _Place(int(told["seq"]), str(told["picture"]), Mark(str(journal), int(end)), int(told.get("clips", 0)))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_place(folder: Path, place: _Place) -> None:
    fresh = folder / f"{_PLACE}.{os.getpid()}"
    fresh.write_text(json.dumps(place._asdict()), encoding="utf-8")
    fresh.replace(folder / _PLACE)
