"""Asking a platform which stored posts are gone, and taking those down everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from threading import Event

import pytest

from ingest.collectors.refresher import Refresher
from secondsource.app import wiring
from secondsource.app.compliance import check
from secondsource.app.configuring import load
from secondsource.app.wiring import House
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Takedown
from store.store import Store
from tests.app.newsroom import Newsroom
from tests.fakes.x import TOKEN, FakeX
from tests.store import velgrad as v

REFRESHER_ON = "collectors: {bluesky: {enabled: false}, feeds: {enabled: false}}\n"
POSTS = [v.enriched(number) for number in range(1, 8)]


def house(newsroom: Newsroom) -> AbstractContextManager[House]:
    return wiring.house(load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url, "X_TOKEN": TOKEN}))


class Platform:
    """Posts that are gone from it; `away_after` so many questions it does not answer."""

    def __init__(self, gone: Mapping[str, str], away_after: int = 99) -> None:
        self.gone = gone
        self.asked: list[list[str]] = []
        self.away_after = away_after

    def __call__(self, uids: Sequence[str], stop: Event) -> Mapping[str, str]:
        if len(self.asked) == self.away_after:
            raise SourceAway("X answered 503")
        self.asked.append(list(uids))
        return {uid: self.gone[uid] for uid in uids if uid in self.gone}


def kept(store: Store) -> list[object]:
    return [row["uid"] for row in store.dump("posts")]


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    made = Newsroom(tmp_path, settings=REFRESHER_ON)
    made.run("migrate")
    with made.store() as store:
        v.keep(store, *POSTS, v.alert(1))
    return made


def test_what_is_gone_leaves_page_by_page(newsroom: Newsroom) -> None:
    platform = Platform({"x:2": "deleted", "x:7": "suspended"})
    with house(newsroom) as at:
        checked = check(at, "x", platform, Event(), dry_run=False, at_once=3)
        assert checked == (7, {"x:2": "deleted", "x:7": "suspended"}, False)
        assert platform.asked == [["x:1", "x:2", "x:3"], ["x:4", "x:5", "x:6"], ["x:7"]]
        assert kept(at.store) == ["x:1", "x:3", "x:4", "x:5", "x:6"]


def test_a_dry_run_takes_nothing_down(newsroom: Newsroom) -> None:
    with house(newsroom) as at:
        checked = check(at, "x", Platform({"x:2": "deleted"}), Event(), dry_run=True)
        assert checked.gone == {"x:2": "deleted"}
        assert len(kept(at.store)) == 7
        assert at.store.dump("takedowns") == []


def test_what_was_found_before_a_platform_went_away_is_taken_down(newsroom: Newsroom) -> None:
    with house(newsroom) as at:
        with pytest.raises(SourceAway):
            check(at, "x", Platform({"x:1": "deleted"}, away_after=1), Event(), dry_run=False, at_once=2)
        assert "x:1" not in kept(at.store)


def test_it_stops_when_asked(newsroom: Newsroom) -> None:
    stop = Event()
    stop.set()
    with house(newsroom) as at:
        assert check(at, "x", Platform({}), stop, dry_run=False) == (0, {}, True)


# The command, against X's wire


def on_x(tmp_path: Path, x: FakeX) -> Newsroom:
    settings = (
        "collectors:\n  bluesky: {enabled: false}\n  feeds: {enabled: false}\n"
        f"  x: {{enabled: true, approved_use_case: Newsroom verification, token_env: X_TOKEN, base_url: {x.url!r}}}\n"
    )
    made = Newsroom(tmp_path, settings=settings, environ={"X_TOKEN": TOKEN})
    made.run("migrate")
    with made.store() as store:
        v.keep(store, *POSTS, v.alert(1))
    return made


def test_the_command_takes_down_what_x_calls_gone_and_the_stream_hears_of_it(tmp_path: Path) -> None:
    with FakeX() as x:
        newsroom = on_x(tmp_path, x)
        x.deleted.add("2")
        x.protected.add("7")
        looked = newsroom.run("compliance", "x", "--dry-run", "--json")
        assert looked.code == 0, looked.err
        assert looked.json["asked"] == 7
        assert set(looked.json["gone"]) == {"x:2", "x:7"}
        assert len(newsroom.rows("posts")) == 7
        ran = newsroom.run("compliance", "x")
        assert ran.code == 0, ran.err
        assert "7 posts asked for, 2 gone, and taken down here." in ran.out
        assert [row["uid"] for row in newsroom.rows("posts")] == ["x:1", "x:3", "x:4", "x:5", "x:6"]
        again = newsroom.run("compliance", "x", "--json")
        assert (again.json["asked"], again.json["gone"]) == (5, {})
        with house(newsroom) as at:
            (refresher,) = [one for one in wiring.collectors(at) if isinstance(one, Refresher)]
            (batch,) = islice(refresher.batches("", Event()), 1)
    told = [message for message in batch.messages if isinstance(message, Takedown)]
    assert [(one.uid, one.watches) for one in told] == [("x:2", ("velgrad",)), ("x:7", ("velgrad",))]


def test_a_platform_that_is_away_ends_the_command(tmp_path: Path) -> None:
    with FakeX() as x:
        newsroom = on_x(tmp_path, x)
    ran = newsroom.run("compliance", "x")
    assert ran.code == 3
    assert TOKEN not in ran.err


def test_without_a_token_it_says_what_to_write(newsroom: Newsroom) -> None:
    ran = newsroom.run("compliance", "x")
    assert ran.code == 2
    assert "token_env:" in ran.err
