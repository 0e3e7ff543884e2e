"""`secondsource compliance`: ask a platform which of the posts we keep are gone from it, and take those down.

They leave the store at once, and with it what waits for Slack and what Slack shows. The refresher of the running
pipeline hears of them there and tells the stream, so that whoever remembers them forgets them too: a second pipeline
here would fight with that one over the watches' memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event
from typing import Final, NamedTuple

from ingest.collectors.refresher import COMMANDED
from secondsource.app import wiring
from secondsource.app.wiring import Ask, House
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Takedown
from secondsource.contracts.stage import Record

AT_ONCE: Final = 100_000  #: posts of one question to the platform
_WRITTEN_AT_ONCE: Final = 500


class Checked(NamedTuple):
    """How many posts were asked for, and which of them are gone; `stopped` before the end."""

    asked: int
    gone: Mapping[str, str]
    stopped: bool


def check(at: House, platform: str, ask: Ask, stop: Event, *, dry_run: bool, at_once: int = AT_ONCE) -> Checked:
    """All stored posts of a platform, in questions of `at_once`. A dry run takes nothing down.

    Raises:
        SourceAway: the platform or the database does not answer; what was found before has been taken down.
        BadConfiguration: the platform refuses us, or nobody would tell the stream.
    """
    off = at.configuration.collectors["refresher"].off()
    if off and not dry_run:
        msg = f"the refresher tells the stream what is taken down here, and it is {off}; or look only, with --dry-run"
        raise BadConfiguration(msg)
    asked, gone = 0, dict[str, str]()
    for uids in _pages(at, platform, at_once):
        if stop.is_set():
            return Checked(asked, gone, stopped=True)
        found = ask(uids, stop)
        if not dry_run:
            _take_down(at, found)
        asked += len(uids)
        gone.update(found)
    return Checked(asked, gone, stop.is_set())


def _pages(at: House, platform: str, at_once: int) -> Iterator[list[str]]:
    last = ""
    while uids := at.store.known.page(platform, last, at_once):
        yield uids
        last = uids[-1]


def _take_down(at: House, gone: Mapping[str, str]) -> None:
    uids = sorted(gone)
    stage = wiring.store_stage(at)
    for first in range(0, len(uids), _WRITTEN_AT_ONCE):
        now = at.clock.now()
        some = uids[first : first + _WRITTEN_AT_ONCE]
        takedowns = [
            Takedown(uid=uid, observed_at=now, collector=COMMANDED, watches=(), reason=gone[uid]) for uid in some
        ]
        stage.handle([Record(takedown) for takedown in takedowns])
