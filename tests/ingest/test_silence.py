"""Silence is called where a stream's own past leaves hardly a doubt, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.silence import ENOUGH, EVEN, IMPROBABLE, SCALES, UNKNOWN, WINDOW, Scale, Silence

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def stream(rates: list[float], seed: int = 1) -> list[datetime]:
    """Times of posts that come by Poisson's law, at so many a minute in each minute."""
    random = Random(seed)
    times = []
    for minute, rate in enumerate(rates):
        at = random.expovariate(rate) if rate else 1.0
        while at < 1:
            times.append(NOON + minute * MINUTE + at * MINUTE)
            at += random.expovariate(rate)
    return times


def after(times: list[datetime]) -> Silence:
    silence = Silence()
    silence.opened(NOON)
    for at in times:
        silence.came(at)
    return silence


def called(times: list[datetime]) -> int:
    """How many of the silences between posts were called so, asked every quarter of a minute."""
    silence = Silence()
    silence.opened(NOON)
    count, last = 0, NOON
    for at in times:
        asked, now = False, last
        while not asked and now < at:
            asked = bool(silence.reason(now))
            now += MINUTE / 4
        count += asked
        silence.came(at)
        last = at
    return count


DAY = 60 * 24


def test_a_stream_that_stops_is_silent_once_calm_is_hardly_possible() -> None:
    silence = after(stream([7.0] * (DAY + 20)))
    assert silence.since is not None
    assert silence.reason(silence.since + MINUTE) == ""
    why = silence.reason(silence.since + 12 * MINUTE)
    assert why.startswith("connected but silent: no post for 12 min where about 8")
    silence.came(silence.since + 13 * MINUTE)
    assert silence.reason(silence.since + MINUTE) == ""


def test_before_a_day_has_been_seen_only_busy_streams_are_judged() -> None:
    calm, busy = after(stream([7.0] * 120)), after(stream([600.0] * 120))
    assert calm.since is not None
    assert busy.since is not None
    assert calm.reason(calm.since + 12 * 60 * MINUTE) == ""
    assert busy.reason(busy.since + 15 * MINUTE) == ""
    assert "20 min where about 1" in busy.reason(busy.since + 20 * MINUTE)


def test_a_calm_stream_is_not_silent() -> None:
    silence = after(stream([1 / 30] * DAY * 4))
    assert silence.since is not None
    assert silence.reason(silence.since + 90 * MINUTE) == "", "three posts were expected"
    assert "12 h where about 2" in silence.reason(silence.since + 12 * 60 * MINUTE)


def test_without_history_nothing_is_said() -> None:
    assert Silence().reason(NOON) == ""
    silence = after(stream([100.0] * (ENOUGH - 2)))
    assert silence.since is not None
    assert silence.reason(silence.since + timedelta(days=300)) == ""


@pytest.mark.parametrize("a_minute", [0.05, 1.0, 8.0])
def test_even_streams_are_hardly_ever_called_silent(a_minute: float) -> None:
    times = stream([a_minute] * max(2 * DAY, int(1000 / a_minute)))
    assert len(times) > 900
    assert called(times) <= 2


def test_nights_are_not_called_silent() -> None:
    assert called(stream(([4.0] * 60 * 16 + [0.1] * 60 * 8) * 5)) <= 6


def test_a_burst_does_not_make_what_follows_silent() -> None:
    assert called(stream([0.5] * DAY + [400.0] * 15 + [0.5] * 600)) == 0


def test_a_stream_calmer_for_good_is_believed_in_time() -> None:
    times = stream([8.0] * DAY + [0.05] * DAY * 4)
    assert called(times) <= 40, "of some three hundred silences"
    assert after(times).reason(times[-1] + 60 * MINUTE) == ""


def test_a_long_silence_does_not_teach_that_silence_is_usual() -> None:
    silence = after(stream([7.0] * (DAY + 20)))
    mute_since = silence.since
    assert mute_since is not None
    assert silence.reason(mute_since + 2 * MINUTE)
    silence.came(mute_since + timedelta(days=1))
    for minute in range(30):
        for second in range(0, 60, 8):
            silence.came(mute_since + timedelta(days=1, minutes=minute, seconds=second))
    assert silence.since is not None
    assert silence.reason(silence.since + 20 * MINUTE)


def test_opening_begins_the_waiting_anew() -> None:
    silence = after(stream([7.0] * (DAY + 20)))
    assert silence.since is not None
    later = silence.since + timedelta(days=2)
    silence.opened(later)
    assert silence.reason(later + MINUTE) == ""
    assert "12 min" in silence.reason(later + 12 * MINUTE)


@given(
    mean=st.floats(0.01, 1e6),
    variance=st.floats(0, 1e9),
    windows=st.floats(0, 1e4),
    more=st.floats(0, 1e4),
)
def test_longer_is_never_more_probable(mean: float, variance: float, windows: float, more: float) -> None:
    scale = Scale(96, mean, variance)
    assert 0 <= scale.nothing(windows + more) <= scale.nothing(windows) <= 1
    even = Scale(96, mean, mean)
    assert scale.nothing(windows) >= even.nothing(windows) * (1 - 1e-9), "an uneven stream is given more time"


def test_the_formula() -> None:
    assert Scale(50, 10.0, 10.0).nothing(1) == pytest.approx((1 + EVEN * 10) ** (-1 / EVEN))
    assert Scale(50, 10.0, 60.0).nothing(2) == pytest.approx((1 + 0.5 * 20) ** -2.0)
    assert Scale(50, 0.0, 0.0).nothing(2) == 1
    assert Scale(50, 10.0, 10.0).nothing(1, UNKNOWN) == pytest.approx(1 / 11)
    assert Scale(50, 11.0, 0.0).nothing(1) < 2 * IMPROBABLE


@given(counts=st.lists(st.integers(0, 1), min_size=1, max_size=96))
def test_mean_and_variance_are_those_of_the_windows(counts: list[int]) -> None:
    scale = Scale()
    for count in counts:
        scale = scale.with_one(count, 96)
    mean = sum(counts) / len(counts)
    assert scale.windows == len(counts)
    assert scale.mean == pytest.approx(mean)
    assert scale.variance == pytest.approx(sum((count - mean) ** 2 for count in counts) / len(counts), abs=1e-9)
    assert scale.empty == pytest.approx(counts.count(0) / len(counts), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    gaps=st.lists(st.floats(0, 600), min_size=1, max_size=300),
    quiet=st.floats(0, 1e6),
    shift=st.integers(-(10**6), 10**6),
)
def test_saved_and_taken_up_it_judges_alike_wherever_time_begins(gaps: list[float], quiet: float, shift: int) -> None:
    def run(start: datetime) -> tuple[Silence, datetime]:
        silence, at = Silence(), start
        silence.opened(at)
        for gap in gaps:
            at += timedelta(seconds=gap)
            silence.came(at, 3)
        return silence, at

    silence, last = run(NOON)
    moved, moved_last = run(NOON + timedelta(seconds=shift))
    assert moved.saved() == silence.saved()
    body = msgspec.json.encode(silence.saved())
    assert len(body) < 500
    resumed = Silence(msgspec.json.decode(body, type=tuple[Scale, ...]))
    resumed.opened(last)
    asked = timedelta(seconds=quiet)
    assert resumed.reason(last + asked) == silence.reason(last + asked) == moved.reason(moved_last + asked)


def test_a_clock_set_back_does_no_harm() -> None:
    silence = after(stream([7.0] * 60))
    silence.came(NOON - timedelta(hours=5))
    assert silence.reason(NOON - timedelta(hours=5)) == ""
    assert Silence([Scale(1, 2.0, 3.0)] * (SCALES + 3)).saved() == (Scale(1, 2.0, 3.0),) * SCALES
    assert timedelta(minutes=1) == WINDOW
