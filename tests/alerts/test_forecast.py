"""What a story will have at twice its age and in the end, from those that stood like it."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.spread.forecast import FEWEST, MOST_STORIES, Foresight, Horizon, stale
from alerts.spread.forecast_replay import Act, Forecasts, replay_forecasts
from alerts.spread.growth import GRID, Growth, shape
from secondsource.contracts.messages import Forecast

_steps = st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 50)), max_size=40)


@given(_steps)
def test_growth_knows_what_it_was_told_and_when(steps: list[tuple[float, int]]) -> None:
    growth = Growth()
    for age, count in steps:
        growth.reach(age, count)
    assert growth.count == (steps[-1][1] if steps else 0)
    assert growth.age == max((age for age, _ in steps), default=0)
    assert -1e-6 <= growth.weight <= growth.count * growth.age * (1 + 1e-9)
    counts, weights = growth.complete()
    assert len(counts) == len(weights) == len(GRID)
    assert shape(1e7, growth.count, growth.weight).earliness <= 0


def test_growth_is_noted_as_it_stood_at_each_age() -> None:
    growth = Growth()
    for second in range(1, 101):
        growth.reach(float(second), second)
    growth.reach(5_000.0, 101)
    assert growth.counts[:4] == [30, 42, 60, 84]
    assert growth.counts[4:8] == [100] * 4
    assert shape(100.0, 100, sum(range(1, 101))).earliness == pytest.approx(-0.693, abs=0.02), "even growth"


def test_counts_that_come_at_once_are_taken_to_have_come_evenly() -> None:
    one_by_one, at_once = Growth(), Growth()
    for second in range(1, 1_001):
        one_by_one.reach(float(second), second)
    at_once.reach(1_000.0, 1_000)
    assert at_once.weight == pytest.approx(one_by_one.weight, rel=0.01)


def test_a_clock_that_is_set_back_does_not_turn_growth_round() -> None:
    growth = Growth()
    growth.reach(7_200.0, 10)
    growth.reach(3_600.0, 11)
    growth.reach(7_300.0, 12)
    assert (growth.age, growth.count) == (7_300.0, 12)
    assert growth.weight <= 12 * 7_300


@dataclass
class Town:
    """Stories that grow as a power of age up to a size, by luck larger or smaller."""

    chance: random.Random

    def story(self, name: str, at: float) -> list[Act]:
        size = int(self.chance.lognormvariate(4.5, 0.8)) + 10
        half = self.chance.lognormvariate(8.0, 0.7)
        shares = sorted(self.chance.random() for _ in range(size))
        return [Act(name, at)] + [Act(name, at + half * share / (1.002 - share)) for share in shares]

    def stories(self, number: int) -> list[Act]:
        return [act for one in range(number) for act in self.story(f"s{one}", one * 7_200.0)]


def held(told: list[Forecasts], acts: list[Act]) -> tuple[float, float]:
    """Shares of forecasts whose interval held what came: at twice the age, and in the end."""
    came: dict[str, list[float]] = {}
    for act in acts:
        came.setdefault(act.story, []).append(act.at)
    twice = final = 0
    for one in told:
        start, *times = came[one.story]
        twice += one.twice.low <= sum(at <= start + 2 * one.age for at in times) <= one.twice.high
        final += one.final.low <= len(times) <= one.final.high
    return twice / len(told), final / len(told)


def test_four_intervals_of_five_hold_what_comes() -> None:
    acts = Town(random.Random(7)).stories(900)
    told = [one for one in replay_forecasts(acts, (900.0, 3_600.0), 86_400.0) if one.learnt >= 300]
    assert len(told) > 1_000
    twice, final = held(told, acts)
    assert 0.75 <= twice <= 0.87
    assert 0.75 <= final <= 0.87


def test_a_forecast_knows_nothing_of_what_comes_after_it() -> None:
    acts = Town(random.Random(3)).stories(120)
    whole = {(one.story, one.age): one for one in replay_forecasts(acts, (900.0, 3_600.0), 86_400.0)}
    cut = acts[len(acts) // 2].at
    known = [act for act in acts if act.at <= cut]
    started = {act.story: act.at for act in reversed(acts)}
    said = [one for one in replay_forecasts(known, (900.0, 3_600.0), 86_400.0) if started[one.story] + one.age < cut]
    assert len(said) > 60
    assert all(whole[one.story, one.age] == one for one in said)


def test_the_order_of_lines_does_not_matter() -> None:
    acts = Town(random.Random(5)).stories(40)
    mixed = sorted(acts, key=lambda act: hash((act.story, -act.at)))
    assert list(replay_forecasts(mixed, (900.0,), 3_600.0)) == list(replay_forecasts(acts, (900.0,), 3_600.0))


def test_what_is_known_beforehand_counts_from_the_beginning() -> None:
    known = Town(random.Random(1)).stories(400)
    acts = Town(random.Random(2)).story("new", 1e9)
    (without,) = replay_forecasts(acts, (900.0,), 86_400.0)
    (with_,) = replay_forecasts(acts, (900.0,), 86_400.0, known)
    assert (without.learnt, with_.learnt) == (0, 400)
    assert without.final != with_.final


@given(st.integers(0, 10_000), st.floats(1, 1e6), st.integers(0, 60))
def test_a_forecast_is_never_below_what_there_is(count: int, age: float, stories: int) -> None:
    foresight = Foresight("velgrad")
    for one in range(stories):
        growth = Growth()
        growth.reach(100.0 * one, 10 * one)
        foresight.learn(growth)
    horizons: tuple[Horizon, Horizon] = ("twice", "final")
    for horizon in horizons:
        low, middle, high = foresight.range(count, shape(age, count, count * age / 3), age, horizon)
        assert count <= low <= middle <= high


def test_what_all_come_by_in_a_moment_is_foretold_as_a_number_that_can_be_kept() -> None:
    """As when a platform's counts are corrected by powers of ten: nothing like it was ever seen."""
    growth = Growth()
    growth.reach(86_400.0, 1)
    growth.reach(86_401.0, 100_000_000)
    found = Foresight("velgrad").forecast(growth, 86_401.0)
    assert 100_000_000 <= found.low <= found.middle <= found.high <= 1e12


def test_foresight_is_the_same_after_saving_and_bounded() -> None:
    chance = random.Random(11)
    foresight, again, parts = Foresight("velgrad"), Foresight("velgrad"), {}
    for number in range(MOST_STORIES + 300):
        growth = Growth()
        for age in sorted(chance.expovariate(1e-4) for _ in range(FEWEST + number % 30)):
            growth.reach(age, growth.count + 1)
        foresight.learn(growth)
        if number % 100 == 0:
            parts.update(foresight.changes())
    parts.update(foresight.changes())
    bodies = [(int(name.rsplit("/", 1)[1]), body) for name, body in sorted(parts.items()) if body is not None]
    again.restore(bodies)
    assert again.learnt == foresight.learnt == MOST_STORIES + 300
    at_an_hour = shape(3_600.0, 20, 20_000.0)
    assert again.range(20, at_an_hour, 3_600.0, "final") == foresight.range(20, at_an_hour, 3_600.0, "final")
    assert sum(len(body) for _, body in bodies) < 2_000_000


def test_what_went_nowhere_teaches_nothing() -> None:
    foresight, growth = Foresight("velgrad"), Growth()
    growth.reach(10.0, FEWEST - 1)
    foresight.learn(growth)
    assert foresight.learnt == 0
    assert foresight.changes() == {}


def test_a_forecast_stands_until_a_story_has_grown_or_aged_by_a_tenth() -> None:
    forecast = Forecast(at_seconds=2_000.0, low=1, middle=2, high=3)
    assert stale(None, 0, 100, 1_000.0)
    assert not stale(forecast, 100, 100, 1_050.0)
    assert stale(forecast, 100, 100, 1_101.0)
    assert stale(forecast, 100, 115, 1_000.0)
    assert stale(forecast, 100, 80, 1_000.0), "or shrunk"


def test_platform_counts_that_fall_repeat_jump_back_or_come_late_are_one_count() -> None:
    steady = [Act("s", 0.0), Act("s", 600.0, interactions=500)]
    odd = [
        Act("s", 0.0),
        Act("s", 600.0, interactions=500),
        Act("s", 610.0, interactions=0),
        Act("s", 620.0, interactions=500),
        Act("s", 605.0, interactions=480),
    ]
    (one,), (other,) = replay_forecasts(steady, (900.0,), 3_600.0), replay_forecasts(odd, (900.0,), 3_600.0)
    assert one == other
    assert one.interactions == 500
