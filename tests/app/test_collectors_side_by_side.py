"""Collectors live and end each for itself."""

from __future__ import annotations

import logging
from threading import Event

import pytest

from secondsource.app.running import each_for_itself
from secondsource.app.threads import side_by_side
from secondsource.contracts.errors import BadConfiguration


def refused(_: Event) -> None:
    raise BadConfiguration("x: 401 Unauthorized")


def test_a_refused_collector_leaves_the_others_at_work(caplog: pytest.LogCaptureFixture) -> None:
    stop, worked = Event(), Event()

    def works(stop: Event) -> None:
        worked.set()
        stop.wait(30)

    def asks_to_stop(stop: Event) -> None:
        assert worked.wait(30)
        while "x: 401 Unauthorized" not in {getattr(record, "reason", "") for record in caplog.records}:
            assert not stop.wait(0.01)
        stop.set()

    with caplog.at_level(logging.ERROR):
        loops = each_for_itself({"ingest x": refused, "ingest bluesky": works})
        side_by_side({**loops, "the test": asks_to_stop}, stop)
    (record,) = caplog.records
    assert record.getMessage().startswith("stopped: its service refuses us")


def test_where_nobody_is_left_to_bring_posts_the_process_ends() -> None:
    with pytest.raises(BadConfiguration, match="401"):
        side_by_side(each_for_itself({"ingest x": refused, "ingest refresher": lambda stop: None}), Event())


def test_other_failures_end_it_all() -> None:
    def broken(_: Event) -> None:
        raise AssertionError

    with pytest.raises(AssertionError):
        side_by_side(each_for_itself({"ingest x": broken, "ingest feeds": lambda stop: None}), Event())
