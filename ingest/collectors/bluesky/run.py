"""One run of the Bluesky collector: which host is read, what came of it, and what is told of coverage."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import NamedTuple, Protocol

import msgspec

from ingest.collectors.bluesky.memory import Handles, Sent
from ingest.collectors.bluesky.pace import Pace
from ingest.collectors.bluesky.settings import BlueskySettings
from ingest.collectors.bluesky.stream import Closed, Happening, Inlet, Opened, Stream
from ingest.collectors.bluesky.wire import SUBPROTOCOL, TIMES, Light, Position, Wire, address, read
from ingest.collectors.bluesky.wire import Event as StreamEvent
from ingest.formats.bluesky import account_uid, post_uid
from ingest.formats.reading import EPOCH, MICROSECOND
from ingest.sight import Sight
from ingest.silence import History, Silence
from ingest.surroundings import Surroundings
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Message, Post, Struct, Takedown, Tick
from secondsource.contracts.stage import Batch, Rejected

log = logging.getLogger(__name__)

_LOOK_UP_SECONDS = 0.2  #: how long anything blocks before `stop` is looked at
_FLUSH_SECONDS = 0.2
_FLUSH_MESSAGES = 500
_TICK_SECONDS = 1.0
_IDLE_LOOKS = 5  #: so many looks that found nothing are a second, about, whatever the clock says
_NEVER_SILENT = timedelta(minutes=10)  #: among all posts of the network there is one in this
_HELD_SECONDS = 30.0  #: a connection that lasted this long was a good one: back-off starts over
_LONGEST_WAIT = 60.0
_PENDING = 500  #: deletions looked up at once, at most
_UNKNOWN_PENDING = 5_000  #: deletions kept while the store is away
_KEPT_BYTES = 64 * 1024  #: of a frame that is too large to be a post


class Cursor(Struct, frozen=True, kw_only=True):
    """Where reading stands. `at` is until when it was sure to have seen, `promised` the last tick.

    `deleted` and `gone` are posts and accounts (by their uids, with reasons) still to be looked for in the store.
    """

    host: str = ""
    seq: int = 0
    seen_us: int = 0
    last: str = ""
    at: datetime | None = None
    promised: datetime | None = None
    silence: History = ()
    deleted: Mapping[str, str] = {}
    gone: Mapping[str, str] = {}


class _Failure(NamedTuple):
    """Why a connection ended. `wait` is what the host asked for, in seconds; `expired`: it does not have our place.

    `too_large`: a frame came that is not even read; where the same one comes again, the place is given up.
    """

    reason: str
    wait: float = 0.0
    expired: bool = False
    too_large: bool = False


class _Update(NamedTuple):
    """A post with new words, and the revision they came with."""

    post: Post
    revision: str


class Following(Protocol):
    """The collector whose run this is."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> BlueskySettings: ...
    @property
    def wire(self) -> Wire: ...
    @property
    def hosts(self) -> Sequence[str]: ...
    @property
    def around(self) -> Surroundings: ...
    @property
    def watch_names(self) -> tuple[str, ...]: ...
    @property
    def handles(self) -> Handles: ...
    @property
    def seen(self) -> Counter[str]: ...

    def taking(self, event: StreamEvent, record: Light) -> tuple[str, ...]:
        """The watches that take a post."""
        ...

    def mapped(self, event: StreamEvent, body: bytes, observed_at: datetime, watches: tuple[str, ...]) -> Post:
        """Raises BadRecord."""
        ...


class Run:
    """One run of a collector: where it stands, and the batch being filled."""

    def __init__(self, collector: Following, begun: Cursor, stop: Event) -> None:
        self._b = collector
        self._settings = collector.settings
        self._clock = collector.around.clock
        self._known = collector.around.known
        self._stop = stop
        self._position = Position(begun.host, begun.seq, begun.seen_us)
        self._last = begun.last
        self._host = collector.hosts.index(begun.host) if begun.host in collector.hosts else 0
        self._silence = Silence(begun.silence)
        self._sight = Sight(collector.name, collector.watch_names, self._clock, begun=begun.at, silence=self._silence)
        self._stamp_last = begun.promised or EPOCH
        self._sent = Sent(collector.settings.remembered)
        self._deleted = dict(begun.deleted)
        self._gone = dict(begun.gone)
        self._updates: dict[str, _Update] = {}
        self._attempts = 0
        self._stream: Stream | None = None
        # reading what was missed, from then on; None: what comes is new
        self._gap: datetime | None = None
        self._catching = False
        self._clamped = False  # of what was missed the host has only the end: the next event says from when on
        self._asked: int | None = None  # the place that was asked for, until the first event has come
        self._pace = Pace()
        self._messages: list[Message] = []
        self._rejected: list[Rejected] = []
        self._idle = 0
        self._ticked_at = self._looked_up_at = self._clock.monotonic()

    def batches(self) -> Iterator[Batch]:
        try:
            while not self._stop.is_set():
                failure = yield from self._connected()
                if failure is None:
                    return
                yield from self._failed(failure)
        finally:
            self._hang_up()

    # --- one connection

    def _connected(self) -> Generator[Batch, None, _Failure | None]:
        """From dialling to the end. None: `stop` was set."""
        b, settings = self._b, self._settings
        host = b.hosts[self._host]
        place = self._position
        cursor = self._asked = place.cursor(host, b.wire)
        stream = self._stream = Stream(
            address(host, b.wire, cursor, max_bytes=settings.max_frame_bytes),
            subprotocols=(SUBPROTOCOL,) if b.wire == "v2" else (),
            user_agent=b.around.user_agent,
            ping_seconds=settings.ping_seconds,
            inlet=Inlet(self._clock.monotonic, settings.read_ahead),
        )
        b.seen["connects"] += 1
        begun = self._clock.monotonic()
        failure: _Failure | None = None
        while not self._stop.is_set() and failure is None:
            happenings = stream.inlet.take(_LOOK_UP_SECONDS)
            failure = self._handled(happenings, host, resumed=cursor is not None)
            self._judge(stream, happenings)
            if self._due(happenings):
                yield self._batch()
        if self._clock.monotonic() - begun >= _HELD_SECONDS:
            self._attempts = 0
        self._hang_up()
        if failure is not None and failure.too_large and self._position == place:
            return failure._replace(expired=True)
        return failure

    def _handled(self, happenings: Sequence[Happening], host: str, *, resumed: bool) -> _Failure | None:
        failure: _Failure | None = None
        posts = 0
        for happening in happenings:
            if isinstance(happening, bytes):
                event = self._understood(happening)
                if event is not None:
                    failure = self._event(event, happening, host) or failure
                    posts += event.operation == "create"
            elif isinstance(happening, Opened):
                self._opened(resumed=resumed)
            elif isinstance(happening, Closed):
                failure = failure or _closed(happening)
            elif not self._catching:
                self._sight.alive(self._stamp())
        if any(isinstance(one, bytes) for one in happenings) and not self._catching and failure is None:
            self._sight.alive(self._stamp(), posts)
        return failure

    def _opened(self, *, resumed: bool) -> None:
        now = self._clock.now()
        if resumed:
            self._catching = True
            self._gap = None if self._clamped else self._sight.good_at
            self._pace = Pace()
        else:
            self._catching = False
            self._sight.opened(now)

    def _judge(self, stream: Stream, happenings: Sequence[Happening]) -> None:
        """Whether what comes now is new, or what was missed, or more than is handled here."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        behind = stream.inlet.behind()
        if self._catching:
            frames = sum(isinstance(one, bytes) for one in happenings)
            self._pace.looked(monotonic, frames, self._position.seen_us)
            if behind < self._settings.behind_seconds and self._pace.live(now):
                self._caught_up(now)
        elif behind >= self._settings.behind_seconds and self._sight.seeing:
            self._gap = now - timedelta(seconds=behind)
            reason = f"consumer too slow: for {behind:.0f} s more has come than was handled; the socket is paused"
            self._sight.lost(reason, self._gap)
            self._catching = True
            self._pace = Pace()

    def _caught_up(self, now: datetime) -> None:
        self._catching = False
        self._sight.opened(now)
        if self._gap is not None:
            self._sight.recovered(self._gap, now, "read afterwards, from the stream's own record")
        self._gap = None

    def _hang_up(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    # --- what comes

    def _understood(self, frame: bytes) -> StreamEvent | None:
        self._b.seen["frames"] += 1
        if len(frame) > self._settings.max_frame_bytes:
            size = f"{len(frame):,} bytes, more than the {self._settings.max_frame_bytes:,} a post may have"
            self._reject(frame[:_KEPT_BYTES], size)
            return None
        try:
            return read(frame, self._b.wire)
        except BadRecord as error:
            self._reject(frame, str(error))
            return None

    def _event(self, event: StreamEvent, frame: bytes, host: str) -> _Failure | None:
        if event.kind == "error":
            return _spoken(event)
        if event.kind == "info":
            return self._informed(event)
        asked, self._asked = self._asked, None
        if asked is not None and (failure := self._first(event, asked)) is not None:
            return failure
        if self._repeated(event, host):
            self._b.seen["repeated"] += 1
            return None
        try:
            self._happened(event, frame)
        except BadRecord as error:
            self._reject(frame, str(error))
        if self._clamped:
            self._clamped, self._gap = False, event.seen_at
        self._position = Position(host, event.seq, max(event.seen_us, self._position.seen_us))
        self._last = _key(event)
        return None

    def _first(self, event: StreamEvent, asked: int) -> _Failure | None:
        """Whether the stream goes on at the place that was asked for: not every host says where it does not."""
        by_number = asked < TIMES
        late = event.seen_us - (self._position.seen_us if by_number else asked) > _NEVER_SILENT // MICROSECOND
        if by_number and event.seq and (event.seq < asked or (late and self._position.seen_us)):
            return _Failure(f"the stream does not know our place in it: it goes on at {event.seq}", expired=True)
        if not by_number and late and not self._clamped:
            self._outdated("it begins later than was asked for")
        return None

    def _repeated(self, event: StreamEvent, host: str) -> bool:
        """Cursors are inclusive: what was handled last comes again."""
        if event.seq:
            return host == self._position.host and event.seq <= self._position.seq
        return event.seen_us == self._position.seen_us and _key(event) == self._last

    def _happened(self, event: StreamEvent, frame: bytes) -> None:
        if event.kind == "commit":
            if not event.is_post:
                self._b.seen["other collections"] += 1
            elif event.operation == "delete":
                self._taken_down(post_uid(event.did, event.rkey), "deleted by its author")
            else:
                self._written(event, frame)
        elif event.kind == "account":
            if event.account is not None and event.account.gone:
                self._account_gone(event.did, event.account.gone)
        elif event.kind == "identity":
            if event.identity is not None:
                self._b.handles.put(event.did, event.identity.handle or "")
        else:
            self._b.seen["unknown"] += 1
            log.debug("bluesky: an event of a kind not known: %s", event.kind or event.name)

    def _written(self, event: StreamEvent, frame: bytes) -> None:
        if event.record is None:
            raise BadRecord(f"expected a record with the operation {event.operation!r}, found none")
        watches = self._b.taking(event, event.record)
        updated = event.operation == "update"
        if not watches and not updated:
            return
        uid = post_uid(event.did, event.rkey)
        if self._sent.repeated(uid, event.rev):
            self._b.seen["repeated"] += 1
            return
        post = self._b.mapped(event, frame, self._stamp(), tuple(dict.fromkeys((*watches, *self._sent.watches(uid)))))
        if updated:
            self._updates[uid] = _Update(post, event.rev)
        else:
            self._send(post, event.rev)

    def _send(self, post: Post, revision: str) -> None:
        self._b.seen["posts"] += 1
        self._sent.add(post.uid, post.author.uid, post.watches, revision)
        self._messages.append(post)

    def _informed(self, event: StreamEvent) -> _Failure | None:
        log.warning("bluesky: the host says: %s %s", event.name, event.message)
        reason = f"{event.name}: {event.message}".rstrip(": ")
        if event.name == "OutdatedCursor":
            self._outdated(reason)
        elif event.name == "FutureCursor":
            return _Failure(f"the stream does not know our place in it: {reason}", expired=True)
        return None

    def _outdated(self, reason: str) -> None:
        """What the host still has comes now; what it has no more is not to be had."""
        self._sight.lost(f"the stream no longer keeps what passed: {reason}", self._gap)
        self._gap, self._clamped = None, True

    def _reject(self, frame: bytes, reason: str) -> None:
        self._b.seen["rejected"] += 1
        self._rejected.append(Rejected(frame, "bluesky stream", reason))

    # --- takedowns

    def _taken_down(self, uid: str, reason: str) -> None:
        """At once where it was just sent; else the store is asked, soon."""
        self._updates.pop(uid, None)
        watches = self._sent.watches(uid)
        if watches:
            self._take_down(uid, watches, reason)
        else:
            self._deleted[uid] = reason

    def _account_gone(self, did: str, reason: str) -> None:
        account = account_uid(did)
        for uid, watches in self._sent.of(account).items():
            self._take_down(uid, watches, reason)
        self._gone[account] = reason

    def _take_down(self, uid: str, watches: tuple[str, ...], reason: str) -> None:
        self._b.seen["takedowns"] += 1
        self._sent.forget(uid)
        self._messages.append(
            Takedown(uid=uid, observed_at=self._stamp(), collector=self._b.name, watches=watches, reason=reason)
        )

    def _look_up(self) -> None:
        """Which of what was deleted, and of the accounts that are gone, is stored.

        Raises:
            SourceAway: the store does not answer, and more is waiting for it than is kept.
        """
        self._looked_up_at = self._clock.monotonic()
        try:
            while self._deleted:
                asked = dict(list(self._deleted.items())[:_PENDING])
                for uid, watches in self._known.posts(list(asked)).items():
                    self._take_down(uid, watches, asked[uid])
                for uid in asked:
                    del self._deleted[uid]
            while self._gone:
                asked = dict(list(self._gone.items())[:_PENDING])
                for uid, watches in self._known.of_accounts(list(asked)).items():
                    self._take_down(uid, watches, asked.get(uid.rpartition("/")[0], "account gone"))
                for account in asked:
                    del self._gone[account]
        except SourceAway as error:
            if len(self._deleted) + len(self._gone) > _UNKNOWN_PENDING:
                raise
            log.warning("bluesky: %d deletions wait for the store: %s", len(self._deleted) + len(self._gone), error)

    def _updated(self) -> None:
        """New words go also to the watches that the old ones are stored for, though they may not meet them."""
        updates, self._updates = self._updates, {}
        stored: Mapping[str, tuple[str, ...]] = {}
        try:
            if updates:
                stored = self._known.posts(list(updates))
        except SourceAway as error:
            log.warning("bluesky: %d updates not compared with the store: %s", len(updates), error)
        for uid, (post, revision) in updates.items():
            watches = tuple(dict.fromkeys((*post.watches, *stored.get(uid, ()))))
            if watches:
                self._send(msgspec.structs.replace(post, watches=watches, observed_at=self._stamp()), revision)

    # --- when there is no connection

    def _failed(self, failure: _Failure) -> Generator[Batch, None, None]:
        """Says what happened and waits, before the next host is asked: first not at all, then ever longer."""
        self._sight.lost(failure.reason, self._sight.good_at if self._catching or failure.expired else None)
        self._catching = False
        if failure.expired:
            # by time the host may still have some of it; but a frame that is too large would come again
            by_time = self._position.seq > 0 and self._position.seen_us > TIMES and not failure.too_large
            self._position = Position(seen_us=self._position.seen_us) if by_time else Position()
            self._last, self._clamped = "", by_time
        else:
            self._host = (self._host + 1) % len(self._b.hosts)
        wait = 0.0
        if self._attempts:
            longest = min(_LONGEST_WAIT, 2.0 ** (self._attempts - 1))
            wait = longest * self._b.around.random.uniform(0.5, 1.0)
        self._attempts += 1
        wait = max(wait, min(failure.wait, 10 * _LONGEST_WAIT))
        log.warning("bluesky: %s; next try in %.1f s", failure.reason, wait)
        yield self._batch()
        until = self._clock.monotonic() + wait
        while (left := until - self._clock.monotonic()) > 0:
            if self._clock.wait(min(left, _TICK_SECONDS), self._stop):
                return
            yield self._batch()

    # --- batches

    def _due(self, happenings: Sequence[Happening]) -> bool:
        since = self._clock.monotonic() - self._ticked_at
        self._idle = 0 if any(isinstance(one, bytes) for one in happenings) else self._idle + 1
        if since >= _TICK_SECONDS or self._idle >= _IDLE_LOOKS:
            return True
        if not (self._messages or self._rejected or self._updates):
            return False
        return not happenings or since >= _FLUSH_SECONDS or len(self._messages) >= _FLUSH_MESSAGES

    def _batch(self) -> Batch:
        now = self._clock.monotonic()
        self._updated()
        waiting = len(self._deleted) + len(self._gone)
        if waiting and (waiting >= _PENDING or now - self._looked_up_at >= _TICK_SECONDS):
            self._look_up()
        self._messages.extend(self._sight.due())
        tick = Tick(collector=self._b.name, at=self._stamp())
        cursor = Cursor(
            host=self._position.host,
            seq=self._position.seq,
            seen_us=self._position.seen_us,
            last=self._last,
            at=self._sight.good_at,
            promised=tick.at,
            silence=self._silence.saved(),
            deleted=self._deleted,
            gone=self._gone,
        )
        batch = Batch([*self._messages, tick], self._rejected, msgspec.json.encode(cursor).decode())
        self._messages, self._rejected = [], []
        self._ticked_at, self._idle = now, 0
        return batch

    def _stamp(self) -> datetime:
        """The time now, later than any before: what is taken from the inlet is observed then."""
        self._stamp_last = max(self._clock.now(), self._stamp_last + MICROSECOND)
        return self._stamp_last


def _key(event: StreamEvent) -> str:
    return f"{event.did}/{event.rkey}/{event.rev or event.kind}"


def _closed(closed: Closed) -> _Failure:
    if closed.error == "CursorTooOld":
        return _Failure("the stream no longer keeps what passed: CursorTooOld", expired=True)
    return _Failure(closed.reason, closed.retry_after or 0.0, too_large="code 1009" in closed.reason)


def _spoken(event: StreamEvent) -> _Failure:
    what = f"{event.name}: {event.message}".rstrip(": ")
    if event.name == "ConsumerTooSlow":
        return _Failure(f"consumer too slow: the host closed the stream ({what})")
    if event.name == "CursorTooOld":
        return _Failure(f"the stream no longer keeps what passed: {what}", expired=True)
    return _Failure(f"the host ended the stream: {what}")
