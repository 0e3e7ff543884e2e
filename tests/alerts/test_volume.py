"""Bursts in a watch's volume: told once, at any hour, and never for the clock or for what every day brings."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.spread.bursts import Burst, Bursts
from alerts.spread.volume import BUCKET, FORGOTTEN, WINDOW, Volume, VolumeReading

DAY = 86_400.0
START = 1_930_003_200.0  # midnight UTC
#: Chance that a rule of the default thresholds asks for.
RARE = 0.001


def mean_at(at: float, day: float = 20.0, night: float = 2.0) -> float:
    """Posts in five minutes of an invented town: busiest at three in the afternoon."""
    wave = 0.5 + 0.5 * math.cos((at % DAY / DAY - 15 / 24) * 2 * math.pi)
    return night + (day - night) * wave * wave


def poisson(chance: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, number, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        number, product = number + 1, product * chance.random()
    return number


def crowd(days: float, seed: int = 0, shift: float = 0.0) -> Iterator[tuple[float, float]]:
    """Counts of five minutes, with now and then a busier hour, as watches have them."""
    chance = random.Random(seed)
    busy = 1.0
    for number in range(int(days * DAY / BUCKET)):
        at = START + number * BUCKET
        if number % 12 == 0:
            busy = chance.lognormvariate(0.0, 0.3)
        yield at, float(poisson(chance, busy * mean_at(at + shift)))


def taken(bursts: Bursts, counts: Iterable[tuple[float, float]]) -> list[Burst]:
    return [bursts.take(at, count) for at, count in counts]


def watched(days: float, seed: int = 0) -> Volume:
    volume = Volume("velgrad")
    fill(volume, crowd(days, seed))
    return volume


def fill(volume: Volume, counts: Iterable[tuple[float, float]]) -> None:
    for at, count in counts:
        for number in range(int(count)):
            volume.post(at + number * BUCKET / (count + 1))


# --- the finder ------------------------------------------------------------------------------------------------------


def test_the_first_two_days_are_too_little() -> None:
    readings = taken(Bursts(BUCKET), crowd(3))
    enough = [burst.enough for burst in readings]
    assert enough == [False] * 576 + [True] * (len(enough) - 576)
    assert all(burst.score == 0.0 for burst in readings[:576])


def test_an_ordinary_month_has_hardly_a_surprise() -> None:
    readings = [burst for burst in taken(Bursts(BUCKET), crowd(30, seed=3)) if burst.enough]
    assert sum(burst.surprise <= RARE for burst in readings) <= len(readings) * RARE


@pytest.mark.parametrize("hour", [4, 15])
def test_a_burst_is_told_at_night_and_by_day(hour: int) -> None:
    bursts = Bursts(BUCKET)
    taken(bursts, crowd(14))
    at = START + 14 * DAY
    for _ in range(hour * 12):
        bursts.take(at, round(mean_at(at)))
        at += BUCKET
    burst = [bursts.take(at + place * BUCKET, mean_at(at) * 4 + 40) for place in range(3)][-1]
    assert burst.news
    assert burst.surprise <= RARE


def test_what_every_afternoon_brings_is_none_at_that_hour_but_is_at_night() -> None:
    bursts = Bursts(BUCKET)
    taken(bursts, crowd(21, seed=1))
    night, afternoon = START + 21 * DAY + 3 * 3600, START + 21 * DAY + 15 * 3600
    assert bursts.expected(afternoon) > 3 * bursts.expected(night)
    busy = 3 * mean_at(afternoon)
    assert bursts.look(night, busy).height > 1.5 * bursts.look(afternoon, busy).height


def test_a_hot_hour_neither_raises_what_is_expected_nor_hides_the_next_burst() -> None:
    calm, hot = Bursts(BUCKET), Bursts(BUCKET)
    days = list(crowd(21, seed=2))
    hour = range(14 * 288 + 40, 14 * 288 + 52)  # a week before
    heated = [(at, 5_000.0 if number in hour else count) for number, (at, count) in enumerate(days)]
    taken(calm, days)
    taken(hot, heated)
    at = START + 21 * DAY
    for part in range(24):
        there = at + part * 3_600
        assert hot.expected(there) == pytest.approx(calm.expected(there), rel=0.15)
    assert hot.look(at, 300.0).height > 0.6 * calm.look(at, 300.0).height
    assert hot.look(at, 300.0).surprise <= RARE


def test_a_burst_is_news_once_and_again_when_it_has_grown() -> None:
    bursts = Bursts(BUCKET)
    taken(bursts, crowd(14))
    at = START + 14 * DAY
    counts = [400.0] * 12 + [3_000.0] * 6
    news = [bursts.take(at + place * BUCKET, count).news for place, count in enumerate(counts)]
    assert news[0]
    assert not any(news[6:12])  # as high as before, but no higher
    assert news[12]
    assert not any(bursts.take(at + (18 + place) * BUCKET, 5.0).score for place in range(200))


def test_a_new_level_is_told_and_then_lived_with() -> None:
    bursts = Bursts(BUCKET)
    taken(bursts, crowd(14))
    louder = [(at + 14 * DAY, 30.0 * count) for at, count in crowd(10, seed=5)]
    after = taken(bursts, louder)
    assert after[3].surprise <= RARE
    assert not any(burst.surprise <= RARE for burst in after[3 * 288 :])


@pytest.mark.parametrize("shift", [3_600.0, -3_600.0])
def test_when_the_clocks_change_nothing_is_told(shift: float) -> None:
    bursts = Bursts(BUCKET)
    taken(bursts, crowd(21, seed=6))
    before = bursts.expected(START + 21 * DAY + 20 * 3_600)
    after = [(at + 21 * DAY, count) for at, count in crowd(14, seed=7, shift=shift)]
    assert not any(burst.surprise <= RARE for burst in taken(bursts, after))
    night = START + 35 * DAY + 20 * 3_600
    unlearnt = abs(before - mean_at(night + shift))
    assert abs(bursts.expected(night) - mean_at(night + shift)) < 0.7 * unlearnt  # the hours are learnt anew


def test_nothing_later_is_looked_at() -> None:
    days = list(crowd(5, seed=8))
    whole = taken(Bursts(BUCKET), days)
    assert taken(Bursts(BUCKET), days[:1_000]) == whole[:1_000]


def test_counts_of_other_buckets_are_judged_too() -> None:
    bursts = Bursts(3_600.0)
    counts = [(START + number * 3_600.0, 12.0 * mean_at(START + number * 3_600.0)) for number in range(24 * 21)]
    assert not any(burst.score > 0.8 for burst in taken(bursts, counts))
    assert bursts.take(START + 21 * DAY, 4_000.0).score > 0.8


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=120), st.floats(0, 1e9))
def test_more_posts_are_never_less_surprising(counts: list[float], more: float) -> None:
    bursts = Bursts(3_600.0)
    taken(bursts, [(START + place * 3_600.0, count) for place, count in enumerate(counts)])
    at = START + len(counts) * 3_600.0
    less, most = bursts.look(at, more / 2), bursts.look(at, more)
    assert 0.0 <= less.height <= most.height < math.inf
    assert 0.0 <= most.surprise <= less.surprise <= 1.0
    assert 0.0 <= most.score < 1.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 100_000), max_size=200), st.integers(0, 199))
def test_a_finder_that_was_saved_goes_on_as_one_that_was_not(counts: list[int], cut: int) -> None:
    series = [(START + place * 1_800.0, float(count)) for place, count in enumerate(counts)]
    whole, first, second = Bursts(1_800.0), Bursts(1_800.0), Bursts(1_800.0)
    taken(first, series[:cut])
    second.load(first.save())
    assert taken(whole, series)[cut:] == taken(second, series[cut:])
    assert whole.save() == second.save()


# --- the watch -------------------------------------------------------------------------------------------------------


def test_a_watch_without_posts_has_nothing_to_say() -> None:
    volume = Volume("velgrad")
    volume.advance(START)
    assert volume.reading(START) == VolumeReading("insufficient data", 0, 0.0, 1.0, START)
    assert volume.changes() == {}


def test_a_young_watch_says_so() -> None:
    volume = watched(1)
    for _ in range(10_000):
        volume.post(START + DAY)
    reading = volume.reading(START + DAY)
    assert reading.state == "insufficient data"
    assert reading.surprise == 1.0
    assert reading.posts >= 10_000


def test_a_week_of_silence_then_ten_thousand_in_a_minute() -> None:
    volume = watched(7)
    at = START + 14 * DAY
    assert volume.reading(at).state == "measured"
    assert volume.reading(at).surprise == 1.0
    for number in range(10_000):
        volume.post(at + 60.0 + number * 0.006)
    reading = volume.reading(at + 120.0)
    assert reading.state == "measured"
    assert reading.posts == 10_000
    assert reading.surprise < 1e-6
    assert reading.expected < WINDOW / BUCKET * 20
    assert reading.since == at + BUCKET - WINDOW


def test_a_spike_is_seen_before_its_bucket_is_over_and_until_the_next_has_posts() -> None:
    volume = watched(7)
    at = START + 7 * DAY + BUCKET
    surprises = []
    for number in range(500):
        volume.post(at + number * 0.1)
        surprises.append(volume.reading(at + number * 0.1).surprise)
    assert surprises == sorted(surprises, reverse=True)
    assert surprises[-1] <= RARE
    assert volume.reading(at + BUCKET).surprise <= surprises[-1]
    assert volume.reading(at + DAY).surprise > RARE


@pytest.mark.parametrize("steps", [1, 7, 10_000])
def test_a_watch_silent_for_four_weeks_begins_anew(steps: int) -> None:
    volume = watched(7)
    at = START + 7 * DAY + (FORGOTTEN + 2) * BUCKET
    for step in range(steps):
        volume.advance(START + 7 * DAY + (step + 1) / steps * (at - START - 7 * DAY))
    assert volume.reading(at) == VolumeReading("insufficient data", 0, 0.0, 1.0, at)
    for _ in range(500):
        volume.post(at)
    assert volume.reading(at).state == "insufficient data"
    assert volume.reading(at).posts == 500
    fresh = Volume("velgrad")
    for _ in range(500):
        fresh.post(at)
    assert fresh.reading(at + 7_200) == volume.reading(at + 7_200)


def test_a_watch_silent_for_less_is_known() -> None:
    volume = watched(7)
    at = START + 7 * DAY + (FORGOTTEN - 2) * BUCKET
    for _ in range(500):
        volume.post(at)
    assert volume.reading(at).state == "measured"
    assert volume.reading(at).surprise <= RARE


def test_the_end_of_a_replay_closes_nothing() -> None:
    volume = watched(3)
    before = volume.reading(START + 3 * DAY)
    volume.advance(math.inf)
    assert volume.reading(START + 3 * DAY) == before


def test_what_is_saved_stays_small() -> None:
    volume = watched(30)
    parts = volume.changes()
    assert sum(len(body or b"") for body in parts.values()) < 8_000
    volume.advance(START + 30 * DAY)
    volume.changes()
    volume.post(START + 30 * DAY)
    assert list(volume.changes()) == ["velgrad/volume/1"]
    assert volume.changes() == {}


def _times(days: float, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [at + chance.uniform(0, BUCKET - 1e-3) for at, count in crowd(days, seed) for _ in range(int(count))]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.floats(0, 3))
def test_within_a_bucket_the_order_makes_no_difference(seed: int, days: float) -> None:
    times = _times(2.5, seed)
    ordered, mixed = Volume("velgrad"), Volume("velgrad")
    for at in sorted(times):
        ordered.post(at)
    chance = random.Random(seed)
    for at in sorted(times, key=lambda at: (at // BUCKET, chance.random())):
        mixed.post(at)
    at = START + 2.5 * DAY + days * 600
    assert ordered.reading(at) == mixed.reading(at)
    assert ordered.changes() == mixed.changes()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.lists(st.floats(0, 1), max_size=4), st.booleans())
def test_a_watch_that_was_stopped_and_started_reads_the_same(seed: int, cuts: list[float], asked: bool) -> None:
    times = sorted(_times(2.5, seed))
    stops = sorted({int(cut * len(times)) for cut in cuts})
    whole, resumed, parts = Volume("velgrad"), Volume("velgrad"), dict[str, bytes | None]()
    for number, at in enumerate(times):
        if number in stops:
            parts |= resumed.changes()
            resumed = Volume("velgrad")
            resumed.restore((int(name.rpartition("/")[2]), body) for name, body in parts.items() if body is not None)
        for volume in (whole, resumed):
            volume.post(at)
            if asked:
                volume.reading(at)
    at = START + 2.5 * DAY
    assert resumed.reading(at) == whole.reading(at)
    assert resumed.reading(at + 7_200) == whole.reading(at + 7_200)


def test_hours_in_which_a_collector_was_blind_are_no_silence() -> None:
    blind, sees_again = START + 14 * DAY, START + 15 * DAY
    unaware = Volume("velgrad")
    aware = Volume("velgrad", lambda start, end: end > blind and start < sees_again)
    for volume in (unaware, aware):
        fill(volume, crowd(14, seed=4))
        fill(volume, [(at + 15 * DAY, count) for at, count in crowd(1, seed=9)])
    as_ever = watched(15, seed=4)
    there = [
        volume.reading(START + days * DAY).expected for volume, days in ((unaware, 16), (aware, 16), (as_ever, 15))
    ]
    assert there[0] < 0.95 * there[1]
    assert there[1] == pytest.approx(there[2], rel=0.1)


def test_what_comes_in_from_others_while_one_is_blind_counts() -> None:
    volume = Volume("velgrad", lambda _start, _end: True)
    fill(volume, crowd(14, seed=4))
    fill(volume, [(START + 14 * DAY, 400.0)])
    assert volume.reading(START + 14 * DAY + 299.0).posts >= 400
