"""From the files somebody names to records in a known format, saying which it took each for, and why."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event
from typing import BinaryIO, NamedTuple

from ingest.collectors.replay.files import Taken, export_folder, taken
from ingest.collectors.replay.order import Cutter, Opened
from ingest.collectors.replay.records import BOM, SILENCE, Cut, Record, cut_of_json, records
from ingest.formats import recognising
from ingest.formats.delimited import ColumnMapping, Delimited, split
from ingest.formats.own import Own
from ingest.formats.reading import MAX_RECORD, Format, Part, Refused, Span
from ingest.formats.recognising import JsonFormat, Recognised
from ingest.formats.telegram import Telegram
from ingest.formats.x_flat import XFlat
from ingest.formats.x_v1 import XV1
from ingest.formats.x_v2 import XV2
from ingest.pictures import Pictures
from secondsource.contracts.errors import BadConfiguration, BadRecord

TOGETHER_SECONDS = 0.2  #: posts due within this of each other are sent as one batch
_LOOKED_AT = 20  #: records that may tell a file's format


class Took(NamedTuple):
    """What a file was taken for, why, and what else a person should know of it."""

    name: str
    format: str
    why: str
    notes: tuple[str, ...] = ()


class Reading:
    """`mappings` are the tables that are recognised by their first row; `told` hears what each file was taken for."""

    def __init__(
        self,
        format_: JsonFormat | ColumnMapping,
        pictures: Pictures,
        collector: str,
        mappings: Mapping[str, ColumnMapping],
        told: Callable[[Took], None],
        stdin: BinaryIO | None,
    ) -> None:
        self._format = format_
        self._pictures = pictures
        self._collector = collector
        self._mappings = mappings
        self._told = told
        self._stdin = stdin

    def files(self, path: Path, files: ExitStack, span: Span) -> list[Opened]:
        """A path may hold several files.

        Raises:
            BadConfiguration: nothing there that could be read, or not what the format says.
        """
        return [self._file(one, span) for one in taken(path, files)]

    def format_of(self, body: bytes, path: Path, span: Span) -> Format:
        """What reads a record that once was refused; `path` is the file it came from, or another of its kind."""
        format_ = self._format
        if format_ == "auto":
            format_ = recognising.kind(body) or self._table(path) or "own"
        if isinstance(format_, ColumnMapping):
            mapping, header = self._header(format_, path)
            return Delimited(mapping, header, self._pictures, self._collector, span)
        return self._json(format_, span, export_folder(path) if format_ == "telegram" else None)

    def standard_input(self, span: Span, stop: Event) -> Opened:
        file = self._stdin or sys.stdin.buffer
        lines = _arriving(file, stop)
        format_ = self._format
        line = 1
        if isinstance(format_, ColumnMapping):
            header: Sequence[str] = format_.header
            if not header:
                header, line = _header_cells(next(filter(None, lines), b""), format_, "standard input"), 2
            reader: Format = Delimited(format_, header, self._pictures, self._collector, span)
        elif format_ == "auto":
            reader = _Guessing({kind: self._json(kind, span, None) for kind in recognising.WHAT})
        else:
            reader = self._json(format_, span, None)
        return Opened(lambda line: f"standard input:{line}", file, reader, partial(_numbered, lines, line))

    def _file(self, one: Taken, span: Span) -> Opened:
        file, said, notes = one.file, self._format, list(one.notes)
        if one.unwrapped and not isinstance(said, ColumnMapping):
            kind: JsonFormat = "telegram" if one.unwrapped == "telegram" else "x-v1"
            self._told(Took(one.name, kind, "how the file begins", one.notes))
            return Opened(one.where, file, self._json(kind, span, one.folder), _cutter(file, "lines"))
        found = self._recognised(one) if said == "auto" else Recognised(said, "so it was asked for")
        format_ = found.format
        if not isinstance(format_, ColumnMapping):
            self._told(Took(one.name, format_, found.why, one.notes))
            return Opened(one.where, file, self._json(format_, span, one.folder), _cutter(file, cut_of_json(file)))
        start, line, header = 0, 1, format_.header
        if not header:
            first = _first_row(file, format_)
            start, line = first.end, first.line
            fitting = recognising.fitted(first.body, format_)
            if fitting is None:
                header = tuple(_header_cells(first.body, format_, one.name))
            else:
                format_, header = fitting.mapping, fitting.header
                notes += [fitting.note] if fitting.note else []
        rows = Delimited(format_, header, self._pictures, self._collector, span)
        self._told(Took(one.name, "table", found.why, tuple(notes)))
        return Opened(one.where, file, rows, _cutter(file, _row_cut(format_), start, line))

    def _recognised(self, one: Taken) -> Recognised:
        cut = cut_of_json(one.file)
        bodies = [record.body for record in islice(records(one.file, cut), _LOOKED_AT)]
        found = recognising.of_json(one.name, bodies)
        if found is None and bodies:
            found = recognising.of_table(_first_row(one.file, None).body, self._mappings)
        if found is None:
            raise recognising.unknown(one.name, self._mappings)
        return found

    def _table(self, path: Path) -> ColumnMapping | None:
        """The mapping that the file's first row tells of, where there is such a file."""
        if not path.is_file():
            return None
        with ExitStack() as files:
            found = recognising.of_table(_first_row(taken(path, files)[0].file, None).body, self._mappings)
        return found.format if found is not None and isinstance(found.format, ColumnMapping) else None

    def _header(self, mapping: ColumnMapping, path: Path) -> tuple[ColumnMapping, Sequence[str]]:
        """The mapping as it fits the file, and the file's columns."""
        if mapping.header:
            return mapping, mapping.header
        with ExitStack() as files:
            one = taken(path, files)[0]
            first = _first_row(one.file, mapping).body
            fitting = recognising.fitted(first, mapping)
            if fitting is not None:
                return fitting.mapping, fitting.header
            return mapping, _header_cells(first, mapping, one.name)

    def _json(self, kind: JsonFormat, span: Span, folder: Path | None) -> Format:
        if kind == "telegram":
            return Telegram(self._collector, span, folder)
        formats: dict[str, type[Own] | type[XV1] | type[XV2] | type[XFlat]] = {
            "x-v1": XV1,
            "x-v2": XV2,
            "x-flat": XFlat,
        }
        return formats.get(kind, Own)(self._collector, span)


class _Guessing:
    """Each line of standard input by what it looks like."""

    def __init__(self, readers: Mapping[JsonFormat, Format]) -> None:
        self._readers = readers

    def times(self, body: bytes) -> list[int | None]:
        return self._readers[recognising.kind(body) or "own"].times(body)

    def parts(self, body: bytes) -> list[Part | Refused]:
        return self._readers[recognising.kind(body) or "own"].parts(body)


class _FirstRow(NamedTuple):
    """A table's first row, where it ends, and the line that follows it."""

    body: bytes
    end: int
    line: int


def _first_row(file: BinaryIO, mapping: ColumnMapping | None) -> _FirstRow:
    """It may hold line breaks in quotes, as spreadsheets write a header over two lines."""
    file.seek(0)
    body = file.readline(MAX_RECORD)
    line = 2
    if mapping is None or mapping.quoting == "minimal":
        while body.count(b'"') % 2 and len(body) < MAX_RECORD and (more := file.readline(MAX_RECORD)):
            body, line = body + more, line + 1
    return _FirstRow(body.removeprefix(BOM).rstrip(b"\r\n"), len(body), line)


def _row_cut(mapping: ColumnMapping) -> Cut:
    return "lines" if mapping.quoting == "none" else "quoted rows"


def _cutter(file: BinaryIO, cut: Cut, start: int = 0, line: int = 1) -> Cutter:
    return partial(records, file, cut, start, line)


def _header_cells(line: bytes, mapping: ColumnMapping, name: str) -> list[str]:
    try:
        return [cell.strip() for cell in split(line.removeprefix(BOM), mapping)]
    except BadRecord as error:
        raise BadConfiguration(f"{name}:1: the header cannot be read: {error}") from error


def _numbered(lines: Iterator[bytes | None], line: int) -> Iterator[Record]:
    for body in lines:
        if body is None:
            yield SILENCE
            continue
        if body.strip():
            yield Record(0, body, line, len(body) < MAX_RECORD)
        line += 1


def _arriving(file: BinaryIO, stop: Event) -> Iterator[bytes | None]:
    """Lines as they come, None from a silent pipe, often enough to stop at once."""
    try:
        descriptor = file.fileno()
    except (OSError, AttributeError):
        yield from (line.rstrip(b"\r\n") for line in iter(lambda: file.readline(MAX_RECORD), b""))
        return
    rest = b""
    while not stop.is_set():
        if not select.select([descriptor], [], [], TOGETHER_SECONDS)[0]:
            yield None
            continue
        chunk = file.raw.read(1 << 16) if hasattr(file, "raw") else file.read(1 << 16)
        if not chunk:
            if rest:
                yield rest
            return
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.rstrip(b"\r") for line in whole)
        if len(rest) > MAX_RECORD:
            yield rest
            rest = b""
