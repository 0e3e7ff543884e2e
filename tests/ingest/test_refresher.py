"""The refresher against a platform in memory, on a clock moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from threading import Event

import pytest

from ingest.collectors.refresher import COMMANDED, Refresher, RefresherSettings
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.following import Candidate
from secondsource.contracts.messages import Counts, Engagement, Message, Takedown, Tick
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.fakes.counting import FakeCounter
from tests.fakes.surroundings import MemoryFollowed, MemorySpending, surroundings


class Spending(MemorySpending):
    """`failures` are raised one a question."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[SourceAway] = []

    def spent(self, budget: str, first: date, last: date) -> int:
        if self.failures:
            raise self.failures.pop(0)
        return super().spent(budget, first, last)


class House:
    """A refresher on its own, with one platform."""

    def __init__(self, platform: str = "x", *, explicit: bool = True, **settings: object) -> None:
        self.clock = ManualClock()
        self.counter = FakeCounter(self.clock, platform, batch=25, explicit=explicit)
        self.followed = MemoryFollowed()
        self.spending = Spending()
        self.stop = Event()
        around = surroundings(self.clock, spending=self.spending, followed=self.followed)
        around = replace(around, counters=(self.counter,))
        self.refresher = Refresher(RefresherSettings(**settings), (), around)  # type: ignore[arg-type]
        self.batches = self.refresher.batches("", self.stop)

    def post(self, number: int, reposts: int = 0, age: float = 0.0) -> str:
        uid = f"{self.counter.platform}:{number}"
        created_at = self.clock.now() - timedelta(seconds=age)
        self.followed.given.append(Candidate(uid, ("velgrad",), created_at, None, Counts()))
        self.counter.posts[uid] = Counts(reposts=reposts)
        return uid

    def hear(self, seconds: float) -> list[Message]:
        """What it sends in so much time; a round takes a second."""
        return [message for _ in range(int(seconds)) for message in next(self.batches).messages]


@pytest.fixture
def house() -> Iterator[House]:
    made = House(x_posts_per_day=1000)
    yield made
    made.stop.set()
    assert list(made.batches) == []


def of(kind: type[Message], messages: list[Message]) -> list[Message]:
    return [message for message in messages if isinstance(message, kind)]


def test_counts_come_dated_when_they_change_and_each_batch_ends_with_a_tick(house: House) -> None:
    uid = house.post(1, reposts=3)
    ticked = None
    heard: list[Engagement] = []
    for _ in range(600):
        batch = next(house.batches)
        *told, tick = batch.messages
        assert isinstance(tick, Tick)
        assert ticked is None or tick.at > ticked
        for message in told:
            assert isinstance(message, Engagement)
            assert ticked is None or ticked < message.observed_at <= tick.at
            heard.append(message)
        ticked = tick.at
        if len(heard) == 1:
            house.counter.posts[uid] = Counts(reposts=9, likes=4)
    assert [message.counts for message in heard] == [Counts(reposts=3), Counts(reposts=9, likes=4)]
    assert {(message.uid, message.collector, message.watches) for message in heard} == {
        (uid, "refresher", ("velgrad",))
    }
    assert len(house.counter.calls) > 2


def test_a_rising_post_is_asked_more_often_than_one_that_stands_still(house: House) -> None:
    rising, still = house.post(1, age=7200), house.post(2, age=7200)
    for second in range(6 * 3600):
        house.counter.posts[rising] = Counts(reposts=2 * second)
        next(house.batches)
    asked = [uid for _, uids in house.counter.calls for uid in uids]
    assert asked.count(rising) > 2 * asked.count(still) > 0


def test_calls_and_billed_posts_stay_within_their_budgets() -> None:
    house = House(x_posts_per_day=60, x_calls=7)
    for number in range(300):
        house.post(number, age=number)
    house.hear(3 * 3600)
    made = [at for at, _ in house.counter.calls]
    assert all(sum(at - timedelta(seconds=300) < other <= at for other in made) <= 7 for at in made)
    different = {uid for _, uids in house.counter.calls for uid in uids}
    assert len(different) <= 60 * 4 // 24
    assert sum(house.spending.units.values()) == len(different)
    assert len(made) > len(different) / 25, "what was paid for is asked again"


def test_a_restart_does_not_pass_the_days_budget() -> None:
    house = House(x_posts_per_day=24)
    for number in range(100):
        house.post(number, age=100)
    house.hear(10)
    assert sum(house.spending.units.values()) == 1
    again = House(x_posts_per_day=24)
    again.spending.units.update(house.spending.units)
    again.post(1, age=100)
    again.hear(10)
    assert again.counter.calls == []


def test_a_post_that_stays_gone_is_taken_down_once(house: House) -> None:
    gone, there = house.post(1), house.post(2)
    house.hear(70)
    del house.counter.posts[gone]
    heard = house.hear(600)
    (takedown,) = of(Takedown, heard)
    assert isinstance(takedown, Takedown)
    assert (takedown.uid, takedown.watches, takedown.reason) == (gone, ("velgrad",), "Not Found Error")
    asked = [at for at, uids in house.counter.calls if gone in uids]
    assert takedown.observed_at == asked[-1]
    assert asked[-1] - asked[-2] >= timedelta(minutes=2)
    house.followed.given.pop(0)
    house.hear(60)
    assert there in house.counter.calls[-1][1]


def test_a_post_that_is_back_is_not_taken_down(house: House) -> None:
    uid, _ = house.post(1), house.post(2)
    house.hear(70)
    counts = house.counter.posts.pop(uid)
    house.hear(70)
    house.counter.posts[uid] = counts
    assert of(Takedown, house.hear(3600)) == []


def test_an_outage_that_answers_an_empty_list_deletes_nothing() -> None:
    house = House("bluesky", explicit=False)
    for number in range(20):
        house.post(number)
    house.hear(120)
    house.counter.is_empty = True
    assert of(Takedown, house.hear(50 * 60)) == []
    house.counter.is_empty = False
    assert of(Takedown, house.hear(2 * 3600)) == []
    assert len(house.counter.calls) < 200, "what is missing is not asked for without end"


def test_much_that_is_really_gone_is_believed_in_the_end() -> None:
    house = House("bluesky", explicit=False)
    uids = [house.post(number) for number in range(20)]
    house.hear(120)
    house.counter.posts.clear()
    heard = of(Takedown, house.hear(3 * 3600))
    assert sorted(message.uid for message in heard if isinstance(message, Takedown)) == sorted(uids)


def test_what_a_platform_says_nothing_of_is_left_alone(house: House) -> None:
    uid = house.post(1)
    del house.counter.posts[uid]
    house.counter.mute.add(uid)
    heard = house.hear(3600)
    assert of(Takedown, heard) == of(Engagement, heard) == []
    assert len(house.counter.calls) > 2


def test_a_platform_that_is_away_is_asked_later_and_ticks_go_on(house: House) -> None:
    house.post(1, age=60)
    house.counter.failures = [SourceAway("503"), SourceAway("429", retry_after=90.0)]
    assert len(of(Tick, house.hear(120))) == 120
    first, second, third = (at for at, _ in house.counter.calls[:3])
    assert second - first >= timedelta(seconds=5)
    assert third - second >= timedelta(seconds=90)


def test_a_platform_that_asks_for_years_is_asked_again_the_next_day(house: House) -> None:
    house.post(1, age=60)
    house.counter.failures = [SourceAway("429", retry_after=1e9)]
    house.hear(60)
    house.clock.advance(86_400)
    house.hear(60)
    assert len(house.counter.calls) == 2


def test_a_wait_that_is_over_already_does_not_hurry_us(house: House) -> None:
    """As it is where a platform names the time and our clock is ahead of its own."""
    house.post(1, age=60)
    house.counter.failures = [SourceAway("429", retry_after=0.0)] * 4
    house.hear(200)
    at = [at for at, _ in house.counter.calls]
    waits = [(after - before).total_seconds() for before, after in pairwise(at[:5])]
    assert all(wait >= least for wait, least in zip(waits, (5, 10, 20, 40), strict=True))


def test_a_platform_that_refuses_us_is_not_asked_again(house: House) -> None:
    house.post(1, age=60)
    house.counter.failures = [BadConfiguration("401")]
    assert len(of(Tick, house.hear(600))) == 600
    assert len(house.counter.calls) == 1


def test_a_ledger_that_is_away_stops_the_asking_not_the_ticks(house: House) -> None:
    house.post(1, age=60)
    house.spending.failures = [SourceAway("database is locked")] * 2
    assert len(of(Tick, house.hear(60))) == 60
    assert house.counter.calls


def test_a_post_leaves_with_its_horizon() -> None:
    house = House(horizon_hours=1.0, x_posts_per_day=1000)
    house.post(1)
    house.hear(3700)
    asked = len(house.counter.calls)
    house.hear(1000)
    assert len(house.counter.calls) == asked


def test_nothing_is_rejected_so_nothing_can_be_mapped_again(house: House) -> None:
    with pytest.raises(BadRecord, match="rejects nothing"):
        house.refresher.remap(b"{}")


def test_it_says_how_to_turn_it_on() -> None:
    assert RefresherSettings().off() == ""
    assert "enabled: true" in RefresherSettings(enabled=False).off()


class Removed:
    """Satisfies `ingest.ports.Removals`."""

    def __init__(self) -> None:
        self.found: list[tuple[datetime, str, str]] = []
        self.failures = [SourceAway("database is locked")]

    def after(self, last: tuple[datetime, str] | None, by: str, limit: int) -> list[tuple[datetime, str, str]]:
        assert by == COMMANDED
        if self.failures:
            raise self.failures.pop(0)
        return [one for one in sorted(self.found) if last is None or one[:2] > last][:limit]


def test_what_a_command_took_down_is_told_to_the_stream_once() -> None:
    clock, removed, stop = ManualClock(), Removed(), Event()
    around = replace(surroundings(clock), removals=removed)
    watches = [Watch(name="velgrad"), Watch(name="harbour")]

    def told(cursor: str, rounds: int) -> tuple[list[str], str]:
        uids = []
        for batch in islice(Refresher(RefresherSettings(), watches, around).batches(cursor, stop), rounds):
            for message in batch.messages[:-1]:
                assert isinstance(message, Takedown)
                assert message.watches == ("velgrad", "harbour")
                uids.append(message.uid)
            cursor = batch.cursor
        return uids, cursor

    removed.found = [(clock.now(), f"x:{number:04}", "deleted") for number in range(700)]
    first, cursor = told("", 65)
    assert first == [uid for _, uid, _ in removed.found]
    removed.found.append((clock.now(), "x:9", "suspended"))
    assert told(cursor, 10)[0] == ["x:9"]
    with pytest.raises(BadConfiguration, match="cursor of its own"):
        told("x", 1)


def test_two_commands_that_commit_in_another_order_than_they_began() -> None:
    clock, removed, stop = ManualClock(), Removed(), Event()
    batches = Refresher(RefresherSettings(), [], replace(surroundings(clock), removals=removed)).batches("", stop)
    began = clock.now()
    removed.failures.clear()
    removed.found = [(began + timedelta(seconds=2), f"x:{number:04}", "by hand") for number in range(600)]

    def told(rounds: int) -> list[str]:
        sent = [message for batch in islice(batches, rounds) for message in batch.messages]
        return [message.uid for message in sent if isinstance(message, Takedown)]

    assert len(told(35)) == 600
    removed.found.append((began, "x:late", "by hand"))
    assert told(35) == ["x:late"]
    assert told(400) == []
