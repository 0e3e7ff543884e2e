"""Column mappings: which column of somebody's CSV or TSV file holds what. `config/mappings/*.yaml`."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema, field_validator

from config.document import read
from config.explain import explain
from config.problem import Problem, WrongFiles, visible
from config.schema import Model, wrong


def _time_format(text: str) -> str:
    if text not in {"iso", "epoch", "epoch_ms"} and "%" not in text:
        raise wrong("neither iso, epoch or epoch_ms nor a strptime format", '"%Y-%m-%d %H:%M:%S"')
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong("not an IANA time zone", "Europe/Berlin") from None
    return name


def _offset(text: str) -> str:
    if not re.fullmatch(r"[+-]\d\d:?\d\d", text):
        raise wrong("not an offset from UTC", '"-0400"')
    return text


def _encoding(name: str) -> str:
    try:
        plain = codecs.lookup(name).name if "utf-16" not in name.lower() and "utf-32" not in name.lower() else ""
        if plain and "a\n,".encode(plain) == b"a\n,":
            return plain
    except (LookupError, ValueError):
        pass
    raise wrong("not an encoding whose letters a-z are one byte each", "cp1252")


def _platform(name: str) -> str:
    if not name.isascii() or not name.isidentifier() or name != name.lower():
        raise wrong("a platform is one word of small letters, because it begins every id", "x")
    return name


Column = Annotated[str, Field(min_length=1, max_length=200)]


def _listed(value: object) -> object:
    """One column is a list of one."""
    return value if isinstance(value, list | tuple) else (value,)


_ONE = {"type": "string", "minLength": 1, "maxLength": 200}
Several = Annotated[
    tuple[Column, ...],
    Field(min_length=1, max_length=20),
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1, "maxItems": 20}]}),
]


class Columns(Model):
    """Field: the column's name, as the file's first row or `header:` has it. Other columns are not read.

    Where a field takes several columns, parts of an id are joined by "/", texts by a blank line, pictures and links
    are put one after another, and counts are summed.
    """

    id: Several = Field(examples=["post_id"])
    text: Several = Field(examples=["post_text"])
    author_id: Column = Field(examples=["user_id"])
    created_at: Column = Field(examples=["timestamp"])
    handle: Column | None = Field(default=None, examples=["username"])
    name: Column | None = Field(default=None, examples=["display_name"])
    followers: Column | None = Field(default=None, examples=["followers"])
    url: Column | None = Field(default=None, examples=["url"])
    language: Column | None = Field(default=None, examples=["lang"])
    media: Several | None = Field(default=None, examples=["image_ids"])
    """Picture ids or addresses."""
    links: Several | None = Field(default=None, examples=["urls"])
    hashtags: Column | None = Field(default=None, examples=["hashtags"])
    mentions: Column | None = Field(default=None, examples=["mentions"])
    reposts: Several | None = Field(default=None, examples=["retweets"])
    quotes: Several | None = Field(default=None, examples=["quotes"])
    replies: Several | None = Field(default=None, examples=["replies"])
    likes: Several | None = Field(default=None, examples=["likes"])
    views: Several | None = Field(default=None, examples=["views"])
    repost_of: Several | None = Field(default=None, examples=["retweeted_id"])
    """The id of the post this one reposts."""
    quote_of: Several | None = Field(default=None, examples=["quoted_id"])
    reply_to: Several | None = Field(default=None, examples=["in_reply_to"])
    is_repost: Column | None = Field(default=None, examples=["is_retweet"])
    """Holds a word of `yes` where the post is a repost: the counts beside it are the original's."""


class Mapping(Model):
    """How to read one kind of CSV or TSV file."""

    platform: Annotated[str, AfterValidator(_platform)] = Field(examples=["x"])
    """Begins every uid: x, mastodon, …"""
    columns: Columns = Field(
        examples=[{"id": "post_id", "text": "post_text", "author_id": "user_id", "created_at": "timestamp"}]
    )
    optional: tuple[str, ...] = Field(default=(), max_length=30, examples=[["followers", "views"]])
    """Fields whose columns a file may lack."""
    delimiter: str = Field(default=",", min_length=1, max_length=1, examples=["\t"])
    quoting: Literal["none", "minimal"] = Field(default="minimal", examples=["minimal"])
    """none: quotes are plain characters. minimal: as spreadsheets write them."""
    encoding: Annotated[str, AfterValidator(_encoding)] = Field(default="utf-8", examples=["cp1252"])
    """How letters are written as bytes. UTF-16 with its mark is known by itself."""
    header: tuple[Column, ...] = Field(default=(), max_length=1000, examples=[["post_id", "post_text"]])
    """The columns' names, for a file without them in its first row."""
    created_at_formats: tuple[Annotated[str, AfterValidator(_time_format)], ...] = Field(
        default=("iso",), min_length=1, max_length=20, examples=[["iso", "%Y-%m-%d %H:%M:%S"]]
    )
    """Tried in order: iso, epoch, epoch_ms, or a strptime format."""
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(default=None, examples=["Europe/Berlin"])
    """For times that do not say their zone; without it they are refused."""
    zones: dict[str, Annotated[str, AfterValidator(_offset)]] = Field(
        default_factory=dict, max_length=50, examples=[{"EDT": "-0400", "EST": "-0500"}]
    )
    """What a zone's short name at the end of a time means; read by %z in a format."""
    media_separator: str = Field(default=",", min_length=1, max_length=5, examples=[","])
    separator: str = Field(default=",", min_length=1, max_length=5, examples=[","])
    """Between links, hashtags and mentions."""
    yes: tuple[str, ...] = Field(default=("yes", "true", "1"), min_length=1, max_length=20, examples=[["yes"]])
    """What `is_repost` says of a repost, capitals or not."""

    @field_validator("optional")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        may = set(Columns.model_fields) - {"id", "text", "author_id", "created_at"}
        unknown = sorted(set(names) - may)
        if unknown:
            raise wrong(f"not a field that may be missing: {', '.join(unknown)}", "one of " + ", ".join(sorted(may)))
        return names


def load_mapping(path: Path) -> dict[str, Any]:
    """The settings by name, those absent left out: keyword arguments for whoever reads the file.

    `columns` is laid flat: `{"platform": "x", "id": "post_id", …}`.

    Raises:
        BadConfiguration: with every problem, one a line.
    """
    mapping, problems = check_mapping(path)
    if problems or mapping is None:
        raise WrongFiles(tuple(problems))
    given = mapping.model_dump(exclude_unset=True, exclude_none=True)
    columns = {
        name: one[0] if isinstance(one, tuple) and len(one) == 1 else one for name, one in given.pop("columns").items()
    }
    return {**columns, **given}


def check_mapping(path: Path) -> tuple[Mapping | None, list[Problem]]:
    """The mapping, or what is wrong with it."""
    document = read(path, visible(str(path)))
    if document.problems:
        return None, list(document.problems)
    try:
        mapping = Mapping.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        return None, list(explain(document, error.errors(include_url=False), Mapping))
    named = mapping.columns.model_dump(exclude_none=True)
    problems = [
        document.problem(("columns", field), f"header: has no column {column}", "one of " + ", ".join(mapping.header))
        for field, columns in named.items()
        if field not in mapping.optional
        for column in ((columns,) if isinstance(columns, str) else columns)
        if mapping.header and column not in mapping.header
    ]
    return (None if problems else mapping), problems
