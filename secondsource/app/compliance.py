"""`secondsource compliance`: ask a platform which of the posts we keep are gone from it, and take those down.

They leave the store at once; the refresher of the running pipeline hears of them there and tells the stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event
from typing import Final, NamedTuple

from secondsource.app.taking_down import in_the_store
from secondsource.app.wiring import Ask, House

AT_ONCE: Final = 100_000  #: posts of one question to the platform


class Checked(NamedTuple):
    """How many posts were asked for, and which of them are gone; `stopped` before the end."""

    asked: int
    gone: Mapping[str, str]
    stopped: bool


def check(at: House, platform: str, ask: Ask, stop: Event, *, dry_run: bool, at_once: int = AT_ONCE) -> Checked:
    """All stored posts of a platform, in questions of `at_once`. A dry run takes nothing down.

    Raises:
        SourceAway: the platform or the database does not answer; what was found before has been taken down.
        BadConfiguration: the platform refuses us.
    """
    asked, gone = 0, dict[str, str]()
    for uids in _pages(at, platform, at_once):
        if stop.is_set():
            return Checked(asked, gone, stopped=True)
        found = ask(uids, stop)
        if not dry_run:
            in_the_store(at, found)
        asked += len(uids)
        gone.update(found)
    return Checked(asked, gone, stop.is_set())


def _pages(at: House, platform: str, at_once: int) -> Iterator[list[str]]:
    last = ""
    while uids := at.store.known.page(platform, last, at_once):
        yield uids
        last = uids[-1]
