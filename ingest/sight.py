"""What a collector says of its own coverage: when it saw its watches and when it was blind to them, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from ingest.silence import Silence
from secondsource.contracts.clock import Clock
from secondsource.contracts.messages import Coverage

NOT_RUNNING = "not running"
NOT_YET = "not connected yet"


class Sight:
    """Seen and blind intervals, without a hole between them, and whether silence is calm.

    `begun` is when the saved cursor was last good (`good_at`, then); None at a first start. With a `silence`, a stream
    that is connected but sends less than it ever did counts as blind since its last post. Where a blind interval and a
    seen one overlap the blind one holds: it was found out later. Not safe between threads.
    """

    def __init__(
        self,
        collector: str,
        watches: Sequence[str],
        clock: Clock,
        *,
        begun: datetime | None,
        silence: Silence | None = None,
        every_seconds: float = 60.0,
    ) -> None:
        self._collector, self._watches = collector, tuple(watches)
        self._clock = clock
        self._silence = silence
        self._every = every_seconds
        now = clock.now()
        self._good_at = min(begun, now) if begun else None
        self._state: Literal["seen", "blind"] = "blind"
        self._from = self._good_at or now
        self._reason = NOT_RUNNING if begun else NOT_YET
        self._silent = False
        self._ended: list[Coverage] = []
        self._told_at: float | None = None  # None: nothing said yet of the interval that stands

    @property
    def good_at(self) -> datetime | None:
        """Until when it is sure to have seen; goes into the cursor."""
        return self._good_at

    @property
    def seeing(self) -> bool:
        return self._state == "seen"

    def opened(self, at: datetime) -> None:
        """From now on it sees. The gap before is told as blind, with its reason."""
        if self._state == "blind":
            self._turn("seen", at)
            if self._silence is not None:
                self._silence.opened(at)
        self._good_at = max(at, self._good_at or at)

    def alive(self, at: datetime, posts: int = 0) -> None:
        """Data or a heartbeat came, and with it so many posts of any kind. Opens what was not open.

        Silence shows only at a heartbeat: without one it is not known whether there is a connection at all.
        """
        if self._state == "blind" and at < self._from:
            return  # it came before the loss, and was only handled after
        if self._state == "blind" and (posts or not self._silent):
            self._turn("seen", at)
            if self._silence is not None and not self._silent:
                self._silence.opened(at)
            self._silent = False
        if posts and self._silence is not None:
            self._silence.came(at, posts)
        if self._state == "seen":
            self._good_at = max(at, self._good_at or at)
        self._watch_silence(at)

    def lost(self, reason: str, at: datetime | None = None) -> None:
        """Blind since the last sign of life, or since `at`; where it was blind already: for this reason from now on."""
        if self._state == "seen":
            since = at or self._good_at or self._clock.now()
            self._turn("blind", since, reason)
        elif reason != self._reason:
            self._turn("blind", at or self._clock.now(), reason)
        self._silent = False

    def recovered(self, start: datetime, end: datetime, how: str) -> None:
        """What came to pass from `start` to `end` was found afterwards."""
        self._add("seen", start, end, how)

    def due(self) -> list[Coverage]:
        """What is to be sent now: intervals that ended, and the one that stands, when it is new and every so often."""
        due, self._ended = self._ended, []
        now = self._clock.monotonic()
        if self._told_at is None or now - self._told_at >= self._every:
            end = self._good_at if self._state == "seen" else self._clock.now()
            if end is not None and end > self._from:
                due.append(self._coverage(self._state, self._from, end, self._reason))
                self._told_at = now
        return due

    def _watch_silence(self, at: datetime) -> None:
        if self._silence is None or self._state == "blind":
            return
        reason = self._silence.reason(at)
        if reason:
            since = max(self._silence.since or at, self._from)
            self._turn("blind", since, reason)
            self._silent = True

    def _turn(self, state: Literal["seen", "blind"], at: datetime, reason: str = "") -> None:
        at = max(at, self._from)
        self._add(self._state, self._from, at, self._reason)
        self._state, self._from, self._reason = state, at, reason
        self._told_at = None
        if state == "blind" and self._good_at is not None:
            self._good_at = min(self._good_at, at)

    def _add(self, state: Literal["seen", "blind"], start: datetime, end: datetime, reason: str) -> None:
        if end > start:
            self._ended.append(self._coverage(state, start, end, reason))

    def _coverage(self, state: Literal["seen", "blind"], start: datetime, end: datetime, reason: str) -> Coverage:
        return Coverage(
            collector=self._collector, watches=self._watches, start=start, end=end, state=state, reason=reason
        )
