"""A collector's batches go out before its cursor is saved, and it goes on from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Event

import pytest

from secondsource.contracts import topics
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import Counts as PostCounts
from secondsource.contracts.messages import Coverage, DeadLetter, Engagement, Message, Takedown, Tick
from secondsource.contracts.stage import Batch, Rejected
from secondsource.runtime.inline import InlineTransport
from secondsource.runtime.source import SourceRunner, TopicPublisher, to_out
from secondsource.runtime.transport import Place
from tests.fakes.progress import MemoryProgress
from tests.runtime.makers import START, Surroundings, post


class Numbers:
    """Gives posts 0..n-1 in threes; the cursor is the next number. It fails once at each cursor in `away`."""

    name = "numbers"

    def __init__(self, until: int, away: Sequence[int] = ()) -> None:
        self.until = until
        self.away = list(away)
        self.begun: list[str] = []

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        self.begun.append(cursor)
        first = int(cursor or 0)
        while first < self.until:
            if first in self.away:
                self.away.remove(first)
                raise SourceAway("the platform is away")
            after = min(first + 3, self.until)
            rejected = [Rejected(b"{", f"line {first}", "truncated")]
            tick = Tick(collector=self.name, at=START)
            yield Batch([*(post(number) for number in range(first, after)), tick], rejected, str(after))
            first = after

    def remap(self, body: bytes) -> Sequence[Message]:
        raise NotImplementedError


class Publishing(Surroundings):
    def __init__(self) -> None:
        super().__init__()
        self.transport = InlineTransport(partitions=2, durable=True)
        self.progress = MemoryProgress()
        self.publisher = TopicPublisher(
            self.transport, progress=self.progress, metrics=self.metrics, clock=self.clock, retry=self.retry
        )

    def runner(self, collector: Numbers) -> SourceRunner:
        return SourceRunner(
            collector,
            self.publisher.push,
            progress=self.progress,
            metrics=self.metrics,
            clock=self.clock,
            retry=self.retry,
        )

    def on(self, topic: str) -> list[Message | bytes]:
        return [message for partition in range(2) for _, message in self.transport.log(Place(topic, partition)).entries]


def test_publishes_and_keeps_the_cursor() -> None:
    around = Publishing()
    around.runner(Numbers(7)).run(around.stop)
    sent = around.on(topics.POSTS)
    assert {message.uid for message in sent if not isinstance(message, Tick | bytes)} == {  # type: ignore[union-attr]
        f"x:{number}" for number in range(7)
    }
    assert len([message for message in sent if isinstance(message, Tick)]) == 6  # three, to two partitions each
    assert around.progress.load("ingest:numbers", 0).position == "7"
    letters = [message for message in around.on(topics.DEAD_LETTERS) if isinstance(message, DeadLetter)]
    assert {(letter.target, letter.reason) for letter in letters} == {("collector:numbers", "truncated")}
    assert len({letter.id for letter in letters}) == 3
    assert around.value("dead_letters_total", stage="ingest:numbers") == 3
    assert around.value("collector_last_seen_seconds", collector="numbers") == around.clock.now().timestamp()


def test_goes_on_from_the_saved_cursor() -> None:
    around = Publishing()
    around.runner(Numbers(4)).run(around.stop)
    again = Numbers(9)
    around.runner(again).run(around.stop)
    assert again.begun == ["4"]


def test_a_platform_away_is_waited_for() -> None:
    around = Publishing()
    collector = Numbers(9, away=[3, 3, 6])
    around.runner(collector).run(around.stop)
    assert collector.begun == ["", "3", "3", "6"]
    assert len(around.clock.waits) == 3
    assert around.value("source_away", service="ingest:numbers") == 0
    assert around.progress.load("ingest:numbers", 0).position == "9"


def test_stops_between_batches() -> None:
    around = Publishing()
    collector = Numbers(1000)
    runner = SourceRunner(
        collector,
        around.publisher.push,
        progress=around.progress,
        metrics=around.metrics,
        clock=around.clock,
        retry=around.retry,
        on_batch=lambda batch: around.stop.set(),
    )
    runner.run(around.stop)
    assert around.progress.load("ingest:numbers", 0).position == "3"
    assert around.value("stage_running", stage="ingest:numbers") == 0


def test_what_a_collector_says_of_its_sight_is_shown() -> None:
    class Blind(Numbers):
        def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
            said = Coverage(
                collector="numbers",
                watches=("velgrad",),
                start=START,
                end=START + timedelta(seconds=9),
                state="blind",
                reason="429",
            )
            yield Batch([said, Tick(collector="numbers", at=START)], [], "1")

    around = Publishing()
    around.runner(Blind(1)).run(around.stop)
    assert around.value("collector_blind", collector="numbers", watch="velgrad") == 1


def test_refused_settings_are_not_retried() -> None:
    class Refused(Numbers):
        def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
            raise BadConfiguration("the token is not valid")

    around = Publishing()
    with pytest.raises(BadConfiguration):
        around.runner(Refused(1)).run(around.stop)


def test_keys_are_those_of_the_topics() -> None:
    coverage = Coverage(collector="numbers", watches=(), start=START, end=START, state="blind", reason="429")
    counts = Engagement(uid="x:1", observed_at=START, collector="numbers", watches=(), counts=PostCounts(likes=1))
    gone = Takedown(uid="x:1", observed_at=START, collector="numbers", watches=(), reason="deleted")
    assert to_out(post(2, repost_of="x:1")).key == "x:1"
    assert to_out(post(1)).key == to_out(counts).key == to_out(gone).key == "x:1"
    assert to_out(coverage).key == "numbers"
    assert to_out(Tick(collector="numbers", at=START)).key is None
    with pytest.raises(TypeError, match="DeadLetter"):
        to_out(DeadLetter(id="", stage="", source="", target="", reason="", body=b"", at=START))
