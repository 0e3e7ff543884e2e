"""The laws of who is asked again, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.refreshing import (
    LATEST,
    SOONEST,
    Asked,
    Budget,
    Calls,
    Look,
    Missing,
    due,
    interval,
    new_posts_left,
    urgency,
)
from secondsource.contracts.messages import Counts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = 3600.0
AGES = st.floats(0, 80 * HOUR)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@st.composite
def looks(draw: st.DrawFn) -> Look:
    age = draw(AGES)
    total = draw(st.integers(0, 10_000))
    return Look(
        uid=f"x:{draw(st.integers(0, 10**9))}",
        created_at=ago(age),
        looked_at=draw(st.none() | st.floats(0, age).map(ago)),
        total=total,
        gained=draw(st.none() | st.integers(-total, total)),
        free=draw(st.booleans()),
    )


@given(looks())
def test_looks_are_neither_too_close_nor_too_far_apart(look: Look) -> None:
    assert SOONEST <= interval(look, NOW) <= 2 * LATEST


@given(looked=st.floats(60, HOUR), young=st.floats(0, 2 * HOUR), old=st.floats(12 * HOUR, 48 * HOUR))
def test_a_rising_young_post_comes_before_an_old_still_one(looked: float, young: float, old: float) -> None:
    rising = Look("x:9", ago(looked + young), ago(looked), total=100, gained=50)
    still = Look("x:1", ago(old), ago(looked), total=100, gained=0)
    assert urgency(rising, NOW) > urgency(still, NOW)
    assert due([still, rising], NOW, 1) in (["x:9"], [])


@given(looks())
def test_growing_old_or_calm_never_hastens_a_look(look: Look) -> None:
    older = look._replace(created_at=look.created_at - timedelta(hours=1))
    assert interval(older, NOW) >= interval(look, NOW)
    if look.looked_at is not None:
        assert interval(look._replace(gained=0), NOW) >= interval(look, NOW)


@given(st.lists(looks(), max_size=60), st.integers(0, 30), st.none() | st.integers(0, 30))
def test_no_more_are_chosen_than_may_be(given_looks: list[Look], most: int, most_new: int | None) -> None:
    by_uid = {look.uid: look for look in given_looks}
    chosen = due(by_uid.values(), NOW, most, most_new)
    assert len(chosen) <= most
    assert len(set(chosen)) == len(chosen)
    assert all(urgency(by_uid[uid], NOW) >= 1 for uid in chosen)
    if most_new is not None:
        assert sum(not by_uid[uid].free for uid in chosen) <= most_new
    left_out = [look for uid, look in by_uid.items() if uid not in chosen and urgency(look, NOW) >= 1]
    if most_new is None and left_out and chosen:
        assert max(urgency(look, NOW) for look in left_out) <= min(urgency(by_uid[uid], NOW) for uid in chosen)


def test_what_is_free_is_asked_also_when_the_days_budget_is_used() -> None:
    paid = Look("x:1", ago(HOUR), ago(HOUR / 2), free=True)
    new = Look("x:2", ago(HOUR), None, free=False)
    assert due([paid, new], NOW, 9, 0) == ["x:1"]
    assert due([paid, new], NOW, 9, 1) == ["x:2", "x:1"]


@given(st.integers(0, 5000), st.integers(0, 6000), st.floats(0, 86_399))
def test_a_days_budget_is_let_out_hour_by_hour_and_never_exceeded(budget: int, spent: int, second: float) -> None:
    now = NOW.replace(hour=0) + timedelta(seconds=second)
    left = new_posts_left(Budget(9, posts_per_day=budget), spent, now)
    assert left is not None
    assert left >= 0
    assert spent + left <= max(spent, budget)
    if second < 6 * HOUR:
        assert left <= budget * 7 / 24 + 1


def test_a_platform_without_a_budget_of_posts_has_none() -> None:
    assert new_posts_left(Budget(9), 10**9, NOW) is None


@given(st.lists(st.floats(0, 1000), max_size=200), st.integers(1, 10))
def test_calls_never_exceed_the_window(pauses: list[float], most: int) -> None:
    calls, now, made = Calls(Budget(most, 300.0)), NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        if calls.left(now) > 0:
            calls.make(now)
            made.append(now)
        assert sum(at > now - timedelta(seconds=300) for at in made) <= most


@given(
    st.lists(st.floats(0, 2 * HOUR), min_size=1, max_size=40),
    st.integers(1, 5),
    st.lists(st.integers(0, 3), min_size=40, max_size=40),
)
def test_every_post_is_asked_before_it_leaves_the_horizon(born: list[float], most: int, growth: list[int]) -> None:
    """With a call of `most` posts each two minutes, 40 posts in two hours never wait for longer than their horizon."""
    horizon, asked = 2 * HOUR, dict[int, list[float]]()
    for second in range(0, int(4 * HOUR), 120):
        now = NOW + timedelta(seconds=second)
        alive = {
            f"x:{n}": Look(
                f"x:{n}",
                NOW + timedelta(seconds=at),
                NOW + timedelta(seconds=asked[n][-1]) if n in asked else None,
                total=10 * len(asked.get(n, ())),
                gained=growth[n] if n in asked else None,
            )
            for n, at in enumerate(born)
            if at <= second < at + horizon
        }
        for uid in due(alive.values(), now, most):
            asked.setdefault(int(uid[2:]), []).append(second)
    assert set(asked) == set(range(len(born)))


@pytest.mark.parametrize(
    ("present", "gone", "explicit", "patience"),
    [
        (9, 1, False, 120.0),
        (5, 5, False, 120.0),
        (4, 6, False, 3600.0),
        (4, 6, True, 3600.0),
        (1, 3, False, 120.0),
        (0, 3, False, 3600.0),
        (0, 3, True, 120.0),
        (0, 0, False, 3600.0),
    ],
)
def test_much_missing_at_once_is_doubted(present: int, gone: int, explicit: bool, patience: float) -> None:
    counts = {f"x:{n}": Counts() for n in range(present)}
    answer = Asked(counts, {f"x:{n + 50}": "not found" for n in range(gone)}, explicit)
    assert Missing().patience(answer) == patience
