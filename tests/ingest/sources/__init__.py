"""Where the contract suite's collectors read: one file a collector, `<name>.py` with a class `<Name>Source`.

A source is a platform as a collector finds it, on this machine and in the platform's own wire format. The suite
publishes posts by number and looks at what the collector makes of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Literal, Protocol, Self, TypeVar, cast

from secondsource.contracts.clock import Clock
from secondsource.contracts.stage import Collector
from secondsource.contracts.watch import Watch

WATCHES = [Watch(name="velgrad", hashtags=("Velgrad",))]  #: what every source's collector watches

Ability = Literal["reposts", "deletes", "goes on", "goes away", "floods", "says coverage"]


class Source(Protocol):
    """Made with a folder of its own; everything it starts ends at the end of its `with` block.

    A post with number n is by one and the same account, has #Velgrad in its text, and was written n seconds after some
    moment that is not in the future. Whatever has been published reaches a collector that comes later without a cursor,
    in the order of publishing, or a collector with a cursor that is older.
    """

    cannot: ClassVar[Mapping[Ability, str]]
    """What this platform has nothing of, and why. The suite leaves out the laws about it, and shows the reason."""
    ahead: ClassVar[int]
    """How many posts the platform may have sent, at most, that the collector has not handed on yet: its queue and the
    sockets' buffers. Needed for "floods"."""

    def __init__(self, folder: Path) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def publish(self, *numbers: int) -> None:
        """Post these. A number that has been there is the same post once more."""
        ...

    def publish_repost(self, number: int, of: int) -> None:
        """Post `number`, which passes `of` on; `of` has not been published by itself."""
        ...

    def publish_bad(self) -> bytes:
        """Send a record that cannot be mapped, cut off in the middle; returns the bytes to be handed over."""
        ...

    def record(self, number: int) -> bytes:
        """A good record as `remap` is given it."""
        ...

    def delete(self, number: int) -> None:
        """The post is deleted at the platform, whose way of saying so reaches a collector that runs."""
        ...

    def go_away(self) -> None:
        """The platform breaks off and refuses everybody until `come_back`."""
        ...

    def come_back(self) -> None: ...

    def sent(self) -> int:
        """How many posts have been handed to a socket so far."""
        ...

    def uid(self, number: int) -> str: ...

    def collector(self, clock: Clock) -> Collector:
        """A fresh one, as after a restart. It hands over small batches; `batches` goes on where the cursor says."""
        ...

    def waiting(self, clock: Clock) -> Collector:
        """One that has nothing to read for a long time."""
        ...

    def settled(self) -> None:
        """Wait until a collector before has gone, where two at a time would disturb each other."""
        ...


class Fake(Protocol):
    """A local platform that runs inside its `with` block."""

    away: bool

    def __enter__(self) -> object: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def go_away(self) -> None: ...


F = TypeVar("F", bound=Fake)


class OfAFake(ABC, Generic[F]):
    """What sources have in common that run a fake platform: it starts and ends with them, and goes away when told."""

    def __init__(self, fake: F) -> None:
        self._fake = fake

    def __enter__(self) -> Self:
        self._fake.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fake.__exit__(kind, error, trace)

    def go_away(self) -> None:
        self._fake.go_away()

    def come_back(self) -> None:
        self._fake.away = False

    @abstractmethod
    def collector(self, clock: Clock) -> Collector: ...

    def waiting(self, clock: Clock) -> Collector:
        return self.collector(clock)


def source_of(name: str) -> type[Source]:
    """The source of a collector.

    Raises:
        AssertionError: nobody has written one; it says what to write.
    """
    module = f"{__name__}.{name}"
    kind = f"{name.title().replace('_', '')}Source"
    wanted = (
        f"the collector {name!r} has no source for the contract suite: write tests/ingest/sources/{name}.py with a"
        f" class {kind} that keeps tests.ingest.sources.Source, over a local server that speaks the platform's wire"
        " format"
    )
    assert find_spec(module) is not None, wanted
    found = getattr(import_module(module), kind, None)
    assert found is not None, wanted
    return cast("type[Source]", found)


def able(names: tuple[str, ...], ability: Ability) -> list[str]:
    """Those of these collectors whose platform has this; one without a source is left in, to fail with its message."""
    return [name for name in names if not _has_source(name) or ability not in source_of(name).cannot]


def _has_source(name: str) -> bool:
    try:
        source_of(name)
    except AssertionError:
        return False
    return True
