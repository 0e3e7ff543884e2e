"""`secondsource acts`, as somebody at a terminal or a script meets it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from secondsource.app.acting import made
from tests.app.newsroom import Newsroom, Ran
from tests.store import velgrad as v

ALERT = "velgrad/1/spike"


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    """With one alert."""
    newsroom = Newsroom(tmp_path)
    assert newsroom.run("migrate").code == 0
    with newsroom.store() as store:
        v.keep(store, v.alert(1))
    return newsroom


def add(newsroom: Newsroom, *words: str) -> Ran:
    return newsroom.run("acts", "add", ALERT, *words)


def test_what_is_done_is_listed(newsroom: Newsroom) -> None:
    assert newsroom.run("acts", "list").err == "nothing was done yet\n"
    assert add(newsroom, "acknowledged", "--by", "ana").out.startswith("Acknowledged by ana, ")
    assert add(newsroom, "snoozed", "--hours", "1.5", "--by", "ana").code == 0
    assert add(newsroom, "dismissed", "--verdict", "known", "--by", "oleg\x1b[2J", "--note", "our own").code == 0
    lines = newsroom.run("acts", "list").out.splitlines()
    assert lines[0].startswith(f"{ALERT}  Dismissed as known by oleg, ")
    assert lines[0].endswith("via command: our own")
    listed = newsroom.run("acts", "list", "--alert", ALERT, "--json").json
    assert [act["kind"] for act in listed] == ["acknowledged", "snoozed", "dismissed"]
    assert listed[1]["until"] > listed[1]["at"]
    assert [act["kind"] for act in newsroom.run("acts", "list", "--limit", "1", "--json").json] == ["dismissed"]


def test_a_script_that_says_it_twice_does_it_once(newsroom: Newsroom) -> None:
    words = ("acknowledged", "--id", "nightly-7")
    first, second = (add(newsroom, *words, "--json").json["recorded"] for _ in range(2))
    assert (first, second) == (True, False)
    assert "nothing changed" in add(newsroom, *words).out
    assert len(newsroom.run("acts", "list", "--json").json) == 1


def test_one_id_for_two_alerts_is_two_acts() -> None:
    now = datetime(2026, 5, 14, 17, 0, tzinfo=UTC)
    acts = [made(alert, "acknowledged", now, press="nightly-7") for alert in ("velgrad:17", "velgrad:18")]
    assert acts[0].id != acts[1].id


def test_whoever_does_not_say_is_the_login_name(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mira")
    assert "by mira" in add(newsroom, "acknowledged").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deleted",), "expected one of acknowledged, snoozed, dismissed, reopened, came 'deleted'"),
        (("dismissed",), "--verdict useful|known|noise"),
        (("dismissed", "--verdict", "so"), "'so'"),
        (("acknowledged", "--verdict", "known"), "with nothing else"),
        (("snoozed",), "--hours"),
        (("snoozed", "--hours", "-1"), "--hours"),
        (("snoozed", "--hours", "1e9"), "--hours"),
        (("snoozed", "--hours", "nan"), "--hours"),
        (("reopened", "--hours", "2"), "with nothing else"),
        (("acknowledged", "--id", "x" * 201), "200"),
    ],
    ids=str,
)
def test_words_that_do_not_go_together_are_said(newsroom: Newsroom, words: tuple[str, ...], said: str) -> None:
    ran = add(newsroom, *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert newsroom.run("acts", "list", "--json").json == []


def test_an_alert_that_is_not_there_is_said(newsroom: Newsroom) -> None:
    ran = newsroom.run("acts", "add", "velgrad:999", "acknowledged")
    assert ran.code == 2
    assert "velgrad:999" in ran.err


def test_alerts_are_listed_by_what_acts_ask_for(newsroom: Newsroom) -> None:
    with newsroom.store() as store:
        over = structs.replace(v.alert(1, name="mill/2/spike"), watch="mill", kind="expired", at=v.at(60))
        v.keep(store, over)
    lines = newsroom.run("alerts", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["mill/2/spike", ALERT]
    assert f"{ALERT}  2026-" in lines[1]
    assert "  velgrad  opened  " in lines[1]
    (listed,) = newsroom.run("alerts", "list", "--open", "--json").json
    assert (listed["id"], listed["watch"], listed["state"]) == (ALERT, "velgrad", "opened")
    assert [each["id"] for each in newsroom.run("alerts", "list", "--watch", "mill", "--json").json] == ["mill/2/spike"]
    assert newsroom.run("alerts", "list", "--watch", "none").err == "there are none\n"


def test_what_is_no_alert_is_pointed_to_those_there_are(newsroom: Newsroom) -> None:
    ran = newsroom.run("acts", "add", "nope\x1b[2J", "acknowledged", "-c", newsroom.config)
    assert ran.code == 2
    assert f"secondsource alerts list -c {newsroom.config}" in ran.err
    assert "\x1b" not in ran.err
