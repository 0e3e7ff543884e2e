"""Several loops side by side until one fails or all are asked to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread
from types import FrameType

from secondsource.contracts.errors import SecondSourceError, SourceAway

Loop = Callable[[Event], None]


class Stopped(SecondSourceError):
    """Somebody asked to stop before the end."""


@contextmanager
def stopping_on_signals() -> Iterator[Event]:
    """An Event that SIGTERM and Ctrl-C set. A second Ctrl-C ends the process at once.

    Raises:
        Stopped: it was set while a service was away that somebody waited for, who leaves the work for the next start.
    """
    stop = Event()
    if current_thread() is not main_thread():
        yield stop
        return

    asked = False

    def ask(_signal: int, _frame: FrameType | None) -> None:
        # Whoever stops us may signal twice at once, as `timeout` does. The second may come while the first holds the
        # lock of the event, and would wait for it for ever.
        nonlocal asked
        if asked:
            return
        asked = True
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    except SourceAway as error:
        if not stop.is_set():
            raise
        raise Stopped(f"stopped while a service was away: {error}") from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def side_by_side(loops: Mapping[str, Loop], stop: Event) -> None:
    """Run each loop in a thread of its own; returns when all have ended.

    The first that raises stops the others, and its error is raised here.
    """
    failures: list[BaseException] = []

    def guarded(loop: Loop) -> None:
        try:
            loop(stop)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(error)
            stop.set()

    threads = [Thread(target=guarded, args=(loop,), name=name, daemon=True) for name, loop in loops.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)  # a join without limit would keep signals from being heard
    if failures:
        raise failures[0]
