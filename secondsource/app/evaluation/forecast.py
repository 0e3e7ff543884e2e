"""How far a story will go, from the dated interactions it has had so far."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from alerts.spread.forecast import Range
from alerts.spread.forecast_replay import Act, replay_forecasts
from secondsource.app.evaluation.lines import Line, Lines, id_of, moment_of, optional_text, write
from secondsource.contracts.errors import BadConfiguration, BadRecord


def judge_forecast(
    lines: Lines, out: TextIO, *, ages: Sequence[float], over_hours: float, history: Lines | None = None
) -> None:
    """From {"id", "at", "account"?, "interactions"?} to a line for each story and age, in the order they were due."""
    known = list(_acts(history)) if history is not None else ()
    for told in replay_forecasts(list(_acts(lines)), ages, over_hours * 3_600, known):
        line = {
            "id": told.story,
            "age": told.age,
            "interactions": told.interactions,
            "at_seconds": 2 * told.age,
            **_range(told.twice),
            "final": _range(told.final),
            "stories": told.learnt,
        }
        write(out, line)


def ages_of(text: str) -> tuple[float, ...]:
    """Ages in seconds, from numbers with commas.

    Raises:
        BadConfiguration: they are none, or not above 0.
    """
    try:
        ages = tuple(float(age) for age in text.replace(",", " ").split())
    except ValueError:
        ages = ()
    if not ages or not all(0 < age < math.inf for age in ages):
        msg = f'--ages: expected seconds, with commas, as in "900,3600", got {text!r}'
        raise BadConfiguration(msg)
    return ages


def opened(path: Path) -> TextIO:
    """A file of lines.

    Raises:
        BadConfiguration: it cannot be read.
    """
    try:
        return path.open(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        msg = f"--history: cannot read {path}: {error.strerror}"
        raise BadConfiguration(msg) from error


def _acts(lines: Lines) -> Iterator[Act]:
    for number, line in lines:
        try:
            yield _act(line)
        except BadRecord as error:
            lines.tell(number, str(error))


def _act(line: Line) -> Act:
    count = line.get("interactions")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 10**15):
        msg = f"interactions: expected a whole number from 0, got {count!r:.40}"
        raise BadRecord(msg)
    return Act(id_of(line), moment_of(line), optional_text(line, "account"), count)


def _range(range_: Range) -> dict[str, float]:
    return {"low": range_.low, "middle": range_.middle, "high": range_.high}
