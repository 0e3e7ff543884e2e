"""What every collector keeps, whatever it reads: order, ticks, cursors, bad records, stopping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

import pytest

from ingest.collectors import COLLECTORS
from ingest.collectors.replay import Replay, ReplaySettings
from ingest.collectors.x import X, XSettings
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Coverage, Post, Tick
from secondsource.contracts.stage import Batch, Collector
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.fakes.x import TOKEN, FakeX
from tests.ingest.payloads import FIRST_ID, Json, body, v2_line, v2_post

WATCHES = [Watch(name="velgrad", hashtags=("Velgrad",))]
BAD = b'{"data":{"id":"19000'


class Source(Protocol):
    """Where a collector reads: the same lines for each kind."""

    def collector(self) -> Collector:
        """A fresh one, as after a restart; `batches` of it go on where the cursor says."""
        ...

    def waiting(self) -> Collector:
        """One that has nothing to read for a long time."""
        ...

    def settled(self) -> None:
        """A collector before has gone."""
        ...


class ReplaySource:
    def __init__(self, folder: Path, lines: list[bytes]) -> None:
        self._path = folder / "lines.jsonl"
        self._path.write_bytes(b"\n".join(lines))
        self._slow = folder / "slow.jsonl"
        self._slow.write_bytes(body(v2_line(0)) + b"\n" + body(v2_line(3000)))

    def collector(self) -> Collector:
        return Replay(ReplaySettings(paths=(self._path,), batch_size=3), WATCHES, ManualClock())

    def waiting(self) -> Collector:
        return Replay(ReplaySettings(paths=(self._slow,), speed=1.0), WATCHES, SystemClock())

    def settled(self) -> None:
        """Nothing is shared."""


class XSource:
    """Lines arrive by the stream; what a restart misses is found by search."""

    def __init__(self, fake: FakeX, lines: list[bytes], posts: list[Json]) -> None:
        self._fake = fake
        fake.archive = [{"data": post} for post in posts]
        for line in lines:
            fake.raw(line + b"\r\n")

    def collector(self) -> Collector:
        return self._made(ManualClock())

    def waiting(self) -> Collector:
        return self._made(SystemClock())

    def _made(self, clock: ManualClock | SystemClock) -> Collector:
        settings = XSettings(approved_use_case="testing", base_url=self._fake.url, flush_lines=3)
        return X(settings, WATCHES, clock, token=TOKEN)

    def settled(self) -> None:
        assert self._fake.deserted()


@contextmanager
def opened(name: str, folder: Path, lines: list[bytes], posts: list[Json]) -> Iterator[Source]:
    if name == "replay":
        yield ReplaySource(folder, lines)
    else:
        assert name == "x", f"the collector {name!r} needs a source here"
        with FakeX() as fake:
            yield XSource(fake, lines, posts)


NUMBERS = list(range(1, 11))
GOOD = [body(v2_line(number)) for number in NUMBERS]
POSTS = [v2_post(number) for number in NUMBERS]
every_collector = pytest.mark.parametrize("name", [name for name, _ in COLLECTORS])


def gather(collector: Collector, wanted: int, cursor: str = "") -> list[Batch]:
    """Until so many different posts and rejected records have come, or the source ends."""
    stop = Event()
    seen: list[Batch] = []
    for batch in collector.batches(cursor, stop):
        seen.append(batch)
        if len({post.uid for post in posts_in(seen)}) + sum(len(one.rejected) for one in seen) >= wanted:
            stop.set()
        assert len(seen) < 5000
    return seen


def posts_in(batches: list[Batch]) -> list[Post]:
    return [message for batch in batches for message in batch.messages if isinstance(message, Post)]


@every_collector
def test_batches_end_with_a_true_tick(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path, GOOD, POSTS) as source:
        collector = source.collector()
        promised = None
        for batch in gather(collector, len(GOOD)):
            *messages, tick = batch.messages
            assert isinstance(tick, Tick)
            assert tick.collector == collector.name
            for message in messages:
                assert isinstance(message, Post | Coverage)
                if isinstance(message, Post):
                    assert message.collector == collector.name
                    assert promised is None or message.observed_at > promised
                    assert message.observed_at.tzinfo is not None
            assert promised is None or tick.at >= promised
            promised = tick.at
        source.settled()


@every_collector
def test_posts_come_in_order_with_their_watches(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path, GOOD, POSTS) as source:
        got = posts_in(gather(source.collector(), len(GOOD)))
        assert [post.uid for post in got] == [f"x:{FIRST_ID + number}" for number in NUMBERS]
        assert {post.watches for post in got} == {("velgrad",)}
        assert [post.observed_at for post in got] == sorted(post.observed_at for post in got)
        source.settled()


@every_collector
def test_an_original_comes_before_its_repost(name: str, tmp_path: Path) -> None:
    original = v2_post(1)
    repost = v2_line(
        2, "RT …", referenced_tweets=[{"type": "retweeted", "id": original["id"]}], includes={"tweets": [original]}
    )
    with opened(name, tmp_path, [body(repost)], []) as source:
        first, second = posts_in(gather(source.collector(), 2))
        assert second.repost_of == first.uid
        assert second.root == first.root
        source.settled()


@every_collector
def test_duplicates_pass(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path, [GOOD[0], GOOD[0], *GOOD], POSTS) as source:
        assert {post.uid for post in posts_in(gather(source.collector(), len(GOOD)))} == {
            f"x:{FIRST_ID + number}" for number in NUMBERS
        }
        source.settled()


@every_collector
@pytest.mark.parametrize("after", [1, 4, 7])
def test_nothing_is_lost_by_a_restart(name: str, after: int, tmp_path: Path) -> None:
    with opened(name, tmp_path, GOOD, POSTS) as source:
        before = gather(source.collector(), after)
        source.settled()
        have = {post.uid for post in posts_in(before)}
        rest = gather(source.collector(), len(GOOD) - len(have), before[-1].cursor)
        assert have | {post.uid for post in posts_in(rest)} == {f"x:{FIRST_ID + number}" for number in NUMBERS}
        source.settled()


@every_collector
def test_a_bad_record_is_handed_over_and_the_rest_goes_on(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path, [*GOOD[:2], BAD, *GOOD[2:]], POSTS) as source:
        collector = source.collector()
        batches = gather(collector, len(GOOD) + 1)
        (rejected,) = [record for batch in batches for record in batch.rejected]
        assert rejected.body == BAD
        assert rejected.source
        assert "truncated" in rejected.reason
        assert len(posts_in(batches)) == len(GOOD)
        with pytest.raises(BadRecord, match="truncated"):
            collector.remap(rejected.body)
        (post,) = collector.remap(GOOD[0])
        assert isinstance(post, Post)
        assert post.uid == f"x:{FIRST_ID + 1}"
        source.settled()


@every_collector
def test_it_stops_within_five_seconds(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path, [], []) as source:
        collector, stop, begun = source.waiting(), Event(), Event()

        def run() -> None:
            for _ in collector.batches("", stop):
                begun.set()

        thread = Thread(target=run, daemon=True)
        thread.start()
        assert begun.wait(10)
        stop.set()
        thread.join(5)
        assert not thread.is_alive()
