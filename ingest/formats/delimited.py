"""CSV and TSV files with a column mapping. Only the columns a mapping names are read."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.formats.reading import (
    Part,
    Refused,
    Span,
    distinct,
    hashtags_in,
    links_in,
    mentions_in,
    microseconds,
)
from ingest.formats.times import ISO, parsed
from ingest.pictures import Pictures
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Post


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Which column holds what. Fields hold column names as in the header; "" where the file has no such column.

    `created_at_formats` are strptime formats, or `iso`, `epoch`, `epoch_ms`, tried in order; `timezone` (IANA) is
    for formats without zone. `header` names the columns of a file without a header row. `media` holds picture ids
    or addresses, several separated by `media_separator`.
    """

    platform: str
    id: str
    text: str
    author_id: str
    created_at: str
    created_at_formats: tuple[str, ...] = (ISO,)
    timezone: str = ""
    delimiter: str = ","
    quoting: Literal["none", "minimal"] = "minimal"
    header: tuple[str, ...] = ()
    handle: str = ""
    name: str = ""
    followers: str = ""
    url: str = ""
    language: str = ""
    media: str = ""
    media_separator: str = ","
    reposts: str = ""
    quotes: str = ""
    replies: str = ""
    likes: str = ""
    views: str = ""
    repost_of: str = ""
    quote_of: str = ""
    reply_to: str = ""

    def columns(self) -> dict[str, str]:
        """Field -> column, for the fields that name one."""
        names = (
            "id", "text", "author_id", "created_at", "handle", "name", "followers", "url", "language", "media",
            "reposts", "quotes", "replies", "likes", "views", "repost_of", "quote_of", "reply_to",
        )  # fmt: skip
        return {name: column for name in names if (column := getattr(self, name))}


_NUMBER = re.compile(r"[+-]?\d+(?:\.0*)?\Z")


class Delimited:
    """Rows of one file, whose first row is `header` (given without its line end)."""

    def __init__(
        self, mapping: ColumnMapping, header: Sequence[str], pictures: Pictures, collector: str, span: Span
    ) -> None:
        self._mapping = mapping
        self._pictures = pictures
        self._collector = collector
        self._span = span
        self._width = len(header)
        try:
            self._zone = ZoneInfo(mapping.timezone) if mapping.timezone else None
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise BadConfiguration(
                f"timezone: expected an IANA name such as 'Europe/Berlin', came {mapping.timezone!r}"
            ) from error
        absent = sorted(column for column in mapping.columns().values() if column not in header)
        if absent:
            raise BadConfiguration(
                f"the mapping names columns the file does not have: {', '.join(absent)};"
                f" it has: {', '.join(header)}; correct the names, or the delimiter {mapping.delimiter!r}"
            )
        self._at = {field: header.index(column) for field, column in mapping.columns().items()}

    def times(self, body: bytes) -> list[int | None]:
        return [microseconds(self._created(self._cells(body)))]

    def parts(self, body: bytes) -> list[Part | Refused]:
        cells = self._cells(body)
        cell = self._cell
        id_, author_id = cell(cells, "id"), cell(cells, "author_id")
        if not id_:
            raise BadRecord(f"expected an id in column {self._mapping.id!r}, found it empty")
        if not author_id:
            raise BadRecord(f"expected an account id in column {self._mapping.author_id!r}, found it empty")
        created = self._created(cells)
        text = cells[self._at["text"]]
        platform = self._mapping.platform
        handle = cell(cells, "handle")
        url = cell(cells, "url")
        if not url and platform == "x":
            url = f"https://x.com/{handle or 'i'}/status/{id_}"
        repost_of = self._uid(cells, "repost_of")
        post = Post(
            uid=f"{platform}:{id_}",
            platform=platform,
            author=Account(
                uid=f"{platform}:{author_id}",
                handle=handle,
                name=cell(cells, "name"),
                followers=self._number(cells, "followers"),
            ),
            text=text,
            created_at=created,
            observed_at=created,
            collector=self._collector,
            watches=(),
            url=url,
            repost_of=repost_of,
            quote_of=self._uid(cells, "quote_of"),
            reply_to=self._uid(cells, "reply_to"),
            links=links_in(text),
            media=self._media(cells),
            hashtags=hashtags_in(text),
            mentions=mentions_in(text),
            lang_hint=cell(cells, "language"),
            counts=None if repost_of else self._counts(cells),
        )
        return [Part(created, (post,))]

    def _cells(self, body: bytes) -> list[str]:
        cells = split(body, self._mapping)
        if len(cells) != self._width:
            raise BadRecord(f"expected {self._width} columns, came {len(cells)}")
        return cells

    def _cell(self, cells: Sequence[str], field: str) -> str:
        at = self._at.get(field)
        return "" if at is None else cells[at].strip()

    def _created(self, cells: Sequence[str]) -> datetime:
        text = self._cell(cells, "created_at")
        at = parsed(text, self._mapping.created_at_formats, self._zone)
        return self._span.check(at, self._mapping.created_at)

    def _uid(self, cells: Sequence[str], field: str) -> str:
        id_ = self._cell(cells, field)
        return f"{self._mapping.platform}:{id_}" if id_ else ""

    def _number(self, cells: Sequence[str], field: str) -> int | None:
        text = self._cell(cells, field)
        if not text:
            return None
        if not _NUMBER.match(text):
            raise BadRecord(f"expected a whole number for {field}, came {text[:40]!r}")
        return int(text.partition(".")[0])

    def _counts(self, cells: Sequence[str]) -> Counts | None:
        found = {name: self._number(cells, name) for name in ("reposts", "quotes", "replies", "likes", "views")}
        return Counts(**found) if any(value is not None for value in found.values()) else None

    def _media(self, cells: Sequence[str]) -> tuple[MediaRef, ...]:
        listed = self._cell(cells, "media")
        if not listed:
            return ()
        ids = distinct([id_.strip() for id_ in listed.split(self._mapping.media_separator or None)])
        return tuple(self._pictures.ref(id_) for id_ in ids)


def split(body: bytes, mapping: ColumnMapping) -> list[str]:
    """A row's cells.

    Raises:
        BadRecord: not UTF-8, or quotes that do not match.
    """
    try:
        row = body.decode()
    except UnicodeDecodeError as error:
        raise BadRecord(f"expected UTF-8, came byte 0x{body[error.start]:02x} at {error.start}") from error
    row = row.rstrip("\r\n")
    if "\x00" in row:
        row = row.replace("\x00", "�")
    if mapping.quoting == "none" or '"' not in row:
        return row.split(mapping.delimiter)
    try:
        rows = list(csv.reader(row.splitlines(keepends=True), delimiter=mapping.delimiter, strict=True))
    except csv.Error as error:
        raise BadRecord(f"the row's quotes do not match: {error}") from error
    if len(rows) != 1:
        raise BadRecord(f"expected one row, came {len(rows)}: a quote is left open")
    return rows[0]
