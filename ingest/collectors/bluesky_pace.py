"""Whether a stream that was resumed is still reading what was missed, or has reached the present."""

from __future__ import annotations

from datetime import datetime, timedelta

from ingest.formats.reading import EPOCH

_PRESENT = timedelta(seconds=10)  #: an event seen this short a time ago is of the present
_QUIET_SECONDS = 0.5  #: nothing for so long after something came: there was no more
_SLOW_START_SECONDS = 3.0  #: nothing at all for so long: there was nothing
_MEASURED_SECONDS = 5.0
_LIVE = 1.5  #: the stream's own time goes by no faster than this against ours


class Pace:
    """Told of what comes, in our seconds and the stream's own time; works where the two clocks disagree by hours."""

    def __init__(self) -> None:
        self.begin(0.0)

    def begin(self, monotonic: float) -> None:
        """Reading resumes."""
        self._begun = self._now = monotonic
        self._last_frame: float | None = None
        self._seen_us = 0
        self._since: tuple[float, int] | None = None
        self._rate: float | None = None

    def came(self, monotonic: float, seen_us: int, frames: int) -> None:
        """So many frames were handled, the last of them seen at so many µs."""
        self._now = monotonic
        if not frames:
            return
        self._last_frame, self._seen_us = monotonic, seen_us
        if self._since is None:
            self._since = (monotonic, seen_us)
        elif monotonic - self._since[0] >= _MEASURED_SECONDS:
            self._rate = (seen_us - self._since[1]) / 1e6 / (monotonic - self._since[0])
            self._since = (monotonic, seen_us)

    def live(self, now: datetime) -> bool:
        if self._last_frame is None:
            return self._now - self._begun >= _SLOW_START_SECONDS
        if self._now - self._last_frame >= _QUIET_SECONDS:
            return True
        if self._rate is not None and self._rate <= _LIVE:
            return True
        return abs(now - (EPOCH + timedelta(microseconds=self._seen_us))) <= _PRESENT
