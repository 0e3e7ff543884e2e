"""Gaps of the stream, and the search that closes them, page by page beside the stream.

Recent search finds the posts of the last seven days, all but reposts, a little after they were written. So a gap is
searched from a little before its start (posts come out of order) to a little after its end, once that is old enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ingest.collectors.x.backoff import Failure, failure_of
from ingest.collectors.x.calls import Call
from ingest.collectors.x.client import Within, XRefused
from ingest.formats.x_v2 import snowflake_time
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Struct

REACH = timedelta(days=7) - timedelta(minutes=5)  #: how far back search goes, with time to ask
OVERLAP = timedelta(seconds=10)  #: X delivers within about 7 s, in no order
_TRIES = 4
_AGAIN_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 3600.0
_NOT_UNDERSTOOD = 400
MANY = 20  #: gaps kept; older ones become one

Search = Callable[[str, Within, str], Mapping[str, Any]]


class Gap(Struct, frozen=True, kw_only=True):
    """What the stream did not bring, from `start` to `end`. `since_id` is the newest post that had come, if
    any: one from before `start`, or one that came while it was not known yet to be a gap.
    """

    start: datetime
    end: datetime
    since_id: str = ""


class Found(NamedTuple):
    """A page of posts of one watch."""

    watch: str
    answer: Mapping[str, Any]


class Ended(NamedTuple):
    """The search for a gap is over: all of it was read, or `why` not. Nothing before `reached` can be found."""

    whole: bool
    why: str
    reached: datetime


def added(gaps: Sequence[Gap], gap: Gap) -> tuple[Gap, ...]:
    """The gaps with one more."""
    if len(gaps) < MANY:
        return (*gaps, gap)
    last = gaps[-1]
    return (*gaps[:-1], Gap(start=last.start, end=gap.end, since_id=last.since_id))


def earlier_id(since_id: str) -> str:
    """The id of a post `OVERLAP` earlier, whether there is such a post or not."""
    back = int(OVERLAP.total_seconds() * 1000) << 22
    return str(max(1, int(since_id) - back))


def within(gap: Gap, now: datetime) -> Within:
    """What to search at `now` by X's clock."""
    earliest = now - REACH
    end = gap.end + OVERLAP if gap.end + 2 * OVERLAP < now else None
    since_id = earlier_id(gap.since_id) if gap.since_id.isdigit() else ""
    at = snowflake_time(since_id) if since_id else None
    if at is not None and earliest < at <= gap.start - OVERLAP:
        return Within(since_id, end=end)
    return Within(start=max(gap.start - OVERLAP, earliest), end=end)


class Recovery:
    """The search for one gap. `step` never waits; times are monotonic seconds but where they are datetimes.

    `now` is by X's clock, `pages` is how many pages a query may cost.
    """

    def __init__(
        self, gap: Gap, queries: Sequence[tuple[str, str]], search: Search, now: datetime, *, pages: int
    ) -> None:
        self.gap = gap
        self._queries = list(queries)
        self._search = search
        self._within = within(gap, now)
        self._pages = pages
        self._read = self._tries = 0
        self._token = ""
        self._lacking = ""  # why what was read is not all
        self._not_before = 0.0
        self._call: Call[Mapping[str, Any]] | None = None

    def step(self, monotonic: float, now: datetime, *, affordable: bool) -> Found | Ended | None:
        """What has come since, if anything. Begins the next page where it is time to, and `affordable`."""
        if self._call is None:
            if not self._queries:
                return self._ended(self._lacking)
            if monotonic < self._not_before:
                return None
            if not affordable:
                return self._ended("the budget has no room for it")
            query, token = self._queries[0][1], self._token
            self._call = Call(lambda: self._search(query, self._within, token))
            return None
        if not self._call.done():
            return None
        call, self._call = self._call, None
        try:
            answer = call.result()
        except XRefused as error:
            return self._refused(failure_of(error.status, error.body, error.reset, now), monotonic, now)
        except SourceAway as error:
            return self._refused(Failure("network", str(error)), monotonic, now)
        return self._page(answer)

    def _page(self, answer: Mapping[str, Any]) -> Found:
        watch = self._queries[0][0]
        self._tries = 0
        self._read += 1
        self._token = str((answer.get("meta") or {}).get("next_token") or "")
        if self._token and self._read >= self._pages:
            self._lacking = self._lacking or "it holds more posts than recovery_pages allows to read"
            self._token = ""
        if not self._token:
            self._go_on()
        return Found(watch, answer)

    def _go_on(self) -> None:
        del self._queries[0]
        self._read = self._tries = 0
        self._token = ""

    def _refused(self, failure: Failure, monotonic: float, now: datetime) -> Ended | None:
        if failure.status == _NOT_UNDERSTOOD:  # this query; those of other watches may do
            self._lacking = f"{failure.reason} (watch {self._queries[0][0]})"
            self._go_on()
            return None
        self._tries += 1
        wait = _AGAIN_SECONDS * (1 << min(self._tries, 6))
        if failure.kind == "rate":
            wait = max(wait, (failure.until - now).total_seconds() if failure.until else 60.0)
        passing = failure.kind in {"network", "rate"} or (failure.kind == "http" and failure.status >= 500)
        given_up = not passing or self._tries >= _TRIES or wait > _LONGEST_WAIT_SECONDS
        if given_up:
            return self._ended(failure.reason)
        self._not_before = monotonic + wait
        return None

    def _ended(self, why: str) -> Ended:
        start = self.gap.start
        reached = start if self._within.since_id else max(start, self._within.start or start)
        return Ended(not why, why, reached)
