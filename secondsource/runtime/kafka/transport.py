"""Sends messages, and opens inlets."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import kafka.errors
from kafka import KafkaProducer

from secondsource.contracts import topics
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import encode
from secondsource.contracts.stage import Out
from secondsource.runtime.kafka.frames import Line, Outgoing, framed, record_of
from secondsource.runtime.kafka.inlet import KafkaInlet
from secondsource.runtime.kafka.settings import KafkaSettings
from secondsource.runtime.kafka.topics import LETTER_LIMIT, LIMIT
from secondsource.runtime.transport import Inlet, Listener, Refused, partition_of

_log = logging.getLogger(__name__)


class KafkaTransport:
    """Connects when first used. `publish` and `flush` may be called from several threads, an inlet from one.

    Every message is kept until the broker has acknowledged it, so a broker that is away loses nothing.
    `patience` is how long `flush` waits, in seconds, before it says SourceAway (and is called again).
    """

    def __init__(self, settings: KafkaSettings, *, client_id: str = "secondsource", patience: float = 3.0) -> None:
        self.settings = settings
        self._client_id = client_id
        self._patience = patience
        self._lock = Lock()
        self._producer: Any = None
        self._partitions: dict[str, int] = {}
        self._outgoing: deque[Outgoing] = deque()  # not yet given to the client
        self._sent: list[tuple[Any, Outgoing]] = []  # not yet known to have arrived

    def publish(self, outs: Sequence[Out]) -> list[Refused]:
        refused: list[Refused] = []
        with self._lock:
            for topic in {out.topic for out in outs} - self._partitions.keys():
                self._partitions[topic] = self._count_partitions(topic)
            held: dict[tuple[str, int], list[Line]] = {}
            for out in outs:
                body = encode(out.message)
                limit = LETTER_LIMIT if out.topic == topics.DEAD_LETTERS else LIMIT
                if len(body) > limit:
                    refused.append(Refused(out, f"the message has {len(body)} bytes, {limit} are allowed"))
                elif out.key is None:  # a tick must not overtake what came before it, nor be overtaken
                    self._send_framed(held)
                    held = {}
                    self._send_everywhere(out.topic, body)
                else:
                    place = out.topic, partition_of(out.key, self._partitions[out.topic])
                    held.setdefault(place, []).append(Line(out.key.encode("utf-8", "surrogatepass"), body))
            self._send_framed(held)
            try:
                self._pump()
            except SourceAway as error:
                _log.info("kept until the broker answers", extra={"reason": str(error)})
        return refused

    def flush(self) -> None:
        with self._lock:
            self._pump()
            if not self._sent:
                return
            with self.settings.translated("sending"):
                self._producer.flush(timeout=self._patience)
            sent, self._sent = self._sent, []
            failed = next((future for future, _ in sent if not future.succeeded()), None)
            if failed is not None:
                # An idempotent producer that has given up on a batch may refuse all later ones: start anew.
                self._outgoing.extendleft(reversed(_from_first_failure(sent)))
                self._drop_producer()
                with self.settings.translated("sending"):
                    raise failed.exception or kafka.errors.KafkaTimeoutError("not acknowledged")

    def inlet(self, stage: str, topics: tuple[str, ...], listener: Listener | None = None) -> Inlet:
        return KafkaInlet(self.settings, self._client_id, stage, topics, listener)

    def close(self) -> None:
        """What was not flushed may be lost."""
        with self._lock:
            self._drop_producer()

    def publish_bytes(self, topic: str, partition: int, body: bytes) -> None:
        """Bytes that are not one of our messages, as a stranger may write them to a topic."""
        self._outgoing.append(Outgoing(self.settings.prefix + topic, partition, None, body))

    def _send_everywhere(self, topic: str, body: bytes) -> None:
        name = self.settings.prefix + topic
        self._outgoing.extend(Outgoing(name, partition, None, body) for partition in range(self._partitions[topic]))

    def _send_framed(self, held: Mapping[tuple[str, int], Sequence[Line]]) -> None:
        for (topic, partition), lines in held.items():
            name = self.settings.prefix + topic
            self._outgoing.extend(record_of(name, partition, frame) for frame in framed(lines))

    def _count_partitions(self, topic: str) -> int:
        with self.settings.translated(f"looking for topic {self.settings.prefix}{topic}"):
            return len(self._connected().partitions_for(self.settings.prefix + topic))

    def _pump(self) -> None:
        if not self._outgoing:
            return
        producer = self._connected()
        with self.settings.translated("sending"):
            while self._outgoing:
                outgoing = self._outgoing[0]
                future = producer.send(
                    outgoing.topic,
                    value=outgoing.body,
                    key=outgoing.key,
                    headers=outgoing.headers,
                    partition=outgoing.partition,
                )
                self._sent.append((future, outgoing))
                self._outgoing.popleft()

    def _connected(self) -> Any:
        if self._producer is None:
            self._producer = self.settings.connect(
                KafkaProducer,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=20,
                batch_size=1_048_576,
                max_request_size=LETTER_LIMIT + 1024 * 1024,
                max_block_ms=int(self._patience * 1000),
                request_timeout_ms=10_000,
                delivery_timeout_ms=30_000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        return self._producer

    def _drop_producer(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            # `close` sends all there is first, and is called again when Python ends: on a broker that is away both wait
            # in vain, and the second leaves a traceback behind.
            producer._sender.force_close()  # noqa: SLF001 - there is no public way to give up what waits
            try:
                producer.close(timeout=self._patience)
            except kafka.errors.KafkaError as error:
                _log.info("the producer did not close cleanly", extra={"reason": str(error)})


def _from_first_failure(sent: Sequence[tuple[Any, Outgoing]]) -> list[Outgoing]:
    """What to send again: in each partition all from its first failure on, so that no tick overtakes its posts."""
    broken: set[tuple[str, int]] = set()
    again = []
    for future, outgoing in sent:
        place = outgoing.topic, outgoing.partition
        if place in broken or not future.succeeded():
            broken.add(place)
            again.append(outgoing)
    return again
