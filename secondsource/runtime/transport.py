"""What a transport is. Inline and Kafka satisfy it and pass one contract suite (tests/runtime)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol
from zlib import crc32

from secondsource.contracts.stage import Out, Record


class Place(NamedTuple):
    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Spot(NamedTuple):
    """Where one message stands: several may share an offset."""

    place: Place
    offset: int
    line: int

    def __str__(self) -> str:
        return f"{self.place}@{self.offset}" + (f"+{self.line}" if self.line else "")


class Delivery(NamedTuple):
    """A record and where it came from."""

    place: Place
    key: str
    record: Record

    @property
    def offset(self) -> int:
        return self.record.offset

    @property
    def spot(self) -> Spot:
        return Spot(self.place, self.record.offset, self.record.line)


class Broken(NamedTuple):
    """Bytes that are not one of our messages: a record's, or one's of several in it."""

    place: Place
    key: str
    offset: int
    body: bytes
    reason: str
    line: int = 0

    @property
    def spot(self) -> Spot:
        return Spot(self.place, self.offset, self.line)


class Refused(NamedTuple):
    """A message that the transport can never send: too large."""

    out: Out
    reason: str


class HandedOver(Exception):
    """The group is moving partitions: what was to be committed may belong to another worker now.

    Not an error: whoever owns the partition handles again what was not committed.
    """


class Listener(Protocol):
    """Told which places an inlet owns. `assigned` is called by `receive`; `revoked` may come from another
    thread, but only while `receive` or `close` is running.
    """

    def assigned(self, place: Place) -> int | None:
        """The offset to go on from; None for the one last committed. May raise SourceAway: asked again."""
        ...

    def revoked(self, place: Place, *, lost: bool) -> None:
        """Given up. `lost`: another worker has it already, so nothing may be saved any more."""
        ...

    def missed(self, place: Place, records: int) -> None:
        """So many records were gone before they were read: longer than the broker keeps them, nobody had read them."""
        ...


class Inlet(Protocol):
    """One worker's share of some topics. Used by one thread."""

    durable: bool  #: offsets mean the same after a restart

    def receive(self, max_records: int, timeout: float) -> list[Delivery | Broken]:
        """What has come, in order within each place; empty after `timeout` seconds without any. Of messages that share
        an offset, all: so there may be more than `max_records`.

        Raises:
            SourceAway: the broker did not answer. Nothing is lost by calling again.
        """
        ...

    def commit(self, positions: Mapping[Place, int]) -> None:
        """A restart goes on from these offsets.

        Raises:
            HandedOver: not committed, the group is moving partitions.
            SourceAway: not committed, or not known to be.
        """
        ...

    def seek(self, place: Place, offset: int) -> None:
        """Go back (or forward) to an offset of an owned place."""
        ...

    def lags(self) -> Mapping[Place, int]:
        """Records not yet received, where known."""
        ...

    def close(self) -> None:
        """Leave, so that others take over at once. Nothing is committed."""
        ...


class Transport(Protocol):
    def publish(self, outs: Sequence[Out]) -> list[Refused]:
        """Take messages to send, in order by key. Those with key None go to every partition.

        Returns those that can never be sent, and why; all others were taken.

        Raises:
            SourceAway: the broker did not answer; none was taken.
        """
        ...

    def flush(self) -> None:
        """Return when all that was published has arrived.

        Raises:
            SourceAway: some has not yet. It is kept: flush again, do not publish again.
        """
        ...

    def inlet(self, stage: str, topics: tuple[str, ...], listener: Listener | None = None) -> Inlet:
        """Workers that name the same stage share its partitions."""
        ...

    def close(self) -> None: ...


def partition_of(key: str, partitions: int) -> int:
    """The same on every machine and for ever: CRC-32 of the UTF-8 key, modulo.

    Kafka's own murmur2 is pure Python in our client, at 20 µs a key; this is C.
    """
    return crc32(key.encode("utf-8", "surrogatepass")) % partitions
