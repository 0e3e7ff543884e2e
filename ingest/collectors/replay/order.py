"""The order a replay sends records in, without holding them: times, offsets and lengths only (34 bytes a post)."""

from __future__ import annotations

import os
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np

from ingest.collectors.replay.records import SILENCE, Record
from ingest.formats.reading import Format, Part, Refused, microseconds, moment
from secondsource.contracts.errors import BadRecord

_PAGES_HELD = 16  #: mapped records of several posts kept for the next of their posts
_TOO_LONG = 0xFFFF_FFFF  #: in place of a part's number

Mapped = Part | Refused
Cutter = Callable[[], Iterator[Record]]


class Opened(NamedTuple):
    """A file ready to be read: `cut` starts over each time it is called. `where` says where a line of it stood."""

    where: Callable[[int], str]
    file: BinaryIO
    format: Format
    cut: Cutter


def between(opened: Opened, begin: int, end: int | None) -> Opened:
    """Only the records that end behind byte `begin` and not behind `end` (None: all that follow).

    A last line that was still being written when the file ended at `begin` is longer by now, and comes whole.
    """

    def cut() -> Iterator[Record]:
        for record in opened.cut():
            last = record.offset + len(record.body)
            if begin < last and (end is None or last <= end):
                yield record

    return opened._replace(cut=cut)


class Step(NamedTuple):
    """One post's turn. `at` and `next_at` in µs; `next_at` None where nothing follows or it is not known.

    `part` None: nothing has come for a while.
    """

    at: int
    part: Mapped | None
    source: str
    size: int
    next_at: int | None


def mapped(format_: Format, record: Record) -> list[Mapped]:
    """The record's parts; a record that cannot be mapped is one refused part."""
    if not record.whole:
        return [Refused(record.body, "the record is longer than 16 MiB; its first 64 KiB are kept")]
    try:
        return list(format_.parts(record.body))
    except BadRecord as error:
        return [Refused(record.body, str(error))]


class TimeOrder:
    """All posts of all files by event time; posts of one time, and bad records, stay behind what they follow."""

    def __init__(self, files: Sequence[Opened], earliest: int) -> None:
        self._files = files
        self._at, self._offset = array("q"), array("q")
        self._length, self._line, self._part = array("I"), array("I"), array("I")
        self._file = array("H")
        for number, opened in enumerate(files):
            self._read(number, opened, earliest)
        at = np.frombuffer(self._at, dtype=np.int64) if self._at else np.zeros(0, np.int64)
        self._order = array("I", np.argsort(at, kind="stable").astype(np.uint32).tobytes())
        self._pages: OrderedDict[tuple[int, int], list[Mapped]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._order)

    def _read(self, number: int, opened: Opened, latest: int) -> None:
        times_of = opened.format.times
        for record in opened.cut():
            try:
                times = times_of(record.body) if record.whole else [None]
            except BadRecord:
                times = [None]
            length = len(record.body)
            for part, at in enumerate(times):
                if at is not None:
                    latest = at
                # a record whose time cannot be told goes right after the one before it
                self._at.append(latest)
                self._offset.append(record.offset)
                self._length.append(length)
                self._line.append(record.line)
                self._part.append(part if record.whole else _TOO_LONG)
                self._file.append(number)

    def steps(self, start: int, high: int) -> Iterator[Step]:
        """From the post at place `start` of this order. What is older than `high`, which was promised, counts so."""
        order, times, last = self._order, self._at, len(self._order) - 1
        for place in range(start, last + 1):
            entry = order[place]
            following = max(high, times[order[place + 1]]) if place < last else None
            opened = self._files[self._file[entry]]
            source = opened.where(self._line[entry])
            yield Step(max(high, times[entry]), self._mapped(entry, opened), source, self._length[entry], following)

    def _mapped(self, entry: int, opened: Opened) -> Mapped:
        part = self._part[entry]
        key = (self._file[entry], self._offset[entry])
        parts = self._pages.get(key)
        if parts is None:
            # past the buffer: in order of time the next record may be anywhere
            body = os.pread(opened.file.fileno(), self._length[entry], key[1])
            parts = mapped(opened.format, Record(key[1], body, self._line[entry], part != _TOO_LONG))
            if len(parts) == 1:
                return parts[0]
            self._pages[key] = parts
            if len(self._pages) > _PAGES_HELD:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(key)
        if part < len(parts):
            return parts[part]
        at = self._at[entry]
        return Part(moment(at), ())


def file_order(files: Sequence[Opened], start: int, high: int) -> Iterator[Step]:
    """As the files stand, from place `start`. Event time never goes back: it is the latest seen, at first `high`."""
    place = 0
    for opened in files:
        for record in opened.cut():
            if record is SILENCE:
                yield Step(high, None, "", 0, None)
                continue
            for part in mapped(opened.format, record):
                if place >= start:
                    high = max(high, microseconds(part.at)) if isinstance(part, Part) else high
                    yield Step(high, part, opened.where(record.line), len(record.body), None)
                place += 1
