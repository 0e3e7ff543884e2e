"""Receives messages, as one member of a group."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import kafka.errors
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.structs import OffsetAndMetadata

from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import decode
from secondsource.contracts.stage import Record
from secondsource.runtime.kafka.frames import lines_of
from secondsource.runtime.kafka.settings import KafkaSettings
from secondsource.runtime.transport import Broken, Delivery, Listener, Place

_log = logging.getLogger(__name__)

#: Of one partition at a time, or one batch of its records where that has more. What is fetched of a partition is read
#: to its end before another's turn comes, and a judge waits for the slowest lane: large fetches would have the stages
#: work one after the other through a backlog.
FETCHED_BYTES = 128 * 1024


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
        self._next: dict[Any, int] = {}  # the record each goes on from, where some have been read before
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
                    self._go_on(wire, records[0].offset)
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
            self._connected()
            self._go_on(self._wire(place), offset)

    def _go_on(self, wire: Any, offset: int) -> None:
        self._next[wire] = offset
        self._consumer.seek(wire, offset)

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
            self._next.pop(wire, None)
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
                self._go_on(wire, offset)
                if polled is not None:
                    polled.pop(wire, None)
            else:
                with self._settings.translated("asking where to go on"):
                    self._next[wire] = self._consumer.committed(wire, timeout_ms=5000) or 0
            self._arriving.discard(wire)

    def _read(self, wire: Any, records: Sequence[Any], received: list[Delivery | Broken], limit: int) -> int:
        """Read records until so many messages have been received; what is left is fetched again. How many were read."""
        place = self._place(wire)
        partitions = self._partitions_of(wire.topic)
        self._look_for_missed(wire, records[0].offset)
        for number, record in enumerate(records):
            if len(received) >= limit:  # frames held more than the last ones did
                self._go_on(wire, record.offset)
                return number
            self._next[wire] = record.offset + 1
            for line, (key, body) in enumerate(lines_of(record)):
                try:
                    message = decode(body)
                except BadRecord as error:
                    received.append(Broken(place, key, record.offset, bytes(body), str(error), line))
                else:
                    made = Record(message, place.partition, partitions, record.offset, line)
                    received.append(Delivery(place, key, made))
        return len(records)

    def _look_for_missed(self, wire: Any, offset: int) -> None:
        """The client goes on with the first record that the broker still has, and says nothing."""
        expected = self._next.get(wire, 0)
        if self._listener is not None and 0 < expected < offset:  # who has read nothing yet misses nothing
            self._listener.missed(self._place(wire), offset - expected)

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
            self._next.clear()
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
