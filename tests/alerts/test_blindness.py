"""When a watch was not seen: as moments, told in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from alerts.judging.blindness import Blindness
from secondsource.contracts.messages import Coverage

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECONDS = st.integers(0, 20)


def told(collector: str, start: int, length: int, state: Literal["seen", "blind"], reason: str) -> Coverage:
    return Coverage(
        collector=collector,
        watches=("velgrad",),
        start=NOON + timedelta(seconds=start),
        end=NOON + timedelta(seconds=start + length),
        state=state,
        reason=reason,
    )


messages = st.lists(
    st.builds(told, st.sampled_from(["x", "bluesky"]), SECONDS, SECONDS, st.just("blind"), st.sampled_from(["", "429"]))
    | st.builds(
        told, st.sampled_from(["x", "bluesky"]), SECONDS, SECONDS, st.just("seen"), st.sampled_from(["", "search"])
    ),
    max_size=12,
)


def of(coverage: list[Coverage]) -> Blindness:
    blindness = Blindness()
    for each in coverage:
        blindness.tell(each)
    return blindness


def during(blindness: Blindness, start: float, end: float) -> tuple[str, ...]:
    noon = NOON.timestamp()
    return blindness.during(noon + start, noon + end)


@given(messages, SECONDS, st.integers(1, 20))
def test_it_is_what_each_moment_says(coverage: list[Coverage], start: int, length: int) -> None:
    """A collector is blind in a moment that a blind interval holds and no interval found afterwards does."""

    def blind(collector: str, moment: float) -> bool:
        at = NOON + timedelta(seconds=moment)
        ours = [each for each in coverage if each.collector == collector and each.start < at < each.end]
        return any(each.state == "blind" for each in ours) and not any(
            each.state == "seen" and each.reason for each in ours
        )

    halves = [start + half + 0.5 for half in range(length)]
    expected = tuple(name for name in ("bluesky", "x") if any(blind(name, moment) for moment in halves))
    assert during(of(coverage), start, start + length) == expected


@given(messages.flatmap(lambda one: st.tuples(st.just(one), st.permutations(one), st.integers(0, 12))))
def test_neither_order_nor_repetition_nor_a_restart_matters(case: tuple[list[Coverage], list[Coverage], int]) -> None:
    once, shuffled, cut = case
    again = of([*shuffled[:cut], *shuffled[:cut]])
    restarted = Blindness()
    restarted.load(*again.save())
    for each in shuffled[cut:]:
        restarted.tell(each)
    assert restarted.save() == of(once).save()
    assert [during(restarted, n, n + 1) for n in range(40)] == [during(of(once), n, n + 1) for n in range(40)]


def test_what_is_remembered_is_bounded() -> None:
    blindness = of([told("x", 10 * n, 5, "blind", "") for n in range(1000)])
    assert len(blindness.save()[0]) == 200
    assert during(blindness, 9990, 9999) == ("x",)
    grows = of([told("x", 0, n, "blind", "silent") for n in range(1, 1000)])
    assert len(grows.save()[0]) == 1
