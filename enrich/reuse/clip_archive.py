"""The archive of clips on disk: flat arrays that are mapped, scanned whole, and grow at the end.

Four files in a folder. `clips` says what counts, a row for each clip, written last: what a writer that was killed left
beyond it in `moments` and `thumbs` is written over by the next. One writes at a time (`lock`), any number read.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np

from enrich.reuse.clip_frames import Grey
from enrich.reuse.clip_kept import MOMENT, NO_THUMB, KeptClip, Rows, kept
from enrich.reuse.clip_prints import THUMB, ClipPrint
from secondsource.contracts.errors import BadConfiguration

_MAGIC: Final = b"2SClips1"
CLIP: Final = np.dtype(
    [("name", "u1", 32), ("first", "<u8"), ("first_thumb", "<u8"), ("moments", "<u4"), ("thumbs", "<u4"),
     ("milliseconds", "<u4"), ("gone", "<u4"), ("checked", "<u4"), ("own", "<u4")]
)  # fmt: skip


class Archived(NamedTuple):
    """What was in the archive when it was last looked at; arrays of `CLIP`, `MOMENT`, and n × 48 × 48 grey."""

    clips: Rows
    moments: Rows
    thumbs: Grey

    def name(self, clip: int) -> str:
        return bytes(self.clips["name"][clip]).hex()

    def moments_of(self, clip: int) -> Rows:
        first = int(self.clips["first"][clip])
        return np.asarray(self.moments[first : first + int(self.clips["moments"][clip])])


class ClipArchive:
    """Clips by name: 64 hex digits, the SHA-256 of their bytes.

    Raises:
        BadConfiguration: the folder holds another version, or files shorter than they say.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        with self._writing() as clips:
            if not os.fstat(clips.fileno()).st_size:
                clips.write(_MAGIC.ljust(CLIP.itemsize, b"\0"))
        self._seen = -1
        self._now = self._mapped(0)

    @property
    def rows(self) -> int:
        """How many clips it can be read to hold, those that are blanked included: never fewer than before."""
        return len(self.archived().clips)

    def archived(self) -> Archived:
        """All that was added until now, by any process."""
        committed = self._committed()
        if committed != self._seen:
            self._now = self._mapped(committed)
            self._seen = committed
        return self._now

    def add(self, name: str, print_: ClipPrint) -> bool:
        """False if it is there already. Whatever kills us leaves all of it or nothing."""
        return self.add_kept(name, kept(print_))

    def add_kept(self, name: str, clip: KeptClip) -> bool:
        """As `add`, of what is kept of a clip."""
        with self._writing() as clips:
            before = self._mapped(self._committed())
            wanted = np.frombuffer(bytes.fromhex(name), np.uint8)
            if bool((before.clips["name"] == wanted).all(axis=1).any()):
                return False
            rows, thumbs = _placed(clip.moments, len(before.clips), len(before.thumbs)), clip.thumbs
            _written(self._folder / "moments", before.moments.nbytes, rows.tobytes())
            _written(self._folder / "thumbs", before.thumbs.nbytes, thumbs.tobytes())
            row = np.zeros(1, CLIP)
            row["name"], row["first"], row["first_thumb"] = wanted, len(before.moments), len(before.thumbs)
            row["moments"], row["thumbs"] = len(rows), len(thumbs)
            row["milliseconds"] = clip.milliseconds
            row["checked"] = zlib.crc32(thumbs.tobytes(), zlib.crc32(rows.tobytes()))
            row["own"] = _own_check(row)
            clips.seek((len(before.clips) + 1) * CLIP.itemsize)
            clips.truncate()
            clips.write(row.tobytes())
            clips.flush()
            os.fsync(clips.fileno())
        return True

    def remove(self, name: str) -> bool:
        """Blank a clip: its fingerprints and pictures are written over. False if it is not there."""
        with self._writing() as clips:
            before = self._mapped(self._committed())
            found = np.flatnonzero((before.clips["name"] == np.frombuffer(bytes.fromhex(name), np.uint8)).all(axis=1))
            if not len(found):
                return False
            row = np.array(before.clips[found[:1]])
            moments, thumbs = int(row["moments"][0]), int(row["thumbs"][0])
            blank = np.zeros(moments, MOMENT)  # of quality 0, which matches nothing
            blank["clip"], blank["thumb"] = found[0], NO_THUMB
            with (self._folder / "moments").open("r+b") as file:
                file.seek(int(row["first"][0]) * MOMENT.itemsize)
                file.write(blank.tobytes())
            with (self._folder / "thumbs").open("r+b") as file:
                file.seek(int(row["first_thumb"][0]) * THUMB * THUMB)
                file.write(bytes(thumbs * THUMB * THUMB))
            row["name"], row["gone"] = 0, 1
            row["checked"] = zlib.crc32(bytes(thumbs * THUMB * THUMB), zlib.crc32(blank.tobytes()))
            row["own"] = _own_check(row)
            clips.seek((int(found[0]) + 1) * CLIP.itemsize)
            clips.write(row.tobytes())
        self._seen = -1
        return True

    def names(self) -> set[str]:
        """Of all clips that are in it."""
        now = self.archived()
        return {now.name(number) for number in range(len(now.clips)) if not now.clips["gone"][number]}

    def damaged(self) -> list[str]:
        """Names of clips whose fingerprints are not what was written."""
        now = self.archived()
        wrong = []
        for number in range(len(now.clips)):
            first, count = int(now.clips["first_thumb"][number]), int(now.clips["thumbs"][number])
            thumbs = now.thumbs[first : first + count].tobytes()
            if zlib.crc32(thumbs, zlib.crc32(now.moments_of(number).tobytes())) != int(now.clips["checked"][number]):
                wrong.append(now.name(number))
        return wrong

    @contextmanager
    def _writing(self) -> Iterator[BinaryIO]:
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            path = self._folder / "clips"
            with path.open("r+b" if path.exists() else "w+b") as clips:
                yield clips

    def _committed(self) -> int:
        """Whole rows that are what they say."""
        return max(0, (self._folder / "clips").stat().st_size // CLIP.itemsize - 1)

    def _mapped(self, count: int) -> Archived:
        path = self._folder / "clips"
        with path.open("rb") as file:
            head = file.read(CLIP.itemsize)
        if not head.startswith(_MAGIC):
            msg = f"expected an archive of clips ({_MAGIC.decode()}) in {path}; it begins {head[:8]!r}: import anew"
            raise BadConfiguration(msg)
        clips = _map(path, CLIP, count + 1)[1:]
        while len(clips) and int(clips["own"][-1]) != _own_check(np.array(clips[-1:])):
            clips = clips[:-1]  # written when the machine lost power
        if not len(clips):
            return Archived(clips, np.zeros(0, MOMENT), np.zeros((0, THUMB, THUMB), np.uint8))
        moments = int(clips["first"][-1]) + int(clips["moments"][-1])
        thumbs = int(clips["first_thumb"][-1]) + int(clips["thumbs"][-1])
        small = _map(self._folder / "thumbs", np.dtype((np.uint8, (THUMB, THUMB))), thumbs)
        return Archived(clips, _map(self._folder / "moments", MOMENT, moments), small)


def _placed(moments: Rows, clip: int, first_thumb: int) -> Rows:
    rows = moments.copy()
    rows["clip"] = clip
    with_thumb = rows["thumb"] != NO_THUMB
    rows["thumb"][with_thumb] += np.uint32(first_thumb)
    return rows


def _own_check(row: Rows) -> int:
    blank = row.copy()
    blank["own"] = 0
    return zlib.crc32(blank.tobytes())


def _written(path: Path, at: int, body: bytes) -> None:
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.seek(at)
        file.truncate()
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _map(path: Path, kind: np.dtype[Any], count: int) -> Rows:
    need = count * kind.itemsize
    if not count:
        return np.zeros(0, kind)
    if not path.exists() or path.stat().st_size < need:
        msg = f"expected {need} bytes in {path}; it is shorter: restore it, or import its clips anew"
        raise BadConfiguration(msg)
    # Of a kind that is itself an array, numpy maps its elements.
    mapped = np.memmap(path, kind.base, "r", shape=(count, *kind.shape))
    return np.asarray(mapped)
