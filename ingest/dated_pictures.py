"""Folders of dated pictures: captions files, and dates in files' names. No picture is opened here."""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ingest.formats.reading import FAULTS
from secondsource.contracts.errors import BadConfiguration, BadRecord

PICTURES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic"})
VIDEOS = frozenset({".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".3gp"})
CAPTIONS = ("captions.csv", "captions.tsv", "captions.jsonl")  #: what a captions file is called in the folder itself
COLUMNS = ("file", "date", "caption", "credit", "place", "url")
EARLIEST = datetime(1826, 1, 1, tzinfo=UTC)  #: no photograph is older
_MOST_CAPTIONS = 256 * 1024 * 1024  #: bytes

_WHOLE = re.compile(r"(\d{4})(?:[-/.:](\d{1,2})(?:[-/.:](\d{1,2}))?)?\Z")
_CAMERA = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d(?::\d\d)?)\Z")
# 2014-03-02, 2014_03_02, 20140302, each with or without a time of day behind it
_NAMED = re.compile(
    r"(?<!\d)((?:18|19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:(?:[ _T-]{1,3}|\s+at\s+)"
    r"(?!(?:18|19|20)\d\d(?:[-_.]\d\d[-_.]\d\d|\d{4})(?!\d))"  # another date, and no time of day
    r"([01]\d|2[0-3])([-_.:hu]?)([0-5]\d)(?:\6|[-_.:m])?([0-5]\d)?(?!\d)|\d{6}(?!\d)|(?!\d))"
)


class Dated(NamedTuple):
    """The last moment at which a picture can have been taken, by what is told; `given` "" for a time of day."""

    at: datetime
    given: str = ""


class Caption(NamedTuple):
    """A row of a captions file; `place_in_file` says where it stands."""

    file: str
    date: str
    caption: str
    credit: str
    place: str
    url: str
    place_in_file: str


def dated(text: str, zone: tzinfo) -> Dated:
    """A date as people write it: a time with or without zone, a day, a month or a year. `zone` is for those without.

    Raises:
        BadRecord: it is none of these.
    """
    text = text.strip()
    camera = _CAMERA.match(text)
    if camera:
        text = f"{camera[1]}-{camera[2]}-{camera[3]} {camera[4]}"
    whole = _WHOLE.match(text)
    try:
        if whole:
            return _ended(*(int(part) if part else None for part in whole.groups()), zone=zone)  # type: ignore[arg-type]  # three groups
        with suppress(ValueError):
            day = date.fromisoformat(text)  # 20140302, 2014-W09-7: a day as well, and no midnight
            return _ended(day.year, day.month, day.day, zone=zone)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRecord(
            f"expected a date such as 2014-03-02, 2014-03-02T14:05:00+01:00, 2014-03 or 2014, came {text[:40]!r}"
        ) from error
    return Dated(in_utc(at, zone))


def dated_by_name(name: str, zone: tzinfo) -> Dated | None:
    """The date in a file's name, where there is one.

    Raises:
        BadRecord: there are two, and they differ.
    """
    found = {match.group(): match for match in _NAMED.finditer(name)}
    read: list[Dated] = []
    for match in found.values():
        year, month, day = int(match[1]), int(match[3]), int(match[4])
        try:
            if match[5]:
                at = datetime(year, month, day, int(match[5]), int(match[7]), int(match[8] or 59))  # noqa: DTZ001 - next line
                read.append(Dated(in_utc(at, zone)))
            else:
                read.append(_ended(year, month, day, zone=zone))
        except ValueError:
            continue  # the 30th of February
    if len({each.at.date() for each in read}) > 1:
        raise BadRecord(f"the file's name holds two dates: {', '.join(sorted(found))}")
    return read[0] if read else None


def _ended(year: int, month: int | None, day: int | None, *, zone: tzinfo) -> Dated:
    """The last second of a day, month or year: earlier would claim more than is known."""
    given = "day" if day else "month" if month else "year"
    month = month or 12
    day = day or monthrange(year, month)[1]
    return Dated(in_utc(datetime(year, month, day, 23, 59, 59), zone), given)  # noqa: DTZ001 - given its zone there


def in_utc(at: datetime, zone: tzinfo) -> datetime:
    """`zone` is for what does not say its own.

    Raises:
        BadRecord: it lies beyond the years there are in UTC.
    """
    try:
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise BadRecord(f"its date is {at.isoformat()}, which is none in UTC") from error


def believable(found: Dated, now: datetime) -> datetime:
    """Its moment.

    Raises:
        BadRecord: before there were photographs, or in the future.
    """
    if found.at < EARLIEST:
        raise BadRecord(f"its date is {found.at:%Y-%m-%d}, before there were photographs")
    lengths = {"day": timedelta(days=2), "month": timedelta(days=32), "year": timedelta(days=367)}
    if found.at - lengths.get(found.given, timedelta(0)) > now + timedelta(minutes=5):
        raise BadRecord(f"its date is {found.at.isoformat()}, in the future")
    return found.at


def captions(path: Path) -> Iterator[Caption | tuple[str, str]]:
    """The rows of a captions file (CSV, TSV or JSON lines), or where a row stands and why it is refused.

    Raises:
        BadConfiguration: no such file, not UTF-8, or without the columns `file` and one more.
    """
    try:
        if path.stat().st_size > _MOST_CAPTIONS:
            raise BadConfiguration(f"{path}: more than 256 MiB of captions; divide it")
        body = path.read_bytes()
    except OSError as error:
        raise BadConfiguration(f"{path}: expected a captions file: {error.strerror}") from error
    try:
        text = body.decode("utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadConfiguration(
            f"{path}: expected UTF-8, came byte 0x{error.object[error.start]:02x} at {_place(error, body)};"
            " save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
        ) from error
    text = text.replace("\x00", "\ufffd")
    return _from_lines(path, text) if path.suffix.lower() in {".jsonl", ".ndjson"} else _from_table(path, text)


def _place(error: UnicodeDecodeError, body: bytes) -> int:
    """Where the byte stands in the file: the decoder counts from behind the mark at its beginning."""
    return len(body) - len(error.object) + error.start


def _from_table(path: Path, text: str) -> Iterator[Caption | tuple[str, str]]:
    first = text.partition("\n")[0]
    delimiter = "\t" if "\t" in first else ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
    except csv.Error as error:
        raise BadConfiguration(f"{path}:1: the header cannot be read: {error}") from error
    if "file" not in header or not set(header) & set(COLUMNS[1:]):
        raise BadConfiguration(
            f"{path}:1: expected the columns {', '.join(COLUMNS)}, of which `file` must be there;"
            f" came {', '.join(header)[:200]}"
        )
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield f"{path.name}:{line}", f"cannot be read: {error}"
            continue
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            yield f"{path.name}:{line}", f"expected {len(header)} columns, came {len(row)}"
            continue
        yield _caption(dict(zip(header, row, strict=True)), f"{path.name}:{line}")


def _from_lines(path: Path, text: str) -> Iterator[Caption | tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path.name}:{number}"
        try:
            row = msgspec.json.decode(line)
        except FAULTS as error:
            yield where, f"malformed JSON: {error}"
            continue
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            yield where, "expected an object with `file`"
            continue
        yield _caption(row, where)


def _caption(row: Mapping[str, Any], where: str) -> Caption:
    told = {name: str(row[name]).strip() if row.get(name) is not None else "" for name in COLUMNS}
    return Caption(**told, place_in_file=where)
