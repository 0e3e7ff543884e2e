"""Column mappings: which column of somebody's CSV or TSV file holds what. `config/mappings/*.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError

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


def _platform(name: str) -> str:
    if not name.isascii() or not name.isidentifier() or name != name.lower():
        raise wrong("a platform is one word of small letters, because it begins every id", "x")
    return name


Column = Annotated[str, Field(min_length=1, max_length=200)]


class Columns(Model):
    """Field: the column's name, as the file's first row or `header:` has it. Other columns are not read."""

    id: Column = Field(examples=["post_id"])
    text: Column = Field(examples=["post_text"])
    author_id: Column = Field(examples=["user_id"])
    created_at: Column = Field(examples=["timestamp"])
    handle: Column | None = Field(default=None, examples=["username"])
    name: Column | None = Field(default=None, examples=["display_name"])
    followers: Column | None = Field(default=None, examples=["followers"])
    url: Column | None = Field(default=None, examples=["url"])
    language: Column | None = Field(default=None, examples=["lang"])
    media: Column | None = Field(default=None, examples=["image_ids"])
    """Picture ids or addresses."""
    reposts: Column | None = Field(default=None, examples=["retweets"])
    quotes: Column | None = Field(default=None, examples=["quotes"])
    replies: Column | None = Field(default=None, examples=["replies"])
    likes: Column | None = Field(default=None, examples=["likes"])
    views: Column | None = Field(default=None, examples=["views"])
    repost_of: Column | None = Field(default=None, examples=["retweeted_id"])
    """The id of the post this one reposts."""
    quote_of: Column | None = Field(default=None, examples=["quoted_id"])
    reply_to: Column | None = Field(default=None, examples=["in_reply_to"])


class Mapping(Model):
    """How to read one kind of CSV or TSV file."""

    platform: Annotated[str, AfterValidator(_platform)] = Field(examples=["x"])
    """Begins every uid: x, mastodon, …"""
    columns: Columns = Field(
        examples=[{"id": "post_id", "text": "post_text", "author_id": "user_id", "created_at": "timestamp"}]
    )
    delimiter: str = Field(default=",", min_length=1, max_length=1, examples=["\t"])
    quoting: Literal["none", "minimal"] = Field(default="minimal", examples=["minimal"])
    """none: quotes are plain characters. minimal: as spreadsheets write them."""
    header: tuple[Column, ...] = Field(default=(), max_length=1000, examples=[["post_id", "post_text"]])
    """The columns' names, for a file without them in its first row."""
    created_at_formats: tuple[Annotated[str, AfterValidator(_time_format)], ...] = Field(
        default=("iso",), min_length=1, max_length=20, examples=[["iso", "%Y-%m-%d %H:%M:%S"]]
    )
    """Tried in order: iso, epoch, epoch_ms, or a strptime format."""
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(default=None, examples=["Europe/Berlin"])
    """For times that do not say their zone; without it they are refused."""
    media_separator: str = Field(default=",", min_length=1, max_length=5, examples=[","])


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
    return {**given.pop("columns"), **given}


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
        for field, column in named.items()
        if mapping.header and column not in mapping.header
    ]
    return (None if problems else mapping), problems
