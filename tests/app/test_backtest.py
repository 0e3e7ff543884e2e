"""Posts of the past, judged again: the same alerts as there were, under other settings others, and to the byte."""

from __future__ import annotations

import csv
import io
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from secondsource.app.backtest.labels import Case, Truth, read_labels
from secondsource.app.backtest.report import harmless
from secondsource.contracts.acts import Act, Verdict
from secondsource.contracts.errors import BadConfiguration
from store.store import open_store
from tests.app.documents import ROOT, blocks
from tests.app.newsroom import WATCH, Newsroom, Ran, post, run

PAGE = ROOT / "docs" / "backtest.md"


class Demo:
    """The demo's day, as it was watched live."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config"
        assert run("demo", "--folder", folder).code == 0
        with closing(open_store(self.url)) as store:
            self.events = store.dump("alert_events")

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'velgrad.sqlite'}"

    def backtest(self, *arguments: str | Path) -> Ran:
        return run("backtest", "--watch", WATCH, *arguments, "-c", self.config)

    def tried(self, name: str, old: str, new: str) -> Path:
        """Its configuration with one thing changed, in a folder beside it."""
        config = self.folder / name
        shutil.copytree(self.config, config)
        file = config / "watches" / "velgrad.yaml"
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
        return config


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("looked-back") / "demo")


def opened(report: dict[str, Any], place: int = 0) -> list[tuple[str, str]]:
    return [(each["alert_id"], each["opened_at"]) for each in report["outcomes"][place]["alerts"]]


# --- what would have been said ---------------------------------------------------------------------------------------


def test_the_recording_raises_the_alerts_that_were_raised(demo: Demo) -> None:
    ran = demo.backtest(demo.folder / "posts.jsonl", "--pictures", demo.folder / "pictures", "--json")
    assert ran.code == 0, ran.err
    live = [each for each in demo.events if each["kind"] == "opened"]
    said = sorted((each["alert_id"], each["at"].isoformat().replace("+00:00", "Z")) for each in live)
    assert said
    assert sorted(opened(ran.json)) == said
    kinds = {step["kind"] for each in ran.json["outcomes"][0]["alerts"] for step in each["steps"]}
    assert kinds >= {"contested", "corroborated"}
    assert knows_the_picture(ran)


def test_stored_posts_raise_them_too_though_some_were_taken_down(demo: Demo) -> None:
    ran = demo.backtest("--json")
    assert ran.code == 0, ran.err
    live = {each["alert_id"]: each["at"] for each in demo.events if each["kind"] == "opened"}
    for alert_id, at in opened(ran.json):
        assert abs(datetime.fromisoformat(at) - live.pop(alert_id)) < timedelta(minutes=2)
    assert live == {}
    assert ran.json["removed"] > 0
    assert "of any watch, taken down in that time, cannot be replayed" in demo.backtest().out
    assert knows_the_picture(ran)


def knows_the_picture(ran: Ran) -> bool:
    """Whether the first alert says when its picture was seen before."""
    return any("2014-03-02" in sentence for sentence in ran.json["outcomes"][0]["alerts"][0]["why"])


def test_nothing_is_kept_and_nothing_is_queued(demo: Demo) -> None:
    with closing(open_store(demo.url)) as store:
        before = {
            table: store.dump(table) for table in ("posts", "alerts", "alert_events", "outbox", "stories", "progress")
        }
    assert demo.backtest().code == 0
    with closing(open_store(demo.url)) as store:
        assert {table: store.dump(table) for table in before} == before


def test_the_same_to_the_byte_whatever_the_process(demo: Demo, tmp_path: Path) -> None:
    arguments = ["backtest", "--watch", WATCH, "--against", str(demo.config), "-c", str(demo.config)]
    for form in ([], ["--json"]):
        here = run(*arguments, *form, "--csv", tmp_path / "here.csv")
        again = run(*arguments, *form, "--csv", tmp_path / "again.csv")
        assert here.out == again.out
        elsewhere = subprocess.run(
            [sys.executable, "-m", "secondsource.app", *arguments, *form, "--csv", str(tmp_path / "there.csv")],
            capture_output=True, text=True, check=False, env=os.environ | {"PYTHONHASHSEED": "77"},
        )  # fmt: skip
        assert (elsewhere.returncode, elsewhere.stderr) == (0, "")
        assert elsewhere.stdout == here.out
        assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_only_the_time_asked_for_is_told_and_the_time_before_is_learnt_from(demo: Demo) -> None:
    whole = opened(demo.backtest("--json").json)
    evening = demo.backtest("--from", "2026-05-14T18:00", "--json").json
    assert opened(evening) == [one for one in whole if one[1] >= "2026-05-14T18"]
    assert evening["outcomes"][0]["before"] > 0
    until = demo.backtest("--from", "2026-05-14T10:00:00+02:00", "--to", "2026-05-14T18:00Z", "--json").json
    assert opened(until) == [one for one in whole if one[1] < "2026-05-14T18"]
    unlearnt = demo.backtest("--from", "2026-05-14T18:00", "--warm-up", "0", "--json").json
    assert unlearnt["outcomes"][0]["before"] == 0
    assert opened(unlearnt) == [], "with no history there is nothing to be surprised by"


def test_a_time_before_the_first_post_makes_no_alert_rarer(demo: Demo) -> None:
    long = demo.backtest("--from", "2026-05-01", "--to", "2026-06-01", "--json").json["outcomes"][0]
    assert long["before"] == 0
    seen = datetime.fromisoformat(long["last"]) - datetime.fromisoformat(long["first"])
    assert long["days"] == pytest.approx(seen / timedelta(days=1), rel=1e-5)
    assert long["alerts_per_day"] == pytest.approx(len(long["alerts"]) / long["days"], rel=1e-5)
    short = demo.backtest("--from", "2026-05-14T18:00", "--json").json["outcomes"][0]
    asked = datetime.fromisoformat(short["last"]) - datetime(2026, 5, 14, 18, tzinfo=UTC)
    assert short["before"] > 0
    assert short["days"] == pytest.approx(asked / timedelta(days=1), rel=1e-5), "quiet minutes count"


def test_every_command_of_the_page_runs(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo.folder.parent)
    lines = [line for block in blocks("sh", (PAGE,)) for line in block.text.splitlines()]
    assert {shlex.split(line)[1] for line in lines} == {"backtest", "verdicts", "tune"}
    for line in lines:
        ran = run(*shlex.split(line)[1:])
        assert (ran.code, ran.err) == (0, ""), line
        assert WATCH in ran.out


# --- two configurations ----------------------------------------------------------------------------------------------


def test_two_configurations_side_by_side(demo: Demo, tmp_path: Path) -> None:
    higher = demo.tried("higher", "min_interactions: 30", "min_interactions: 100")
    ran = demo.backtest("--against", higher, "--json")
    first, second = ran.json["outcomes"]
    assert [first["name"], second["name"]] == [str(demo.config), str(higher)]
    assert {each["interactions"] for each in first["alerts"]} == {30}
    assert all(each["interactions"] >= 100 for each in second["alerts"])
    difference = ran.json["difference"]
    assert len(difference["both"]) + len(difference["only_first"]) == len(first["alerts"])
    assert all(pair["earlier_seconds"] < 0 for pair in difference["both"]), "it says so later"
    page = demo.backtest("--against", higher).out
    assert "WHAT DIFFERS" in page
    assert "later by" in page
    assert f"Only {demo.config}" in page.replace("\u2068", "").replace("\u2069", "")


def test_other_words_take_other_posts(demo: Demo, tmp_path: Path) -> None:
    narrow = demo.tried("tram", "hashtags: [Velgrad, فيلغراد]\n    keywords:\n      any: [Velgrad, فيلغراد]",
                        "keywords:\n      any: [tram]")  # fmt: skip
    matching = demo.backtest("--take", "matching", "--against", narrow, "--json").json
    wide, tram = matching["outcomes"]
    assert wide["posts"] > tram["posts"] > 0
    collected = demo.backtest("--against", narrow, "--json").json
    assert collected["outcomes"][0]["posts"] == collected["outcomes"][1]["posts"]


# --- against what is known -------------------------------------------------------------------------------------------


def test_verdicts_of_analysts_are_what_it_is_held_against(demo: Demo, tmp_path: Path) -> None:
    copied = tmp_path / "judged.sqlite"
    shutil.copy(demo.folder / "velgrad.sqlite", copied)
    environ = {"SECONDSOURCE_STORE_URL": f"sqlite:///{copied}"}
    (first, second), said = opened(demo.backtest("--json").json)[:2], ("useful", "noise")
    with closing(open_store(environ["SECONDSOURCE_STORE_URL"])) as store:
        for (alert, _), word in zip((first, second), said, strict=True):
            store.acts.record(dismissed(alert, word))  # type: ignore[arg-type]  # a verdict's word
    ran = run("backtest", "--watch", WATCH, "--json", "-c", demo.config, environ=environ)
    scores = ran.json["outcomes"][0]["scores"]
    assert scores == {"judged": 2, "right": 1, "wanted": 1, "found": 1, "precision": 0.5, "recall": 1.0}
    higher = demo.tried("far", "min_interactions: 30", "min_interactions: 5000")
    ran = run("backtest", "--watch", WATCH, "--json", "-c", higher, environ=environ)
    scores = ran.json["outcomes"][0]["scores"]
    assert (scores["wanted"], scores["found"], scores["recall"], scores["precision"]) == (1, 0, 0.0, None)


def dismissed(alert_id: str, word: Verdict) -> Act:
    at = datetime(2026, 5, 15, tzinfo=UTC)
    return Act(id=f"click {alert_id}", alert_id=alert_id, kind="dismissed", by="ana", at=at, via="desk", verdict=word)


def test_labels_of_ones_own(demo: Demo, tmp_path: Path) -> None:
    (first, *_) = demo.backtest("--json").json["outcomes"][0]["alerts"]
    labels = tmp_path / "labels.csv"
    labels.write_text(f"uid,label,case\n{first['claim_uid']},worth it,bridge\nplaza:000002,dull,\n", "utf-8")
    ran = demo.backtest("--labels", labels, "--positive", "worth it", "--json")
    assert ran.code == 0, ran.err
    outcome = ran.json["outcomes"][0]
    assert outcome["by_label"] == {"worth it": 1}
    assert outcome["scores"]["precision"] == 1.0
    assert outcome["scores"]["recall"] == 1.0
    assert "[worth it]" in demo.backtest("--labels", labels, "--positive", "worth it").out


def test_a_case_alerted_to_before_the_time_asked_for_was_found(demo: Demo, tmp_path: Path) -> None:
    (first, *_) = demo.backtest("--json").json["outcomes"][0]["alerts"]
    story = first["alert_id"].partition(":")[2]
    with closing(open_store(demo.url)) as store:
        at = {row["uid"]: row["observed_at"] for row in store.dump("posts")}
        uids = [row["uid"] for row in store.dump("story_posts") if row["story"] == story]
    since = "2026-05-14T17:00"
    assert first["opened_at"] < since
    last = max((uid for uid in uids if uid in at), key=lambda uid: at[uid])
    labels = tmp_path / "labels.csv"
    labels.write_text(f"uid,label\n{last},useful\n", "utf-8")
    outcome = demo.backtest("--from", since, "--labels", labels, "--json").json["outcomes"][0]
    assert first["alert_id"] not in {each["alert_id"] for each in outcome["alerts"]}
    assert (outcome["scores"]["wanted"], outcome["scores"]["found"]) == (1, 1)


def test_a_case_is_found_by_any_of_its_posts() -> None:
    truth = Truth([Case("a", "useful", frozenset({"x:1", "x:2"})), Case("b", "noise", frozenset({"x:3"}))])
    assert truth.labels_of(["x:1", "x:2", "x:3", "x:9"]) == {"useful": 2, "noise": 1}
    assert [case.id for case in truth.wanted({"x:2", "x:3"})] == ["a"]
    assert truth.wanted({"x:9"}) == []


# --- spreadsheets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u200b=1", " =1"])
def test_no_cell_is_a_formula(text: str) -> None:
    cell = harmless(text)
    assert isinstance(cell, str)
    assert cell.startswith("'")
    assert harmless("a=1") == "a=1"
    assert harmless(-3.5) == -3.5


def test_the_table_has_a_line_an_alert(demo: Demo, tmp_path: Path) -> None:
    file = tmp_path / "alerts.csv"
    ran = demo.backtest("--csv", file, "--json")
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    alerts = ran.json["outcomes"][0]["alerts"]
    assert [row["alert"] for row in rows] == [each["alert_id"] for each in alerts]
    assert [row["rule"] for row in rows] == [each["rule"] for each in alerts]


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    newsroom = Newsroom(tmp_path)
    newsroom.run("migrate")
    return newsroom


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which watch? Say --watch NAME"),
        (["--watch", "velgrd"], "no watch named 'velgrd'"),
        (["--watch", WATCH, "--from", "yesterday"], "--from: expected a day or a moment such as 2026-05-14"),
        (["--watch", WATCH, "--to", "2026-13-01"], "--to: expected a day or a moment"),
        (["--watch", WATCH, "--from", "2026-05-15", "--to", "2026-05-14"], "is not before --to"),
        (["--watch", WATCH, "--from", "2026-05-15", "--to", "2026-05-15"], "is not before --to"),
        (["--watch", WATCH, "--take", "some"], "--take: expected collected, matching or all, came 'some'"),
        (["--watch", WATCH, "--against", "nowhere"], "there is no such folder"),
        (["--watch", WATCH, "--labels", "nowhere.csv"], "expected a file of labels, and it cannot be read"),
        (["--watch", WATCH, "--positive", "fine"], "add --labels FILE"),
        (["--watch", WATCH, "absent.jsonl"], "absent.jsonl"),
        (["--watch", WATCH, "--csv", "nowhere/alerts.csv"], "nowhere/alerts.csv: cannot be written"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], said: str, newsroom: Newsroom) -> None:
    ran = newsroom.run("backtest", *arguments)
    assert ran.code == 2, ran
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_configuration_to_try_that_does_not_parse(newsroom: Newsroom, tmp_path: Path) -> None:
    tried = tmp_path / "tried"
    (tried / "watches").mkdir(parents=True)
    (tried / "watches" / "velgrad.yaml").write_text("watches:\n  - name: velgrad\n    hashtags: [Velgrad\n", "utf-8")
    ran = newsroom.run("backtest", "--watch", WATCH, "--against", tried)
    assert ran.code == 2
    assert "velgrad.yaml:" in ran.err
    (tried / "watches" / "velgrad.yaml").write_text("watches:\n  - {name: mill, hashtags: [Mill]}\n", "utf-8")
    ran = newsroom.run("backtest", "--watch", WATCH, "--against", tried)
    assert ran.code == 2
    assert f"no watch named 'velgrad' in {tried}; there are: mill" in ran.err


def test_a_time_without_posts(newsroom: Newsroom) -> None:
    ran = newsroom.run("backtest", "--watch", WATCH)
    assert ran.code == 1
    assert "no post of watch velgrad is stored; see what there is: secondsource status" in ran.err
    newsroom.run("replay", newsroom.write("posts.jsonl", [post(number) for number in range(3)]))
    ran = newsroom.run("backtest", "--watch", WATCH, "--from", "2027-01-01", "--json")
    assert ran.code == 1
    assert "from 2027-01-01 00:00 UTC" in ran.err
    assert ran.json["outcomes"][0]["posts"] == 0
    elsewhere = newsroom.write("elsewhere.jsonl", [post(1, "Nothing of that town")])
    ran = newsroom.run("backtest", elsewhere, "--watch", WATCH)
    assert ran.code == 1
    assert "--take all takes every post" in ran.err
    assert newsroom.run("backtest", elsewhere, "--watch", WATCH, "--take", "all").code == 0


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("labels.csv", b"", "labels.csv:1: expected columns named uid and label, came nothing"),
        ("labels.csv", b"id,word\nx:1,useful\n", "labels.csv:1: expected columns named uid and label, came id, word"),
        ("labels.csv", b"uid,label\n1900,useful\n", "labels.csv:2: expected a uid like x:1900000000000000001"),
        ("labels.csv", b"uid,label\nx:1,\n", "labels.csv:2: expected a uid"),
        ("labels.csv", b"uid,label\nx:1,useful\nx:1,noise\n", "3: x:1 is 'noise' here and 'useful' in line 2"),
        ("labels.csv", b"uid,label\n", "expected at least one line with a uid and a label"),
        ("labels.csv", b"uid,label\nx:1,grand\n", "none of its labels (grand) is known or useful; say which"),
        ("labels.csv", b"uid,label\nx:1,\xff\n", "expected UTF-8; byte 15 is not"),
        ("labels.csv", b'uid,label\nx:1,"' + b"a" * 140_000 + b'"\n', "expected CSV, field larger"),
        ("labels.tsv", b"uid,label\nx:1,useful\n", "labels.tsv:1: expected columns named uid and label"),
        ("labels.jsonl", b'{"uid": "x:1", "label": "useful"\n', "labels.jsonl:1: expected one JSON object a line"),
        ("labels.jsonl", b'\n["x:1"]\n', 'labels.jsonl:2: expected {"uid"'),
        ("labels.jsonl", b'{"uid": 1, "label": "useful"}\n', 'labels.jsonl:1: expected {"uid"'),
    ],
)  # fmt: skip
def test_labels_that_cannot_be_used(name: str, body: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(BadConfiguration) as told:
        read_labels(tmp_path / name)
    assert said in str(told.value)


def test_labels_as_they_may_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        b"\xef\xbb\xbfuid, label ,case\r\nx:1,useful,one\r\nx:2,useful,one\r\nx:3,noise,\r\n"
    )
    (tmp_path / "a.tsv").write_text("label\tuid\nuseful\tx:1\n", "utf-8")
    (tmp_path / "a.jsonl").write_text('{"uid": "x:1", "label": "useful", "case": "one"}\n\n', "utf-8")
    (tmp_path / "b.jsonl").write_bytes('{"uid": "x:1", "label": "useful", "case": "a\u2028b"}\r\n'.encode())
    assert [case.id for case in read_labels(tmp_path / "b.jsonl").cases] == ["a\u2028b"]
    cases = read_labels(tmp_path / "a.csv").cases
    assert [(case.id, case.label, sorted(case.uids)) for case in cases] == [
        ("one", "useful", ["x:1", "x:2"]),
        ("x:3", "noise", ["x:3"]),
    ]
    assert len(read_labels(tmp_path / "a.tsv")) == len(read_labels(tmp_path / "a.jsonl")) == 1
