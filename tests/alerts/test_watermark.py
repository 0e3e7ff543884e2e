"""How far all has come in: the least promise of all lanes and collectors, and what of those that lag or end."""

from __future__ import annotations

import math

from alerts.judging.watermark import Watermark
from tests.alerts.invented import at, tick


def test_nothing_is_known_before_the_first_promise() -> None:
    watermark = Watermark()
    assert watermark.low() == -math.inf
    watermark.heard("x")
    assert watermark.low() == -math.inf


def test_the_least_promise_of_all_lanes_counts_and_a_silent_lane_promises_nothing() -> None:
    watermark = Watermark()
    watermark.tick(tick(50, lane=0, lanes=2))
    assert watermark.low() == -math.inf
    watermark.tick(tick(20, lane=1, lanes=2))
    assert watermark.low() == at(20).timestamp()


def test_the_least_promise_of_all_collectors_counts() -> None:
    watermark = Watermark()
    watermark.tick(tick(50, collector="x"))
    watermark.tick(tick(30, collector="replay"))
    assert watermark.low() == at(30).timestamp()


def test_repeated_and_older_ticks_change_nothing() -> None:
    watermark = Watermark()
    for seconds in (10, 30, 20, 30, 10):
        watermark.tick(tick(seconds))
    assert watermark.low() == at(30).timestamp()


def test_a_final_tick_takes_the_collector_out_once_it_has_come_through_every_lane() -> None:
    watermark = Watermark()
    watermark.tick(tick(50, collector="x"))
    watermark.tick(tick(30, collector="replay", lane=0, lanes=2, final=True))
    watermark.tick(tick(20, collector="replay", lane=1, lanes=2))
    assert watermark.low() == at(20).timestamp()
    watermark.tick(tick(30, collector="replay", lane=1, lanes=2, final=True))
    assert watermark.low() == at(50).timestamp()


def test_when_all_have_ended_everything_has_come() -> None:
    watermark = Watermark()
    watermark.tick(tick(50, final=True))
    assert watermark.low() == math.inf
    watermark.tick(tick(40))  # sent twice
    assert watermark.low() == math.inf
    watermark.tick(tick(60))  # it was started again
    assert watermark.low() == at(60).timestamp()


def test_a_collector_that_lags_a_minute_on_all_lanes_stops_holding_the_others_back() -> None:
    watermark = Watermark()
    for lane in (0, 1):
        watermark.tick(tick(0, collector="slow", lane=lane, lanes=2))
        watermark.tick(tick(60, collector="x", lane=lane, lanes=2))
    assert watermark.low() == at(0).timestamp()
    for lane in (0, 1):
        watermark.tick(tick(61, collector="x", lane=lane, lanes=2))
    assert watermark.low() == at(61).timestamp()


def test_a_collector_whose_promises_are_still_on_their_way_is_waited_for() -> None:
    watermark = Watermark()
    for lane in (0, 1):
        watermark.tick(tick(0, collector="slow", lane=lane, lanes=2))
        watermark.tick(tick(300, collector="x", lane=lane, lanes=2))
    watermark.tick(tick(280, collector="slow", lane=0, lanes=2))
    assert watermark.low() == at(0).timestamp()


def test_a_collector_that_only_ever_sent_posts_is_waited_for_a_minute() -> None:
    watermark = Watermark()
    watermark.tick(tick(0))
    watermark.heard("resent")
    assert watermark.low() == -math.inf
    watermark.tick(tick(60))
    assert watermark.low() == -math.inf
    watermark.tick(tick(61))
    assert watermark.low() == at(61).timestamp()


def test_it_is_the_same_after_saving() -> None:
    watermark = Watermark()
    watermark.heard("resent")
    watermark.tick(tick(50, collector="x", lane=0, lanes=2))
    watermark.tick(tick(20, collector="x", lane=1, lanes=2, final=True))
    again = Watermark()
    again.load(watermark.save())
    for one in (watermark, again):
        one.tick(tick(100, collector="x", lane=0, lanes=2))
    assert again.low() == watermark.low()
    assert again.save() == watermark.save()
