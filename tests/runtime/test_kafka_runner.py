"""Runners on a real broker: moving memory, brokers that go away, processes that are told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from threading import Event, Thread, Timer
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, TopicPartition
from prometheus_client import CollectorRegistry

from secondsource.contracts import topics
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import Message, Takedown
from secondsource.contracts.stage import Batch, Out, Stage
from secondsource.runtime.kafka import KafkaSettings, KafkaTransport, ensure_topics
from secondsource.runtime.metrics import Metrics
from secondsource.runtime.retry import Backoff, Retry
from secondsource.runtime.runner import Runner, RunnerSettings
from secondsource.runtime.source import TopicPublisher
from secondsource.runtime.transport import Broken, Delivery
from tests.fakes.progress import MemoryProgress
from tests.runtime.makers import Counting, Passing, post
from tests.servers.kafka import KafkaServer

pytestmark = pytest.mark.kafka
PARTITIONS = 4
SECONDS = 120.0  # after which a test gives up


class Plant:
    """Real clock, real broker."""

    def __init__(self, bootstrap: str) -> None:
        self.settings = KafkaSettings(
            {"bootstrap_servers": bootstrap, "prefix": f"r{uuid4().hex[:8]}-", "session_timeout_ms": 6000}
        )
        self.clock = SystemClock()
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.retry = Retry(Backoff(longest=0.5), Random(3), self.clock, self.metrics)
        self.progress = MemoryProgress()
        self.transports: list[KafkaTransport] = []
        self.threads: list[tuple[Thread, Event]] = []

    def transport(self, patience: float = 1.0) -> KafkaTransport:
        """For runners, which ask again: who only sends waits as long as a busy machine may take."""
        self.transports.append(KafkaTransport(self.settings, patience=patience))
        return self.transports[-1]

    def feed(self, outs: Sequence[Out]) -> None:
        sender = self.transport(patience=SECONDS)
        for start in range(0, len(outs), 1_000):
            sender.publish(outs[start : start + 1_000])
        sender.flush()

    def runner(self, stage: Stage, limits: RunnerSettings) -> Runner:
        return Runner(
            stage,
            self.transport(),
            progress=self.progress,
            metrics=self.metrics,
            clock=self.clock,
            retry=self.retry,
            settings=limits,
        )

    def start(self, runner: Runner) -> Event:
        stop = Event()
        thread = Thread(target=runner.run, args=(stop,), daemon=True)
        thread.start()
        self.threads.append((thread, stop))
        return stop

    def has_waited(self, stage: str) -> bool:
        """For a service that was away."""
        return bool(self.registry.get_sample_value("secondsource_retries_total", {"stage": stage}))

    def close(self) -> None:
        for _, stop in self.threads:
            stop.set()
        for thread, _ in self.threads:
            thread.join(SECONDS)
        assert not any(thread.is_alive() for thread, _ in self.threads)
        for transport in self.transports:
            transport.close()

    def read(self, topic: str, until: Callable[[list[Message]], bool]) -> list[Message]:
        inlet = self.transport().inlet(f"probe{uuid4().hex[:6]}", (topic,))
        messages: list[Message] = []
        give_up = time.monotonic() + SECONDS
        while not until(messages):
            assert time.monotonic() < give_up, f"only {len(messages)} came"
            messages += [each.record.message for each in inlet.receive(1000, 0.1) if isinstance(each, Delivery)]
        inlet.close()
        return messages


@pytest.fixture
def plant(kafka_broker: str) -> Iterator[Plant]:
    plant = Plant(kafka_broker)
    ensure_topics(plant.settings, PARTITIONS)
    yield plant
    plant.close()


def wait_for(what: Callable[[], bool]) -> None:
    give_up = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def outs(numbers: range) -> list[Out]:
    return [Out(topics.POSTS, f"key {number}", post(number)) for number in numbers]


def said(messages: list[Message]) -> set[tuple[str, str]]:
    return {(message.uid, message.reason) for message in messages if isinstance(message, Takedown)}


def test_memory_moves_between_workers(plant: Plant) -> None:
    """A worker joins, then the first leaves: what is said is what one worker would have said."""
    never = RunnerSettings(save_every_seconds=1e9, save_every_records=10**9, poll_seconds=0.05)
    first, second = Counting(), Counting()
    plant.feed(outs(range(100)))
    stop_first = plant.start(plant.runner(first, never))
    wait_for(lambda: sum(map(len, first.seen.values())) == 100)
    plant.start(plant.runner(second, never))
    wait_for(lambda: len(second.seen) == PARTITIONS // 2)
    plant.feed(outs(range(100, 200)))
    wait_for(lambda: sum(map(len, [*first.seen.values(), *second.seen.values()])) == 200)
    stop_first.set()
    wait_for(lambda: len(second.seen) == PARTITIONS)
    plant.feed(outs(range(200, 300)))
    messages = plant.read(topics.ALERTS, lambda messages: len(said(messages)) == 300)

    numbers: dict[str, list[int]] = {}
    for _, reason in said(messages):
        words = reason.replace(",", "").split()
        numbers.setdefault(words[4], []).append(int(words[1]))
    assert len(numbers) == PARTITIONS
    for counted in numbers.values():  # each partition was counted from 1 without a gap or a repeat
        assert sorted(counted) == list(range(1, len(counted) + 1))


def test_a_backlog_is_read_from_all_partitions_alike(plant: Plant) -> None:
    """A judge holds back what has not been passed by every lane: one that runs far ahead only fills its memory."""
    alphabet, random, lane = "abcdefghijklmnopqrstuvwxyz0123456789", Random(5), 4_000
    texts = ["".join(random.choices(alphabet, k=800)) for _ in range(500)]
    sent = [Out(topics.POSTS, f"key {n}", post(n, text=texts[n % 500][n % 7 :])) for n in range(PARTITIONS * lane)]
    plant.feed(sent)
    read = Counter[int]()
    apart = 0
    inlet = plant.transport().inlet("reader", (topics.POSTS,))
    give_up = time.monotonic() + SECONDS
    while read.total() < len(sent):
        assert time.monotonic() < give_up, f"only {read} came"
        read.update(each.place.partition for each in inlet.receive(500, 0.1))
        apart = max(apart, max(read.values(), default=0) - min(read[place] for place in range(PARTITIONS)))
    inlet.close()
    assert apart < 0.85 * lane


@pytest.mark.parametrize("stage", [Passing, Counting])
def test_records_that_were_gone_before_they_were_read_are_told(
    plant: Plant, stage: type[Passing] | type[Counting]
) -> None:
    sender, reader = plant.transport(patience=SECONDS), plant.transport().inlet("reader", (topics.POSTS,))
    came: list[Delivery | Broken] = []

    def send_and_read(numbers: range) -> None:
        for out in [Out(topics.POSTS, "one key", post(number)) for number in numbers]:
            sender.publish([out])
            sender.flush()
        give_up = time.monotonic() + SECONDS
        while len(came) < numbers.stop:
            assert time.monotonic() < give_up
            came.extend(reader.receive(100, 0.1))

    def work_until(received: int) -> None:
        name = stage().name
        stop = plant.start(plant.runner(stage(), RunnerSettings()))
        labels = {"stage": name, "type": "post"}
        wait_for(lambda: plant.registry.get_sample_value("secondsource_messages_received_total", labels) == received)
        stop.set()
        plant.threads.pop()[0].join(SECONDS)

    send_and_read(range(10))
    work_until(10)
    send_and_read(range(10, 20))
    reader.close()
    place, offset, *_ = came[15].spot
    admin = plant.settings.connect(KafkaAdminClient, client_id="retention")
    admin.delete_records({TopicPartition(plant.settings.prefix + place.topic, place.partition): offset})
    admin.close()
    work_until(15)
    assert plant.registry.get_sample_value("secondsource_records_missed_total", {"stage": stage().name}) == 5


def test_a_broker_killed_in_the_middle_loses_nothing(kafka_server: KafkaServer) -> None:
    plant = Plant(kafka_server.bootstrap)
    ensure_topics(plant.settings, PARTITIONS)
    publisher = TopicPublisher(
        plant.transport(), progress=plant.progress, metrics=plant.metrics, clock=plant.clock, retry=plant.retry
    )
    stage = Passing()
    plant.start(plant.runner(stage, RunnerSettings(poll_seconds=0.05)))
    publisher.push("replay", Batch([post(number) for number in range(50)], [], "50"), Event())
    wait_for(lambda: sum(map(len, stage.batches)) >= 50)

    kafka_server.kill()
    pushing = Thread(
        target=publisher.push, args=("replay", Batch([post(number) for number in range(50, 100)], [], "100"), Event())
    )
    pushing.start()
    wait_for(lambda: plant.has_waited("ingest:replay"))
    assert plant.progress.load("ingest:replay", 0).position == "50"
    kafka_server.start()
    pushing.join(SECONDS)
    assert plant.progress.load("ingest:replay", 0).position == "100"
    messages = plant.read(topics.ENRICHED, lambda messages: len(set(messages)) == 100)
    assert set(messages) == {post(number) for number in range(100)}
    plant.close()


def test_a_broker_that_starts_later_is_waited_for(kafka_server: KafkaServer) -> None:
    plant = Plant(kafka_server.bootstrap)
    ensure_topics(plant.settings, PARTITIONS)
    plant.feed(outs(range(10)))
    kafka_server.stop()
    stage = Passing()
    stop = plant.start(plant.runner(stage, RunnerSettings(poll_seconds=0.05)))
    wait_for(lambda: plant.has_waited(stage.name))
    kafka_server.start()
    wait_for(lambda: sorted(sum(stage.batches, [])) == list(range(10)))  # noqa: RUF017 - ten numbers
    stop.set()
    plant.close()


def test_a_broker_that_is_away_does_not_keep_a_stage_from_stopping(kafka_server: KafkaServer) -> None:
    plant = Plant(kafka_server.bootstrap)
    ensure_topics(plant.settings, PARTITIONS)
    plant.feed(outs(range(10)))
    stage = Passing()
    stop = plant.start(plant.runner(stage, RunnerSettings(poll_seconds=0.05)))
    wait_for(lambda: bool(stage.batches))
    kafka_server.kill()
    stop.set()
    plant.close()  # asserts that the thread has ended


PROCESS = """
import signal, sys, threading
from random import Random
from prometheus_client import CollectorRegistry
from secondsource.contracts.clock import SystemClock
from secondsource.runtime.kafka import KafkaSettings, KafkaTransport
from secondsource.runtime.metrics import Metrics
from secondsource.runtime.retry import Backoff, Retry
from secondsource.runtime.runner import Runner
from tests.fakes.progress import MemoryProgress
from tests.runtime.makers import Passing

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
metrics, clock = Metrics(CollectorRegistry()), SystemClock()
transport = KafkaTransport(KafkaSettings({"bootstrap_servers": sys.argv[1], "prefix": sys.argv[2]}))
retry = Retry(Backoff(), Random(), clock, metrics)
stage = Passing(trouble=lambda record: print(record.offset, flush=True))
Runner(stage, transport, progress=MemoryProgress(), metrics=metrics, clock=clock, retry=retry).run(stop)
transport.close()
print("left")
"""


def test_told_to_stop_a_process_leaves_its_group(plant: Plant) -> None:
    plant.feed(outs(range(30)))
    command = [sys.executable, "-c", PROCESS, plant.settings.servers[0], plant.settings.prefix]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(root)}
    ) as process:
        assert process.stdout is not None
        killer = Timer(SECONDS, process.kill)
        killer.start()
        assert process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate()
        killer.cancel()
    assert process.returncode == 0
    assert said.endswith("left\n")
    plant.feed(outs(range(30, 40)))
    stage = Passing()
    plant.start(plant.runner(stage, RunnerSettings(poll_seconds=0.05)))
    wait_for(lambda: bool(stage.batches) and 39 in stage.batches[-1])
    seen = set().union(*map(set, stage.batches))
    assert seen >= set(range(30, 40))
    handled_before = set(plant.read(topics.ENRICHED, lambda m: len(set(m)) == 40))
    assert handled_before == {post(number) for number in range(40)}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "bootstrap_servers"),
        ({"bootstrap_servers": "x:1", "sasl_pasword": "x"}, "sasl_pasword"),
        ({"bootstrap_servers": "x:1", "security_protocol": "TLS"}, "SASL_SSL"),
        ({"bootstrap_servers": "x:1", "security_protocol": "SSL", "ssl_cafile": "/no/such/file"}, "/no/such/file"),
        ({"bootstrap_servers": "x:1", "security_protocol": "SASL_SSL"}, "sasl_mechanism"),
        ({"bootstrap_servers": "x:1", "sasl_plain_username": "ana"}, "sasl_plain_password"),
        ({"bootstrap_servers": "x:1", "sasl_plain_username": "a", "sasl_plain_password": "b"}, "security_protocol"),
    ],
)
def test_settings_that_cannot_work_say_what_to_write(settings: dict[str, str], said: str) -> None:
    with pytest.raises(BadConfiguration, match=said):
        KafkaSettings(settings)


def test_no_answer_with_sasl_hints_at_the_password(kafka_broker: str) -> None:
    settings = KafkaSettings(
        {
            "bootstrap_servers": kafka_broker,  # speaks no SASL, and so never answers us
            "bootstrap_timeout_ms": 500,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "ana",
            "sasl_plain_password": "secret",
        }
    )
    with pytest.raises(SourceAway, match="sasl_plain_password") as caught:
        ensure_topics(settings, 1)
    assert "secret" not in str(caught.value)
