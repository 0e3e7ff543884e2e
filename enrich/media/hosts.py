"""How we behave towards one host: few connections at once, and none for a while where it asked or does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from secondsource.contracts.clock import Clock
from secondsource.outside.aside import SLICE, go_on

_MOST = 10_000  # hosts of which something is remembered
_LONGEST = 3600.0  # seconds that a host is left alone, whatever it asks


class Hosts:
    """Safe to use from several threads. Forgets hosts that nobody uses and that owe us nothing."""

    def __init__(self, clock: Clock, stop: Event, *, at_once: int, patience: int, rest_seconds: float) -> None:
        """After `patience` troubles in a row a host is left alone for `rest_seconds`."""
        self._clock = clock
        self._stop = stop
        self._at_once = at_once
        self._patience = patience
        self._rest_seconds = rest_seconds
        self._guard = threading.Lock()
        self._slots: dict[str, tuple[threading.Semaphore, int]] = {}
        self._troubles: dict[str, int] = {}
        self._until: dict[str, float] = {}

    @contextmanager
    def slot(self, host: str, left: Callable[[], float]) -> Iterator[None]:
        """One of the connections allowed to this host.

        Raises:
            TimeoutError: none became free in time.
            Stopped: we were asked to end.
        """
        with self._guard:
            slot, users = self._slots.get(host, (threading.Semaphore(self._at_once), 0))
            self._slots[host] = (slot, users + 1)
        try:
            while not slot.acquire(timeout=min(left(), SLICE)):
                go_on(self._stop)
            try:
                yield
            finally:
                slot.release()
        finally:
            with self._guard:
                slot, users = self._slots[host]
                if users == 1:
                    del self._slots[host]
                else:
                    self._slots[host] = (slot, users - 1)

    def resting(self, host: str) -> float:
        """For how many seconds more the host is to be left alone."""
        with self._guard:
            rest = self._until.get(host, 0.0) - self._clock.monotonic()
            if rest <= 0:
                self._until.pop(host, None)
            return max(0.0, rest)

    def rest(self, host: str, seconds: float) -> None:
        """Leave the host alone for so long, as it asked."""
        with self._guard:
            _make_room(self._until)
            self._until[host] = max(self._until.get(host, 0.0), self._clock.monotonic() + min(seconds, _LONGEST))

    def answered(self, host: str) -> None:
        with self._guard:
            self._troubles.pop(host, None)

    def troubled(self, host: str) -> None:
        """It did not answer, or not in a way that could be used."""
        with self._guard:
            _make_room(self._troubles)
            troubles = self._troubles.get(host, 0) + 1
            self._troubles[host] = troubles
        if troubles >= self._patience:
            self.answered(host)
            self.rest(host, self._rest_seconds)


def _make_room(kept: dict[str, int] | dict[str, float]) -> None:
    if len(kept) >= _MOST:
        del kept[next(iter(kept))]
