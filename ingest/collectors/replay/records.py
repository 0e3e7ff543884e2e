"""Files cut into records: lines, rows with quoted line breaks, the values of a JSON array. Bytes only, nothing decoded
but what cutting needs.
"""

from __future__ import annotations

import gzip
import hashlib
import mmap
import re
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, Literal, NamedTuple, cast

import msgspec

from ingest.formats.reading import FAULTS, MAX_RECORD
from secondsource.contracts.errors import BadConfiguration

BOM = b"\xef\xbb\xbf"
_EDGE = 1 << 20
_SHOWN = 1 << 16
MOST_UNPACKED = 64 * 1024**3  #: bytes of one file; more is a bomb, or wants to be cut into days
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)

Cut = Literal["lines", "quoted rows", "values"]  #: how a file is divided


class Record(NamedTuple):
    """`line` is where it begins, counted from 1. `whole` is False for one too long to be read."""

    offset: int
    body: bytes
    line: int
    whole: bool = True


SILENCE = Record(-1, b"", 0)  #: a pipe has had nothing to say for a while


def opened(path: Path) -> BinaryIO:
    """The file, seekable; a gzip file is unpacked into an unnamed temporary file first.

    Raises:
        BadConfiguration: no such file, not readable, or broken gzip.
    """
    try:
        file = path.open("rb", buffering=_EDGE)
        if file.read(2) != b"\x1f\x8b":
            file.seek(0)
            return file
        file.close()
        unpacked = cast("BinaryIO", tempfile.TemporaryFile(buffering=_EDGE))  # noqa: SIM115 - the caller closes it
        with gzip.open(path) as packed:
            copied(cast("IO[bytes]", packed), unpacked, str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise BadConfiguration(
            f"{path}: expected a readable file: {getattr(error, 'strerror', None) or error}"
        ) from error
    unpacked.seek(0)
    return unpacked


def copied(source: IO[bytes], target: BinaryIO, name: str) -> None:
    """What was packed, as far as anybody can mean it.

    Raises:
        BadConfiguration: it does not end.
    """
    size = 0
    while chunk := source.read(_EDGE):
        size += len(chunk)
        if size > MOST_UNPACKED:
            raise BadConfiguration(
                f"{name}: unpacked it would be more than the {MOST_UNPACKED // 1024**3} GiB that are unpacked for you;"
                " unpack what you need yourself"
            )
        target.write(chunk)


def identity(path: Path, size: int | None = None) -> str:
    """Size and digest of both ends: enough to notice that a file is not the one a cursor was written for.

    With `size`, of what the file was when it was no longer than that.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size if size is None else size
            digest = hashlib.blake2b(file.read(min(_EDGE, size)), digest_size=8)
            if size > _EDGE:
                file.seek(max(_EDGE, size - _EDGE))
                digest.update(file.read(min(_EDGE, size - file.tell())))
    except OSError as error:
        raise BadConfiguration(
            f"{path}: expected a readable file: {getattr(error, 'strerror', None) or error}"
        ) from error
    return f"{size}-{digest.hexdigest()}"


def cut_of_json(file: BinaryIO) -> Cut:
    """Whether a JSON file holds a value a line, or values over several lines (an array, printed pages)."""
    file.seek(0)
    head = file.read(_EDGE).removeprefix(BOM).lstrip()
    if head[:1] == b"[":
        return "values"
    if head[:1] != b"{":
        return "lines"
    lines = [line for line in head.split(b"\n", 20)[:20] if line.strip()]
    # what is printed over several lines has no whole object at the edge of one
    at_the_edge = (line for line in lines if line[:1] == b"{")
    return "lines" if len(lines) < 2 or any(map(_is_whole, at_the_edge)) else "values"


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except FAULTS:
        return False
    return True


def records(file: BinaryIO, cut: Cut, start: int = 0, line: int = 1) -> Iterator[Record]:
    """From byte `start`, which is on line `line`; blank lines are skipped."""
    if cut == "values":
        return _values(file)
    return (_rows if cut == "quoted rows" else _lines)(file, start, line)


def _lines(file: BinaryIO, start: int, line: int) -> Iterator[Record]:
    file.seek(start)
    offset = start
    if offset == 0 and file.read(3) == BOM:
        offset = 3
    file.seek(offset)
    while body := file.readline(MAX_RECORD):
        length = len(body)
        whole = not _cut_off(body)
        if not whole:
            length += _rest_of_line(file)
            body = body[:_SHOWN]
        if not body.isspace():
            yield Record(offset, body.rstrip(b"\r\n"), line, whole)
        offset += length
        line += 1


def _cut_off(line: bytes) -> bool:
    """Longer than is read at once; such a piece is the last that was read."""
    return len(line) >= MAX_RECORD and not line.endswith(b"\n")


def _rest_of_line(file: BinaryIO) -> int:
    """Skipped; returns its bytes."""
    length = 0
    while rest := file.readline(MAX_RECORD):
        length += len(rest)
        if rest.endswith(b"\n"):
            break
    return length


def _rows(file: BinaryIO, start: int, line: int) -> Iterator[Record]:
    """Rows may hold line breaks inside quotes. A quote never closed costs its own row, not the rest of the file."""
    file.seek(start)
    offset = start
    waiting: list[bytes] = []
    while True:
        first = waiting.pop(0) if waiting else file.readline(MAX_RECORD)
        if not first:
            return
        taken = [first]
        if _cut_off(first):
            yield Record(offset, first[:_SHOWN], line, whole=False)
            offset += len(first) + _rest_of_line(file)
            line += 1
            continue
        quotes, size = first.count(b'"'), len(first)
        while quotes % 2 and size < _EDGE:
            more = waiting.pop(0) if waiting else file.readline(MAX_RECORD)
            if not more:
                break
            taken.append(more)
            quotes, size = quotes + more.count(b'"'), size + len(more)
        if quotes % 2:
            waiting = taken[1:] + waiting
            taken = [first]
        body = b"".join(taken)
        if not body.isspace():
            yield Record(offset, body.rstrip(b"\r\n"), line)
        offset += len(body)
        line += len(taken)


def _values(file: BinaryIO) -> Iterator[Record]:
    """Objects of an array, or one after another. One cut off by the end of the file comes as it is."""
    file.seek(0, 2)
    if file.tell() == 0:
        return
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        depth, begin, line, counted = 0, -1, 1, 0
        outer = 1 if whole[:_EDGE].removeprefix(BOM).lstrip()[:1] == b"[" else 0
        for token in _TOKEN.finditer(whole):
            mark = token.group()[:1]
            if mark in b"{[":
                if depth == outer and mark == b"{":
                    begin = token.start()
                depth += 1
            elif mark in b"}]":
                depth -= 1
                if depth == outer and begin >= 0:
                    line += whole[counted:begin].count(b"\n")
                    counted = begin
                    yield Record(begin, whole[begin : token.end()], line)
                    begin = -1
        if begin >= 0:
            line += whole[counted:begin].count(b"\n")
            yield Record(begin, whole[begin : begin + MAX_RECORD], line)
