"""The archive's index: files that every process maps into its memory and anyone may add to.

A folder holds sealed segments, which never change, and one journal that new prints are appended to; `manifest.json`
says which of them count, and is replaced in one step. Readers look at both before each search, so that what one
process adds the others find at once. Writers take turns by a lock on a file. What was written half when a process
died is found by its checksum, left out, and written over. Everything in here can be made again from the store.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.prints import Print, decode, encode
from enrich.reuse.segment import NAME, Segment, merged, segment
from enrich.reuse.segment_file import DamagedIndex, mapped, verified, write
from enrich.reuse.vocabulary import vocabulary
from secondsource.contracts.errors import BadRecord

FORMAT: Final = 1
_MANIFEST, _LOCK = "manifest.json", "lock"
SEALED_AT: Final = 2_048  #: pictures in the journal from which it becomes a segment
_LARGEST: Final = 65_536  #: pictures of a segment that is merged no further: about 700 MB
_HEAD: Final = Struct("<4sII")  # magic, format, vocabulary
_RECORD: Final = Struct("<II")  # length of what follows, its checksum
_MAGIC: Final = b"2SJo"
_NEVER: Final = (0, 0)


class Entry(NamedTuple):
    """A picture's SHA-256 in hex and its print."""

    name: str
    print_: Print


class Mark(NamedTuple):
    """A place in an index: where a record ends in the journal of that name."""

    journal: str = ""
    end: int = 0


class _Manifest(NamedTuple):
    segments: tuple[str, ...]
    journal: str
    generation: int
    gone: frozenset[str]


class Index:
    """Opened for searching and adding. Not for several threads at once; any number of processes."""

    def __init__(self, folder: Path, *, sealed_at: int = SEALED_AT) -> None:
        """Open it, or make an empty one where there is none.

        Raises:
            DamagedIndex: a file is cut short, of another version, or none of ours: make it again from the store.
        """
        self._folder = folder
        self._sealed_at = sealed_at
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / _MANIFEST).exists():
            with self._turn():
                if not (folder / _MANIFEST).exists():
                    self._start(1, ())
        self._stamp = _NEVER
        self._manifest = _Manifest((), "", 0, frozenset())
        self._sealed: dict[str, Segment] = {}
        self._fresh: list[Segment] = []
        self._gone: set[str] = set()
        self._read = 0
        self._keys: dict[int, NDArray[np.uint64]] = {}
        self.segments()

    @property
    def pictures(self) -> int:
        return sum(each.pictures for each in self.segments()) - len(self._gone)

    @property
    def mark(self) -> Mark:
        """How far it was read."""
        return Mark(self._manifest.journal, self._read)

    def holds(self, mark: Mark) -> bool:
        """Whether all that was there at that mark can be read still. What was sealed since is checked when mapped.

        Where the list of files was gone, a new one begins with an earlier journal.
        """
        return mark <= self.mark

    @property
    def gone(self) -> frozenset[str]:
        """Names that were taken out and are in some segment yet."""
        return frozenset(self._gone)

    def segments(self) -> list[Segment]:
        """All there is now, what other processes have added included.

        Raises:
            DamagedIndex: as when opened.
        """
        while True:
            stamp = self._now()
            try:
                if stamp != self._stamp:
                    self._reopen()
                    self._stamp = stamp
                self._follow()
            except (DamagedIndex, FileNotFoundError) as error:
                self._stamp = _NEVER
                if self._now() == stamp:
                    if isinstance(error, DamagedIndex):
                        raise
                    raise DamagedIndex(self._folder / self._manifest.journal, "it is gone") from error
                continue  # somebody sealed it while we looked: what we looked for is gone, rightly
            return [*self._sealed.values(), *self._fresh]

    def _now(self) -> tuple[int, int]:
        """What tells one manifest from the next."""
        try:
            stat = (self._folder / _MANIFEST).stat()
        except FileNotFoundError as error:
            raise DamagedIndex(self._folder / _MANIFEST, "it is gone") from error
        return stat.st_mtime_ns, stat.st_ino

    def _reopen(self) -> None:
        self._manifest = self._told()
        self._sealed = {name: self._sealed.get(name) or mapped(self._folder / name) for name in self._manifest.segments}
        self._fresh, self._gone, self._read, self._keys = [], set(self._manifest.gone), 0, {}

    def add(self, entries: Iterable[Entry]) -> int:
        """Append those that are not in it yet, and say how many that were. On disk when this returns."""
        added = 0
        with self._turn():
            self.segments()
            fresh = [entry for entry in _distinct(entries) if not self._holds(entry.name)]
            if fresh:
                self._append([(bytes.fromhex(entry.name), encode(entry.print_)) for entry in fresh])
                added = len(fresh)
                self.segments()
                if sum(each.pictures for each in self._fresh) >= self._sealed_at:
                    self._seal()
        return added

    def remove(self, names: Iterable[str]) -> int:
        """Take pictures out: from now on they are not found; from the files they go when it is made again."""
        with self._turn():
            self.segments()
            there = sorted({name for name in names if self._holds(name)})
            if there:
                self._append([(bytes.fromhex(name), b"") for name in there])
                self.segments()
        return len(there)

    def rebuild(self, entries: Iterable[Entry]) -> int:
        """Make it again, of these alone. Until it is done, readers search what was. How many there are."""
        with self._turn():
            generation = _generation(self._folder) + 1
            names: list[str] = []
            count = 0
            for batch in _batched(entries, _LARGEST // 4):
                name = f"segment-{generation:06}-{len(names):04}.ssi"
                write(self._folder / name, segment([(bytes.fromhex(e.name), e.print_) for e in batch]))
                names.append(name)
                count += len(batch)
            self._start(generation, tuple(names))
        self.segments()
        return count

    def verify(self) -> list[str]:
        """What is wrong with it, in sentences; reads every byte."""
        wrong = []
        for name in self._told().segments:
            wrong += verified(self._folder / name)
        journal = self._folder / self._told().journal
        _, end = _journal_records(journal, _HEAD.size)
        if end < journal.stat().st_size:
            cut = journal.stat().st_size - end
            wrong.append(
                f"{journal.name}: its last {cut} bytes are half a record; the next that is added takes their place"
            )
        return wrong

    # -- reading -------------------------------------------------------------------------------------------------

    def _told(self) -> _Manifest:
        path = self._folder / _MANIFEST
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            manifest = _Manifest(
                tuple(told["segments"]), str(told["journal"]), int(told["generation"]), frozenset(told["gone"])
            )
            versions = int(told["format"]), int(told["vocabulary"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedIndex(path, f"its list of files cannot be read ({error})") from error
        ours = FORMAT, vocabulary().version
        if versions != ours:
            raise DamagedIndex(
                path, f"it is of format {versions[0]}, vocabulary {versions[1]}; we read {ours[0]}, {ours[1]}"
            )
        return manifest

    def _follow(self) -> None:
        """Take in what the journal has got since."""
        journal = self._folder / self._manifest.journal
        if self._read == 0:
            _check_journal(journal)
            self._read = _HEAD.size
        if journal.stat().st_size <= self._read:
            return
        records, self._read = _journal_records(journal, self._read)
        prints: list[tuple[bytes, Print]] = []
        for name, body in records:
            if body:
                try:
                    prints.append((name, decode(body)))
                except BadRecord as error:
                    raise DamagedIndex(journal, str(error)) from error
                self._gone.discard(name.hex())
            else:
                self._gone.add(name.hex())
        if prints:
            self._fresh.append(segment(prints))
            self._keys.clear()
        while len(self._fresh) > 1 and self._fresh[-2].pictures <= 4 * self._fresh[-1].pictures:
            self._fresh[-2:] = [merged(self._fresh[-2:])]

    def _holds(self, name: str) -> bool:
        if name in self._gone:
            return False
        wanted = bytes.fromhex(name)
        key = np.frombuffer(wanted[:8], "<u8")[0]
        for each in (*self._sealed.values(), *self._fresh):
            keys = self._keys.get(id(each))
            if keys is None:
                keys = np.sort(np.ascontiguousarray(each.names[:, :8]).view("<u8").ravel())
                self._keys[id(each)] = keys
            at = int(np.searchsorted(keys, key))
            if at < len(keys) and keys[at] == key:
                return True
        return False

    # -- writing, in turn ----------------------------------------------------------------------------------------

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with (self._folder / _LOCK).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _append(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        with (self._folder / self._manifest.journal).open("r+b") as file:
            file.seek(self._read)
            file.truncate()  # half a record of somebody who died
            for name, body in records:
                whole = name + body
                file.write(_RECORD.pack(len(whole), zlib.crc32(whole)) + whole)
            _flushed(file)

    def _seal(self) -> None:
        """Make a segment of the journal, and one of several small ones."""
        sealed = list(self._manifest.segments)
        parts = list(self._fresh)
        while sealed:
            last = self._sealed[sealed[-1]]
            together = sum(each.pictures for each in parts)
            if last.pictures > 2 * together or last.pictures + together > _LARGEST:
                break
            parts.insert(0, last)
            sealed.pop()
        generation = self._manifest.generation + 1
        name = f"segment-{generation:06}-0000.ssi"
        write(self._folder / name, merged(parts))
        self._start(generation, (*sealed, name), self._gone)
        self.segments()

    def _start(self, generation: int, segments: tuple[str, ...], gone: Iterable[str] = ()) -> None:
        """An empty journal, and the manifest that says so; files that no longer count go."""
        journal = f"journal-{generation:06}.ssj"
        with (self._folder / journal).open("wb") as file:
            file.write(_HEAD.pack(_MAGIC, FORMAT, vocabulary().version))
            _flushed(file)
        told = {
            "format": FORMAT,
            "vocabulary": vocabulary().version,
            "generation": generation,
            "segments": list(segments),
            "journal": journal,
            "gone": sorted(gone),
        }
        fresh = self._folder / f"{_MANIFEST}.{os.getpid()}"
        with fresh.open("wb") as file:
            file.write(json.dumps(told, indent=1).encode())
            _flushed(file)
        fresh.replace(self._folder / _MANIFEST)
        counted = {journal, *segments}
        for path in [*self._folder.glob("segment-*.ss*"), *self._folder.glob("journal-*.ssj")]:
            if path.name not in counted:
                path.unlink(missing_ok=True)


def _flushed(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _generation(folder: Path) -> int:
    """The highest there was, whatever state the files are in."""
    found = [path.name.split("-")[1][:6] for path in (*folder.glob("segment-*.ssi"), *folder.glob("journal-*.ssj"))]
    return max((int(number) for number in found if number.isdigit()), default=0)


def _check_journal(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
    except OSError as error:
        raise DamagedIndex(path, f"it cannot be read ({error.strerror})") from error
    if len(head) < _HEAD.size or _HEAD.unpack(head) != (_MAGIC, FORMAT, vocabulary().version):
        raise DamagedIndex(path, "it does not begin as a journal of ours does")


def _journal_records(path: Path, start: int) -> tuple[list[tuple[bytes, bytes]], int]:
    """Whole records from a place on, and the place after the last of them."""
    with path.open("rb") as file:
        file.seek(start)
        body = file.read()
    records, at = [], 0
    while at + _RECORD.size <= len(body):
        length, checksum = _RECORD.unpack_from(body, at)
        whole = body[at + _RECORD.size : at + _RECORD.size + length]
        if len(whole) < length or length < NAME or zlib.crc32(whole) != checksum:
            break
        records.append((whole[:NAME], whole[NAME:]))
        at += _RECORD.size + length
    return records, start + at


def _distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in entries:
        if entry.name not in seen:
            seen.add(entry.name)
            yield entry


def _batched(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in _distinct(entries):
        batch.append(entry)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
