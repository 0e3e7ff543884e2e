"""What every collector keeps, whatever it reads: order, ticks, cursors, takedowns, bad records, coverage, stopping.

A collector named in `ingest.collectors` is tried here against its source (tests/ingest/sources).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from ingest.collectors import LIVE
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Coverage, Post, Takedown, Tick
from secondsource.contracts.stage import Batch, Collector, Rejected
from tests.fakes.clock import ManualClock
from tests.ingest.sources import Source, able, source_of

COLLECTORS = ("replay", *(kind.name for kind in LIVE))
NUMBERS = tuple(range(1, 11))
HANG_SECONDS = 60.0  #: a guard against waiting for ever, not a measure

every_collector = pytest.mark.parametrize("name", COLLECTORS)


class Run:
    """A collector at work, a batch at a time."""

    def __init__(self, collector: Collector, cursor: str = "") -> None:
        self.collector = collector
        self.stop = Event()
        self.cursor = cursor
        self.seen: list[Batch] = []
        self._batches = collector.batches(cursor, self.stop)

    def until(self, reached: Callable[[], bool], what: str) -> None:
        """Take batches until so; fails where the source ends before, or nothing of it happens."""
        hung = time.monotonic() + HANG_SECONDS
        while not reached():
            batch = next(self._batches, None)
            assert batch is not None, f"the source ended before: {what}"
            self._take(batch)
            assert time.monotonic() < hung, f"still waiting after {len(self.seen)} batches for: {what}"

    def until_posts(self, *uids: str) -> None:
        self.until(lambda: set(uids) <= set(self.uids), f"posts {', '.join(uids)}")

    def end(self) -> None:
        self.stop.set()
        for batch in self._batches:
            self._take(batch)

    def _take(self, batch: Batch) -> None:
        self.seen.append(batch)
        self.cursor = batch.cursor

    @property
    def posts(self) -> list[Post]:
        return [message for batch in self.seen for message in batch.messages if isinstance(message, Post)]

    @property
    def uids(self) -> list[str]:
        return [post.uid for post in self.posts]

    @property
    def rejected(self) -> list[Rejected]:
        return [record for batch in self.seen for record in batch.rejected]

    @property
    def takedowns(self) -> list[Takedown]:
        return [message for batch in self.seen for message in batch.messages if isinstance(message, Takedown)]

    @property
    def coverage(self) -> list[Coverage]:
        return [message for batch in self.seen for message in batch.messages if isinstance(message, Coverage)]

    @property
    def ticks(self) -> list[datetime]:
        return [message.at for batch in self.seen for message in batch.messages if isinstance(message, Tick)]

    def check_ticks(self) -> None:
        """Each batch ends with its only tick, and no tick promised what came after it."""
        promised = None
        for batch in self.seen:
            *messages, tick = batch.messages
            assert isinstance(tick, Tick)
            assert tick.collector == self.collector.name
            for message in messages:
                assert isinstance(message, Post | Coverage | Takedown)
                assert message.collector == self.collector.name
                if not isinstance(message, Coverage):
                    assert message.observed_at.tzinfo is not None
                    assert promised is None or message.observed_at > promised, "a tick had promised this away"
            assert promised is None or tick.at >= promised
            promised = tick.at


@contextmanager
def running(collector: Collector, cursor: str = "") -> Iterator[Run]:
    run = Run(collector, cursor)
    try:
        yield run
    finally:
        run.end()
    run.check_ticks()


def uids(source: Source, numbers: tuple[int, ...] = NUMBERS) -> list[str]:
    return [source.uid(number) for number in numbers]


@every_collector
def test_it_has_a_source(name: str) -> None:
    for ability, why in source_of(name).cannot.items():
        assert why.strip(), ability


@every_collector
def test_posts_come_in_order_with_their_watches(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.publish(*NUMBERS)
        with running(source.collector(ManualClock())) as run:
            run.until_posts(*uids(source))
        assert run.uids == uids(source)
        assert {post.watches for post in run.posts} == {("velgrad",)}
        observed = [post.observed_at for post in run.posts]
        assert observed == sorted(observed)
        assert len({post.author for post in run.posts}) == 1
        assert run.rejected == []
        source.settled()


@pytest.mark.parametrize("name", able(COLLECTORS, "reposts"))
def test_an_original_comes_before_its_repost(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.publish_repost(2, of=1)
        with running(source.collector(ManualClock())) as run:
            run.until_posts(source.uid(2), source.uid(1))
        first, second = run.posts
        assert second.repost_of == first.uid
        assert second.root == first.root
        source.settled()


@every_collector
def test_duplicates_pass(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.publish(1, 1, *NUMBERS)
        with running(source.collector(ManualClock())) as run:
            run.until_posts(*uids(source))
        assert set(run.uids) == set(uids(source))
        assert len({post.created_at for post in run.posts}) == len(NUMBERS), "the same post is the same each time"
        source.settled()


@every_collector
@pytest.mark.parametrize("after", [0, 1, 4, 7, 10])
def test_nothing_is_lost_by_a_restart(name: str, after: int, tmp_path: Path) -> None:
    """Wherever it was stopped: the cursor of the last batch that was taken is where it goes on."""
    with source_of(name)(tmp_path) as source:
        source.publish(*NUMBERS)
        with running(source.collector(ManualClock())) as before:
            before.until(lambda: len(set(before.uids)) >= after and before.cursor != "", f"{after} posts")
        source.settled()
        missing = set(uids(source)) - set(before.uids)
        later = tuple(range(11, 14)) if name in able((name,), "goes on") else ()
        source.publish(*later)
        with running(source.collector(ManualClock()), before.cursor) as rest:
            rest.until_posts(*missing, *uids(source, later))
        source.settled()


@every_collector
def test_a_bad_record_is_handed_over_and_the_rest_goes_on(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.publish(1, 2)
        bad = source.publish_bad()
        source.publish(*NUMBERS[2:])
        collector = source.collector(ManualClock())
        with running(collector) as run:
            run.until_posts(*uids(source))
            run.until(lambda: bool(run.rejected), "the bad record")
        (rejected,) = {record.body: record for record in run.rejected}.values()
        assert rejected.body == bad
        assert rejected.source
        assert rejected.reason
        with pytest.raises(BadRecord):
            collector.remap(rejected.body)
        (post,) = collector.remap(source.record(1))
        assert isinstance(post, Post)
        assert post.uid == source.uid(1)
        assert post.watches == ("velgrad",)
        source.settled()


@every_collector
@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"{}", b"[]", b"null", b'{"a":' * 5000, b"\xff\xfe<", b"<rss>", b"1e999"]
)
def test_what_is_no_record_is_refused_on_mapping_again(name: str, body: bytes, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source, pytest.raises(BadRecord):
        source.collector(ManualClock()).remap(body)


@pytest.mark.parametrize("name", able(COLLECTORS, "deletes"))
def test_a_deletion_becomes_a_takedown(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.publish(1, 2, 3)
        with running(source.collector(ManualClock())) as run:
            run.until_posts(*uids(source, (1, 2, 3)))
            source.delete(2)
            run.until(lambda: bool(run.takedowns), "the takedown of what was deleted")
        assert {(gone.uid, gone.watches) for gone in run.takedowns} == {(source.uid(2), ("velgrad",))}
        assert all(gone.reason for gone in run.takedowns)
        source.settled()


@pytest.mark.parametrize("name", able(COLLECTORS, "says coverage"))
def test_it_says_when_it_saw(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.publish(1)
        with running(source.collector(ManualClock())) as run:
            run.until_posts(source.uid(1))
            run.until(lambda: any(one.state == "seen" for one in run.coverage), "coverage that says seen")
        assert {one.watches for one in run.coverage} == {("velgrad",)}
        assert all(one.start <= one.end for one in run.coverage)
        assert all(one.reason for one in run.coverage if one.state == "blind")
        source.settled()


@pytest.mark.parametrize("name", able(COLLECTORS, "goes away"))
def test_a_platform_that_goes_away_is_said_and_comes_back(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.publish(1, 2)
        with running(source.collector(ManualClock())) as run:
            run.until_posts(*uids(source, (1, 2)))
            source.go_away()
            known = len(run.coverage)
            run.until(lambda: any(one.state == "blind" for one in run.coverage[known:]), "coverage that says blind")
            blind = next(one for one in run.coverage[known:] if one.state == "blind")
            assert blind.reason
            waiting = len(run.ticks)
            run.until(lambda: len(run.ticks) >= waiting + 3, "ticks while the platform is away")
            source.come_back()
            source.publish(3, 4)
            run.until_posts(*uids(source, (3, 4)))
            run.until(
                lambda: any(one.state == "seen" and one.end > blind.start for one in run.coverage),
                "coverage that says seen again",
            )
        assert run.ticks[-1] > run.ticks[0]
        source.settled()


@pytest.mark.parametrize("name", able(COLLECTORS, "floods"))
def test_a_slow_consumer_pauses_the_platform(name: str, tmp_path: Path) -> None:
    """Of far more than is read ahead, no more than that has left the platform while nobody takes batches."""
    with source_of(name)(tmp_path) as source:
        clock = ManualClock()
        source.publish(1)
        with running(source.collector(clock)) as run:
            run.until_posts(source.uid(1))
            flood = tuple(range(2, 2 + 3 * source.ahead))
            source.publish(*flood)
            at_rest(source.sent)
            assert source.sent() <= source.ahead + len(run.uids), "it goes on reading what nobody takes"
            clock.advance(60)
            run.until_posts(*uids(source, flood))
            run.until(
                lambda: any(one.state == "blind" and "slow" in one.reason for one in run.coverage),
                "coverage that says the socket was paused for a slow consumer",
            )
        source.settled()


def at_rest(number: Callable[[], int]) -> None:
    """Wait until it has stayed the same for a while."""
    hung = time.monotonic() + HANG_SECONDS
    last, same = number(), 0
    while same < 15:
        time.sleep(0.02)
        now = number()
        last, same = now, same + 1 if now == last else 0
        assert time.monotonic() < hung


@every_collector
def test_ticks_go_on_while_nothing_comes(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        clock = ManualClock()
        with running(source.waiting(clock)) as run:
            run.until(lambda: len(set(run.ticks)) >= 3, "three different ticks")
        source.settled()


@every_collector
def test_it_stops_within_five_seconds(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        collector = source.waiting(SystemClock())
        stops(collector)
        source.settled()


@pytest.mark.parametrize("name", able(COLLECTORS, "goes away"))
def test_it_stops_while_the_platform_is_away(name: str, tmp_path: Path) -> None:
    with source_of(name)(tmp_path) as source:
        source.go_away()
        stops(source.collector(SystemClock()))


def stops(collector: Collector) -> None:
    stop, begun = Event(), Event()

    def run() -> None:
        for _ in collector.batches("", stop):
            begun.set()

    thread = Thread(target=run, daemon=True)
    thread.start()
    assert begun.wait(60)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
