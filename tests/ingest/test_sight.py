"""What a collector says of its coverage has no holes, and says the worse where it is in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sight import NOT_RUNNING, NOT_YET, Sight
from ingest.silence import REMEMBERED, Scale, Silence
from secondsource.contracts.messages import Coverage
from tests.fakes.clock import ManualClock

START = datetime(2030, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def looking(clock: ManualClock, begun: datetime | None = None, silence: Silence | None = None) -> Sight:
    return Sight("plaza", ["velgrad", "mill"], clock, begun=begun, silence=silence)


def lines(told: list[Coverage]) -> list[tuple[str, float, float, str]]:
    return [
        (one.state, (one.start - START).total_seconds(), (one.end - START).total_seconds(), one.reason) for one in told
    ]


def test_a_first_start_was_not_connected_yet() -> None:
    clock = ManualClock(START)
    sight = looking(clock)
    assert sight.good_at is None
    assert sight.due() == []
    clock.advance(3)
    assert lines(sight.due()) == [("blind", 0, 3, NOT_YET)]
    clock.advance(2)
    sight.opened(clock.now())
    assert lines(sight.due()) == [("blind", 0, 5, NOT_YET)]
    assert sight.good_at == at(5)


def test_a_restart_was_not_running() -> None:
    clock = ManualClock(START)
    sight = looking(clock, begun=at(-600))
    assert sight.good_at == at(-600)
    sight.opened(clock.now())
    (gap,) = sight.due()
    assert lines([gap]) == [("blind", -600, 0, NOT_RUNNING)]
    assert (gap.collector, gap.watches) == ("plaza", ("velgrad", "mill"))


def test_what_stands_is_told_when_it_is_new_and_every_so_often() -> None:
    clock = ManualClock(START)
    sight = looking(clock)
    sight.opened(clock.now())
    heard = []
    for _ in range(200):
        clock.advance(1)
        sight.alive(clock.now())
        heard += lines(sight.due())
    assert heard == [("seen", 0, end, "") for end in (1, 61, 121, 181)]


def test_seen_is_said_no_further_than_the_last_sign_of_life() -> None:
    clock = ManualClock(START)
    sight = looking(clock)
    sight.opened(clock.now())
    clock.advance(10)
    sight.alive(clock.now())
    clock.advance(200)
    assert lines(sight.due()) == [("seen", 0, 10, "")]
    sight.lost("plaza closed the connection")
    clock.advance(5)
    assert lines(sight.due()) == [
        ("seen", 0, 10, ""),
        ("blind", 10, 215, "plaza closed the connection"),
    ]
    assert sight.good_at == at(10)
    sight.lost("503")
    clock.advance(5)
    assert lines(sight.due()) == [
        ("blind", 10, 215, "plaza closed the connection"),
        ("blind", 215, 220, "503"),
    ]
    sight.alive(clock.now())
    sight.recovered(at(10), at(220), "found by search")
    assert lines(sight.due()) == [("blind", 215, 220, "503"), ("seen", 10, 220, "found by search")]
    assert sight.seeing


def test_a_loss_has_the_time_it_is_given() -> None:
    clock = ManualClock(START)
    sight = looking(clock)
    sight.opened(at(0))
    sight.alive(at(10))
    sight.lost("the socket is paused", at(4))
    sight.alive(at(3))
    clock.advance(20)
    assert lines(sight.due()) == [("seen", 0, 4, ""), ("blind", 4, 20, "the socket is paused")]
    assert sight.good_at == at(4)


BUSY = [Scale(REMEMBERED[0], 60.0, 90.0)] * 2


def test_connected_but_silent_is_blind_since_the_last_post() -> None:
    clock = ManualClock(START)
    sight = looking(clock, silence=Silence(BUSY))
    sight.opened(clock.now())
    heard = []
    for second in range(600):
        clock.advance(1)
        sight.alive(clock.now(), posts=1 if second < 30 else 0)
        heard += sight.due()
    why = "connected but silent: no post for 1 min where about 60 were expected"
    assert sight.good_at == at(30)
    assert lines(heard)[:3] == [("seen", 0, 1, ""), ("seen", 0, 61, ""), ("seen", 0, 30, "")]
    assert lines(heard)[3] == ("blind", 30, 90, why)
    assert {one.reason for one in heard if one.state == "blind"} == {why}, "one reason, so that one interval grows"
    clock.advance(1)
    sight.alive(clock.now(), posts=2)
    assert lines(sight.due()) == [("blind", 30, 601, why)]
    clock.advance(1)
    sight.alive(clock.now())
    assert lines(sight.due()) == [("seen", 601, 602, "")]


def test_a_silent_stream_that_is_then_lost_tells_both() -> None:
    clock = ManualClock(START)
    sight = looking(clock, silence=Silence(BUSY))
    sight.opened(clock.now())
    clock.advance(120)
    sight.alive(clock.now())
    sight.lost("no heartbeat")
    clock.advance(30)
    states = [(state, start, end) for state, start, end, _ in lines(sight.due())]
    assert states == [("blind", 0, 120), ("blind", 120, 150)]
    sight.opened(clock.now())
    assert sight.seeing


@pytest.mark.parametrize("begun", [at(3600), at(0)])
def test_a_cursor_from_the_future_is_not_believed(begun: datetime) -> None:
    sight = looking(ManualClock(START), begun=begun)
    assert sight.good_at == at(0)


happenings = st.lists(
    st.tuples(st.sampled_from(["opened", "alive", "post", "lost", "other", "told"]), st.floats(0, 400)), max_size=60
)


@settings(deadline=None)
@given(happenings, st.booleans())
def test_no_hole_and_no_doubt(happened: list[tuple[str, float]], judging: bool) -> None:
    """Every moment from the start to the last thing known is said to be seen or blind; good_at is in no doubt."""
    clock = ManualClock(START)
    sight = looking(clock, silence=Silence(BUSY) if judging else None)
    heard: list[Coverage] = []
    for what, seconds in happened:
        clock.advance(seconds)
        if what == "opened":
            sight.opened(clock.now())
        elif what in ("alive", "post"):
            sight.alive(clock.now(), posts=int(what == "post"))
        elif what in ("lost", "other"):
            sight.lost(what)
        heard += sight.due()
        assert all(one.start < one.end <= clock.now() for one in heard)
    clock.advance(1000)
    heard += sight.due()
    reached = START
    for one in sorted(heard, key=lambda one: one.start):
        assert one.start <= reached, "a hole"
        reached = max(reached, one.end)
    assert reached >= (sight.good_at or clock.now())
    blind = [one for one in heard if one.state == "blind"]
    assert not sight.seeing or all(one.end <= (sight.good_at or one.end) for one in blind)
