"""The transport inside one process: message objects move, no bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from secondsource.contracts.messages import Message
from secondsource.contracts.stage import Out, Record
from secondsource.runtime.transport import Broken, Delivery, Inlet, Listener, Place, Refused, partition_of


class _Log:
    """One partition: entries from offset `base` on."""

    def __init__(self) -> None:
        self.base = 0
        self.entries: list[tuple[str, Message | bytes]] = []

    @property
    def end(self) -> int:
        return self.base + len(self.entries)


class Mark(NamedTuple):
    """How long each partition was, what each group had received and committed: where `rewind` goes back to."""

    ends: dict[Place, int]
    received: dict[str, dict[Place, int]]
    committed: dict[str, dict[Place, int]]


class InlineTransport:
    """`partitions` a topic: one suffices in a process, more are for tests of what must not depend on them.

    `durable`: everything published is kept, as a broker does, so that a test may crash a worker and start
    another. Otherwise what all groups have committed is dropped, and offsets end with the process.
    Not thread-safe: one thread at a time.
    """

    def __init__(self, *, partitions: int = 1, durable: bool = False) -> None:
        self.partitions = partitions
        self.durable = durable
        self._logs: defaultdict[Place, _Log] = defaultdict(_Log)
        self._committed: defaultdict[str, dict[Place, int]] = defaultdict(dict)
        self._inlets: defaultdict[str, list[InlineInlet]] = defaultdict(list)

    def publish(self, outs: Sequence[Out]) -> list[Refused]:
        for topic, key, message in outs:
            if key is None:
                for partition in range(self.partitions):
                    self._logs[Place(topic, partition)].entries.append(("", message))
            else:
                partition = partition_of(key, self.partitions) if self.partitions > 1 else 0
                self._logs[Place(topic, partition)].entries.append((key, message))
        return []

    def publish_bytes(self, topic: str, partition: int, body: bytes) -> None:
        """Bytes that are not one of our messages, as a stranger may write them to a broker's topic."""
        self._logs[Place(topic, partition)].entries.append(("", body))

    def flush(self) -> None:
        """Nothing is on its way in a process."""

    def inlet(self, stage: str, topics: tuple[str, ...], listener: Listener | None = None) -> Inlet:
        inlet = InlineInlet(self, stage, topics, listener)
        self._inlets[stage].append(inlet)
        self._share(stage)
        return inlet

    def close(self) -> None:
        for inlets in list(self._inlets.values()):
            for inlet in list(inlets):
                inlet.close()

    def mark(self) -> Mark:
        """For one inlet a stage, as the inline pipeline has."""
        return Mark(
            {place: log.end for place, log in self._logs.items()},
            {stage: inlet.received() for stage, inlets in self._inlets.items() for inlet in inlets},
            {stage: dict(positions) for stage, positions in self._committed.items()},
        )

    def rewind(self, mark: Mark) -> None:
        """Drop what was published since, receive again what was received since."""
        for place, log in self._logs.items():
            del log.entries[max(0, mark.ends.get(place, log.base) - log.base) :]
        for stage, positions in mark.received.items():
            for inlet in self._inlets[stage]:
                inlet.go_back(positions)
        self._committed.clear()
        self._committed.update({stage: dict(positions) for stage, positions in mark.committed.items()})

    def drop_committed(self) -> None:
        """Forget what every group has committed, and what nobody reads."""
        for place, log in self._logs.items():
            readers = [
                self._committed[stage].get(place, 0)
                for stage, inlets in self._inlets.items()
                if any(place.topic in inlet.topics for inlet in inlets)
            ]
            keep_from = min(readers, default=log.end)
            del log.entries[: keep_from - log.base]
            log.base = max(log.base, keep_from)

    def log(self, place: Place) -> _Log:
        return self._logs[place]

    def committed(self, stage: str) -> dict[Place, int]:
        return self._committed[stage]

    def leave(self, inlet: InlineInlet) -> None:
        self._inlets[inlet.stage].remove(inlet)
        self._share(inlet.stage)

    def _share(self, stage: str) -> None:
        inlets = self._inlets[stage]
        for at, inlet in enumerate(inlets):
            inlet.own([Place(t, p) for t in inlet.topics for p in range(self.partitions) if p % len(inlets) == at])


class InlineInlet:
    def __init__(
        self, transport: InlineTransport, stage: str, topics: tuple[str, ...], listener: Listener | None
    ) -> None:
        self.durable = transport.durable
        self.stage = stage
        self.topics = topics
        self._transport = transport
        self._listener = listener
        self._positions: dict[Place, int] = {}
        self._arriving: list[Place] = []
        self._closed = False

    def own(self, places: list[Place]) -> None:
        """Give up and take over, as a rebalance does: given up now, taken over in the next `receive`."""
        for place in [place for place in self._positions if place not in places]:
            del self._positions[place]
            if self._listener is not None:
                self._listener.revoked(place, lost=False)
        self._arriving = [place for place in places if place not in self._positions]

    def receive(self, max_records: int, timeout: float) -> list[Delivery | Broken]:  # noqa: ARG002 - a process has nothing to wait for
        self._settle()
        received: list[Delivery | Broken] = []
        partitions = self._transport.partitions
        for place, position in self._positions.items():
            log = self._transport.log(place)
            at = position - log.base
            entries = log.entries[at : at + max_records - len(received)]
            for offset, (key, message) in enumerate(entries, position):
                if isinstance(message, bytes):
                    received.append(Broken(place, key, offset, message, "not one of our messages"))
                else:
                    record = Record(message, place.partition, partitions, offset)
                    received.append(Delivery(place, key, record))
            self._positions[place] = position + len(entries)
        return received

    def commit(self, positions: Mapping[Place, int]) -> None:
        self._transport.committed(self.stage).update(positions)

    def seek(self, place: Place, offset: int) -> None:
        self._positions[place] = offset

    def lags(self) -> Mapping[Place, int]:
        return {place: self._transport.log(place).end - at for place, at in self._positions.items()}

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.own([])
            self._transport.leave(self)

    def received(self) -> dict[Place, int]:
        return dict(self._positions)

    def go_back(self, positions: dict[Place, int]) -> None:
        self._positions.update(positions)

    def _settle(self) -> None:
        while self._arriving:
            place = self._arriving[0]
            asked = self._listener.assigned(place) if self._listener is not None else None
            if asked is None:
                asked = self._transport.committed(self.stage).get(place, self._transport.log(place).base)
            self._positions[place] = asked
            self._arriving.pop(0)
