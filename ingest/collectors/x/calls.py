"""A REST call that keeps nothing waiting: it runs beside, and is looked at from time to time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Call(Generic[T]):
    """Begins as soon as it is made. A call that is not waited for ends by its own timeout."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._over = Event()
        self._answer: list[T] = []
        self._error: Exception | None = None
        Thread(target=self._run, name="x-rest", daemon=True).start()

    def done(self, seconds: float = 0.0) -> bool:
        """Whether it has ended, waiting so long for it."""
        return self._over.wait(seconds) if seconds else self._over.is_set()

    def result(self) -> T:
        """What it returned; raises what it raised. Only once it is done."""
        if self._error is not None:
            raise self._error
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._answer.append(self._call())
        except Exception as error:  # noqa: BLE001 - raised again by `result`, in the collector's own thread
            self._error = error
        finally:
            self._over.set()
