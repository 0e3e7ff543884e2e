"""Which earlier text a text copies, through the sketch and the index that the pipeline uses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, TextIO

from alerts.text.copies import CopyIndex
from enrich.sketching.sketch import sketch_copied
from secondsource.app.evaluation.lines import Line, Lines, text_of, write
from secondsource.contracts.copied import copied_text
from secondsource.contracts.errors import BadRecord

_TOGETHER = 500  # lines that are sketched at a time
_FARTHEST = 1e12  # seconds since 1970: 31,000 years


class _Asked(NamedTuple):
    id: str
    text: str
    at: float


def judge_copies(lines: Lines, out: TextIO, index: CopyIndex | None = None) -> None:
    """From {"id", "text", "at"?} to {"id", "copy_of", "likeness", "kind"}, in the order of the lines.

    `at` is ISO 8601 or seconds since 1970; what is older than 72 hours is forgotten, by the newest time but one: a
    single date far ahead is not believed. Without it nothing is.
    """
    copies = index or CopyIndex()
    newest = now = None
    asking = _asked(lines)
    while asked := list(islice(asking, _TOGETHER)):
        for one, sketch in zip(asked, sketch_copied([one.text for one in asked]), strict=True):
            if newest is None or now is None:
                newest = now = one.at
            now, newest = max(now, min(newest, one.at)), max(newest, one.at)
            found = copies.take(one.id, one.text, sketch, now)
            said = (found.of, round(found.percent / 100, 4), found.kind) if found else (None, 0.0, None)
            write(out, {"id": one.id, "copy_of": said[0], "likeness": said[1], "kind": said[2]})


def _asked(lines: Lines) -> Iterator[_Asked]:
    for number, line in lines:
        try:
            asked = _Asked(_id(line), copied_text(text_of(line)), _seconds(line.get("at")))
        except BadRecord as error:
            lines.tell(number, str(error))
        else:
            yield asked


def _id(line: Line) -> str:
    id_ = line.get("id")
    if not isinstance(id_, str | int) or isinstance(id_, bool):
        msg = f"id: expected text or a whole number, got {type(id_).__name__}"
        raise BadRecord(msg)
    return str(id_)


def _seconds(at: object) -> float:
    if at is None:
        return 0.0
    if isinstance(at, int | float) and not isinstance(at, bool) and abs(at) < _FARTHEST:
        return float(at)
    try:
        when = datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        when = None
    if when is None:
        msg = f"at: expected ISO 8601 or seconds since 1970, got {at!r}"
        raise BadRecord(msg)
    return when.replace(tzinfo=when.tzinfo or UTC).timestamp()
