"""The Numenta Anomaly Benchmark's score of an online finder, written after its paper and its wiki.

Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark", ICMLA 2015, §III.
Each window of a file counts once, by its earliest row that reached the threshold: 2σ(-5y) - 1, y from -1 at its left
edge to 0 at its right, over what the left edge gives; -1 where there is none. Each row that reached it outside counts
by its distance from the window before, in that window's lengths, down to -1. The first 15 % of a file, at most 750
rows, do not count. One threshold serves all files: the best. 0 is what a finder of nothing gets, 100 a perfect one.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

_PROBATION = 0.15
_MOST_PROBATION = 750
_FAR = 3.0


class Profile(NamedTuple):
    tp: float
    fn: float
    fp: float


class Series(NamedTuple):
    """`windows`: first and last row of each labelled stretch, in order."""

    timestamps: list[str]
    values: list[float]
    windows: list[tuple[int, int]]

    @property
    def probation(self) -> int:
        return min(math.floor(_PROBATION * len(self.values)), _MOST_PROBATION)


class Scored(NamedTuple):
    """`score` from 0 to 100 where every row with a score of `threshold` or more is told."""

    score: float
    threshold: float


Scores = Mapping[str, Sequence[float]]


def load(folder: Path) -> dict[str, Series]:
    """Each series that has windows, by the name of its file."""
    labelled = json.loads((folder / "windows.json").read_text("utf-8"))
    windows = {Path(name).name: limits for name, limits in labelled.items()}
    found = {}
    for path in sorted((folder / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["timestamp"], float(row["value"])) for row in csv.DictReader(file)]
        moments = {datetime.fromisoformat(timestamp): place for place, (timestamp, _) in enumerate(rows)}
        limits = [(moments[_moment(first)], moments[_moment(last)]) for first, last in windows[path.name]]
        found[path.stem] = Series([timestamp for timestamp, _ in rows], [value for _, value in rows], sorted(limits))
    return found


def profiles(folder: Path) -> dict[str, Profile]:
    held = json.loads((folder / "config" / "profiles.json").read_text("utf-8"))
    costs = {name: body["CostMatrix"] for name, body in held.items()}
    return {name: Profile(cost["tpWeight"], cost["fnWeight"], cost["fpWeight"]) for name, cost in costs.items()}


def best(series: Mapping[str, Series], scores: Scores, profile: Profile) -> Scored:
    """At the threshold that serves all these files best."""
    return max(_sweep(series, scores, profile))


def at(series: Mapping[str, Series], scores: Scores, profile: Profile, threshold: float) -> Scored:
    """At this threshold."""
    return [scored for scored in _sweep(series, scores, profile) if scored.threshold >= threshold][-1]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(microsecond=0)


def _sigmoid(distance: float) -> float:
    return -1.0 if distance >= _FAR else 2.0 / (1.0 + math.exp(5.0 * distance)) - 1.0


def _worth(series: Series, profile: Profile) -> list[tuple[int | None, float]]:
    """Of each row that counts: its window, and what it is worth to tell of it."""
    worth: list[tuple[int | None, float]] = [(None, -profile.fp)] * len(series.values)
    for number, (first, last) in enumerate(series.windows):
        length = last - first + 1
        for row in range(first, last + 1):
            worth[row] = number, profile.tp * _sigmoid(-(last - row + 1) / length) / _sigmoid(-1.0)
        ahead = series.windows[number + 1][0] if number + 1 < len(series.windows) else len(worth)
        for row in range(last + 1, ahead):
            worth[row] = None, profile.fp * _sigmoid((row - last) / (length - 1))
    return worth[series.probation :]


def _sweep(series: Mapping[str, Series], scores: Scores, profile: Profile) -> list[Scored]:
    """From a threshold that nothing reaches down to one that all rows do."""
    rows = []
    earned: dict[tuple[str, int], float] = {}
    for name, own in series.items():
        worth = _worth(own, profile)
        earned |= {(name, window): -profile.fn for window, _ in worth if window is not None}
        kept = scores[name][own.probation :]
        rows += [(score, name, *one) for score, one in zip(kept, worth, strict=True)]
    rows.sort(key=lambda row: -row[0])
    nothing, perfect = -profile.fn * len(earned), profile.tp * len(earned)
    total, swept, threshold = nothing, list[Scored](), math.inf
    for score, name, window, value in rows:
        if score != threshold:
            swept.append(Scored(100.0 * (total - nothing) / (perfect - nothing), threshold))
            threshold = score
        if window is None:
            total += value
        elif value > earned[name, window]:
            total += value - earned[name, window]
            earned[name, window] = value
    swept.append(Scored(100.0 * (total - nothing) / (perfect - nothing), threshold))
    return swept
