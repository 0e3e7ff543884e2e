"""A platform that is asked for counts, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ingest.refreshing import Asked
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SecondSourceError
from secondsource.contracts.messages import Counts


class FakeCounter:
    """`posts` are those of the platform; what is not among them is gone. `failures` are raised one a call."""

    def __init__(self, clock: Clock, platform: str = "x", batch: int = 100, *, explicit: bool = True) -> None:
        self.platform = platform
        self.batch = batch
        self.posts: dict[str, Counts] = {}
        self.mute: set[str] = set()  #: not answered for at all
        self.failures: list[SecondSourceError] = []
        self.is_empty = False  #: an outage that looks like an answer
        self.calls: list[tuple[datetime, tuple[str, ...]]] = []
        self._clock = clock
        self._explicit = explicit

    def ask(self, uids: Sequence[str]) -> Asked:
        assert 0 < len(uids) <= self.batch
        self.calls.append((self._clock.now(), tuple(uids)))
        if self.failures:
            raise self.failures.pop(0)
        posts = {} if self.is_empty else self.posts
        gone = {uid: "Not Found Error" for uid in uids if uid not in posts and uid not in self.mute}
        return Asked({uid: posts[uid] for uid in uids if uid in posts}, gone, self._explicit and not self.is_empty)
