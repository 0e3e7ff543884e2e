"""An inlet that is interrupted while it takes partitions up gives out every record all the same, and none twice."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from kafka import ConsumerRebalanceListener, TopicPartition

from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import encode
from secondsource.runtime.kafka import KafkaSettings
from secondsource.runtime.kafka.inlet import KafkaInlet
from secondsource.runtime.transport import Place
from tests.runtime.makers import post

FIRST, SECOND = TopicPartition("posts", 0), TopicPartition("posts", 1)


class Fetched(NamedTuple):
    offset: int
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Coordinator:
    rejoining = False


class Consumer:
    """Ten posts in each partition. The first poll assigns both, and hands out what comes next, as the client does."""

    def __init__(self, positions: dict[TopicPartition, int]) -> None:
        self.positions = positions
        self.joining: ConsumerRebalanceListener | None = None
        self.away = 0  # how often the broker will not say how many partitions there are
        self._coordinator = Coordinator()

    def poll(self, **_: Any) -> dict[TopicPartition, list[Fetched]]:
        if self.joining is not None:
            self.joining.on_partitions_assigned([FIRST, SECOND])
            self.joining = None
        polled = {
            wire: [Fetched(offset, encode(post(offset))) for offset in range(start, 10)]
            for wire, start in self.positions.items()
            if start < 10
        }
        self.positions = dict.fromkeys(self.positions, 10)
        return polled

    def seek(self, wire: TopicPartition, offset: int) -> None:
        self.positions[wire] = offset

    def committed(self, _: TopicPartition, **__: Any) -> None: ...

    def partitions_for_topic(self, _: str) -> set[int]:
        if self.away:
            self.away -= 1
            raise OSError("no broker")
        return {0, 1}


class Memory:
    """Goes on from offset 2 of the first partition; of the second it cannot say at first, its database is away."""

    def __init__(self, failures: int) -> None:
        self._failures = failures

    def assigned(self, place: Place) -> int | None:
        if place.partition == 0:
            return 2
        self._failures -= 1
        if self._failures >= 0:
            raise SourceAway("the database is away")
        return None

    def revoked(self, place: Place, *, lost: bool) -> None: ...

    def missed(self, place: Place, records: int) -> None: ...


def inlet(consumer: Consumer, memory: Memory) -> KafkaInlet:
    made = KafkaInlet(KafkaSettings({"bootstrap_servers": "127.0.0.1:1"}), "test", "alerts", ("posts",), memory)
    made._consumer, consumer.joining = consumer, made
    return made


def all_of(made: KafkaInlet) -> list[tuple[int, int]]:
    return sorted((each.place.partition, each.offset) for each in made.receive(100, 0.0))


EVERY = [*((0, offset) for offset in range(2, 10)), *((1, offset) for offset in range(4, 10))]


def test_what_was_polled_while_a_partition_could_not_be_taken_up_is_given_out_once_it_can() -> None:
    consumer = Consumer({FIRST: 7, SECOND: 4})
    made = inlet(consumer, Memory(failures=2))
    for _ in range(2):
        with pytest.raises(SourceAway):
            made.receive(100, 0.0)
    assert all_of(made) == EVERY


def test_a_broker_that_goes_away_after_the_poll_takes_no_record_with_it() -> None:
    consumer = Consumer({FIRST: 7, SECOND: 4})
    consumer.away = 1
    made = inlet(consumer, Memory(failures=0))
    with pytest.raises(SourceAway):
        made.receive(100, 0.0)
    assert all_of(made) == EVERY
