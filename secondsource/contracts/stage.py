"""A stage is data and a function. The runner gives it transport, retries, metrics and dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import NamedTuple, Protocol, runtime_checkable

from secondsource.contracts.messages import Message


class Record(NamedTuple):
    """A message as it came: `partition` of `partitions` of its topic, at `offset`, on which line of a frame."""

    message: Message
    partition: int = 0
    partitions: int = 1
    offset: int = 0
    line: int = 0


class Out(NamedTuple):
    """A message to send. `key` None means: to every partition of the topic."""

    topic: str
    key: str | None
    message: Message


class Stage(Protocol):
    """Receives batches of one topic, returns what to send.

    `handle` raises BadRecord where a record cannot be handled (the runner then finds it by handling the batch
    one by one) and SourceAway where a service is missing (the runner retries the whole batch: `handle` must
    have changed nothing, or nothing that a second call would change again).
    """

    @property
    def name(self) -> str: ...
    @property
    def inlet(self) -> tuple[str, ...]:
        """The topics it reads: one, but for the store, which reads all."""
        ...

    def handle(self, batch: Sequence[Record]) -> list[Out]: ...


@runtime_checkable
class Remembering(Protocol):
    """A stage whose judgement rests on what it has seen. Its memory is kept in named parts, beside its position.

    After `restore`, handling the records after the saved position again gives the same messages again. `form` names how
    the parts are written: memory of another form is dropped, and made anew of what made it.
    """

    @property
    def form(self) -> str: ...
    def restore(self, partition: int, parts: Mapping[str, bytes]) -> None:
        """Take up a partition with the parts last saved (none: start empty)."""
        ...

    def changes(self, partition: int) -> dict[str, bytes | None]:
        """The parts that differ from what was last asked for; None deletes a part."""
        ...

    def release(self, partition: int) -> None:
        """Forget a partition that went to another worker."""
        ...


class Rejected(NamedTuple):
    """A raw record that a collector could not map: its bytes, where it stood, and why."""

    body: bytes
    source: str
    reason: str


class Batch(NamedTuple):
    """What a collector has seen since its last batch, and the cursor to go on from after it."""

    messages: Sequence[Message]
    rejected: Sequence[Rejected]
    cursor: str


class Collector(Protocol):
    """A source of posts. Batches end with a Tick; an iterator that ends has nothing more to give."""

    @property
    def name(self) -> str: ...

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """From just after `cursor` ("" for the beginning) until the source ends or `stop` is set.

        Raises:
            SourceAway: the platform is away for longer than the collector's own retries.
            BadConfiguration: credentials or settings the platform refuses.
        """
        ...

    def remap(self, body: bytes) -> Sequence[Message]:
        """Map a rejected record's bytes again (dead-letters resend). Raises BadRecord."""
        ...
