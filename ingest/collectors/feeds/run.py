"""One run of the feeds collector: which feed is read when, what came of it, and what is told of coverage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Protocol

import msgspec

from ingest.collectors.feeds.polling import Memory, Polled, Polling
from ingest.formats.reading import EPOCH, MICROSECOND
from ingest.sight import Sight
from ingest.surroundings import Surroundings
from secondsource.contracts.messages import Message, Post, Struct, Tick
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch

log = logging.getLogger(__name__)

_LOOK_UP_SECONDS = 0.2  #: how long anything blocks before `stop` is looked at
_AT_ONCE = 4  #: feeds that are being read at a time
_CALMER, _CALMEST = 1.25, 4.0  #: a feed that did not change is asked that much later each time, up to so much
_LONGEST_PAUSE = 6 * 3600.0  #: between tries of a feed that fails, unless its server asks for more
_LONGEST_ASKED = 86_400.0
_NAMED = 5  #: failing feeds that a blind spot names


class Cursor(Struct, frozen=True, kw_only=True):
    """`watches` is what the entries sent so far were matched against: for others, all are read again."""

    at: datetime | None = None
    watches: str = ""
    feeds: dict[str, Memory] = {}  # noqa: RUF012 -- msgspec copies it, and nothing here is changed in place


@dataclass(slots=True)
class _Standing:
    """How one feed stands. `due` on the monotonic clock; `answered`, `reaches` since the last gap."""

    polling: Polling
    memory: Memory
    due: float
    counts: bool
    busy: bool = False
    calm: int = 0
    failures: int = 0
    reason: str = ""
    answered: bool = False
    reaches: float | None = None


class Following(Protocol):
    """The collector whose run this is."""

    @property
    def name(self) -> str: ...
    @property
    def watches(self) -> Sequence[Watch]: ...
    @property
    def around(self) -> Surroundings: ...
    def pollings(self) -> Sequence[Polling]:
        """What is to be asked: each feed, and Fact Check Tools for each watch."""
        ...


class Run:
    """One run of a collector: where each feed stands, and what is being read."""

    def __init__(self, collector: Following, begun: Cursor, stop: Event) -> None:
        around = collector.around
        self._name, self._clock, self._random, self._stop = collector.name, around.clock, around.random, stop
        self._watched = _sought(collector.watches)
        anew = begun.watches != self._watched
        now = self._clock.monotonic()
        pollings = collector.pollings()
        feeds = any(polling.counts for polling in pollings)
        self._standing = {
            polling.key: _Standing(
                polling, _begun(begun.feeds.get(polling.key), anew=anew), now, counts=polling.counts or not feeds
            )
            for polling in pollings
        }
        self._counting = [one for one in self._standing.values() if one.counts]
        self._sight = Sight(collector.name, [watch.name for watch in collector.watches], self._clock, begun=begun.at)
        self._gap_from: datetime | None = begun.at
        self._promised = begun.at or EPOCH
        self._ticked_at: float | None = None
        self._running = 0
        self._done: SimpleQueue[tuple[str, Polled]] = SimpleQueue()

    def batches(self) -> Iterator[Batch]:
        while not self._stop.is_set():
            self._start_due()
            posts: list[Post] = []
            rejected: list[Rejected] = []
            for key, polled in self._finished():
                self._take(self._standing[key], polled)
                posts += polled.posts
                rejected += polled.rejected
            now = self._clock.monotonic()
            if posts or rejected or self._ticked_at is None or now - self._ticked_at >= 1.0:
                self._ticked_at = now
                yield self._batch(posts, rejected)

    def _batch(self, posts: Sequence[Post], rejected: Sequence[Rejected]) -> Batch:
        """All observed now, each later than all that was promised."""
        messages: list[Message] = []
        for post in posts:
            at = self._promised = max(self._clock.now(), self._promised + MICROSECOND)
            messages.append(msgspec.structs.replace(post, observed_at=at))
        messages += self._sight.due()
        self._promised = max(self._clock.now(), self._promised)
        messages.append(Tick(collector=self._name, at=self._promised))
        memories = {key: one.memory for key, one in self._standing.items() if one.memory != Memory()}
        cursor = Cursor(at=self._sight.good_at, watches=self._watched, feeds=memories)
        return Batch(messages, rejected, msgspec.json.encode(cursor).decode())

    # --- reading

    def _start_due(self) -> None:
        now = self._clock.monotonic()
        due = [one for one in self._standing.values() if not one.busy and one.due <= now]
        for one in sorted(due, key=lambda one: one.due)[: _AT_ONCE - self._running]:
            one.busy = True
            self._running += 1
            Thread(target=self._poll, args=(one.polling, one.memory), name="feeds-poll", daemon=True).start()

    def _poll(self, polling: Polling, memory: Memory) -> None:
        try:
            polled = polling.poll(memory)
        except Exception as error:
            log.exception("feeds: %s", polling.label)
            polled = Polled("failed", memory, reason=f"{type(error).__name__}: {str(error)[:200]}")
        self._done.put((polling.key, polled))

    def _finished(self) -> list[tuple[str, Polled]]:
        """What has been read, waiting a little where there is nothing yet."""
        finished: list[tuple[str, Polled]] = []
        try:
            if self._running:
                finished.append(self._done.get(timeout=_LOOK_UP_SECONDS))
            else:
                now = self._clock.monotonic()
                wait = min((one.due - now for one in self._standing.values()), default=1.0)
                self._clock.wait(min(max(wait, 0.0), 1.0), self._stop)
            while True:
                finished.append(self._done.get_nowait())
        except Empty:
            pass
        self._running -= len(finished)
        return finished

    # --- what came of it

    def _take(self, one: _Standing, polled: Polled) -> None:
        one.busy, one.memory = False, polled.memory
        seconds = one.polling.seconds
        if polled.outcome in {"failed", "gone"}:
            one.failures += 1
            if polled.reason != one.reason:
                log.warning("feeds: %s: %s", one.polling.label, polled.reason)
            one.reason = polled.reason
            pause = min(seconds * 2.0 ** min(one.failures, 20), max(_LONGEST_PAUSE, seconds))
            pause = max(pause, min(polled.pause or 0.0, _LONGEST_ASKED))
        else:
            if one.reason:
                log.info("feeds: %s can be read again", one.polling.label)
            one.failures, one.reason = 0, ""
            one.calm = 0 if polled.outcome == "changed" else one.calm + 1
            pause = seconds * min(_CALMER ** min(one.calm, 20), _CALMEST)
            one.reaches = polled.reaches if polled.outcome == "changed" else EPOCH.timestamp()
        one.answered = True
        one.due = self._clock.monotonic() + pause * self._random.uniform(0.9, 1.1)
        if one.counts:
            self._look(failed=bool(one.reason))

    def _look(self, *, failed: bool) -> None:
        """Whether enough can be read to say that it sees."""
        now = self._clock.now()
        failing = [one for one in self._counting if one.reason]
        read = [one for one in self._counting if one.answered and not one.reason]
        if 2 * len(failing) > len(self._counting):
            if self._sight.seeing:
                self._gap_from = self._sight.good_at
                for one in self._counting:
                    one.answered, one.reaches = bool(one.reason), None
            self._sight.lost(_unread(failing, len(self._counting)))
        elif not failed and 2 * len(read) >= len(self._counting):
            self._sight.alive(now)
            self._close_gap(now)

    def _close_gap(self, now: datetime) -> None:
        """Once all have been asked: what was published meanwhile has been read where they reach back so far."""
        if self._gap_from is None or not all(one.answered for one in self._counting):
            return
        start, self._gap_from = self._gap_from, None
        reaches = [one.reaches for one in self._counting if not one.reason]
        if all(at is not None and EPOCH + timedelta(seconds=at) <= start for at in reaches):
            self._sight.recovered(start, now, "read afterwards: the feeds reach back over it")


def _begun(memory: Memory | None, *, anew: bool) -> Memory:
    """As it was saved; for other watches than then, without what would keep entries from being read again."""
    if memory is None:
        return Memory()
    return Memory(sent=memory.sent) if anew else memory


def _sought(watches: Sequence[Watch]) -> str:
    """What the watches look for, in short."""
    return sha256(msgspec.json.encode(tuple(watches))).hexdigest()[:16]


def _unread(failing: Sequence[_Standing], of: int) -> str:
    named = "; ".join(f"{one.polling.label} ({one.reason[:80]})" for one in failing[:_NAMED])
    more = f"; and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    return f"{len(failing)} of {of} feeds cannot be read: {named}{more}"
