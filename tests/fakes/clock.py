"""A clock that tests move by hand: nothing sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event


class ManualClock:
    """`wait` advances the clock at once; `waits` records for how long."""

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = 0.0
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def wait(self, seconds: float, stop: Event) -> bool:
        if stop.is_set():
            return True
        self.waits.append(seconds)
        self.advance(seconds)
        return stop.is_set()
