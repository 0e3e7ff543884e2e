"""X, by its filtered stream.

Off until an operator says for which use case X approved the access: nothing here runs without that sentence.

Watches become rules (x_rules), the rules are kept in step with X by tweepy (x_client), and lines are read from one
connection at a time (x_stream), mapped (x_lines), and sent on every 200 ms. When the connection is lost this file
decides what next, in the rhythm X asks for (x_backoff), says as Coverage what was not seen, and looks for it with
recent search, which finds everything but reposts. Ticks go on meanwhile: nothing observed is nothing held back.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import Literal, TypeVar

import msgspec

from ingest.collectors.x_backoff import Backoff, ConnectBudget, Failure, failure_of
from ingest.collectors.x_client import (
    AUTHORS,
    EXPANSIONS,
    MEDIA_FIELDS,
    TWEET_FIELDS,
    USER_FIELDS,
    Bearer,
    XClient,
    XRefused,
    refused,
)
from ingest.collectors.x_lines import TOLERANCE, Ownership, latest_id, to_posts
from ingest.collectors.x_rules import (
    SEARCH_QUERY_LENGTH,
    STREAM_RULE_LENGTH,
    compile_rules,
    planned,
    queries,
    watches_by_rule,
)
from ingest.collectors.x_stream import Closed, Happening, Line, Opened, Stamps, XStream
from ingest.formats.reading import EARLIEST, EPOCH, Refused, Span
from ingest.formats.x_v2 import Terms, parts_of
from ingest.matching import Matcher
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.messages import Coverage, Message, Struct, Tick
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch

log = logging.getLogger(__name__)
T = TypeVar("T")

_LOOK_UP_SECONDS = 0.2  #: how long anything blocks before `stop` is looked at
_HELD_SECONDS = 30.0  #: a connection that lasted this long was a good one: back-off starts over


@dataclass(frozen=True, slots=True, kw_only=True)
class XSettings:
    """`approved_use_case` is the operator's word; the rest are X's limits on pay-per-use.

    `authors` asks for profiles (names, followers), which X charges for. `recovery_pages` bounds, per query, what
    closing a gap may cost: 100 posts a page.
    """

    approved_use_case: str
    base_url: str = "https://api.x.com"
    user_agent: str = "secondsource/0.1"
    authors: bool = True
    rules_cap: int = 1000
    rule_length: int = STREAM_RULE_LENGTH
    query_length: int = SEARCH_QUERY_LENGTH
    recovery_pages: int = 10
    stall_seconds: float = 21.0
    flush_seconds: float = 0.2
    flush_lines: int = 500
    tick_seconds: float = 1.0
    coverage_seconds: float = 60.0


class _Cursor(Struct, frozen=True, kw_only=True):
    """The highest post id seen, and when the stream was last known to be good."""

    since_id: str = ""
    at: datetime | None = None


class X:
    """Collector of X's filtered stream.

    `seen` counts, over the collector's life: posts, rejected, unknown, nobody's, problem, connects, recovered.

    Raises:
        BadConfiguration: no approved use case, no token, or watches X's rules cannot say.
    """

    def __init__(
        self, settings: XSettings, watches: Sequence[Watch], clock: Clock, *, token: str, name: str = "x"
    ) -> None:
        if not settings.approved_use_case.strip():
            raise BadConfiguration(
                "x: this collector stays off until you state the use case X approved your access for: X's terms allow"
                " its content for approved uses only. Set approved_use_case, or leave x out of the collectors"
            )
        if not token.strip():
            raise BadConfiguration("x: expected a bearer token, found none; give it by environment or secrets file")
        self.name = name
        self.seen: Counter[str] = Counter()
        self.settings = settings
        self._token = token.strip()
        self.watches = tuple(watches)
        self.clock = clock
        self.wanted = compile_rules(self.watches, length=settings.rule_length, cap=settings.rules_cap)
        self.names = tuple(watch.name for watch in self.watches)
        by_rule = watches_by_rule(self.wanted, ())
        self.owners = Ownership(by_rule, Matcher(self.watches), frozenset(self.names))

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """For ever, until `stop`.

        Raises:
            BadConfiguration: X refuses the token, the access or a rule.
        """
        try:
            begun = msgspec.json.decode(cursor, type=_Cursor) if cursor else _Cursor()
        except msgspec.DecodeError as error:
            raise BadConfiguration(f"x: expected a cursor of its own, came {cursor[:80]!r}: {error}") from error
        return _Run(self, self._token, begun, stop).batches()

    def remap(self, body: bytes) -> Sequence[Message]:
        said = to_posts(body, self.clock.now(), self.name, self.owners)
        if said.kind != "posts":
            raise BadRecord(f"expected a post of a watch, came {said.kind} {said.note}".rstrip())
        return said.messages


class _Run:
    """One run of a collector: where it stands, and the batch being filled."""

    def __init__(self, collector: X, token: str, begun: _Cursor, stop: Event) -> None:
        self._x = collector
        self._settings = collector.settings
        self._clock = collector.clock
        self._token = token
        self._stop = stop
        self._client = XClient(
            self._settings.base_url, self._token, self._settings.user_agent, authors=self._settings.authors
        )
        self._stamps = Stamps(self._clock.now, begun.at or EPOCH)
        self._backoff, self._budget = Backoff(), ConnectBudget()
        self._owners = collector.owners
        self._since_id = self._found_id = begun.since_id
        self._blind_from = begun.at or self._clock.now()
        self._blind_why = "not running" if begun.at else "not connected yet"
        self._seen_from: datetime | None = None
        self._good_at = begun.at
        self._told_at = self._ticked_at = self._clock.monotonic()
        self._stream: XStream | None = None
        with self._stamps.lock:
            self._promised = self._stamps.next()
        self._messages: list[Message] = []
        self._rejected: list[Rejected] = []
        self._lines = 0

    def batches(self) -> Iterator[Batch]:
        synced = False
        try:
            while not self._stop.is_set():
                if not synced:
                    synced = yield from self._sync()
                    continue
                yield from self._pause(self._budget.wait(self._clock.monotonic()), "X's limit of connections")
                if self._stop.is_set():
                    return
                failure = yield from self._connected()
                if failure is None:
                    return
                synced = failure.kind != "rules"
                yield from self._failed(failure)
        finally:
            self._hang_up()

    # --- rules

    def _sync(self) -> Generator[Batch, None, bool]:
        """Brings X's rules in step with the watches. False: it did not work, and the wait is over."""
        try:
            return (yield from self._synced())
        except XRefused as error:
            failure = failure_of(error.status, error.body, error.reset, self._clock.now())
        except SourceAway as error:
            failure = Failure("network", str(error))
        yield from self._failed(failure)
        return False

    def _synced(self) -> Generator[Batch, None, bool]:
        wanted, client = self._x.wanted, self._client
        standing = yield from self._asked(client.rules)
        if standing is None:
            return False
        plan = planned(wanted, standing, self._settings.rules_cap)
        made = []
        if plan.add:
            # a rule X would refuse must be found before anything is deleted for it
            yield from self._asked(lambda: client.add(plan.add, dry_run=True))
        if plan.clear:
            yield from self._asked(lambda: client.delete(plan.clear))
        if plan.add and not self._stop.is_set():
            made = (yield from self._asked(lambda: client.add(plan.add, dry_run=False))) or []
        if plan.stale and not self._stop.is_set():
            yield from self._asked(lambda: client.delete(plan.stale))
        if plan.add or plan.clear or plan.stale:
            log.info("x: %d rules added, %d removed", len(plan.add), len(plan.clear) + len(plan.stale))
        self._owners = self._owners._replace(by_rule=watches_by_rule(wanted, [*standing, *made]))
        return not self._stop.is_set()

    def _asked(self, call: Callable[[], T]) -> Generator[Batch, None, T | None]:
        """A REST call, without keeping `stop` or the ticks waiting. None where `stop` came first."""
        answers: list[T] = []
        errors: list[Exception] = []
        done = Event()

        def run() -> None:
            try:
                answers.append(call())
            except Exception as error:  # noqa: BLE001 - raised again below, in the collector's own thread
                errors.append(error)
            finally:
                done.set()

        Thread(target=run, name="x-rest", daemon=True).start()
        while not done.wait(_LOOK_UP_SECONDS):
            if self._stop.is_set():
                return None
            yield from self._idle()
        if errors:
            raise errors[0]
        return answers[0]

    # --- the stream

    def _connected(self) -> Generator[Batch, None, Failure | None]:
        """One connection, from dialling to its end. None: `stop` was set."""
        settings = self._settings
        self._budget.spend(self._clock.monotonic())
        self._x.seen["connects"] += 1
        params = {
            "tweet.fields": TWEET_FIELDS,
            "expansions": EXPANSIONS + (AUTHORS if settings.authors else ""),
            "media.fields": MEDIA_FIELDS,
            "user.fields": USER_FIELDS,
        }
        stream = self._stream = XStream(
            f"{settings.base_url.rstrip('/')}/2/tweets/search/stream",
            params=params,
            auth=Bearer(self._token),
            user_agent=settings.user_agent,
            stamps=self._stamps,
            stall_seconds=settings.stall_seconds,
        )
        begun = self._clock.monotonic()
        failure: Failure | None = None
        while not self._stop.is_set() and failure is None:
            happening = stream.take(self._patience())
            if isinstance(happening, Opened):
                failure = yield from self._opened(happening)
            elif isinstance(happening, Closed):
                failure = Failure("network", happening.reason)
            elif happening is not None:
                self._line(happening)
            if self._full(happening):
                yield self._batch()
            elif happening is None:
                yield from self._idle()
        if self._clock.monotonic() - begun >= _HELD_SECONDS:
            self._backoff.healthy()
        self._hang_up()
        return failure

    def _patience(self) -> float:
        return min(self._settings.flush_seconds, _LOOK_UP_SECONDS)

    def _full(self, happening: Happening | None) -> bool:
        """Whether the batch is to go now: enough of it, long enough, a heartbeat, or nothing more coming."""
        if happening is None or isinstance(happening, Closed):
            return bool(self._messages or self._rejected)
        if isinstance(happening, Line) and not happening.body:
            return True
        late = self._clock.monotonic() - self._ticked_at >= self._settings.flush_seconds
        return self._lines > 0 and (self._lines >= self._settings.flush_lines or late)

    def _opened(self, answer: Opened) -> Generator[Batch, None, Failure | None]:
        now = self._clock.now()
        if not 200 <= answer.status < 300:
            error = refused(answer.status, answer.body, answer.headers)
            if isinstance(error, BadConfiguration):
                raise error
            return failure_of(answer.status, answer.body, error.reset, now)
        start, why = self._blind_from, self._blind_why
        self._seen_from = self._good_at = now
        self._told_at = self._clock.monotonic()
        self._messages.append(self._coverage("blind", start, now, why))
        yield self._batch()
        if self._since_id:
            yield from self._recover(start, now)
        return None

    def _line(self, line: Line) -> None:
        self._good_at = line.at
        if not line.body:
            return
        self._lines += 1
        seen = self._x.seen
        try:
            said = to_posts(line.body, line.at, self._x.name, self._owners)
        except BadRecord as error:
            seen["rejected"] += 1
            self._rejected.append(Rejected(line.body, "x stream", str(error)))
            return
        seen[said.kind] += 1
        if said.kind == "problem":
            log.warning("x: X says: %s", said.note)
            self._blind_why = said.note
        elif said.kind == "unknown":
            log.warning("x: a message of a type not known: %s", said.note)
        self._messages.extend(said.messages)
        self._since_id = latest_id(said.messages, self._since_id)

    def _hang_up(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    # --- when there is no stream

    def _failed(self, failure: Failure) -> Generator[Batch, None, None]:
        """Says what happened and waits as long as X asks."""
        if failure.kind == "fatal":
            raise BadConfiguration(f"x: {failure.reason}")
        wait = self._backoff.seconds(failure, self._clock.now())
        log.warning("x: %s; next try in %.1f s", failure.reason, wait)
        if self._seen_from is not None and self._good_at is not None:
            self._messages.append(self._coverage("seen", self._seen_from, self._good_at))
            self._blind_from, self._seen_from = self._good_at, None
        self._blind_why = failure.reason
        yield self._batch()
        yield from self._pause(wait, failure.reason)

    def _pause(self, seconds: float, why: str) -> Generator[Batch, None, None]:
        until = self._clock.monotonic() + seconds
        if seconds > 0:
            self._blind_why = why
        while (left := until - self._clock.monotonic()) > 0:
            if self._clock.wait(min(left, self._settings.tick_seconds), self._stop):
                return
            yield from self._idle()

    def _recover(self, start: datetime, end: datetime) -> Generator[Batch, None, None]:
        """Searches for what the stream did not bring, watch by watch."""
        since_id, whole = self._since_id, True
        self._found_id = since_id
        for watch in self._x.watches:
            for query in queries(watch, self._settings.query_length):
                try:
                    whole &= yield from self._searched(query, watch.name, since_id)
                except SourceAway as error:
                    log.warning("x: the gap from %s to %s stays open: %s", start, end, error)
                    return
                if self._stop.is_set():
                    return
        # only now: results come newest first, and a cursor past them would skip the pages not yet read
        self._since_id = self._found_id
        if whole:
            why = "recovered by search, which finds no reposts"
            self._messages.append(self._coverage("seen", start, end, why))
        else:
            log.warning("x: the gap from %s to %s holds more than recovery_pages allow", start, end)

    def _searched(self, query: str, watch: str, since_id: str) -> Generator[Batch, None, bool]:
        """True: to the last page."""
        token = ""
        for _ in range(self._settings.recovery_pages):
            after = token
            answer = yield from self._asked(lambda after=after: self._client.search(query, since_id, after))  # type: ignore[misc]
            if answer is None:
                return False
            with self._stamps.lock:
                now = self._stamps.next()
            terms = Terms(self._x.name, Span(EARLIEST, now + TOLERANCE), now, (watch,))
            for part in parts_of(msgspec.json.encode(answer), terms):
                if isinstance(part, Refused):
                    self._rejected.append(Rejected(part.body, "x search", part.reason))
                    continue
                self._x.seen["recovered"] += 1
                self._messages.extend(part.messages)
                self._found_id = latest_id(part.messages, self._found_id)
            yield self._batch()
            token = str((answer.get("meta") or {}).get("next_token") or "")
            if not token:
                return True
        return False

    # --- batches

    def _idle(self) -> Generator[Batch, None, None]:
        """A Tick where it is time for one."""
        if self._clock.monotonic() - self._ticked_at >= self._settings.tick_seconds:
            yield self._batch()

    def _batch(self) -> Batch:
        """What was taken, and a Tick for as far as everything that came has been taken."""
        now = self._clock.monotonic()
        if now - self._told_at >= self._settings.coverage_seconds:
            self._told_at = now
            self._messages.append(self._standing())
        if self._stream is not None:
            quiet = self._stream.quiet_until()
        else:
            with self._stamps.lock:
                quiet = self._stamps.next()
        if quiet is not None:
            self._promised = quiet
        elif self._good_at is not None and self._lines:
            self._promised = max(self._promised, self._good_at)
        tick = Tick(collector=self._x.name, at=self._promised)
        cursor = _Cursor(since_id=self._since_id, at=self._good_at)
        batch = Batch([*self._messages, tick], self._rejected, msgspec.json.encode(cursor).decode())
        self._messages, self._rejected, self._lines = [], [], 0
        self._ticked_at = now
        return batch

    def _standing(self) -> Coverage:
        if self._seen_from is not None and self._good_at is not None:
            return self._coverage("seen", self._seen_from, self._good_at)
        return self._coverage("blind", self._blind_from, self._clock.now(), self._blind_why)

    def _coverage(self, state: Literal["seen", "blind"], start: datetime, end: datetime, reason: str = "") -> Coverage:
        return Coverage(
            collector=self._x.name,
            watches=self._x.names,
            start=start,
            end=max(start, end),
            state=state,
            reason=reason,
        )
