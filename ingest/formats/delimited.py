"""CSV and TSV files with a column mapping. Only the columns a mapping names are read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.formats.reading import (
    Part,
    Refused,
    Span,
    distinct,
    hashtags_in,
    language,
    links_in,
    mentions_in,
    microseconds,
)
from ingest.formats.times import ISO, parsed
from ingest.pictures import Pictures
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Post

Several = str | tuple[str, ...]  #: one column, or several that are taken together


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Which column holds what. Fields hold column names as in the header; "" where the file has no such column.

    Several columns for one field: `id` and references to posts are joined by "/", texts by a blank line, pictures and
    links are put one after another, counts are summed. `optional` are fields whose columns a file may lack.
    `created_at_formats` are strptime formats, or `iso`, `epoch`, `epoch_ms`, tried in order; `timezone` (IANA) is
    for formats without zone, `zones` says what a zone's short name at the end means ("EDT": "-0400"). `header` names
    the columns of a file without a header row. `media` holds picture ids or addresses, several separated by
    `media_separator`, as `links`, `hashtags` and `mentions` are by `separator`. `is_repost` is a column in which one
    of the words `yes` marks a repost: its counts are those of the original and are not read.
    """

    platform: str
    id: Several
    text: Several
    author_id: str
    created_at: str
    created_at_formats: tuple[str, ...] = (ISO,)
    timezone: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    quoting: Literal["none", "minimal"] = "minimal"
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    handle: str = ""
    name: str = ""
    followers: str = ""
    url: str = ""
    language: str = ""
    media: Several = ""
    media_separator: str = ","
    links: Several = ""
    hashtags: str = ""
    mentions: str = ""
    separator: str = ","
    reposts: Several = ""
    quotes: Several = ""
    replies: Several = ""
    likes: Several = ""
    views: Several = ""
    repost_of: Several = ""
    quote_of: Several = ""
    reply_to: Several = ""
    is_repost: str = ""
    yes: tuple[str, ...] = ("yes", "true", "1")

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Field -> columns, for the fields that name one."""
        return {name: (one,) if isinstance(one, str) else one for name in FIELDS if (one := getattr(self, name))}

    def lacking(self, header: Sequence[str]) -> list[str]:
        """The columns it cannot do without that are not in this header."""
        needed = (columns for name, columns in self.columns().items() if name not in self.optional)
        return sorted({column for columns in needed for column in columns if column not in header})


FIELDS = (
    "id", "text", "author_id", "created_at", "handle", "name", "followers", "url", "language", "media", "links",
    "hashtags", "mentions", "reposts", "quotes", "replies", "likes", "views", "repost_of", "quote_of", "reply_to",
    "is_repost",
)  # fmt: skip
COUNTED = ("reposts", "quotes", "replies", "likes", "views")
LONGEST_CELL = 131_072  #: characters; no post is longer, and a cell that is has swallowed its neighbours
_LONGEST_NUMBER = 100  # characters; int() refuses more than 4,300 digits
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.0*)?\Z")


class Delimited:
    """Rows of one file, whose first row is `header` (given without its line end).

    Raises:
        BadConfiguration: columns that are not there, an unknown time zone or encoding.
    """

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
        absent = mapping.lacking(header)
        if absent:
            raise BadConfiguration(
                f"the mapping names columns the file does not have: {', '.join(absent)};"
                f" it has: {', '.join(header)}; correct the names, or the delimiter {mapping.delimiter!r}"
            )
        places = {name: place for place, name in reversed(tuple(enumerate(header)))}
        self._at = {
            name: tuple(places[column] for column in columns if column in places)
            for name, columns in mapping.columns().items()
        }
        self._yes = frozenset(word.lower() for word in mapping.yes)

    def times(self, body: bytes) -> list[int | None]:
        return [microseconds(self._created(self._cells(body)))]

    def parts(self, body: bytes) -> list[Part | Refused]:
        cells = self._cells(body)
        cell = self._cell
        id_, author_id = self._joined(cells, "id"), cell(cells, "author_id")
        if not id_:
            raise BadRecord(f"expected an id in column {self._mapping.columns()['id'][-1]!r}, found it empty")
        if not author_id:
            raise BadRecord(f"expected an account id in column {self._mapping.author_id!r}, found it empty")
        created = self._created(cells)
        text = self._text(cells)
        platform = self._mapping.platform
        handle = cell(cells, "handle").removeprefix("@")
        url = cell(cells, "url")
        if not url and platform == "x":
            url = f"https://x.com/{handle or 'i'}/status/{id_}"
        repost_of = self._uid(cells, "repost_of")
        reposts = bool(repost_of) or cell(cells, "is_repost").lower() in self._yes
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
            links=distinct([*links_in(text), *self._listed(cells, "links")]),
            media=self._media(cells),
            hashtags=distinct(
                [*hashtags_in(text), *(tag.removeprefix("#") for tag in self._listed(cells, "hashtags"))]
            ),
            mentions=distinct(
                [*mentions_in(text), *(who.removeprefix("@") for who in self._listed(cells, "mentions"))]
            ),
            lang_hint=language(cell(cells, "language")),
            counts=None if reposts else self._counts(cells),
        )
        return [Part(created, (post,))]

    def _cells(self, body: bytes) -> list[str]:
        cells = split(body, self._mapping)
        if len(cells) != self._width:
            raise BadRecord(f"expected {self._width} columns, came {len(cells)}")
        return cells

    def _cell(self, cells: Sequence[str], name: str) -> str:
        at = self._at.get(name)
        return cells[at[0]].strip() if at else ""

    def _joined(self, cells: Sequence[str], name: str) -> str:
        """Several parts of an id; "" where its last is empty."""
        at = self._at.get(name, ())
        if len(at) == 1:
            return cells[at[0]].strip()
        found = [cells[place].strip() for place in at]
        return "/".join(found) if found and found[-1] else ""

    def _text(self, cells: Sequence[str]) -> str:
        at = self._at["text"]
        if len(at) == 1:
            return cells[at[0]]
        return "\n\n".join(distinct([cells[place].strip() for place in at]))

    def _created(self, cells: Sequence[str]) -> datetime:
        mapping = self._mapping
        text = self._cell(cells, "created_at")
        if mapping.zones:
            before, _, last = text.rpartition(" ")
            text = f"{before} {mapping.zones[last]}" if last in mapping.zones else text
        at = parsed(text, mapping.created_at_formats, self._zone)
        return self._span.check(at, mapping.created_at)

    def _uid(self, cells: Sequence[str], name: str) -> str:
        id_ = self._joined(cells, name)
        return f"{self._mapping.platform}:{id_}" if id_ else ""

    def _number(self, cells: Sequence[str], name: str) -> int | None:
        """The sum of its columns; None where all are empty."""
        total: int | None = None
        for place in self._at.get(name, ()):
            text = cells[place].strip()
            if not text:
                continue
            if not _NUMBER.match(text) or len(text) > _LONGEST_NUMBER:
                raise BadRecord(f"expected a whole number for {name}, came {text[:40]!r}")
            total = (total or 0) + int(text.partition(".")[0].replace(",", ""))
        return total

    def _counts(self, cells: Sequence[str]) -> Counts | None:
        found = {name: self._number(cells, name) for name in COUNTED}
        return Counts(**found) if any(value is not None for value in found.values()) else None

    def _listed(self, cells: Sequence[str], name: str) -> list[str]:
        found: list[str] = []
        for place in self._at.get(name, ()):
            if listed := cells[place].strip():
                found.extend(one.strip() for one in listed.split(self._mapping.separator or None))
        return found

    def _media(self, cells: Sequence[str]) -> tuple[MediaRef, ...]:
        ids: list[str] = []
        for place in self._at.get("media", ()):
            if listed := cells[place].strip():
                ids.extend(id_.strip() for id_ in listed.split(self._mapping.media_separator or None))
        return tuple(self._pictures.ref(id_) for id_ in distinct(ids))


def split(body: bytes, mapping: ColumnMapping) -> list[str]:
    """A row's cells, all of them text: what looks like a formula stays as it is written.

    Raises:
        BadRecord: not in the mapping's encoding, quotes that do not match, or a cell longer than any post.
    """
    try:
        row = body.decode(mapping.encoding)
    except UnicodeDecodeError as error:
        raise BadRecord(_undecodable(body, mapping.encoding, error)) from error
    row = row.rstrip("\r\n")
    if "\x00" in row:
        row = row.replace("\x00", "\ufffd")
    if mapping.quoting == "none" or '"' not in row:
        cells = row.split(mapping.delimiter)
        if len(row) > LONGEST_CELL and any(len(cell) > LONGEST_CELL for cell in cells):
            raise BadRecord(_TOO_LONG)
        return cells
    try:
        rows = list(csv.reader(io.StringIO(row, newline=""), delimiter=mapping.delimiter, strict=True))
    except csv.Error as error:
        if "field limit" in str(error):
            raise BadRecord(_TOO_LONG) from error
        raise BadRecord(f"the row's quotes do not match: {error}") from error
    if len(rows) != 1:
        raise BadRecord(f"expected one row, came {len(rows)}: a quote is left open")
    return rows[0]


_TOO_LONG = f"a cell is longer than {LONGEST_CELL:,} characters, which no post is: a quote before it may be left open"


def _undecodable(body: bytes, encoding: str, error: UnicodeDecodeError) -> str:
    said = f"expected {encoding.upper()}, came byte 0x{body[error.start]:02x} at {error.start}"
    if encoding != "utf-8":
        return said
    return f"{said}; if the whole file is Latin-1 or Windows-1252, write `encoding: cp1252` in its mapping"
