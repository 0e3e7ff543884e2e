"""How surprising each row of a series of counts is by the rows before it, as a watch's volume is judged."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TextIO

from alerts.spread.bursts import SETTINGS, Bursts
from secondsource.app.evaluation.lines import write
from secondsource.contracts.errors import BadRecord

COLUMNS = ("timestamp", "value")
_MOST = 1e15
_CLOCK = 2 * 3_600.0  # clocks are set back by an hour, or two, and times are then given twice
_NUMBERS = 6


class Row(NamedTuple):
    """`at` in seconds since 1970, by the clock that the file goes by."""

    timestamp: str
    value: float
    at: float


class Rows:
    """The rows of a CSV file with a header that names `timestamp` and `value`; bad ones are told of and left out.

    A time that is up to two hours before the last row's, or the same, is of a clock that was set back: such rows
    follow one another as they stand.
    """

    def __init__(self, source: TextIO, told: TextIO) -> None:
        self._source = source
        self._told = told
        self.bad = 0

    def __iter__(self) -> Iterator[Row]:
        lines = csv.reader(self._source, strict=True)
        places: list[int] | None = None
        above = -math.inf
        while True:
            try:
                cells = next(lines, None)
                if cells is None:
                    break
                if places is None:
                    places = _places(cells)
                elif cells:
                    row = _row(cells, places)
                    before, above = above, row.at
                    _follows(row, before)
                    yield row
            except (BadRecord, csv.Error) as error:
                self._tell(lines.line_num, str(error))
                if places is None:
                    return
        if places is None:
            self._tell(1, "expected a header with the columns timestamp and value, got an empty file")

    def _tell(self, number: int, error: str) -> None:
        self.bad += 1
        print(json.dumps({"error": error, "line": number}), file=self._told)


def judge_spikes(rows: Rows, out: TextIO, every: float | None = None) -> None:
    """One line out for each good row: its score by what came before, from 0 to 1.

    `every`: seconds from one row to the next. If not given, what the first two rows are apart.
    """
    bursts = None if every is None else Bursts(every)
    held: list[Row] = []
    latest = 0.0
    for row in rows:
        if bursts is None:
            held.append(row)
            step = row.at - held[0].at
            if step <= 0.0:
                continue
            bursts = Bursts(step)
        else:
            held = [row]
        for one in held:
            if one.at - latest > bursts.bucket * SETTINGS.windows[-1]:
                bursts.gap()
            latest = one.at
            _answer(bursts, one, out)
    if bursts is None:  # no two rows with different times
        for one in held:
            _answer(Bursts(1.0), one, out)


def _answer(bursts: Bursts, row: Row, out: TextIO) -> None:
    expected = bursts.expected(row.at)
    burst = bursts.take(row.at, row.value)
    answer = {
        "timestamp": row.timestamp,
        "value": row.value,
        "expected": round(expected, _NUMBERS),
        "score": round(burst.score, _NUMBERS),
        "state": "measured" if burst.enough else "insufficient data",
    }
    write(out, answer)


def _places(header: list[str]) -> list[int]:
    names = [name.strip().lower().removeprefix("\ufeff") for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        msg = f"expected a header with the columns timestamp and value, got {','.join(header):.60}"
        raise BadRecord(msg)
    return [names.index(name) for name in COLUMNS]


def _row(cells: list[str], places: list[int]) -> Row:
    if len(cells) <= max(places):
        msg = f"expected {max(places) + 1} cells or more, got {len(cells)}"
        raise BadRecord(msg)
    timestamp, value = (cells[place].strip() for place in places)
    return Row(timestamp, _count(value), _time(timestamp))


def _follows(row: Row, above: float) -> None:
    if row.at < above - _CLOCK:
        msg = f"timestamp: {row.timestamp} is more than two hours before the row above"
        raise BadRecord(msg)


def _count(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= _MOST:
        msg = f"value: expected a number from 0 to 1e15, got {text!r:.40}"
        raise BadRecord(msg)
    return value


def _time(text: str) -> float:
    """Without a time zone, as a clock on the wall has it: that tells the hours of the day, which is what matters."""
    try:
        at = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            at = math.nan
        else:
            at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not abs(at) < 1e11:
        msg = f"timestamp: expected ISO 8601 or seconds since 1970, got {text!r:.40}"
        raise BadRecord(msg)
    return at
