"""What every transport promises, tried on each."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from secondsource.contracts import topics
from secondsource.contracts.messages import DeadLetter, Post, Tick, encode
from secondsource.contracts.stage import Out
from secondsource.runtime.inline import InlineInlet, InlineTransport
from secondsource.runtime.kafka import KafkaSettings, KafkaTransport, ensure_topics
from secondsource.runtime.kafka.topics import LIMIT
from secondsource.runtime.transport import Broken, Delivery, Inlet, Listener, Place, Transport
from tests.runtime.makers import START, post

PARTITIONS = 4
SECONDS = 120.0  # after which a test gives up: a group may take long to form on a busy machine


class Ground(ABC):
    """A transport under test, and how to write what only a stranger would write."""

    @abstractmethod
    def transport(self) -> Transport: ...

    @abstractmethod
    def write_bytes(self, topic: str, body: bytes) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


class InlineGround(Ground):
    def __init__(self) -> None:
        self._transport = InlineTransport(partitions=PARTITIONS, durable=True)

    def transport(self) -> Transport:
        return self._transport

    def write_bytes(self, topic: str, body: bytes) -> None:
        self._transport.publish_bytes(topic, 0, body)

    def close(self) -> None:
        self._transport.close()


class KafkaGround(Ground):
    def __init__(self, bootstrap: str) -> None:
        self.settings = KafkaSettings({"bootstrap_servers": bootstrap, "prefix": f"t{uuid4().hex[:8]}-"})
        assert ensure_topics(self.settings, PARTITIONS) == dict.fromkeys(topics.ALL, PARTITIONS)
        self._transports: list[KafkaTransport] = []

    def transport(self) -> KafkaTransport:
        self._transports.append(KafkaTransport(self.settings, patience=SECONDS))
        return self._transports[-1]

    def write_bytes(self, topic: str, body: bytes) -> None:
        transport = self.transport()
        transport.publish_bytes(topic, 0, body)
        transport.flush()

    def close(self) -> None:
        for transport in self._transports:
            transport.close()


@pytest.fixture(params=["inline", pytest.param("kafka", marks=pytest.mark.kafka)])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    if request.param == "inline":
        ground: Ground = InlineGround()
    else:
        ground = KafkaGround(request.getfixturevalue("kafka_broker"))
    yield ground
    ground.close()


def each_receives(inlets: Sequence[Inlet]) -> list[list[Delivery | Broken]]:
    if len(inlets) == 1 or isinstance(inlets[0], InlineInlet):
        return [inlet.receive(1000, 0.05) for inlet in inlets]
    with ThreadPoolExecutor(len(inlets)) as threads:  # members of a group wait for each other in `receive`
        return list(threads.map(lambda inlet: inlet.receive(1000, 0.05), inlets))


def receive(
    *inlets: Inlet, until: Callable[[list[Delivery | Broken]], bool], commit: bool = False
) -> list[Delivery | Broken]:
    """Receive until what came suffices: each inlet in a thread of its own, where the transport is one for threads."""
    received: list[Delivery | Broken] = []
    give_up = time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        for inlet, came in zip(inlets, each_receives(inlets), strict=True):
            received += came
            if commit and came:
                inlet.commit({each.place: each.offset + 1 for each in came})
        if until(received):
            return received
    raise AssertionError(f"only {len(received)} came")


def count(wanted: int) -> Callable[[list[Delivery | Broken]], bool]:
    return lambda received: len(received) >= wanted


def send(transport: Transport, outs: Sequence[Out]) -> None:
    assert transport.publish(outs) == []
    transport.flush()


def send_singly(transport: Transport, outs: Sequence[Out]) -> None:
    """Each at an offset of its own."""
    for out in outs:
        assert transport.publish([out]) == []
    transport.flush()


def posts(numbers: range) -> list[Out]:
    return [Out(topics.POSTS, f"x:{number % 7}", post(number)) for number in numbers]


def numbers(received: Sequence[Delivery | Broken]) -> list[int]:
    found = []
    for each in received:
        assert isinstance(each, Delivery)
        assert isinstance(each.record.message, Post)
        found.append(int(each.record.message.uid[2:]))
    return found


def test_same_key_same_partition_in_order(ground: Ground) -> None:
    transport = ground.transport()
    send(transport, posts(range(50)))
    send(transport, posts(range(50, 100)))
    inlet = transport.inlet("reader", (topics.POSTS,))
    received = receive(inlet, until=count(100))
    inlet.close()

    by_key: dict[str, list[Delivery]] = {}
    for each in received:
        assert isinstance(each, Delivery)
        assert each.record.partition == each.place.partition
        assert each.record.partitions == PARTITIONS
        by_key.setdefault(each.key, []).append(each)
    assert len(by_key) == 7
    for deliveries in by_key.values():
        assert len({each.place for each in deliveries}) == 1
        assert numbers(deliveries) == sorted(numbers(deliveries))
    assert len({each.place for each in received}) > 1


def test_messages_arrive_as_they_were_sent(ground: Ground) -> None:
    transport = ground.transport()
    sent = post(1, text="جسر فيلغراد \u202e \0 \U0001f309 'quoted' \"twice\"")
    send(transport, [Out(topics.POSTS, "x:1", sent)])
    inlet = transport.inlet("reader", (topics.POSTS,))
    [delivery] = receive(inlet, until=count(1))
    inlet.close()
    assert isinstance(delivery, Delivery)
    assert delivery.record.message == sent


def test_without_a_key_every_partition_gets_a_copy(ground: Ground) -> None:
    transport = ground.transport()
    tick = Tick(collector="replay", at=START)
    send(transport, [*posts(range(5)), Out(topics.POSTS, None, tick)])
    inlet = transport.inlet("reader", (topics.POSTS,))
    received = receive(inlet, until=count(5 + PARTITIONS))
    inlet.close()
    ticks = [each for each in received if isinstance(each, Delivery) and each.record.message == tick]
    assert sorted(each.place.partition for each in ticks) == list(range(PARTITIONS))
    for partition in range(PARTITIONS):  # and it stays behind what was sent before it
        last = [each for each in received if each.place.partition == partition][-1]
        assert isinstance(last, Delivery)
        assert last.record.message == tick


def test_unicode_keys(ground: Ground) -> None:
    transport = ground.transport()
    keys = ["فيلغراد", "Велград", "🌉", "", "a/b:c@d", "\ud800"]
    send(transport, [Out(topics.ENRICHED, key, post(at)) for at, key in enumerate(keys) for _ in range(2)])
    inlet = transport.inlet("reader", (topics.ENRICHED,))
    received = receive(inlet, until=count(2 * len(keys)))
    inlet.close()
    for at in range(len(keys)):
        copies = [each for each in received if numbers([each]) == [at]]
        assert len(copies) == 2
        assert copies[0].place == copies[1].place


def test_what_was_not_committed_comes_again(ground: Ground) -> None:
    transport = ground.transport()
    send(transport, posts(range(20)))
    first = transport.inlet("reader", (topics.POSTS,))
    before = receive(first, until=count(20))
    first.close()
    second = transport.inlet("reader", (topics.POSTS,))
    after = receive(second, until=count(20))
    second.close()
    assert sorted(numbers(before)) == sorted(numbers(after))


def test_goes_on_from_what_was_committed(ground: Ground) -> None:
    transport = ground.transport()
    send(transport, posts(range(20)))
    first = transport.inlet("reader", (topics.POSTS,))
    receive(first, until=count(20), commit=True)
    first.close()
    send(transport, posts(range(20, 30)))
    second = transport.inlet("reader", (topics.POSTS,))
    received = receive(second, until=count(10))
    second.close()
    assert sorted(numbers(received)) == list(range(20, 30))


def test_stages_do_not_share_positions(ground: Ground) -> None:
    transport = ground.transport()
    send(transport, posts(range(8)))
    one = transport.inlet("one", (topics.POSTS,))
    receive(one, until=count(8), commit=True)
    two = transport.inlet("two", (topics.POSTS,))
    assert len(receive(two, until=count(8))) == 8
    one.close()
    two.close()


def test_seeks_back(ground: Ground) -> None:
    transport = ground.transport()
    send_singly(transport, [Out(topics.POSTS, "x:1", post(number)) for number in range(10)])
    inlet = transport.inlet("reader", (topics.POSTS,))
    received = receive(inlet, until=count(10))
    inlet.seek(received[0].place, 6)
    assert numbers(receive(inlet, until=count(4))) == [6, 7, 8, 9]
    inlet.close()


def test_messages_at_one_offset_stand_apart_and_come_together(ground: Ground) -> None:
    transport = ground.transport()
    send(transport, [Out(topics.ENRICHED, "w", post(number)) for number in range(200)])
    inlet = transport.inlet("reader", (topics.ENRICHED,))
    received = receive(inlet, until=count(200))
    assert numbers(received) == list(range(200))
    assert len({each.spot for each in received}) == 200
    middle = received[100].offset
    inlet.seek(received[0].place, middle)
    again = receive(inlet, until=lambda came: numbers(came)[-1:] == [199])
    assert numbers(again) == [number for number, each in enumerate(received) if each.offset >= middle]
    inlet.close()


def test_reads_several_topics(ground: Ground) -> None:
    transport = ground.transport()
    send(transport, [Out(topics.ENRICHED, "w", post(1)), Out(topics.ALERTS, "w", post(2))])
    inlet = transport.inlet("store", (topics.ENRICHED, topics.ALERTS))
    received = receive(inlet, until=count(2))
    inlet.close()
    assert {each.place.topic for each in received} == {topics.ENRICHED, topics.ALERTS}


@pytest.mark.parametrize("body", [b"\xff\xfe not UTF-8", b'{"type":"post"', b"", b'{"type":"unheard-of"}', b"\0"])
def test_undecodable_bytes_come_as_broken(ground: Ground, body: bytes) -> None:
    transport = ground.transport()
    ground.write_bytes(topics.POSTS, body)
    send(transport, posts(range(3)))
    inlet = transport.inlet("reader", (topics.POSTS,))
    received = receive(inlet, until=count(4))
    inlet.close()
    [broken] = [each for each in received if isinstance(each, Broken)]
    assert broken.body == body
    assert broken.place == Place(topics.POSTS, 0)
    assert broken.reason
    assert sorted(numbers([each for each in received if each is not broken])) == [0, 1, 2]


def test_very_long_posts_pass(ground: Ground) -> None:
    transport = ground.transport()
    long = [post(number, text="🌉" * 100_000) for number in range(6)]
    send(transport, [Out(topics.POSTS, each.uid, each) for each in long])
    inlet = transport.inlet("reader", (topics.POSTS,))
    received = receive(inlet, until=count(6))
    inlet.close()
    assert sorted(numbers(received)) == list(range(6))
    for each in received:
        assert isinstance(each, Delivery)
        assert isinstance(each.record.message, Post)
        assert len(each.record.message.text) == 100_000


class Noting(Listener):
    def __init__(self, offsets: dict[Place, int] | None = None) -> None:
        self.owned: set[Place] = set()
        self.offsets = offsets or {}

    def assigned(self, place: Place) -> int | None:
        assert place not in self.owned
        self.owned.add(place)
        return self.offsets.get(place)

    def revoked(self, place: Place, *, lost: bool) -> None:
        assert not lost
        self.owned.remove(place)

    def missed(self, place: Place, records: int) -> None: ...


def test_a_listener_says_where_to_go_on(ground: Ground) -> None:
    transport = ground.transport()
    send_singly(transport, [Out(topics.POSTS, "x:1", post(number)) for number in range(10)])
    probe = transport.inlet("probe", (topics.POSTS,))
    place = receive(probe, until=count(10))[0].place
    probe.close()

    listener = Noting({place: 7})
    inlet = transport.inlet("reader", (topics.POSTS,), listener)
    assert numbers(receive(inlet, until=count(3))) == [7, 8, 9]
    assert len(listener.owned) == PARTITIONS
    inlet.close()
    assert not listener.owned


def test_two_workers_share_and_hand_over(ground: Ground) -> None:
    one_transport, two_transport = ground.transport(), ground.transport()
    keys = [Out(topics.POSTS, f"key {number}", post(number)) for number in range(40)]
    first, second = Noting(), Noting()
    one = one_transport.inlet("sharing", (topics.POSTS,), first)
    receive(one, until=lambda _: len(first.owned) == PARTITIONS)
    two = two_transport.inlet("sharing", (topics.POSTS,), second)
    receive(one, two, until=lambda _: len(first.owned) == len(second.owned) == PARTITIONS // 2)
    assert not first.owned & second.owned

    send(one_transport, keys)
    received = receive(one, two, until=count(40), commit=True)
    assert sorted(numbers(received)) == list(range(40))

    one.close()
    assert not first.owned
    send(two_transport, [Out(topics.POSTS, out.key, post(40 + at)) for at, out in enumerate(keys)])
    received = receive(two, until=lambda came: len(second.owned) == PARTITIONS and len(came) >= 40)
    assert sorted(numbers(received)) == list(range(40, 80))
    two.close()


def test_lags_are_known(ground: Ground) -> None:
    transport = ground.transport()
    send_singly(transport, [Out(topics.POSTS, "x:1", post(number)) for number in range(10)])
    inlet = transport.inlet("reader", (topics.POSTS,))
    place = receive(inlet, until=count(10))[0].place
    assert inlet.lags()[place] == 0
    inlet.seek(place, 4)
    assert len(inlet.receive(2, 5.0)) == 2
    assert inlet.lags()[place] == 4
    inlet.close()


@pytest.mark.kafka
def test_kafka_refuses_what_no_broker_would_take(kafka_broker: str) -> None:
    ground = KafkaGround(kafka_broker)
    transport = ground.transport()
    huge = Out(topics.POSTS, "x:1", post(1, text="a" * LIMIT))
    good = Out(topics.POSTS, "x:2", post(2))
    [refused] = transport.publish([huge, good])
    assert refused.out is huge
    assert "bytes" in refused.reason
    body = encode(huge.message)
    letter = DeadLetter(id="1", stage="s", source="here", target="posts", reason="too long", body=body, at=START)
    send(transport, [Out(topics.DEAD_LETTERS, "1", letter)])
    inlet = transport.inlet("reader", (topics.POSTS, topics.DEAD_LETTERS))
    received = receive(inlet, until=count(2))
    inlet.close()
    ground.close()
    assert {each.place.topic for each in received} == {topics.POSTS, topics.DEAD_LETTERS}
