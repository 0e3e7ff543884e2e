"""The commands that judge anybody's texts: the examples in docs/eval.md, and what is no line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from secondsource.app.cli import app
from tests.app.documents import ROOT, blocks

PAGE = ROOT / "docs" / "eval.md"
ASKED = {block.note["eval"]: block.text for block in blocks("jsonl", (PAGE,)) if "eval" in block.note}
ANSWERED = {block.note["answers"]: block.text for block in blocks("jsonl", (PAGE,)) if "answers" in block.note}


@pytest.mark.parametrize("name", ASKED)
def test_the_examples_answer_as_they_say(name: str) -> None:
    ran = CliRunner().invoke(app, ["eval", name], input=ASKED[name])
    assert ran.exit_code == 0, ran.output
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [
        json.loads(line) for line in ANSWERED[name].splitlines()
    ]


@pytest.mark.parametrize("name", ["language", "entities", "copies", "stories"])
def test_bad_lines_are_told_of_and_the_others_answered(name: str) -> None:
    good = '{"id": "1", "text": "The old bridge in Velgrad fell into the river this morning"}'
    bad = ["not JSON", "[1, 2]", '{"id": "2"}', '{"id": "3", "text": 5}', '{"text": "\\ud83d', "[" * 100_000]
    ran = CliRunner().invoke(app, ["eval", name], input="\n".join([*bad, "", good, ""]))
    assert ran.exit_code == 1
    assert [json.loads(line)["line"] for line in ran.stderr.splitlines()] == [1, 2, 3, 4, 5, 6]
    assert len(ran.stdout.splitlines()) == 1


def test_the_mark_of_windows_is_passed_over_and_what_is_no_utf8_is_told_of() -> None:
    lines = '\ufeff{"text": "the old bridge"}\r\n{"text": "caf'.encode() + b'\xe9"}\r\n{"text": "the river"}\r\n'
    ran = CliRunner().invoke(app, ["eval", "language"], input=lines)
    assert len(ran.stdout.splitlines()) == 2
    assert [json.loads(line) for line in ran.stderr.splitlines()] == [{"error": "expected UTF-8", "line": 2}]


@pytest.mark.parametrize("name", ["language", "entities", "copies", "stories"])
@pytest.mark.parametrize(
    "text",
    [
        "", "😀", "\x00\x00", "a", "\ud83d", "no", " ".join("the bridge in Velgrad fell"), "\u200b".join("velgrad"),
        "dargleV ni llef egdirb eht", "вridgе" * 500, "ا" * 5_000, "#" * 2_000, "@" * 2_000, "RT " * 2_000,
        "a b " * 5_000,
        "Hello Привет سلام שלום नमस्ते สวัสดี 你好 こんにちは 안녕 Γειά Բարեւ გამარჯობა",
    ],
    ids=lambda text: ascii(text[:12]),
)  # fmt: skip
def test_no_text_is_too_odd(name: str, text: str) -> None:
    ran = CliRunner().invoke(app, ["eval", name], input=json.dumps({"id": 7, "text": text}) + "\n")
    assert ran.exit_code == 0, ran.output
    assert len(ran.stdout.splitlines()) == 1


def _factchecks(lines: list[dict[str, object]], *options: str) -> list[list[str]]:
    ran = CliRunner().invoke(app, ["eval", "factchecks", *options], input="\n".join(map(json.dumps, lines)))
    assert ran.exit_code == 0, ran.output
    return [[match["id"] for match in json.loads(line)["matches"]] for line in ran.stdout.splitlines()]


def test_dated_queries_are_answered_by_earlier_claims_only() -> None:
    lines: list[dict[str, object]] = [
        {"id": 1, "claim": "The stone bridge of Velgrad fell", "date": "2031-05-02"},
        {"id": 2, "claim": "The stone bridge of Velgrad fell", "date": "2031-05-04"},
        {"id": 3, "claim": "The stone bridge of Velgrad fell"},
        {"id": "q", "query": "stone bridge of Velgrad", "date": "2031-05-04"},
    ]
    assert _factchecks(lines, "--dated") == [["1"]]
    assert _factchecks(lines) == [["1", "2", "3"]]
    assert _factchecks([*lines[:3], {"id": "q", "query": "stone bridge of Velgrad"}], "--dated") == [["1", "2", "3"]]
    assert _factchecks([{"id": "q", "query": "bridge"}, *lines]) == [[], ["1", "2", "3"]]


def test_a_date_that_is_none_makes_its_line_a_bad_one() -> None:
    line = json.dumps({"id": 1, "claim": "The bridge fell", "date": "the day before"})
    ran = CliRunner().invoke(app, ["eval", "factchecks", "--dated"], input=line)
    assert ran.exit_code == 1
    assert "expected ISO 8601" in ran.stderr


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("language", {"text": "the old bridge", "id": None}),
        ("entities", {"text": "from Aleppo", "language": None}),
        ("entities", {"text": "from Aleppo", "language": "zh-CN"}),
        ("stories", {"id": 1, "text": "the old bridge", "at": None, "author": None, "links": None, "language": None}),
        ("coordination", {"object": "a", "account": "b", "at": "2031-05-04T09:00:00Z", "post": None}),
        ("forecast", {"id": "a", "at": 1935835200, "account": None, "interactions": None}),
        ("factchecks", {"id": "a", "claim": "the bridge fell", "title": None, "text": None, "date": None}),
    ],
)
def test_what_may_be_missing_may_be_null(name: str, line: dict[str, object]) -> None:
    ran = CliRunner().invoke(app, ["eval", name], input=json.dumps(line))
    assert (ran.exit_code, ran.stderr) == (0, "")


def test_a_gazetteer_of_ones_own_names_what_ours_do_not(tmp_path: Path) -> None:
    own = tmp_path / "places.tsv"
    own.write_text("osmar\tplace\tOsmar\t\t31.5,7.25\nbrenn\tplace\tBrenn\t\t31.9,7.25\n")
    told = "Warplanes strike the bakery of {} at dawn, families search the rubble"
    lines = "\n".join(json.dumps({"id": each, "text": told.format(each)}) for each in ("Osmar", "Brenn"))
    for options, stories in (([], ["Osmar", "Osmar"]), (["--gazetteer", str(own)], ["Osmar", "Brenn"])):
        ran = CliRunner().invoke(app, ["eval", "stories", *options], input=lines)
        assert [json.loads(line)["story"] for line in ran.stdout.splitlines()] == stories
    ran = CliRunner().invoke(app, ["eval", "entities", "--gazetteer", str(own)], input=lines)
    found = [json.loads(line)["entities"] for line in ran.stdout.splitlines()]
    assert [[(each["id"], each["lat"]) for each in entities] for entities in found] == [
        [("osmar", 31.5)],
        [("brenn", 31.9)],
    ]


def test_moments_are_read_alike() -> None:
    written = (("ana", "2031-05-04T09:00:00Z"), ("boris", 1935651603), ("carla", "2031-05-04T12:00:06+03:00"))
    lines = [{"object": thing, "account": account, "at": at} for thing in ("a", "b") for account, at in written]
    ran = CliRunner().invoke(app, ["eval", "coordination"], input="\n".join(map(json.dumps, lines)))
    assert {(edge["a"], edge["b"]) for edge in map(json.loads, ran.stdout.splitlines())} == {
        ("ana", "boris"), ("ana", "carla"), ("boris", "carla"),
    }  # fmt: skip


def test_of_stories_a_second_line_with_one_id_is_told_of() -> None:
    lines = [{"id": "1", "text": "the old bridge"}, {"id": "2", "text": "the river"}, {"id": 1, "text": "another"}]
    ran = CliRunner().invoke(app, ["eval", "stories"], input="\n".join(map(json.dumps, lines)))
    assert ran.exit_code == 1
    assert len(ran.stdout.splitlines()) == 2
    assert json.loads(ran.stderr) == {"error": "id: 1 is that of line 1", "line": 3}


def test_of_claims_a_second_line_with_one_id_is_told_of() -> None:
    lines = [{"id": "1", "claim": "the bridge fell"}, {"id": 1, "claim": "a tram burns"}, {"id": "q", "query": "tram"}]
    ran = CliRunner().invoke(app, ["eval", "factchecks"], input="\n".join(map(json.dumps, lines)))
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["matches"] == []
    assert json.loads(ran.stderr) == {"error": "id: 1 is that of an earlier claim", "line": 2}


def test_of_claims_and_queries_of_one_table_the_empty_cell_is_none() -> None:
    claim = {"id": "c", "claim": "the stone bridge of Velgrad fell", "query": None}
    query = {"id": "q", "claim": None, "query": "the stone bridge of Velgrad has fallen"}
    ran = CliRunner().invoke(app, ["eval", "factchecks"], input="\n".join(map(json.dumps, [claim, query])))
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert [match["id"] for match in json.loads(ran.stdout)["matches"]] == ["c"]


def test_zero_is_a_name_as_other_numbers_are() -> None:
    told = "Warplanes strike the bakery at dawn, families search the rubble"
    lines = [{"id": 0, "text": told, "author": 0}, {"id": 1, "text": "see this", "author": 0, "repost_of": 0}]
    ran = CliRunner().invoke(app, ["eval", "stories"], input="\n".join(map(json.dumps, lines)))
    assert ran.exit_code == 0, ran.output
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [(each["story"], each["tie"], each["to"]) for each in said] == [("0", "first", ""), ("0", "repost", "0")]
    lines[1]["repost_of"] = ["0"]
    ran = CliRunner().invoke(app, ["eval", "stories"], input="\n".join(map(json.dumps, lines)))
    assert json.loads(ran.stderr)["error"] == "repost_of: expected text or a whole number, got list"


def test_after_the_end_of_all_times_a_line_needs_its_own() -> None:
    lines = [{"id": 1, "text": "the old bridge", "at": "9999-12-31T23:59:59Z"}, {"id": 2, "text": "the river"}]
    ran = CliRunner().invoke(app, ["eval", "stories"], input="\n".join(map(json.dumps, lines)))
    assert ran.exit_code == 1
    assert json.loads(ran.stderr)["line"] == 2
    assert len(ran.stdout.splitlines()) == 1


def test_an_author_is_text_or_a_number() -> None:
    lines = [{"id": "1", "text": "the old bridge", "author": 7}, {"id": "2", "text": "the river", "author": ["ana"]}]
    ran = CliRunner().invoke(app, ["eval", "stories"], input="\n".join(map(json.dumps, lines)))
    assert ran.exit_code == 1
    assert json.loads(ran.stderr) == {"error": "author: expected text or a whole number, got list", "line": 2}


def test_one_date_far_ahead_forgets_no_text_and_no_date_is_none() -> None:
    text = "The old bridge in Velgrad fell into the river this morning"
    asked = [
        {"id": "1", "text": text, "at": 1_577_836_800},
        {"id": "ahead", "text": "Heavy rain is expected over the northern hills tonight", "at": 4e9},
        {"id": "2", "text": text, "at": 1_577_836_801},
        {"id": "3", "text": text, "at": None},
        {"id": "4", "text": text, "at": float("inf")},
    ]
    ran = CliRunner().invoke(app, ["eval", "copies"], input="\n".join(map(json.dumps, asked)))
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["copy_of"] for one in found] == [None, None, "1", "1"]
    assert [json.loads(line)["line"] for line in ran.stderr.splitlines()] == [5]
