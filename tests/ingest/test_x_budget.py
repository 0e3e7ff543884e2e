"""What X may cost, in simulation: however much is offered, no limit is passed, and reading slows before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.collectors.x.budget import (
    BURST,
    IN_FLIGHT,
    LEAST,
    Forecast,
    Limits,
    Meter,
    Purse,
    day_left,
    forecast,
    month_left,
    pace,
)
from secondsource.contracts.errors import SourceAway
from tests.fakes.clock import ManualClock
from tests.fakes.surroundings import MemorySpending

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
POSTS_A_LINE = 4


def meter(spent: float, tokens: float, cap: float = 10_000) -> Meter:
    return Meter("posts", cap, spent, IN_FLIGHT, 86_400.0, tokens=tokens)


def test_with_tokens_it_reads_without_it_waits_until_ten_minutes_are_in_again() -> None:
    assert pace([meter(0, 1.0)]).seconds == 0
    waits = pace([meter(0, 0.0)])
    assert waits.seconds == 600
    assert "slowed" in waits.why
    assert pace([meter(0, -10.0)]).seconds == pytest.approx(600 + 10 / meter(0, 0).rate)


def test_what_is_used_up_waits_for_the_next_period() -> None:
    waits = pace([meter(10_000 - IN_FLIGHT - LEAST + 1, 5.0), meter(0, -1.0)])
    assert waits.seconds == 86_400.0
    assert "10,000 posts are used" in waits.why


def test_a_burst_may_take_a_part_of_what_is_left_at_once() -> None:
    full = meter(0, 0.0).after(1e9, 0.0)
    assert full.tokens == pytest.approx(BURST * full.left)


def test_the_forecast() -> None:
    said = forecast("posts this month", 10_000, 5000, 1000, 86_400, 10 * 86_400)
    assert said.expected == 15_000
    assert "15,000 by the end of the month, which is above it" in said.sentence
    assert "within it" in Forecast("posts", 1, 2, 3).sentence


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), 1, 1),
        (datetime(2026, 2, 1, tzinfo=UTC), 86_400, 28 * 86_400),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 43_200, 43_200),
    ],
)
def test_periods_are_utc(now: datetime, day: float, month: float) -> None:
    assert day_left(now) == day
    assert month_left(now) == month
    assert day_left(now.astimezone(tz=None)) == day


class Stream:
    """Offers so many posts a second, as X would: what is on its way when reading stops was sent, and is charged."""

    def __init__(self, limits: Limits, rates: list[float]) -> None:
        self.clock = ManualClock(NOW)
        self.spending = MemorySpending()
        self.purse = Purse(limits, self.spending, self.clock)
        self.purse.open()
        self._rates = rates
        self._next = 0
        self.sent: dict[datetime, int] = {}  #: by UTC day
        self.pauses: list[float] = []

    def _line(self) -> None:
        day = self.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.sent[day] = self.sent.get(day, 0) + 1

    def run(self, until: datetime) -> None:
        step = 0
        while self.clock.now() < until:
            asked = self.purse.pace()
            if asked.seconds:
                self.pauses.append(asked.seconds)
                self.clock.advance(min(asked.seconds, 3600.0))
                continue
            rate = self._rates[step % len(self._rates)]
            step += 1
            seconds = 20.0
            for _ in range(int(rate * seconds)):
                self._line()
                self._next += 1
                self.purse.take([str(self._next)])
                if self._next % 20 == 0 and (self.purse.room() < 20 * POSTS_A_LINE or self.purse.pace().seconds):
                    # what X has sent beyond what was read: at most a second of it
                    for _ in range(min(int(rate), IN_FLIGHT)):
                        self._line()
                    break
            self.purse.settle()
            self.clock.advance(seconds)


RATES = st.lists(st.sampled_from([0.0, 0.05, 1.0, 20.0, 250.0]), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(RATES, st.sampled_from([1000, 2000, 20_000]), st.sampled_from([0, 500, 2000]))
@example([250.0], 1000, 500)
def test_no_limit_is_passed_by_what_was_read(rates: list[float], month: int, day: int) -> None:
    """What is read and counted never passes a limit; what was also sent is within what is set aside for it."""
    stream = Stream(Limits(month, day), rates)
    stream.run(NOW + timedelta(days=2))
    counted = stream.spending.units
    assert sum(counted.values()) <= month - min(IN_FLIGHT, month // 4)
    for units in counted.values():
        assert not day or units <= day - min(IN_FLIGHT, day // 4)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([1.0, 20.0, 250.0]))
def test_it_slows_before_the_limit(rate: float) -> None:
    stream = Stream(Limits(20_000), [rate])
    stream.run(NOW + timedelta(days=1))
    assert stream.pauses
    left = 20_000 - sum(stream.spending.units.values())
    assert left > 0.3 * 20_000, "after a day of ten too much, most is still there for the others"


def test_a_stream_within_its_budget_is_never_paused() -> None:
    stream = Stream(Limits(1_000_000), [0.05])
    stream.run(NOW + timedelta(days=2))
    assert stream.pauses == []


def test_the_same_post_costs_once_a_day_and_again_the_next() -> None:
    clock, spending = ManualClock(NOW), MemorySpending()
    purse = Purse(Limits(1000), spending, clock)
    purse.open()
    purse.take(["1", "2"], ["7"])
    purse.take(["1", "1"], ["7"], unnamed=1)
    clock.advance(86_400)
    purse.take(["1"])
    purse.settle(now=True)
    today = (NOW + timedelta(days=1)).date()
    assert spending.units == {("x-posts", NOW.date()): 3, ("x-profiles", NOW.date()): 1, ("x-posts", today): 1}


def test_processes_share_what_they_spent() -> None:
    clock, spending = ManualClock(NOW), MemorySpending()
    one, other = (Purse(Limits(2000), spending, clock) for _ in range(2))
    one.open()
    one.take(map(str, range(1000)))
    one.settle(now=True)
    other.open()
    assert other.room() == one.room() == 2000 - 1000 - IN_FLIGHT


def test_money_is_a_limit_of_its_own() -> None:
    clock = ManualClock(NOW)
    purse = Purse(Limits(1_000_000, 0, 15.0), MemorySpending(), clock)
    purse.open()
    assert purse.room() == pytest.approx((15.0 - 250 * 0.015) / 0.015, abs=1)
    purse.take(map(str, range(700)), map(str, range(700)))
    assert "dollars" in purse.pace().why
    assert [one.what for one in purse.forecast()] == ["posts this month", "dollars this month"]


def test_a_new_month_starts_over() -> None:
    clock = ManualClock(datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    spending = MemorySpending()
    purse = Purse(Limits(1000), spending, clock)
    purse.open()
    purse.take(map(str, range(700)))
    assert purse.pace().seconds == 3600
    clock.advance(3600)
    assert purse.pace().seconds == 0
    assert purse.room() == 750


def test_counting_goes_on_while_the_ledger_is_away() -> None:
    class Away(MemorySpending):
        def spend(self, budget: str, day: object, units: int) -> None:
            raise SourceAway("the store is away")

    purse = Purse(Limits(1000), Away(), ManualClock(NOW))
    purse.open()
    purse.take(map(str, range(300)))
    purse.settle(now=True)
    assert purse.room() == 1000 - 300 - IN_FLIGHT
