"""JSON Lines in, JSON Lines out: what the commands of `secondsource eval` that judge texts have in common."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TextIO, TypeVar

from secondsource.contracts.errors import BadRecord

Line = Mapping[str, Any]
Asked = TypeVar("Asked")
_LONGEST = 10_000_000  # characters of a line
_TOGETHER = 500  # lines
_FARTHEST = 1e11  # seconds since 1970
_NO_UTF8 = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of a byte that is none


class Lines:
    """The objects of a file of JSON Lines; each bad line is told of and left out.

    Iterating gives (number of the line from 1, object).
    """

    def __init__(self, source: TextIO, told: TextIO) -> None:
        self._source = source
        self._told = told
        self.bad = 0

    def __iter__(self) -> Iterator[tuple[int, Line]]:
        for number, said in enumerate(self._source, start=1):
            line = said.removeprefix("\ufeff") if number == 1 else said
            if not line.strip():
                continue
            if len(line) > _LONGEST:
                self.tell(number, f"expected a line of at most {_LONGEST:,} characters")
                continue
            if _NO_UTF8.search(line):
                self.tell(number, "expected UTF-8")
                continue
            try:
                body = json.loads(line)
            except (ValueError, RecursionError) as error:
                self.tell(number, f"expected a JSON object: {error}")
                continue
            if isinstance(body, dict):
                yield number, body
            else:
                self.tell(number, f"expected a JSON object, got {type(body).__name__}")

    def tell(self, number: int, error: str) -> None:
        """Of a line that cannot be used."""
        self.bad += 1
        print(json.dumps({"error": error, "line": number}), file=self._told)


def answer(lines: Lines, judge: Callable[[Line], Line | None], out: TextIO) -> None:
    """One line out for each good line in, in their order, but for those that `judge` answers with None.

    A `BadRecord` from `judge` makes its line a bad one.
    """
    for number, line in lines:
        try:
            judged = judge(line)
        except BadRecord as error:
            lines.tell(number, str(error))
        else:
            if judged is not None:
                write(out, judged)


def answer_together(
    lines: Lines, ask: Callable[[Line], Asked], judge: Callable[[Sequence[Asked]], Iterable[Line]], out: TextIO
) -> None:
    """As `answer`, where many lines are judged faster together: `ask` reads what is judged out of each."""
    asking = _asked(lines, ask)
    while asked := list(islice(asking, _TOGETHER)):
        for judged in judge(asked):
            write(out, judged)


def _asked(lines: Lines, ask: Callable[[Line], Asked]) -> Iterator[Asked]:
    for number, line in lines:
        try:
            asked = ask(line)
        except BadRecord as error:
            lines.tell(number, str(error))
        else:
            yield asked


def write(out: TextIO, line: Line) -> None:
    text = json.dumps(line, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character has no UTF-8: it leaves escaped, as it came
        text = json.dumps(line)
    print(text, file=out)


def text_of(line: Line, key: str = "text") -> str:
    """A text that a judgement cannot do without.

    Raises:
        BadRecord: it is missing, or is no text.
    """
    value = line.get(key)
    if not isinstance(value, str):
        msg = f"{key}: expected text, got {type(value).__name__}"
        raise BadRecord(msg)
    return value


def optional_text(line: Line, key: str) -> str:
    """A text that may be missing, or null: "" then.

    Raises:
        BadRecord: it is there, and no text.
    """
    return text_of(line, key) if line.get(key) is not None else ""


def moment_of(line: Line, key: str = "at") -> float:
    """Seconds since 1970, given so or as ISO 8601, which is UTC where it does not say.

    Raises:
        BadRecord: it is missing, or is neither.
    """
    at = line.get(key)
    if isinstance(at, int | float) and not isinstance(at, bool) and abs(at) < _FARTHEST:
        return float(at)
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else None
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    msg = f"{key}: expected ISO 8601 or seconds since 1970, got {at!r:.40}"
    raise BadRecord(msg)


def id_of(line: Line, key: str = "id") -> str:
    """What a line calls something, by a number perhaps.

    Raises:
        BadRecord: it is missing, or is neither text nor a whole number.
    """
    value = line.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int):
        msg = f"{key}: expected text or a whole number, got {type(value).__name__}"
        raise BadRecord(msg)
    return str(value)


def standard_lines() -> Lines:
    """Standard input as UTF-8, whatever the terminal is set to; bytes that are none make their line a bad one."""
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "replace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors=errors)
    return Lines(sys.stdin, sys.stderr)
