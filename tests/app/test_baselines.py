"""Baselines on demand, on a schedule, and taken up by who is running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace

from alerts.judging.stage import AlertsStage
from secondsource.app import baselines
from secondsource.app.configuring import load
from secondsource.app.wiring import house
from secondsource.contracts.baselines import AGES, AtAge, Baseline
from secondsource.contracts.messages import Engagement, Enriched
from secondsource.contracts.stage import Out, Record
from store.store import open_store
from tests.alerts.invented import at, counted, final_stories, merged, ordered, post, repost, tick, watch
from tests.app.newsroom import Newsroom
from tests.fakes.archive import MemoryArchive
from tests.fakes.clock import ManualClock
from tests.store.test_baselines import by, keep, past


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    store = open_store(room.store_url, create=True)
    keep(store, past())
    store.close()
    return room


PERIOD = ("--from", "2031-05-04T00:00:00Z", "--to", "2031-05-09T00:00:00Z")


def test_fit_makes_versions_that_show_tells_of(newsroom: Newsroom) -> None:
    assert newsroom.run("baselines", "show").out == "velgrad: none yet; it rests on what it sees itself\n"
    made = newsroom.run("baselines", "fit", *PERIOD, "--applies-from", "2031-05-10T12:00:30Z", "--json")
    assert made.code == 0, made.err
    assert made.json["velgrad"]["version"] == 1
    assert made.json["velgrad"]["applies_from"] == "2031-05-10T12:01:00Z", "at a full minute"
    again = newsroom.run("baselines", "fit", "--watch", "velgrad", *PERIOD)
    assert "velgrad: version 2" in again.out
    shown = newsroom.run("baselines", "show", "--watch", "velgrad")
    assert "velgrad: version 1, from 2031-05-10 12:01, of 80 stories that opened 2031-05-04 to 2031-05-09" in shown.out
    assert "known by themselves: 12 accounts" in shown.out
    assert [one["version"] for one in newsroom.run("baselines", "show", "--json").json["velgrad"]] == [1, 2]


def test_what_is_asked_wrongly_is_said(newsroom: Newsroom) -> None:
    assert newsroom.run("baselines", "fit", "--watch", "dolnograd").code == 2
    assert newsroom.run("baselines", "fit", "--from", "yesterday").code == 2
    itself = newsroom.run("baselines", "fit", *PERIOD, "--applies-from", "2031-05-08T23:59:00Z")
    assert itself.code == 2
    assert "--applies-from 2031-05-08T23:59:00Z is before --to 2031-05-09T00:00:00Z" in itself.err
    now = newsroom.run("baselines", "fit", "--from", "2001-01-01", "--applies-from", "2001-02-01")
    assert now.code == 2, "without --to it is fitted from all up to now"
    assert "none yet" in newsroom.run("baselines", "show").out
    assert newsroom.run("baselines", "fit", *PERIOD, "--applies-from", PERIOD[3]).code == 0
    nothing = newsroom.run("baselines", "fit", "--from", "2001-01-01", "--to", "2001-02-01")
    assert nothing.code == 0
    assert nothing.out.startswith("velgrad: 0 stories that opened 2001-01-01 to 2001-02-01, and it takes 30. ")


class Hours(ManualClock):
    """Stops whoever has waited for a day and an hour."""

    def wait(self, seconds: float, stop: Event) -> bool:
        super().wait(seconds, stop)
        if sum(self.waits) > 25 * 3_600:
            stop.set()
        return stop.is_set()


def test_it_is_fitted_on_a_schedule(newsroom: Newsroom) -> None:
    stop, start = Event(), at(86_400)
    configuration = load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url})
    with house(configuration, clock=Hours(start), stop=stop) as at_home:
        baselines.keep_fitted(at_home, timedelta(hours=24), stop)
        made = at_home.store.baselines.all("velgrad")
    assert [(one.version, one.fitted_at - start) for one in made] == [(1, timedelta(0)), (2, timedelta(days=1))]
    assert [one.applies_from - one.fitted_at for one in made] == [timedelta(minutes=10)] * 2


@dataclass
class Versions:
    """`alerts.ports.Baselines` that holds one version from one moment on."""

    held: Mapping[datetime, Baseline]
    asked: list[datetime] = field(default_factory=list)

    def at(self, watch: str, moment: datetime) -> Baseline | None:
        assert watch == "velgrad"
        self.asked.append(moment)
        return next((one for since, one in sorted(self.held.items(), reverse=True) if since <= moment), None)


_BASELINE = Baseline(
    watch="velgrad", version=4, applies_from=at(600), fitted_at=at(0), data_from=at(-9e5), data_until=at(0), posts=500,
    ages=tuple(AtAge(mean=2.0, dispersion=0.3, history=400) for _ in AGES),
)  # fmt: skip


def stream() -> list[Enriched | Engagement]:
    """A story a minute, of eight reposts and a count."""
    messages: list[Enriched | Engagement] = []
    for one in range(20):
        number = 1 + 100 * one
        messages.append(by(post(number, one * 60.0, f"news {one}"), f"desk{one}", None))
        messages += [by(repost(number + act, one * 60.0 + 3 * act, number), f"r{act}", None) for act in range(1, 9)]
        messages.append(counted(number, one * 60.0 + 40, 40))
    return messages


def judged(parts: int) -> tuple[list[Out], Versions]:
    versions = Versions({at(600): _BASELINE})
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive(), baselines=versions)
    outs: list[Out] = []
    held = ordered(stream())[:-1]
    size = -(-len(held) // parts)
    for start in range(0, len(held), size):
        part = held[start : start + size]
        last = part[-1]
        seen = last.post.observed_at if isinstance(last, Enriched) else last.observed_at  # type: ignore[union-attr]  # or counts
        outs += stage.handle([*map(Record, part), Record(replace(tick(0), at=seen))])
    return outs + stage.handle([Record(tick(10**7, final=True))]), versions


def test_a_version_is_taken_up_at_its_event_time_however_the_stream_comes() -> None:
    whole, _ = judged(1)
    pieces, versions = judged(7)
    assert merged(whole) == merged(pieces)
    spreads = {story.opened_at: story.spread for story in final_stories(whole).values()}
    before = [spread for opened, spread in spreads.items() if opened < at(500)]
    after = [spread for opened, spread in spreads.items() if opened > at(600)]
    assert before
    assert all(spread.state == "insufficient data" for spread in before)
    assert after
    assert all(spread.state == "measured" and spread.baseline == 4 for spread in after)
    assert len(versions.asked) <= 25, "once a minute"
