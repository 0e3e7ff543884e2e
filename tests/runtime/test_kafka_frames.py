"""Several messages in one Kafka record: which share one, and what a reader makes of it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition

from secondsource.contracts.messages import Post, encode
from secondsource.runtime.kafka import KafkaSettings
from secondsource.runtime.kafka.frames import FRAME, FRAMED_BYTES, FRAMED_MESSAGES, Line, framed
from secondsource.runtime.kafka.inlet import KafkaInlet
from secondsource.runtime.transport import Broken, Delivery, Place, Spot
from tests.runtime.makers import post

WIRE = TopicPartition("enriched", 0)
PLACE = Place("enriched", 0)


KEYS = st.sampled_from([b"x:1", b"x:2", b"two\nlines"])


@given(st.lists(st.builds(Line, KEYS, st.integers(0, FRAMED_BYTES).map(bytes)), max_size=FRAMED_MESSAGES + 40))
def test_frames_hold_all_in_order_and_none_too_much(lines: list[Line]) -> None:
    frames = list(framed(lines))
    assert [line for frame in frames for line in frame] == lines
    for frame in frames:
        assert 1 <= len(frame) <= FRAMED_MESSAGES
        assert len(frame) == 1 or sum(len(line.body) for line in frame) <= FRAMED_BYTES
        assert len(frame) == 1 or not any(b"\n" in line.key for line in frame)


def test_small_messages_fill_a_frame() -> None:
    lines = [Line(b"x:1", b"{}")] * (2 * FRAMED_MESSAGES + 1)
    assert [len(frame) for frame in framed(lines)] == [FRAMED_MESSAGES, FRAMED_MESSAGES, 1]


class Fetched(NamedTuple):
    value: bytes
    headers: list[tuple[str, bytes]]
    offset: int = 4
    key: bytes | None = b"w"


class Consumer:
    def __init__(self, *fetched: Fetched) -> None:
        self.fetched = list(fetched)
        self.asked: list[int] = []
        self.sought: list[tuple[TopicPartition, int]] = []
        self._coordinator = type("Coordinator", (), {"rejoining": False})

    def poll(self, *, max_records: int, **_: Any) -> dict[TopicPartition, list[Fetched]]:
        self.asked.append(max_records)
        return {WIRE: self.fetched}

    def seek(self, wire: TopicPartition, offset: int) -> None:
        self.sought.append((wire, offset))

    def partitions_for_topic(self, _: str) -> set[int]:
        return {0}


def reading(consumer: Consumer) -> KafkaInlet:
    made = KafkaInlet(KafkaSettings({"bootstrap_servers": "127.0.0.1:1"}), "test", "alerts", ("enriched",), None)
    made._consumer = consumer
    return made


def test_each_line_of_a_frame_is_a_message_and_a_broken_one_stands_alone() -> None:
    lines = [encode(post(1)), b'{"type":"post"', encode(post(3))]
    first, broken, last = reading(Consumer(Fetched(b"\n".join(lines), [FRAME]))).receive(10, 0.0)
    assert isinstance(broken, Broken)
    assert (broken.body, broken.spot, str(broken.spot)) == (lines[1], Spot(PLACE, 4, 1), "enriched/0@4+1")
    for each, number in ((first, 1), (last, 3)):
        assert isinstance(each, Delivery)
        assert each.record.message == post(number)


def test_what_somebody_else_wrote_over_several_lines_is_one_message() -> None:
    body = json.dumps(json.loads(encode(post(1))), indent=2).encode()
    [delivery] = reading(Consumer(Fetched(body, []))).receive(10, 0.0)
    assert isinstance(delivery, Delivery)
    assert isinstance(delivery.record.message, Post)


def test_asks_for_as_many_records_as_bring_the_messages_wanted() -> None:
    frame = Fetched(b"\n".join(encode(post(number)) for number in range(50)), [FRAME])
    consumer = Consumer(frame, frame)
    made = reading(consumer)
    for _ in range(20):
        assert len(made.receive(1_000, 0.0)) == 100
    assert consumer.asked[0] == 1_000
    assert consumer.asked[-1] in range(20, 24)


def test_each_line_has_its_own_key_where_a_frame_holds_several() -> None:
    body = b"\n".join(encode(post(number)) for number in range(3))
    keys = ["x:1", "", "ключ"]
    header = ("keys", "\n".join(keys).encode())
    read = reading(Consumer(Fetched(body, [FRAME, header], key=None))).receive(10, 0.0)
    assert [each.key for each in read] == keys
    short = reading(Consumer(Fetched(body, [FRAME, ("keys", b"x:1")], key=None))).receive(10, 0.0)
    assert [each.key for each in short] == ["", "", ""], "keys that do not fit their lines are nobody's"


def test_frames_fuller_than_expected_are_not_taken_all_at_once() -> None:
    frames = [
        Fetched(b"\n".join(encode(post(number)) for number in range(50)), [FRAME], offset) for offset in range(10, 20)
    ]
    consumer = Consumer(*frames)
    read = reading(consumer).receive(75, 0.0)
    assert len(read) == 150, "whole frames, up to twice of what was asked for"
    assert consumer.sought == [(WIRE, 13)], "the rest is fetched again"
