"""The score that the bench of the finder of bursts reports, on series whose score is known by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks import nab
from benchmarks.nab import Profile, Series

STANDARD = Profile(tp=1.0, fn=1.0, fp=0.11)
ROWS = 1_000  # of which the first 150 do not count


def series(*windows: tuple[int, int]) -> Series:
    return Series([str(row) for row in range(ROWS)], [0.0] * ROWS, list(windows))


def told(*rows: int, scores: dict[int, float] | None = None) -> list[float]:
    held = dict.fromkeys(rows, 0.9) | (scores or {})
    return [held.get(row, 0.0) for row in range(ROWS)]


def best(own: Series, scores: list[float], profile: Profile = STANDARD) -> nab.Scored:
    return nab.best({"own": own}, {"own": scores}, profile)


def sigmoid(distance: float) -> float:
    return 2 / (1 + math.exp(5 * distance)) - 1


def test_nothing_told_is_0_and_everything_at_once_is_100() -> None:
    own = series((300, 399), (700, 799))
    assert best(own, told()) == (0.0, math.inf)
    assert best(own, told(300, 700)).score == pytest.approx(100.0)
    assert best(own, told(300, 700)).threshold == 0.9


def test_a_window_counts_by_its_first_row_that_is_told() -> None:
    own = series((300, 399))
    middle = sigmoid(-0.5) / sigmoid(-1.0)
    assert best(own, told(350, 360, 398)).score == pytest.approx(50 * (1 + middle))


def test_what_is_told_outside_costs_more_the_further_it_is_from_the_window_before() -> None:
    own = series((300, 399))
    near, far, before = (best(own, told(300, row)).score for row in (405, 999, 200))
    assert near == pytest.approx(100 + 50 * 0.11 * sigmoid(6 / 99))
    assert far == before == pytest.approx(100 - 50 * 0.11)
    assert far < near


def test_the_first_rows_do_not_count() -> None:
    own = series((300, 399))
    assert best(own, told(10, 149, 300)).score == pytest.approx(100.0)
    assert own.probation == 150
    assert Series([""] * 20_000, [0.0] * 20_000, []).probation == 750


def test_one_threshold_serves_all_files() -> None:
    both = {"a": series((300, 399)), "b": series((300, 399))}
    scores = {"a": told(300), "b": told(scores={300: 0.4, 500: 0.5})}
    assert nab.best(both, scores, STANDARD).threshold == 0.4
    assert nab.best(both, scores, STANDARD).score == pytest.approx(100 + 25 * 0.11 * sigmoid(101 / 99))
    assert nab.at(both, scores, STANDARD, 0.45).score == pytest.approx(50 + 25 * 0.11 * sigmoid(101 / 99))
    assert nab.at(both, scores, STANDARD, 0.95).score == 0.0


def test_what_is_missed_costs_as_the_profile_says() -> None:
    own = series((300, 399), (700, 799))
    assert best(own, told(300)).score == pytest.approx(50.0)
    # Of -4 for nothing told and 2 for everything: -1.
    assert best(own, told(300), Profile(tp=1.0, fn=2.0, fp=0.11)).score == pytest.approx(50.0)


def test_series_and_windows_are_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = [f"2031-05-04 00:{minute:02}:53,{minute}" for minute in range(60)]
    (tmp_path / "data" / "mill.csv").write_text("\n".join(["timestamp,value", *rows]), "utf-8")
    limits = ["2031-05-04 00:10:53.000000", "2031-05-04 00:19:53.000000"]
    (tmp_path / "windows.json").write_text(json.dumps({"town/mill.csv": [limits]}), "utf-8")
    (own,) = nab.load(tmp_path).values()
    assert own.windows == [(10, 19)]
    assert own.values == [float(minute) for minute in range(60)]
