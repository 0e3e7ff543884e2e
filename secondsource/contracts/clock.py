"""Time as an argument: nothing of ours asks the operating system what time it is, but `SystemClock`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Wall time for the rim (retries, heartbeats, ages). Judgements use event time and take no clock."""

    def now(self) -> datetime:
        """The time now, UTC, with zone."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...

    def wait(self, seconds: float, stop: Event) -> bool:
        """Sleep up to `seconds`, less if `stop` is set. True if it was set."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, stop: Event) -> bool:
        return stop.wait(seconds)
