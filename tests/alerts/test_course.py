"""How a story's spread is drawn: its course never falls, and counts as spread itself does."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.spread.course import MOMENTS, chart_path, course, lines, sparkline
from alerts.spread.surprise import Tally
from secondsource.contracts.evidence import Step, StoryTrail
from secondsource.contracts.messages import StoryUpdate
from tests.delivery.stories import event, spread

STORY = event().story
BEGAN = STORY.as_of - timedelta(seconds=STORY.spread.age_seconds)


def story(interactions: int, expected: float = 21.4) -> StoryUpdate:
    return replace(STORY, spread=replace(spread(interactions), expected=expected))


steps = st.lists(
    st.builds(
        lambda seconds, post, account, interactions: Step(
            BEGAN + timedelta(seconds=seconds), f"x:{post}", account and f"x:b{account}", 0 if account else interactions
        ),
        st.integers(0, 2280),
        st.integers(1, 3),
        st.one_of(st.just(""), st.integers(1, 6)),
        st.integers(0, 30),
    ),
    max_size=40,
).map(lambda found: StoryTrail(tuple(sorted(found))))


@given(steps, st.integers(0, 60))
def test_it_never_falls_and_ends_at_what_the_story_says(trail: StoryTrail, interactions: int) -> None:
    values = course(trail, story(interactions))
    assert list(values) == sorted(values)
    assert len(values) in {0, MOMENTS}
    assert not values or values[-1] == interactions


@given(steps)
def test_it_counts_as_spread_does(trail: StoryTrail) -> None:
    tally = Tally()
    for step in trail.steps:
        post = int(step.post[2:])
        if not step.account:
            tally.report(post, step.interactions)
        elif tally.counts(account := int(step.account[3:])):
            tally.pass_on(account, post)
    late = replace(
        STORY, as_of=STORY.as_of + timedelta(hours=1), spread=replace(spread(2 * tally.total), age_seconds=5880)
    )
    assert not trail.steps or course(trail, late)[-2] == tally.total


def test_bars_are_of_one_scale() -> None:
    assert sparkline((0, 1, 2, 4, 8), 8) == "▁▂▃▅█"
    assert sparkline((), 8) == sparkline((1,), 0) == ""
    trail = StoryTrail((Step(BEGAN, "x:1", "", 10),))
    seen, expected = lines(course(trail, story(10, expected=40)), story(10, expected=40))
    assert (seen[-1], expected) == ("▃", "█")
    assert lines((), STORY) == ("", "")


def test_a_way_that_is_mostly_unknown_is_not_drawn_as_a_leap() -> None:
    """Most of its posts were taken down, and nobody can say when they came."""
    left = StoryTrail((Step(BEGAN, "x:1", "x:b1"),))
    assert course(left, story(52)) == ()
    assert course(StoryTrail((Step(BEGAN, "x:1", "", 26),)), story(52)) == (*[26] * (MOMENTS - 1), 52)


def test_little_history_has_no_expectation() -> None:
    of = replace(STORY, spread=replace(STORY.spread, state="insufficient data"))
    assert lines(course(StoryTrail((Step(BEGAN, "x:1", "x:b1"),)), of), of)[1] == ""


def test_every_event_has_a_chart_of_its_own() -> None:
    assert chart_path(event(seq=3, alert_id="velgrad:1/2 #?")) == "/charts/velgrad%3A1%2F2%20%23%3F/3.png"
