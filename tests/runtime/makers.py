"""Messages, stages and a crash for the runtime's tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event

from prometheus_client import CollectorRegistry

from secondsource.contracts import topics
from secondsource.contracts.messages import Account, Post, Takedown
from secondsource.contracts.stage import Out, Record
from secondsource.runtime.metrics import Metrics
from secondsource.runtime.retry import Backoff, Retry
from tests.fakes.clock import ManualClock

START = datetime(2030, 5, 1, 12, tzinfo=UTC)


def post(number: int, *, text: str = "the bridge at Velgrad", repost_of: str = "") -> Post:
    at = START + timedelta(seconds=number)
    return Post(
        uid=f"x:{number}",
        platform="x",
        author=Account(uid="x:a1", handle="ana"),
        text=text,
        created_at=at,
        observed_at=at,
        collector="replay",
        watches=("velgrad",),
        repost_of=repost_of,
    )


def number_of(record: Record) -> int:
    assert isinstance(record.message, Post | Takedown)
    return int(record.message.uid.removeprefix("x:"))


class Surroundings:
    """What every runner is given, with a clock that tests move."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.retry = Retry(Backoff(), Random(7), self.clock, self.metrics)
        self.stop = Event()

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"secondsource_{name}", labels) or 0.0


class Passing:
    """Sends each post on to the next topic. `trouble` is asked before each and may raise."""

    def __init__(
        self,
        name: str = "passing",
        inlet: tuple[str, ...] = (topics.POSTS,),
        outlet: str = topics.ENRICHED,
        trouble: Callable[[Record], None] = lambda record: None,
    ) -> None:
        self.name = name
        self.inlet = inlet
        self.outlet = outlet
        self.trouble = trouble
        self.batches: list[list[int]] = []

    def handle(self, batch: Sequence[Record]) -> list[Out]:
        self.batches.append([number_of(record) for record in batch])
        outs = []
        for record in batch:
            self.trouble(record)
            outs.append(Out(self.outlet, "velgrad", record.message))
        return outs


class Counting:
    """Remembers how many posts each partition has had, and says of each the which it was.

    Changes its memory record by record, so that an error in the middle leaves it half changed.
    """

    def __init__(
        self,
        name: str = "counting",
        inlet: str = topics.POSTS,
        trouble: Callable[[Record], None] = lambda record: None,
    ) -> None:
        self.name = name
        self.inlet = (inlet,)
        self.form = "1"
        self.trouble = trouble
        self.seen: dict[int, list[int]] = {}
        self._told: dict[int, int] = {}
        self.released: list[int] = []

    def handle(self, batch: Sequence[Record]) -> list[Out]:
        outs = []
        for record in batch:
            seen = self.seen[record.partition]
            seen.append(number_of(record))
            self.trouble(record)
            said = Takedown(
                uid=f"x:{seen[-1]}",
                observed_at=START,
                collector="counting",
                watches=(),
                reason=f"number {len(seen)} of partition {record.partition}, sum {sum(seen)}",
            )
            outs.append(Out(topics.ALERTS, str(record.partition), said))
        return outs

    def restore(self, partition: int, parts: Mapping[str, bytes]) -> None:
        assert partition not in self.seen, "restored without being released"
        self.seen[partition] = [int(number) for _, number in sorted(parts.items())]
        self._told[partition] = len(parts)

    def changes(self, partition: int) -> dict[str, bytes | None]:
        told, self._told[partition] = self._told[partition], len(self.seen[partition])
        return {f"{at:04}": str(self.seen[partition][at]).encode() for at in range(told, len(self.seen[partition]))}

    def release(self, partition: int) -> None:
        self.released.append(partition)
        del self.seen[partition]
