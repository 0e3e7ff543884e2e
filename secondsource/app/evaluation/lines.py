"""JSON Lines in, JSON Lines out: what the commands of `secondsource eval` that judge texts have in common."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TextIO, TypeVar

from secondsource.contracts.errors import BadRecord

Line = Mapping[str, Any]
Asked = TypeVar("Asked")
_LONGEST = 10_000_000  # characters of a line
_TOGETHER = 500  # lines


class Lines:
    """The objects of a file of JSON Lines; each bad line is told of and left out.

    Iterating gives (number of the line from 1, object).
    """

    def __init__(self, source: TextIO, told: TextIO) -> None:
        self._source = source
        self._told = told
        self.bad = 0

    def __iter__(self) -> Iterator[tuple[int, Line]]:
        for number, line in enumerate(self._source, start=1):
            if not line.strip():
                continue
            if len(line) > _LONGEST:
                self.tell(number, f"expected a line of at most {_LONGEST:,} characters")
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


def id_of(line: Line) -> str:
    """The line's id, which may be a number.

    Raises:
        BadRecord: it is missing, or is neither text nor a whole number.
    """
    value = line.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        msg = f"id: expected text or a whole number, got {type(value).__name__}"
        raise BadRecord(msg)
    return str(value)


def standard_lines() -> Lines:
    """Standard input as UTF-8, whatever the terminal is set to; bytes that are none make their line a bad one."""
    for stream in (sys.stdin, sys.stdout):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    return Lines(sys.stdin, sys.stderr)
