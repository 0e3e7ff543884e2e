"""`secondsource eval spikes`: the example of docs/eval.md, what docs/volume.md says is set, and files that are odd."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alerts.spread.bursts import SETTINGS
from secondsource.app.cli import app
from tests.app.documents import ROOT, Block, blocks, table_under

PAGE = ROOT / "docs" / "eval.md"
START = datetime(2031, 5, 4)  # noqa: DTZ001 -- a clock on a wall, as files have it


def _example(kind: str, word: str) -> Block:
    (found,) = [block for block in blocks(kind, (PAGE,)) if block.note.get("spikes") == word]
    return found


def _series(number: int, count: float = 12, minutes: int = 5) -> list[str]:
    return [f"{START + place * timedelta(minutes=minutes)},{count}" for place in range(number)]


class Spikes:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "counts.csv"

    def ask(self, rows: Sequence[str], *options: str, header: str = "timestamp,value") -> list[dict[str, Any]]:
        """The lines out; all rows are to be good."""
        ran = self.run("\n".join([header, *rows]), *options)
        assert ran[0] == 0, ran
        return ran[1]

    def run(self, text: str, *options: str) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
        """The exit code, the lines out, the lines told."""
        self._file.write_text(text, "utf-8", errors="surrogateescape", newline="")
        ran = CliRunner().invoke(app, ["eval", "spikes", str(self._file), *options])
        out, told = ([json.loads(line) for line in stream.splitlines()] for stream in (ran.stdout, ran.stderr))
        return ran.exit_code, out, told


@pytest.fixture
def spikes(tmp_path: Path) -> Spikes:
    return Spikes(tmp_path)


def test_the_example_answers_as_it_says(spikes: Spikes) -> None:
    asked = _example("csv", "asked")
    header, *rows = asked.text.splitlines()
    before = _series(int(asked.note["days"]) * 288, int(asked.note["before"]))
    answered = spikes.ask([*before, *rows], header=header)[len(before) :]
    assert answered == [json.loads(line) for line in _example("jsonl", "answered").text.splitlines()]


def test_the_settings_that_are_documented_are_the_ones_that_are_used() -> None:
    told = dict(row[:2] for row in table_under(ROOT / "docs" / "volume.md", "Settings"))
    assert set(told) == {f"`{name}`" for name in SETTINGS._fields}
    assert told.pop("`windows`") == f"{', '.join(map(str, SETTINGS.windows))} buckets"
    assert {name: float(value) for name, value in told.items()} == {
        f"`{name}`": value for name, value in SETTINGS._asdict().items() if name != "windows"
    }


def test_one_line_out_for_each_row_and_scores_from_0_to_1(spikes: Spikes) -> None:
    rows = [*_series(3_000), *(f"{START + timedelta(days=11, minutes=5 * place)},{9**place}" for place in range(12))]
    answered = spikes.ask(rows)
    assert [line["timestamp"] for line in answered] == [row.partition(",")[0] for row in rows]
    assert all(0 <= line["score"] <= 1 for line in answered)
    assert answered[-1]["score"] > 0.9
    assert {line["state"] for line in answered[:576]} == {"insufficient data"}
    assert {line["state"] for line in answered[576:]} == {"measured"}


def test_what_comes_later_changes_no_line(spikes: Spikes) -> None:
    rows = [*_series(900), f"{START + timedelta(days=4)},500"]
    assert spikes.ask([*rows, f"{START + timedelta(days=5)},100000"])[: len(rows)] == spikes.ask(rows)


def test_columns_may_stand_anywhere_and_times_be_numbers_or_have_zones(spikes: Spikes) -> None:
    rows = ["a,12,1935695700", '"b, c",12.5,2031-05-04T21:20:00Z', "d,3e2,2031-05-04T23:25:00+02:00"]
    answered = spikes.ask(rows, header="\ufeffwhat, Value ,TIMESTAMP")
    assert [line["value"] for line in answered] == [12.0, 12.5, 300.0]


def test_a_clock_that_is_set_back_or_forth_makes_no_bad_row(spikes: Spikes) -> None:
    rows = _series(14 * 288)
    late = START + timedelta(days=14)
    back = [f"{late + timedelta(minutes=5 * (place - 12))},12" for place in range(24)]
    forth = [f"{late + timedelta(minutes=5 * (place + 36))},12" for place in range(24)]
    answered = spikes.ask([*rows, *back, *forth])
    assert len(answered) == len(rows) + 48
    assert all(line["score"] < 0.5 for line in answered)


def test_bad_rows_are_told_of_and_the_others_answered(spikes: Spikes) -> None:
    at = "2031-05-04 00:15:00"
    values = [f"{at},many", f"{at},-1", f"{at},nan", f"{at},inf", f"{at},"]
    bad = [*values, "yesterday,3", ",7", "5", "2031-05-03 00:15:00,3", "1e99,3", "nan,3"]
    code, answered, told = spikes.run("\n".join(["timestamp,value", *_series(3), *bad, "", *_series(5)[3:]]))
    assert code == 1
    assert len(answered) == 5
    assert [line["line"] for line in told] == list(range(5, 5 + len(bad)))
    assert all("expected" in line["error"] or "before the row above" in line["error"] for line in told)


def test_a_time_that_is_far_ahead_spoils_one_row_after_it_and_no_more(spikes: Spikes) -> None:
    rows = _series(6)
    code, answered, told = spikes.run("\n".join(["timestamp,value", *rows[:3], "2931-05-04 00:15:00,12", *rows[3:]]))
    assert code == 1
    assert len(answered) == 6
    assert len(told) == 1


@pytest.mark.parametrize(
    "text", ["", "\n", "time,count\n2031-05-04 00:00:00,3\n", "3\n4\n", "\x00\n", '"timestamp,value']
)
def test_a_file_without_the_columns_says_what_was_expected(spikes: Spikes, text: str) -> None:
    code, answered, told = spikes.run(text)
    assert code == 1
    assert answered == []
    assert len(told) == 1


@pytest.mark.parametrize("rows", [[], ["2031-05-04 00:00:00,3"], ["2031-05-04 00:00:00,3"] * 3])
def test_too_few_rows_to_tell_how_far_apart_they_are(spikes: Spikes, rows: list[str]) -> None:
    answered = spikes.ask(rows)
    assert [line["state"] for line in answered] == ["insufficient data"] * len(rows)


def test_how_far_apart_the_rows_are_may_be_said(spikes: Spikes) -> None:
    days = _series(40, minutes=1_440)
    assert [line["state"] for line in spikes.ask(days, "--every", "86400")] == ["insufficient data"] * 40
    hours = _series(60, minutes=60)
    assert spikes.ask(hours, "--every", "3600") == spikes.ask(hours)
    assert {line["state"] for line in spikes.ask(hours)[48:]} == {"measured"}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    ran = CliRunner(env={"COLUMNS": "500"}).invoke(app, ["eval", "spikes", str(tmp_path / "none.csv")])
    assert ran.exit_code == 2
    assert "none.csv" in ran.stderr
