"""Calls that nothing can interrupt (a name looked up, a connection made), waited for no longer than we want to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

SLICE = 0.1  #: seconds after which whoever waits looks whether it should still wait


class Stopped(Exception):
    """We were asked to end while we waited."""


def aside(call: Callable[[], T], left: Callable[[], float], stop: Event, late: Callable[[T], None]) -> T:
    """What `call` returns or raises. It runs on a thread of its own, which is left behind when the time is up.

    `left` gives the seconds that are left; what a call that was left behind still returns is given to `late`.

    Raises:
        TimeoutError: by `left`, when there are none.
        Stopped: `stop` was set.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 -- raised again in the caller's thread
            future.set_exception(error)
        else:
            future.set_result(result)

    def left_behind(ended: Future[T]) -> None:
        if ended.exception() is None:
            late(ended.result())

    Thread(target=run, name="aside", daemon=True).start()
    try:
        while not wait([future], min(left(), SLICE)).done:
            go_on(stop)
    except (TimeoutError, Stopped):
        future.add_done_callback(left_behind)
        raise
    return future.result()


def go_on(stop: Event) -> None:
    """Raises Stopped where we were asked to end."""
    if stop.is_set():
        raise Stopped
