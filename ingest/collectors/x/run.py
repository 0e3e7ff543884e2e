"""One run of the X collector: rules, connections, gaps, and the batches that come of them."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Event
from typing import Any, TypeVar

import msgspec

from ingest.collectors.x.backoff import Backoff, ConnectBudget, Failure, failure_of
from ingest.collectors.x.budget import Purse
from ingest.collectors.x.calls import Call
from ingest.collectors.x.client import (
    AUTHORS,
    EXPANSIONS,
    MEDIA_FIELDS,
    PAGE,
    TWEET_FIELDS,
    USER_FIELDS,
    Bearer,
    XClient,
    XRefused,
    refused,
)
from ingest.collectors.x.gaps import Ended, Found, Gap, Recovery, added
from ingest.collectors.x.lines import TOLERANCE, Ownership, latest_id, replaced, to_posts
from ingest.collectors.x.rules import Rule, planned, queries, watches_by_rule
from ingest.collectors.x.settings import Rhythm, XSettings
from ingest.collectors.x.stream import Closed, Happening, Line, Opened, Stamps, XStream
from ingest.formats.reading import EARLIEST, EPOCH, Part, Refused, Span
from ingest.formats.x_v2 import Terms, parts_of
from ingest.matching import Matcher
from ingest.sight import Sight
from ingest.silence import History, Silence
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.messages import Coverage, Message, Post, Struct, Tick
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch

log = logging.getLogger(__name__)
T = TypeVar("T")

_LOOK_UP_SECONDS = 0.2  #: how long anything blocks before `stop` is looked at
_HELD_SECONDS = 30.0  #: a connection that lasted this long was a good one: back-off starts over
_BEHIND = timedelta(seconds=1)
_SKEW = timedelta(minutes=1)
_REREAD_SECONDS = 3600.0  #: a pause for the budget is thought over so often
_CHECKED_LINES = 20
_POSTS_A_LINE = 4  #: a post, and what it reposts, quotes, answers
_KILL_SECONDS = 900.0
SLOW = "reading is paused: too slow here for what comes"
LATE = "came late: reading had been paused"
FOUND = "recovered by search, which finds no reposts"


class Cursor(Struct, frozen=True, kw_only=True):
    """The highest post id seen, when the stream was last known to be good, gaps still to be searched, its rhythm."""

    since_id: str = ""
    at: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    silence: History = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run works with; everything but `purse` and `seen` stays as it is."""

    name: str
    settings: XSettings
    rhythm: Rhythm
    token: str
    user_agent: str
    clock: Clock
    client: XClient
    purse: Purse
    watches: tuple[Watch, ...]
    wanted: Sequence[Rule]
    owners: Ownership
    seen: Counter[str]


class Run:
    """Where it stands, and the batch being filled."""

    def __init__(self, means: Means, begun: Cursor, stop: Event) -> None:
        self._with = means
        self._clock = means.clock
        self._rhythm = means.rhythm
        self._purse = means.purse
        self._stop = stop
        self._stamps = Stamps(self._clock.now, begun.at or EPOCH)
        self._backoff, self._connects = Backoff(), ConnectBudget()
        self._owners = means.owners
        self._matcher = Matcher(means.watches)
        self._names = tuple(watch.name for watch in means.watches)
        self._searches, self._unsaid = _searches(means.watches, means.settings.query_length)
        self._silence = Silence(begun.silence)
        self._sight = Sight(
            means.name,
            self._names,
            self._clock,
            begun=begun.at,
            silence=self._silence,
            every_seconds=means.rhythm.coverage,
        )
        self._begun_at = (
            begun.at or self._clock.now()
        )  # what was sent since, and not handed on, is a gap after a restart
        self._since_id = begun.since_id
        self._gaps = begun.gaps
        self._recovery: Recovery | None = None
        self._skipped = False  # the gap that stands is the budget's own: searching for it would cost the same
        self._note = ""  # what X last said was wrong: why it is about to close
        self._watching = False  # connected, and the rules apply
        self._behind: datetime | None = None
        self._taken_at = EPOCH  # when the last line that was taken had come
        self._skew = timedelta(0)  # X's clock minus ours, where they differ
        self._rules_at = self._killed_at = float("-inf")
        self._ticked_at = self._clock.monotonic()
        self._stream: XStream | None = None
        with self._stamps.lock:
            self._promised = self._stamps.next()
        self._messages: list[Message] = []
        self._rejected: list[Rejected] = []
        self._lines = self._unchecked = 0

    def batches(self) -> Iterator[Batch]:
        opened = synced = False
        try:
            while not self._stop.is_set():
                if not opened:
                    opened = yield from self._tried(self._open_purse)
                elif not synced:
                    synced = yield from self._tried(self._synced)
                elif self._purse.pace().seconds:
                    yield from self._wait_for_money()
                else:
                    yield from self._pause(self._connects.wait(self._clock.monotonic()), "X's limit of connections")
                    if self._stop.is_set():
                        return
                    failure = yield from self._connected()
                    if failure is not None:
                        synced = failure.kind != "rules"
                        yield from self._failed(failure)
        finally:
            self._hang_up()
            self._purse.settle(now=True)

    # --- before there is a stream

    def _tried(self, step: Callable[[], Generator[Batch, None, bool]]) -> Generator[Batch, None, bool]:
        """A step by REST. False: it did not work, and the wait is over."""
        try:
            return (yield from step())
        except XRefused as error:
            failure = failure_of(error.status, error.body, error.reset, self._x_now())
        except SourceAway as error:
            failure = Failure("network", str(error))
        yield from self._failed(failure)
        return False

    def _open_purse(self) -> Generator[Batch, None, bool]:
        """What was spent must be known before anything is."""
        yield from ()
        self._purse.open()
        log.info("x: %s", self._outlook())
        return True

    def _synced(self) -> Generator[Batch, None, bool]:
        """Brings X's rules in step with the watches."""
        wanted, client = self._with.wanted, self._with.client
        standing = yield from self._asked(client.rules)
        cap = yield from self._asked(lambda: client.cap(self._with.settings.rules_cap))
        if standing is None or cap is None:
            return False
        plan = planned(wanted, standing, cap)
        made = []
        if plan.add:
            # a rule X would refuse must be found before anything is deleted for it
            yield from self._asked(lambda: client.add(plan.add, dry_run=True))
        if plan.clear and not self._stop.is_set():
            yield from self._asked(lambda: client.delete(plan.clear))
        if plan.add and not self._stop.is_set():
            made = (yield from self._asked(lambda: client.add(plan.add, dry_run=False))) or []
            self._rules_at = self._clock.monotonic() + self._rhythm.rules_apply
        if plan.stale and not self._stop.is_set():
            yield from self._asked(lambda: client.delete(plan.stale))
        if plan.add or plan.clear or plan.stale:
            log.info("x: %d rules added, %d removed", len(plan.add), len(plan.clear) + len(plan.stale))
        self._owners = self._owners._replace(by_rule=watches_by_rule(wanted, [*standing, *made]))
        return not self._stop.is_set()

    def _asked(self, call: Callable[[], T]) -> Generator[Batch, None, T | None]:
        """A REST call, without keeping `stop` or the ticks waiting. None where `stop` came first."""
        running = Call(call)
        while not running.done(_LOOK_UP_SECONDS):
            if self._stop.is_set():
                return None
            yield from self._idle()
        return running.result()

    # --- the stream

    def _connected(self) -> Generator[Batch, None, Failure | None]:
        """One connection, from dialling to its end. None: `stop` was set, or the budget asks for a pause."""
        self._note = ""
        self._connects.spend(self._clock.monotonic())
        self._with.seen["connects"] += 1
        stream = self._stream = self._dialled()
        begun = self._clock.monotonic()
        failure: Failure | None = None
        opened = afar = False
        while not self._stop.is_set() and failure is None and not afar:
            happening = stream.take(_LOOK_UP_SECONDS if self._recovery is None else 0.01)
            if isinstance(happening, Opened):
                failure = self._answered(happening)
                opened = failure is None
            elif isinstance(happening, Closed):
                failure = Failure("network", self._note or happening.reason)
            elif happening is not None:
                self._line(happening)
            if opened:
                self._look(stream)
                self._recover()
            if happening is None or self._unchecked >= _CHECKED_LINES:
                afar = self._check(stream)
            if self._full(happening):
                yield self._batch()
            elif happening is None:
                yield from self._idle()
        if opened and self._clock.monotonic() - begun >= _HELD_SECONDS:
            self._backoff.healthy()
        self._hang_up()
        return failure

    def _dialled(self) -> XStream:
        settings = self._with.settings
        return XStream(
            f"{settings.base_url.rstrip('/')}/2/tweets/search/stream",
            params={
                "tweet.fields": TWEET_FIELDS,
                "expansions": EXPANSIONS + (AUTHORS if settings.profiles else ""),
                "media.fields": MEDIA_FIELDS,
                "user.fields": USER_FIELDS,
            },
            auth=Bearer(self._with.token),
            user_agent=self._with.user_agent,
            stamps=self._stamps,
            stall_seconds=self._rhythm.stall,
            room=self._room(),
        )

    def _answered(self, answer: Opened) -> Failure | None:
        self._compare_clocks(answer.headers)
        self._connects.heed(answer.headers, self._x_now(), self._clock.monotonic())
        if 200 <= answer.status < 300:
            if self._clock.monotonic() < self._rules_at:
                self._sight.lost(f"X takes {self._rhythm.rules_apply:.0f} s to apply new rules")
            return None
        error = refused(answer.status, answer.body, answer.headers)
        return failure_of(answer.status, answer.body, error.reset, self._x_now())

    def _compare_clocks(self, headers: Mapping[str, str]) -> None:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            skew = parsedate_to_datetime(headers["Date"]) - self._clock.now()
            self._skew = skew if abs(skew) > _SKEW else timedelta(0)
            if self._skew:
                log.warning("x: this machine's clock differs from X's by %.0f s; set it right", skew.total_seconds())

    def _x_now(self) -> datetime:
        return self._clock.now() + self._skew

    def _look(self, stream: XStream) -> None:
        """Whether it sees: once the rules apply, and while it keeps up."""
        now = self._clock.now()
        if not self._watching:
            if self._clock.monotonic() >= self._rules_at:
                self._watching = True
                self._open(lambda: self._sight.opened(now), now)
        elif self._behind is None:
            behind = stream.behind_since
            if behind is not None and now - behind >= _BEHIND:
                self._behind = behind
                self._sight.lost(SLOW, behind)
        elif stream.behind_since is None:
            self._sight.opened(now)
            self._sight.recovered(self._behind, now, LATE)
            self._behind = None

    def _open(self, tell: Callable[[], None], at: datetime) -> None:
        """What was blind and is no more after `tell` is a gap to search."""
        was, since = self._sight.seeing, self._sight.good_at
        tell()
        if was or not self._sight.seeing:
            return
        if since is not None and not self._skipped:
            self._gaps = added(self._gaps, Gap(start=min(since, at), end=at, since_id=self._since_id))
        self._skipped = False

    def _line(self, line: Line) -> None:
        self._taken_at = line.at
        posts = self._read(line) if line.body else 0
        if self._behind is None and self._watching:
            self._open(lambda: self._sight.alive(line.at, posts), line.at)

    def _read(self, line: Line) -> int:
        """How many posts a line held."""
        self._lines += 1
        self._unchecked += 1
        seen = self._with.seen
        try:
            mapped = to_posts(line.body, line.at, self._with.name, self._owners, ahead=max(self._skew, timedelta(0)))
        except BadRecord as error:
            seen["rejected"] += 1
            self._purse.take((), unnamed=1)
            self._rejected.append(Rejected(line.body, "x stream", str(error)))
            return 0
        seen[mapped.kind] += 1
        self._purse.take(mapped.posts, mapped.profiles)
        if mapped.kind == "problem":
            log.warning("x: X says: %s", mapped.note)
            self._note = mapped.note
        elif mapped.kind == "unknown":
            log.warning("x: a message of a type not known: %s", mapped.note)
        self._messages.extend(mapped.messages)
        self._since_id = latest_id(mapped.messages, self._since_id)
        return len(mapped.posts)

    def _full(self, happening: Happening | None) -> bool:
        """Whether the batch is to go now: enough of it, long enough, a heartbeat, or nothing more coming."""
        if happening is None or isinstance(happening, Closed):
            return bool(self._messages or self._rejected)
        if isinstance(happening, Opened) or not happening.body:
            return True
        late = self._clock.monotonic() - self._ticked_at >= self._rhythm.flush
        return self._lines > 0 and (self._lines >= self._rhythm.flush_lines or late)

    def _hang_up(self) -> None:
        """Ends the connection; what came by it was paid for, and is taken."""
        stream = self._stream
        if stream is None:
            return
        stream.close()
        while (happening := stream.take(0.0)) is not None:
            if isinstance(happening, Line):
                self._line(happening)
        self._stream, self._watching = None, False

    # --- the budget

    def _room(self) -> int:
        """How many lines may wait, so that even if each holds as much as a line can, the budget holds it."""
        room = max(0, self._purse.room() - _CHECKED_LINES * _POSTS_A_LINE) // _POSTS_A_LINE
        return min(room, self._rhythm.waiting)

    def _check(self, stream: XStream) -> bool:
        """Whether the connection must end, for money's sake."""
        self._unchecked = 0
        self._purse.settle()
        stream.room = self._room()
        return stream.room == 0 or self._purse.pace().seconds > 0

    def _wait_for_money(self) -> Generator[Batch, None, None]:
        pace = self._purse.pace()
        self._skipped = True
        self._sight.lost(pace.why)
        log.warning("x: %s; reading goes on in %.0f s. %s", pace.why, pace.seconds, self._outlook())
        self._purse.settle(now=True)
        yield self._batch()
        yield from self._pause(min(pace.seconds, _REREAD_SECONDS), pace.why)

    def _outlook(self) -> str:
        return "; ".join(one.sentence for one in self._purse.forecast())

    # --- when there is no stream

    def _failed(self, failure: Failure) -> Generator[Batch, None, None]:
        """Says what happened and waits as long as X asks."""
        self._sight.lost(failure.reason)
        self._behind = None
        if failure.kind == "fatal":
            yield from self._pause(self._rhythm.tick, failure.reason)  # time for the ledger to say why
            yield self._batch()
            raise BadConfiguration(f"x: {failure.reason}")
        wait = self._backoff.seconds(failure, self._x_now())
        if failure.kind == "crowded" and (yield from self._ended_stale()):
            wait = self._rhythm.stale
        log.warning("x: %s; next try in %.1f s", failure.reason, wait)
        yield self._batch()
        yield from self._pause(wait, failure.reason)

    def _ended_stale(self) -> Generator[Batch, None, bool]:
        """Ends connections a crash has left standing at X. Not often: they may be those of another program of ours."""
        now = self._clock.monotonic()
        if now - self._killed_at < _KILL_SECONDS:
            return False
        self._killed_at = now
        try:
            ended = yield from self._asked(self._with.client.hang_up_all)
        except SourceAway as error:
            log.warning("x: connections left standing could not be ended: %s", error)
            return False
        log.warning("x: %s connections of this app stood at X and were ended", ended)
        return ended is not None

    def _pause(self, seconds: float, why: str) -> Generator[Batch, None, None]:
        until = self._clock.monotonic() + seconds
        if seconds > 0:
            self._sight.lost(why)
        while (left := until - self._clock.monotonic()) > 0:
            if self._clock.wait(min(left, self._rhythm.tick), self._stop):
                return
            yield from self._idle()

    # --- gaps

    def _recover(self) -> None:
        """A step in the search for what the stream did not bring, beside the stream. Never waits."""
        now = self._x_now()
        if self._recovery is None:
            if not self._gaps or not self._with.settings.recovery_pages:
                self._gaps = ()
                return
            gap = self._gaps[0]
            if self._clock.now() - gap.end < timedelta(seconds=self._rhythm.search_delay):
                return
            shifted = msgspec.structs.replace(gap, start=gap.start + self._skew, end=gap.end + self._skew)
            self._recovery = Recovery(
                shifted, self._searches, self._with.client.search, now, pages=self._with.settings.recovery_pages
            )
        affordable = self._purse.room() >= _POSTS_A_LINE * PAGE and not self._purse.pace().seconds
        step = self._recovery.step(self._clock.monotonic(), now, affordable=affordable)
        if isinstance(step, Found):
            self._found(step)
        elif isinstance(step, Ended):
            self._recovered(step)

    def _found(self, page: Found) -> None:
        self._purse.take(*_charged(page.answer))
        with self._stamps.lock:
            now = self._stamps.next()
        span = Span(EARLIEST, now + max(self._skew, timedelta(0)) + TOLERANCE)
        try:
            parts = parts_of(msgspec.json.encode(page.answer), Terms(self._with.name, span, now))
        except BadRecord as error:
            self._rejected.append(Rejected(msgspec.json.encode(page.answer), "x search", str(error)))
            return
        histories = {
            str(one.get("id")): one.get("edit_history_tweet_ids") or one.get("edit_history_post_ids") or ()
            for one in page.answer.get("data") or ()
            if isinstance(one, dict)
        }
        for part in parts:
            if isinstance(part, Refused):
                self._rejected.append(Rejected(part.body, "x search", part.reason))
                continue
            self._with.seen["recovered"] += 1
            watches = self._whose(part, page.watch)
            posts = [
                msgspec.structs.replace(message, watches=watches)
                for message in part.messages
                if isinstance(message, Post)
            ]
            self._messages += posts
            self._messages += replaced(posts[-1], histories[posts[-1].uid.partition(":")[2]], now)
            self._since_id = latest_id(part.messages, self._since_id)

    def _whose(self, part: Part, watch: str) -> tuple[str, ...]:
        """The watch whose search found it, and others that would have."""
        main = part.messages[-1]
        others = self._matcher.watches(main, part.context) if isinstance(main, Post) else ()
        return tuple(name for name in self._names if name == watch or name in others)

    def _recovered(self, ended: Ended) -> None:
        gap, self._gaps, self._recovery = self._gaps[0], self._gaps[1:], None
        reached = max(gap.start, ended.reached - self._skew)
        if ended.whole and self._unsaid:
            ended = Ended(False, f"too long for a search: what the watch {self._unsaid} asks for", ended.reached)
        if ended.whole and reached <= gap.end:
            self._sight.recovered(reached, gap.end, FOUND)
        why = ended.why
        if ended.whole and reached > gap.start:
            gap, why = msgspec.structs.replace(gap, end=min(gap.end, reached)), "X's search finds seven days at most"
        if why:
            log.warning("x: the gap from %s to %s stays open: %s", gap.start, gap.end, why)
            self._messages.append(
                Coverage(
                    collector=self._with.name,
                    watches=self._names,
                    start=gap.start,
                    end=gap.end,
                    state="blind",
                    reason=f"not recovered: {why}",
                )
            )

    # --- batches

    def _idle(self) -> Generator[Batch, None, None]:
        """A Tick where it is time for one."""
        if self._clock.monotonic() - self._ticked_at >= self._rhythm.tick:
            yield self._batch()

    def _batch(self) -> Batch:
        """What was taken, and a Tick for as far as everything that came has been taken."""
        self._purse.settle()
        if self._stream is not None:
            quiet = self._stream.quiet_until()
        else:
            with self._stamps.lock:
                quiet = self._stamps.next()
        if quiet is not None:
            self._promised = quiet
        else:
            self._promised = max(self._promised, self._taken_at)
        tick = Tick(collector=self._with.name, at=self._promised)
        cursor = Cursor(since_id=self._since_id, at=self._sight.good_at, gaps=self._gaps, silence=self._silence.saved())
        messages = [*self._messages, *self._sight.due(), tick]
        batch = Batch(messages, self._rejected, msgspec.json.encode(cursor).decode())
        self._messages, self._rejected, self._lines = [], [], 0
        self._ticked_at = self._clock.monotonic()
        return batch


def _searches(watches: Sequence[Watch], length: int) -> tuple[list[tuple[str, str]], str]:
    """Watches and their queries; and the names of those that cannot be said in so few characters as a search has."""
    found: list[tuple[str, str]] = []
    unsaid: list[str] = []
    for watch in watches:
        try:
            found.extend((watch.name, query) for query in queries(watch, length))
        except BadConfiguration:
            unsaid.append(watch.name)
    return found, ", ".join(unsaid)


def _charged(answer: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Ids of the posts and profiles in a page."""
    includes = answer.get("includes") or {}
    posts = [*(answer.get("data") or ()), *(includes.get("tweets") or ()), *(includes.get("posts") or ())]
    return (
        [str(one.get("id")) for one in posts if isinstance(one, dict)],
        [str(one.get("id")) for one in includes.get("users") or () if isinstance(one, dict)],
    )
