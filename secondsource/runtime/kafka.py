"""The transport over Apache Kafka. The only module that knows the broker's client (kafka-python 3)."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import kafka.errors
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.net.compat import KafkaNetClient
from kafka.structs import OffsetAndMetadata

from secondsource.contracts import topics
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.messages import decode, encode
from secondsource.contracts.stage import Out, Record
from secondsource.runtime.transport import (
    Broken,
    Delivery,
    HandedOver,
    Inlet,
    Listener,
    Place,
    Refused,
    partition_of,
)

_log = logging.getLogger(__name__)

#: Bytes a message may have. A post of 100,000 characters in any script has 0.6 MB; letters carry bytes as base64.
LIMIT = 4 * 1024 * 1024
LETTER_LIMIT = 16 * 1024 * 1024

#: Of one partition at a time, or one batch of its records where that has more. What is fetched of a partition is read
#: to its end before another's turn comes, and a judge waits for the slowest lane: large fetches would have the stages
#: work one after the other through a backlog.
FETCHED_BYTES = 128 * 1024

#: Of messages that share a record: a record costs the client and the broker more than its messages do.
FRAMED_MESSAGES = 256
FRAMED_BYTES = 256 * 1024
_NAME, _KEYS = "frame", "keys"
FRAME = (_NAME, b"1")  #: the header of a record that holds several messages, one a line

_FILES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_crlfile")
_SECURITY = (
    "security_protocol",
    *_FILES,
    "ssl_password",
    "ssl_check_hostname",
    "ssl_ciphers",
    "sasl_mechanism",
    "sasl_plain_username",
    "sasl_plain_password",
    "sasl_kerberos_name",
    "sasl_kerberos_service_name",
    "sasl_kerberos_domain_name",
    "sasl_oauth_token_provider",
)
_CONSUMER_ONLY = ("session_timeout_ms", "heartbeat_interval_ms", "max_poll_interval_ms")
_OURS = ("prefix", "bootstrap_timeout_ms")
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

#: What the broker says when no later try will do better.
_REFUSALS = (
    kafka.errors.AuthorizationError,
    kafka.errors.SaslAuthenticationFailedError,
    kafka.errors.UnsupportedSaslMechanismError,
    kafka.errors.KafkaConfigurationError,
    kafka.errors.InvalidTopicError,
    kafka.errors.MessageSizeTooLargeError,
    kafka.errors.UnsupportedVersionError,
)
#: What it says to a worker that is no longer, or not yet again, a member of its group.
_MOVES = (
    kafka.errors.CommitFailedError,
    kafka.errors.RebalanceInProgressError,
    kafka.errors.IllegalGenerationError,
    kafka.errors.UnknownMemberIdError,
    kafka.errors.FencedInstanceIdError,
)


class KafkaSettings:
    """A plain mapping, checked: `bootstrap_servers`, optional `prefix` of topic and group names, and the client's
    security settings under its own names (`security_protocol`, `ssl_*`, `sasl_*`).

    Raises:
        BadConfiguration: an unknown key, a missing file, half of a user name and password.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        known = ("bootstrap_servers", *_OURS, *_SECURITY, *_CONSUMER_ONLY)
        unknown = sorted(set(settings) - set(known))
        if unknown:
            msg = f"Kafka settings: expected keys among {', '.join(known)}; got {', '.join(unknown)}"
            raise BadConfiguration(msg)
        servers = settings.get("bootstrap_servers")
        if not servers:
            msg = 'Kafka settings: expected bootstrap_servers, such as "kafka:9092"; got none'
            raise BadConfiguration(msg)
        self.servers = [server.strip() for server in servers.split(",")] if isinstance(servers, str) else list(servers)
        self.prefix = str(settings.get("prefix", ""))
        self.protocol = str(settings.get("security_protocol", "PLAINTEXT"))
        self._check(settings)
        self.client: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "bootstrap_timeout_ms": int(settings.get("bootstrap_timeout_ms", 5000)),
            "reconnect_backoff_max_ms": 5000,
            **{key: settings[key] for key in _SECURITY if settings.get(key) is not None},
        }
        self.consumer = {key: int(settings[key]) for key in _CONSUMER_ONLY if key in settings}

    def _check(self, settings: Mapping[str, Any]) -> None:
        if self.protocol not in _PROTOCOLS:
            msg = f"Kafka settings: expected security_protocol among {', '.join(_PROTOCOLS)}; got {self.protocol!r}"
            raise BadConfiguration(msg)
        for key in _FILES:
            if settings.get(key) and not Path(str(settings[key])).is_file():
                msg = f"Kafka settings: {key} names {settings[key]}, which is not a file"
                raise BadConfiguration(msg)
        if self.protocol.startswith("SASL") and not settings.get("sasl_mechanism"):
            msg = f"Kafka settings: {self.protocol} needs sasl_mechanism, such as SCRAM-SHA-512; got none"
            raise BadConfiguration(msg)
        if bool(settings.get("sasl_plain_username")) != bool(settings.get("sasl_plain_password")):
            msg = "Kafka settings: expected both of sasl_plain_username and sasl_plain_password; got one"
            raise BadConfiguration(msg)
        if settings.get("sasl_plain_username") and not self.protocol.startswith("SASL"):
            msg = f"Kafka settings: a SASL user name needs security_protocol SASL_SSL; got {self.protocol}"
            raise BadConfiguration(msg)

    def connect(self, kind: Callable[..., Any], **more: Any) -> Any:
        """A client of the given class.

        Raises:
            SourceAway: no broker answers.
            BadConfiguration: one refuses us.
        """
        started: list[Any] = []

        def net(**config: Any) -> Any:
            started.append(KafkaNetClient(**config))
            return started[0]

        try:
            with self.translated("connecting"):
                return kind(kafka_client=net, **self.client, **more)
        except BaseException:
            # A client that fails in its constructor leaves its thread and sockets behind.
            for client in started:
                client.close()
            raise

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Turn the client's errors into ours.

        Raises:
            HandedOver: the group is moving partitions.
            SourceAway: the broker did not answer, or not usefully.
            BadConfiguration: it refuses us.
        """
        try:
            yield
        except _MOVES as error:
            raise HandedOver(str(error)) from error
        except _REFUSALS as error:
            msg = f"Kafka at {', '.join(self.servers)} refuses {doing}: {type(error).__name__}: {error}"
            raise BadConfiguration(msg) from error
        except kafka.errors.KafkaError as error:
            raise self.away(doing, error) from error
        except (OSError, RuntimeError) as error:  # the client's loop was closed under us, or a socket failed
            raise self.away(doing, error) from error

    def away(self, doing: str, error: BaseException) -> SourceAway:
        hint = "is it up, and does it listen there?"
        if self.protocol.startswith("SASL"):
            hint += (
                " A wrong user name or password looks exactly like this:"
                " check sasl_mechanism, sasl_plain_username and sasl_plain_password."
            )
        if self.protocol.endswith("SSL"):
            hint += " So does a certificate that is not trusted: check ssl_cafile."
        what = f"{type(error).__name__}: {error}"
        return SourceAway(f"Kafka at {', '.join(self.servers)} does not answer while {doing} ({what}); {hint}")


class _Outgoing(NamedTuple):
    topic: str
    partition: int
    key: bytes | None
    body: bytes
    headers: Sequence[tuple[str, bytes]] | None = None


def _from_first_failure(sent: Sequence[tuple[Any, _Outgoing]]) -> list[_Outgoing]:
    """What to send again: in each partition all from its first failure on, so that no tick overtakes its posts."""
    broken: set[tuple[str, int]] = set()
    again = []
    for future, outgoing in sent:
        place = outgoing.topic, outgoing.partition
        if place in broken or not future.succeeded():
            broken.add(place)
            again.append(outgoing)
    return again


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
        self._outgoing: deque[_Outgoing] = deque()  # not yet given to the client
        self._sent: list[tuple[Any, _Outgoing]] = []  # not yet known to have arrived

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

    def send_bytes(self, topic: str, body: bytes, key: bytes | None = None) -> None:
        """Send bytes as they are, for tests of what a stranger may write to a topic."""
        self._outgoing.append(_Outgoing(self.settings.prefix + topic, 0, key, body))

    def _send_everywhere(self, topic: str, body: bytes) -> None:
        name = self.settings.prefix + topic
        self._outgoing.extend(_Outgoing(name, partition, None, body) for partition in range(self._partitions[topic]))

    def _send_framed(self, held: Mapping[tuple[str, int], Sequence[Line]]) -> None:
        for (topic, partition), lines in held.items():
            name = self.settings.prefix + topic
            self._outgoing.extend(_outgoing(name, partition, frame) for frame in framed(lines))

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
            try:
                producer.close(timeout=self._patience)
            except kafka.errors.KafkaError as error:
                _log.info("the producer did not close cleanly", extra={"reason": str(error)})


class KafkaInlet(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """One member of the group `PREFIXsecondsource-STAGE`.

    Joining and moving happen inside `receive`: the client then runs `on_partitions_…` on its own thread while ours
    waits. Assigned places are only noted there, and taken up on our thread before any of their records is given out,
    so that a database that is away is waited for like anywhere else.
    """

    durable = True

    def __init__(
        self,
        settings: KafkaSettings,
        client_id: str,
        stage: str,
        topics: tuple[str, ...],
        listener: Listener | None,
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._group = f"{settings.prefix}secondsource-{stage}"
        self._topics = {settings.prefix + topic: topic for topic in topics}
        self._listener = listener
        self._consumer: Any = None
        self._arriving: set[Any] = set()
        self._owned: set[Any] = set()
        self._partitions: dict[str, int] = {}
        self._filled = 1.0  # messages a record, lately

    def receive(self, max_records: int, timeout: float) -> list[Delivery | Broken]:
        consumer = self._connected()
        self._take_up()
        if self._joining(consumer):
            timeout = max(timeout, 1.0)
        with self._settings.translated("receiving"):
            # Records are taken up whole, so that a frame may bring more messages than were asked for.
            polled = consumer.poll(timeout_ms=int(timeout * 1000), max_records=self._records(max_records))
        received: list[Delivery | Broken] = []
        records_read = 0
        try:
            self._take_up(polled)
            for wire, records in polled.items():
                records_read += self._read(wire, records, received, 2 * max_records)
        except SourceAway:
            # The client counts them as received: go back, but for the places that go on from an offset of their own.
            for wire, records in polled.items():
                if wire in self._owned:
                    consumer.seek(wire, records[0].offset)
            raise
        if records_read:
            filled = len(received) / records_read
            self._filled = max(filled, self._filled + (filled - self._filled) / 4)
        return received

    def _records(self, messages: int) -> int:
        """How many records bring about so many messages, going by those that came last."""
        return max(1, round(messages / self._filled))

    def commit(self, positions: Mapping[Place, int]) -> None:
        offsets = {self._wire(place): OffsetAndMetadata(offset, "", -1) for place, offset in positions.items()}
        if not offsets:
            return
        with self._settings.translated("committing"):
            self._connected().commit(offsets, timeout_ms=5000)

    def seek(self, place: Place, offset: int) -> None:
        if self._wire(place) in self._owned:
            self._connected().seek(self._wire(place), offset)

    def lags(self) -> Mapping[Place, int]:
        if self._consumer is None:
            return {}
        lags = {}
        for wire in self._owned:
            state = self._consumer._subscription.assignment.get(wire)  # noqa: SLF001 - position() would ask the broker
            if state is not None and state.highwater is not None and state.position is not None:
                lags[self._place(wire)] = max(0, state.highwater - state.position.offset)
        return lags

    def close(self) -> None:
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            try:
                consumer.close(autocommit=False, timeout_ms=2000)
            except (kafka.errors.KafkaError, OSError, RuntimeError) as error:
                _log.info("the consumer did not close cleanly", extra={"group": self._group, "reason": str(error)})

    # Called by the client, on its thread, while `receive` or `close` is running on ours.

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self._partitions.clear()
        self._arriving.update(assigned)
        self._owned.update(assigned)

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        self._give_up(revoked, lost=False)

    def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self._give_up(lost, lost=True)

    @staticmethod
    def _joining(consumer: Any) -> bool:
        """Whether an earlier poll ended before the group had formed. Sees to it that the next one goes on with it.

        That one should be long: a join that completes between two polls is begun anew.

        kafka-python 3.0.12 forgets a join that outlasts its poll where the join was begun for changed metadata
        (`need_rejoin` turns False before `_on_join_complete_async` has run): without this the member would wait
        for ever, in no group and without a heartbeat. Seen once in forty starts.
        """
        coordinator = consumer._coordinator  # noqa: SLF001 - there is no public way to say "finish joining"
        if coordinator.rejoining:
            coordinator.request_rejoin()
            return True
        return False

    def _give_up(self, wires: Iterable[Any], *, lost: bool) -> None:
        for wire in wires:
            self._owned.discard(wire)
            if wire in self._arriving:
                self._arriving.discard(wire)  # never taken up
                continue
            if self._listener is not None:
                try:
                    self._listener.revoked(self._place(wire), lost=lost)
                except Exception:  # noqa: BLE001 - an error here would leave the client's group half joined
                    _log.exception("giving up a partition failed", extra={"place": str(self._place(wire))})

    def _take_up(self, polled: dict[Any, list[Any]] | None = None) -> None:
        """Let the listener restore what arrived. What was `polled` of places that go on from elsewhere is dropped."""
        for wire in sorted(self._arriving):
            offset = None if self._listener is None else self._listener.assigned(self._place(wire))
            if offset is not None:
                self._consumer.seek(wire, offset)
                if polled is not None:
                    polled.pop(wire, None)
            self._arriving.discard(wire)

    def _read(self, wire: Any, records: Sequence[Any], received: list[Delivery | Broken], limit: int) -> int:
        """Read records until so many messages have been received; what is left is fetched again. How many were read."""
        place = self._place(wire)
        partitions = self._partitions_of(wire.topic)
        for number, record in enumerate(records):
            if len(received) >= limit:  # frames held more than the last ones did
                self._consumer.seek(wire, record.offset)
                return number
            for line, (key, body) in enumerate(_lines(record)):
                try:
                    message = decode(body)
                except BadRecord as error:
                    received.append(Broken(place, key, record.offset, bytes(body), str(error), line))
                else:
                    made = Record(message, place.partition, partitions, record.offset, line)
                    received.append(Delivery(place, key, made))
        return len(records)

    def _partitions_of(self, wire_topic: str) -> int:
        count = self._partitions.get(wire_topic)
        if count is None:
            with self._settings.translated("counting partitions"):
                count = self._partitions[wire_topic] = len(self._consumer.partitions_for_topic(wire_topic) or ())
        return count

    def _place(self, wire: Any) -> Place:
        return Place(self._topics[wire.topic], wire.partition)

    def _wire(self, place: Place) -> Any:
        return TopicPartition(self._settings.prefix + place.topic, place.partition)

    def _connected(self) -> Any:
        if self._consumer is None:
            timing = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 2_000, "max_poll_interval_ms": 600_000}
            self._arriving.clear()
            self._owned.clear()
            consumer = self._settings.connect(
                KafkaConsumer,
                client_id=self._client_id,
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                partition_assignment_strategy=[CooperativeStickyAssignor],
                fetch_max_wait_ms=100,
                max_partition_fetch_bytes=FETCHED_BYTES,
                max_poll_records=5000,
                allow_auto_create_topics=False,
                metadata_max_age_ms=30_000,
                request_timeout_ms=10_000,
                metrics_enabled=False,
                **(timing | self._settings.consumer),
            )
            consumer.subscribe(topics=list(self._topics), listener=self)
            self._consumer = consumer
        return self._consumer


class Line(NamedTuple):
    """A message on its way: JSON as `encode` writes it has no line feed."""

    key: bytes
    body: bytes


def framed(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Lines of one partition in order, by the record they share. A key with a line feed stands alone."""
    start, size = 0, 0
    for place, (key, body) in enumerate(lines):
        alone = b"\n" in key
        if place > start and (alone or place - start == FRAMED_MESSAGES or size + len(body) > FRAMED_BYTES):
            yield lines[start:place]
            start, size = place, 0
        size += FRAMED_BYTES + 1 if alone else len(body)
    if lines:
        yield lines[start:]


def _outgoing(topic: str, partition: int, frame: Sequence[Line]) -> _Outgoing:
    """One message as it is; several under the key they share, or with a key a line in a header."""
    keys, bodies = zip(*frame, strict=True)
    if len(frame) == 1:
        return _Outgoing(topic, partition, keys[0], bodies[0])
    body = b"\n".join(bodies)
    if len(set(keys)) == 1:
        return _Outgoing(topic, partition, keys[0], body, [FRAME])
    return _Outgoing(topic, partition, None, body, [FRAME, (_KEYS, b"\n".join(keys))])


def _lines(record: Any) -> Iterator[tuple[str, bytes]]:
    """A record's messages and their keys; "" where whoever wrote it gave none."""
    key = "" if record.key is None else record.key.decode("utf-8", "surrogateescape")
    body = record.value or b""
    headers = dict(record.headers or ())
    if _NAME not in headers:
        return iter([(key, body)])
    keys = headers[_KEYS].decode("utf-8", "surrogateescape").split("\n") if _KEYS in headers else ()
    bodies = body.split(b"\n")
    return zip(keys if len(keys) == len(bodies) else [key] * len(bodies), bodies, strict=True)


def ensure_topics(settings: KafkaSettings, partitions: int, *, replication: int = 1) -> dict[str, int]:
    """Create the topics that are missing; those that exist are left as they are. Returns each one's partitions.

    Raises:
        SourceAway: no broker answers.
        BadConfiguration: it refuses to create them.
    """
    admin = settings.connect(KafkaAdminClient, client_id="secondsource-topics", request_timeout_ms=10_000)
    try:
        with settings.translated("creating topics"):
            there = set(admin.list_topics())
            missing = {
                settings.prefix + topic: {
                    "num_partitions": partitions,
                    "replication_factor": replication,
                    "configs": {
                        "max.message.bytes": str((LETTER_LIMIT if topic == topics.DEAD_LETTERS else LIMIT) + 65_536)
                    },
                }
                for topic in topics.ALL
                if settings.prefix + topic not in there
            }
            if missing:
                try:
                    admin.create_topics(missing, wait_for_metadata=True)
                except kafka.errors.TopicAlreadyExistsError:
                    _log.info("another process created the topics first")
            described = admin.describe_topics([settings.prefix + topic for topic in topics.ALL])
    finally:
        admin.close()
    return {each["name"].removeprefix(settings.prefix): len(each["partitions"]) for each in described}
