"""Which format a file is of, told from what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import msgspec

from ingest.formats.delimited import ColumnMapping, split
from ingest.formats.reading import FAULTS, without_nul
from secondsource.contracts.errors import BadConfiguration, BadRecord

JsonFormat = Literal["auto", "own", "x-v1", "x-v2", "x-flat", "telegram"]
WHAT: Mapping[JsonFormat, str] = {
    "own": "JSON lines of our own messages: docs/replay-formats.md",
    "x-v1": "X API v1.1 statuses, one a line, in arrays or search pages; an account's own archive",
    "x-v2": "X API v2: stream lines or pages with `data` and `includes`",
    "x-flat": "X API v2 posts with their author inside, as 4CAT and twarc keep them",
    "telegram": "Telegram Desktop's result.json, or 4CAT's NDJSON of Telegram",
}
_DELIMITERS = (",", ";", "\t", "|")
_NAMED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_ABSENT = msgspec.Raw(b"")


class _Look(msgspec.Struct, gc=False):
    """Enough to tell the formats apart."""

    type: msgspec.Raw = _ABSENT
    uid: msgspec.Raw = _ABSENT
    data: msgspec.Raw = _ABSENT
    meta: msgspec.Raw = _ABSENT
    errors: msgspec.Raw = _ABSENT
    user: msgspec.Raw = _ABSENT
    id_str: msgspec.Raw = _ABSENT
    statuses: msgspec.Raw = _ABSENT
    delete: msgspec.Raw = _ABSENT
    author_id: msgspec.Raw = _ABSENT
    text: msgspec.Raw = _ABSENT
    chat: msgspec.Raw = _ABSENT
    captured: msgspec.Raw = msgspec.field(default=_ABSENT, name="_chat")


_look = msgspec.json.Decoder(_Look)


class Recognised(NamedTuple):
    """A format, and what told it."""

    format: JsonFormat | ColumnMapping
    why: str


def kind(body: bytes) -> JsonFormat | None:
    """Which JSON format a record is of; None where it does not tell."""
    found = _told(body)
    return found[0] if found else None


def _told(body: bytes) -> tuple[JsonFormat, str] | None:
    try:
        look = _look.decode(without_nul(body))
    except FAULTS:
        return None
    signs: tuple[tuple[object, JsonFormat, str], ...] = (
        (look.captured or (look.chat and not look.uid), "telegram", "a record names its chat"),
        (look.uid or (look.type and not look.user), "own", "a record has `uid` or `type`, as ours have"),
        (look.user or look.id_str or look.statuses or look.delete, "x-v1", "a record has `user` or `id_str`"),
        (look.author_id and look.text and not look.data, "x-flat", "a record has `author_id` and no `data` around it"),
        (look.data or look.meta or look.errors, "x-v2", "a record has `data`, as API v2 sends it"),
    )
    return next(((format_, why) for sign, format_, why in signs if sign), None)


def of_json(name: str, bodies: Sequence[bytes]) -> Recognised | None:
    """By the first record that tells. A file of lines that are no JSON at all is ours by its name, each to be refused.

    None: objects of no shape we know, or nothing JSON in it.
    """
    for body in bodies:
        if found := _told(body):
            return Recognised(*found)
    if not bodies:
        return Recognised("own", "it is empty")
    objects = any(_is_object(body) for body in bodies)
    if not objects and name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson", ".json")):
        return Recognised("own", "its name; nothing in its first lines tells")
    return None


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(without_nul(body)), dict)
    except FAULTS:
        return False


def of_table(header: bytes, mappings: Mapping[str, ColumnMapping]) -> Recognised | None:
    """The mapping that reads most of these columns, of those that miss none."""
    best: tuple[int, str, ColumnMapping] | None = None
    for name, mapping in sorted(mappings.items()):
        fitting = fitted(header, mapping)
        if fitting is None:
            continue
        read = sum(column in fitting.header for columns in mapping.columns().values() for column in columns)
        if best is None or read > best[0]:
            best = (read, name, fitting.mapping)
    return Recognised(best[2], f"its first row has the columns of the mapping {best[1]}") if best else None


class Fitted(NamedTuple):
    """A mapping with the delimiter that its columns were found by; `note` where that is not its own."""

    mapping: ColumnMapping
    header: tuple[str, ...]
    note: str = ""


def fitted(header: bytes, mapping: ColumnMapping) -> Fitted | None:
    """By the mapping's own delimiter, or else by another, if its columns are all there then."""
    for delimiter in (mapping.delimiter, *_DELIMITERS):
        tried = replace(mapping, delimiter=delimiter)
        try:
            cells = tuple(cell.strip() for cell in split(header, tried))
        except BadRecord:
            continue
        if len(cells) > 1 and not mapping.lacking(cells):
            own = delimiter == mapping.delimiter
            note = (
                "" if own else f"columns are separated by {_NAMED[delimiter]}, not by {mapping.delimiter!r} as mapped"
            )
            return Fitted(tried, cells, note)
    return None


def unknown(name: str, mappings: Mapping[str, ColumnMapping]) -> BadConfiguration:
    """What to write instead."""
    formats = "\n".join(f"  --format {one}: {what}" for one, what in WHAT.items())
    known = ", ".join(sorted(mappings)) or "none"
    return BadConfiguration(
        f"{name}: its first records do not tell what format it is of. Say it with one of\n{formats}\n"
        f"  --mapping NAME: a table (CSV, TSV) whose columns one of these describes: {known}\n"
        "  --mapping FILE.yaml: any other table; docs/import.md says how to write one"
    )
