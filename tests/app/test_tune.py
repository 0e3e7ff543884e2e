"""Other thresholds tried on the same posts: what is told would have happened, and a suggestion is only a diff."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.document import parse
from secondsource.app.backtest import thresholds as yaml_of
from secondsource.app.backtest.judging import Scores
from secondsource.app.backtest.tuning import Trial, frontier, read_varied, suggestion, usual
from secondsource.app.configuring import load
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.watch import Thresholds
from store.store import open_store
from tests.app.newsroom import WATCH, Newsroom, run
from tests.app.newsroom import post as written_by_hand

FIGURES = ("alerts", "alerts_per_day", "digested", "scores")


def trial(alerts: int, precision: float | None, recall: float | None, *, current: bool = False, **values: int) -> Trial:
    scores = Scores(judged=alerts, right=alerts, wanted=9, found=9, precision=precision, recall=recall)
    return Trial(
        thresholds=dict(values) or {"min_interactions": alerts}, alerts=alerts, alerts_per_day=float(alerts),
        digested=0, unjudged=0, scores=scores, current=current,
    )  # fmt: skip


# --- on a day of posts -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned") / "demo"
    assert run("demo", "--folder", folder).code == 0
    return folder


@pytest.fixture(scope="module")
def labels(demo: Path) -> Path:
    """The bridge was worth it, each of thirty of its posts is a case; the tram was not."""
    with closing(open_store(f"sqlite:///{demo / 'velgrad.sqlite'}")) as store:
        stories = {row["id"]: row for row in store.dump("stories")}
        alerted = {row["story"] for row in store.dump("alerts")}
        members = store.dump("story_posts")
    lines = ["uid,label"]
    for story in sorted(alerted):
        label = "useful" if "Chain Bridge" in stories[story]["claim"] else "noise"
        lines += [f"{row['uid']},{label}" for row in members if row["story"] == story][:30]
    file = demo / "labels.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


@pytest.fixture(scope="module")
def tuned(demo: Path, labels: Path) -> Any:
    ran = run("tune", WATCH, "--vary", "min_interactions=15,30,200,5000", "--labels", labels, "--json", "-c",
              demo / "config")  # fmt: skip
    assert ran.code == 0, ran.err
    return ran.json


def test_what_is_told_is_what_a_backtest_says(demo: Path, labels: Path, tuned: Any) -> None:
    for value in (30, 200):
        config = demo / f"tried-{value}"
        shutil.copytree(demo / "config", config)
        file = config / "watches" / "velgrad.yaml"
        file.write_text(file.read_text("utf-8").replace("min_interactions: 30", f"min_interactions: {value}"), "utf-8")
        ran = run("backtest", "--watch", WATCH, "--labels", labels, "--json", "-c", config)
        said = ran.json["outcomes"][0] | {"alerts": len(ran.json["outcomes"][0]["alerts"])}
        (same,) = [one for one in tuned["trials"] if one["thresholds"] == {"min_interactions": value}]
        assert {name: same[name] for name in FIGURES} == {name: said[name] for name in FIGURES}


def test_a_better_one_is_suggested_as_a_diff_and_nothing_changes(demo: Path, labels: Path, tuned: Any) -> None:
    own, better, silent = tuned["trials"][1:]
    assert (own["current"], own["scores"]["precision"], own["scores"]["recall"]) == (True, 0.5, 1.0)
    assert (better["scores"]["precision"], better["scores"]["recall"]) == (1.0, 1.0)
    assert silent["alerts"] == 0
    assert tuned["changes"] == {"min_interactions": 200}
    assert "-      min_interactions: 30\n+      min_interactions: 200\n" in tuned["diff"]
    file = demo / "config" / "watches" / "velgrad.yaml"
    assert "min_interactions: 30\n" in file.read_text("utf-8")
    page = run("tune", WATCH, "--vary", "min_interactions=200", "--labels", labels, "-c", demo / "config").out
    assert "+      min_interactions: 200" in page
    assert "Precision 1.00 instead of 0.50" in page


def test_the_same_from_several_processes(demo: Path, labels: Path, tuned: Any) -> None:
    ran = run("tune", WATCH, "--vary", "min_interactions=15,30,200,5000", "--labels", labels, "--jobs", "2", "--json",
              "-c", demo / "config")  # fmt: skip
    assert ran.json == tuned


def test_too_few_verdicts_are_said_to_be_too_few(demo: Path) -> None:
    ran = run("tune", WATCH, "--vary", "min_interactions=15", "-c", demo / "config")
    assert ran.code == 0
    assert "Too few verdicts to suggest anything: 0 cases among these posts, 20 are needed." in ran.out
    assert "+++" not in ran.out


def test_what_was_only_learnt_from_is_no_case_to_tell_by(demo: Path, tmp_path: Path) -> None:
    since = datetime(2026, 5, 14, 18, tzinfo=UTC)
    with closing(open_store(f"sqlite:///{demo / 'velgrad.sqlite'}")) as store:
        posts = sorted(store.dump("posts"), key=lambda row: row["observed_at"])
    before = [row["uid"] for row in posts if row["observed_at"] < since][-30:]
    after = [row["uid"] for row in posts if row["observed_at"] >= since][:3]
    file = tmp_path / "labels.csv"
    file.write_text("uid,label\n" + "".join(f"{uid},useful\n" for uid in (*before, *after)), "utf-8")
    ran = run("tune", WATCH, "--from", f"{since:%Y-%m-%dT%H:%M}", "--vary", "min_interactions=15", "--labels", file,
              "-c", demo / "config")  # fmt: skip
    assert "Too few verdicts to suggest anything: 3 cases among these posts, 20 are needed." in ran.out


# --- what is suggested -----------------------------------------------------------------------------------------------

OWN = Thresholds(min_interactions=10)


def test_the_frontier_is_what_nothing_beats() -> None:
    trials = frontier(
        [trial(1, 1.0, 0.2), trial(5, 0.8, 0.8), trial(6, 0.8, 0.8), trial(9, 0.5, 1.0), trial(0, None, 0.0)]
    )
    assert [one.frontier for one in trials] == [True, True, False, True, True]
    assert not any(one.frontier for one in frontier([trial(3, None, None), trial(4, None, 0.5)]))


def test_only_what_is_worse_in_nothing_is_suggested() -> None:
    own = trial(10, 0.5, 0.8, current=True)
    assert suggestion([own, trial(5, 0.9, 0.7)], OWN, 50)[0] == {}, "it would find less"
    assert suggestion([own, trial(12, 0.9, 0.9)], OWN, 50)[0] == {}, "it would say more"
    assert suggestion([own, trial(8, 0.5, 0.8)], OWN, 50)[0] == {"min_interactions": 8}
    assert suggestion([own, trial(8, 0.6, 0.8), trial(9, 0.7, 0.8)], OWN, 50)[0] == {"min_interactions": 9}
    assert suggestion([own, trial(8, 0.6, 0.8)], OWN, 19)[0] == {}
    assert "without being worse" in suggestion([own], OWN, 50)[1]


def test_with_a_number_a_day_the_best_that_keeps_to_it() -> None:
    trials = [trial(10, 0.5, 0.8, current=True), trial(5, 0.9, 0.7), trial(2, 1.0, 0.2), trial(12, 0.9, 0.9)]
    assert suggestion(trials, OWN, 50, 6.0)[0] == {"min_interactions": 5}
    assert suggestion(trials, OWN, 50, 12.0)[0] == {"min_interactions": 12}
    assert suggestion(trials, OWN, 50, 1.0)[0] == {}


def test_the_usual_values_stand_around_the_watchs_own() -> None:
    for name, values in usual(Thresholds(min_interactions=1, max_surprise=0.5)):
        assert getattr(Thresholds(min_interactions=1, max_surprise=0.5), name) in values
        assert values == read_varied([f"{name}={','.join(map(str, values))}"])[0][1]


# --- the diff --------------------------------------------------------------------------------------------------------

WATCHES = """\
# who is watched
watches:
  - name: mill
    hashtags: [Mill]
    thresholds:
      min_interactions: 40
  - name: velgrad # the town
    hashtags: [Velgrad]
{more}"""


@pytest.mark.parametrize(
    "more",
    [
        "    thresholds:\n      min_interactions: 30 # nobody below\n      max_surprise: 0.001\n",
        "    thresholds:\n      min_interactions: 30",
        "    thresholds: {min_interactions: 30, max_surprise: 0.001} # all\n",
        "    thresholds: {story_hours: 4}\n",
        "    slack_channel: C0123456789\n",
        "",
    ],
)
def test_a_diff_applied_says_what_was_meant(more: str, tmp_path: Path) -> None:
    (tmp_path / "watches").mkdir()
    file = tmp_path / "watches" / "all.yaml"
    text = WATCHES.format(more=more)
    file.write_text(text, "utf-8")
    found = yaml_of.diff(tmp_path, "velgrad", {"min_interactions": 55, "max_surprise": 0.00002})
    if not found.startswith("---"):
        assert found == "thresholds:\n  min_interactions: 55\n  max_surprise: 0.00002\n"
        assert "story_hours" in more, "what cannot be changed line by line is told as lines to write"
        return
    assert found.startswith("--- a/watches/all.yaml\n+++ b/watches/all.yaml\n")
    applied = parse(patched(text, found).encode(), "").data
    assert isinstance(applied, dict)
    mill, velgrad = applied["watches"]
    assert mill["thresholds"] == {"min_interactions": 40}
    assert velgrad["thresholds"] | {"min_interactions": 55, "max_surprise": 0.00002} == velgrad["thresholds"]
    assert ("# nobody below" in more) == ("+      min_interactions: 55 # nobody below\n" in found)


def patched(text: str, diff: str) -> str:
    """The text with a one-hunk diff applied, which is checked to fit."""
    old: list[str] = []
    new: list[str] = []
    for line in diff.splitlines(keepends=True)[3:]:
        if line[0] in " -":
            old.append(line[1:])
        if line[0] in " +":
            new.append(line[1:])
    whole = text if text.endswith("\n") else text + "\n"
    assert "".join(old) in whole
    return whole.replace("".join(old), "".join(new))


def test_numbers_are_written_as_people_write_them() -> None:
    assert [yaml_of.written(value) for value in (30, 0.001, 1e-05, 2.0, 0.5)] == [
        "30",
        "0.001",
        "0.00001",
        "2",
        "0.5",
    ]


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["velgrd"], "no watch named 'velgrd'"),
        ([WATCH, "--vary", "interactions=3"], "no threshold is named 'interactions'; there are min_interactions, "),
        ([WATCH, "--vary", "min_interactions=few"], "'few' cannot be min_interactions: "),
        ([WATCH, "--vary", "min_interactions="], "'' cannot be min_interactions: "),
        ([WATCH, "--vary", "max_surprise=0.7"], "'0.7' cannot be max_surprise: "),
        ([WATCH, "--vary", "min_history=3", "--vary", "min_history=4"], "min_history is given twice"),
        ([WATCH, "--from", "2026-05-15", "--to", "2026-05-14"], "is not before --to"),
        ([WATCH, "--labels", "nowhere.csv"], "cannot be read"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], said: str, tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path)
    newsroom.run("replay", newsroom.write("posts.jsonl", [written_by_hand(number) for number in range(3)]))
    ran = newsroom.run("tune", *arguments)
    assert ran.code == 2, ran
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_too_many_combinations(tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path)
    newsroom.run("replay", newsroom.write("posts.jsonl", [written_by_hand(1)]))
    many = ",".join(map(str, range(1, 40)))
    ran = newsroom.run("tune", WATCH, "--vary", f"min_interactions={many}", "--vary", f"min_history=30,{many[2:]}")
    assert ran.code == 2
    assert "at most 400 are tried at once" in ran.err


def test_a_watch_without_posts(tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path)
    newsroom.run("migrate")
    ran = newsroom.run("tune", WATCH)
    assert ran.code == 1
    assert "no post of watch velgrad is stored" in ran.err
    newsroom.run("replay", newsroom.write("posts.jsonl", [written_by_hand(1)]))
    ran = newsroom.run("tune", WATCH, "--from", "2027-01-01")
    assert ran.code == 1
    assert "from 2027-01-01 00:00 UTC" in ran.err


def test_a_threshold_of_the_configuration_is_one_that_can_be_varied(tmp_path: Path) -> None:
    own = load(Newsroom(tmp_path).config, {}).watches[0].thresholds
    for name in Thresholds.__struct_fields__:
        assert read_varied([f"{name}={getattr(own, name)}"]) == [(name, (getattr(own, name),))]


def test_an_unknown_threshold_names_those_there_are() -> None:
    with pytest.raises(BadConfiguration, match="story_hours"):
        read_varied(["nothing=1"])
