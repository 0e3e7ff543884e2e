"""Whether a stream that was resumed is still reading what was missed, or has reached the present."""

from __future__ import annotations

from datetime import datetime, timedelta

from ingest.formats.reading import EPOCH

_PRESENT = timedelta(seconds=10)  #: an event seen this short a time ago is of the present
_QUIET = 3  #: so many looks in a row found nothing new, after something came: there is no more
_SLOW_START = 15  #: so many looks found nothing at all: there was nothing
_MEASURED_SECONDS = 5.0
_LIVE = 1.5  #: the stream's own time goes by no faster than this against ours


class Pace:
    """Told of each look at what came, in our seconds and the stream's time; the two clocks may disagree by hours."""

    def __init__(self) -> None:
        self._empty = 0
        self._seen_us = 0
        self._since: tuple[float, int] | None = None
        self._rate: float | None = None

    def looked(self, monotonic: float, frames: int, seen_us: int) -> None:
        """A look found so many frames, the last of them seen by the host at so many µs."""
        self._empty = 0 if frames else self._empty + 1
        if not frames:
            return
        self._seen_us = seen_us
        if self._since is None:
            self._since = (monotonic, seen_us)
        elif monotonic - self._since[0] >= _MEASURED_SECONDS:
            self._rate = (seen_us - self._since[1]) / 1e6 / (monotonic - self._since[0])
            self._since = (monotonic, seen_us)

    def live(self, now: datetime) -> bool:
        if self._since is None:
            return self._empty >= _SLOW_START
        if self._empty >= _QUIET or (self._rate is not None and self._rate <= _LIVE):
            return True
        return abs(now - (EPOCH + timedelta(microseconds=self._seen_us))) <= _PRESENT
