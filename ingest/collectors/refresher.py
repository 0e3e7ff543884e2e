"""Asks platforms again for the counts of posts that are followed, and notices which posts have vanished.

One call a platform and round, never more than the platform's budget. What a platform answers becomes dated
`Engagement` where the counts changed, and `Takedown` where a post stays gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any, ClassVar, Final

from ingest import refreshing
from ingest.formats.reading import EPOCH
from ingest.ports import Candidate, Followed, Spending
from ingest.refreshing import Asked, Budget, Calls, Counter, Look, Missing
from ingest.surroundings import Surroundings
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.messages import Counts, Engagement, Message, Takedown, Tick
from secondsource.contracts.settings import setting
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch

NAME: Final = "refresher"
COMMANDED: Final = "compliance"  #: the name by which commands take posts down in the store
_AT_ONCE = 500
_EVERY = 1.0  # seconds between two rounds
_REREAD = 30.0  # seconds between two looks at what is followed
_MOST = 5_000  # posts followed at once on one platform
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0  # seconds to leave a platform alone that does not answer
_LONGEST_ASKED = 86_400.0  # the same where it says for how long
_MICROSECOND = timedelta(microseconds=1)
_LATE = timedelta(minutes=5)  #: what was taken down earlier than another may be seen in the store so much later
_Place = tuple[datetime, str]  #: when a post was taken down, and its uid
_BEGINNING: Final[_Place] = (EPOCH, "")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefresherSettings:
    enabled: bool = setting(True, "Ask platforms again for the counts of posts that matter.")
    horizon_hours: float = setting(
        48.0, "How long after its creation a post's counts are followed.", at_least=0.1, at_most=720
    )
    x_calls: int = setting(60, "Calls to X in five minutes, of 100 posts each, at most.", at_least=1, at_most=300)
    x_posts_per_day: int = setting(
        200, "Different posts of X asked for in a UTC day, which X bills; its budget holds beside this.", at_least=0
    )
    bluesky_calls: int = setting(
        300, "Calls to Bluesky in five minutes, of 25 posts each, at most.", at_least=1, at_most=2_500
    )
    mastodon_calls: int = setting(120, "Calls to Mastodon instances in five minutes, at most.", at_least=1, at_most=250)
    gone_minutes: float = setting(
        2.0,
        "How long a post must be missing from the platform's answers before it is taken down here.",
        at_least=0,
        at_most=10_080,
    )
    doubt_minutes: float = setting(
        60.0, "The same, where so much is missing that the platform itself may be at fault.", at_least=0, at_most=10_080
    )
    doubt_share: float = setting(
        0.5, "The share of an answer of ten or more posts that may be missing without doubt.", at_least=0, at_most=1
    )

    def off(self) -> str:
        return "" if self.enabled else "off; set enabled: true under collectors: refresher"

    def budget(self, platform: str) -> Budget:
        """What may be asked of a platform; a platform without a setting of its own gets one call in ten seconds."""
        calls = {"x": self.x_calls, "bluesky": self.bluesky_calls, "mastodon": self.mastodon_calls}
        return Budget(calls.get(platform, 30), posts_per_day=self.x_posts_per_day if platform == "x" else None)

    @property
    def missing(self) -> Missing:
        return Missing(60 * self.gone_minutes, 60 * self.doubt_minutes, self.doubt_share)


class Refresher:
    """A live collector that needs no watch: it follows what is stored. `around.counters` say of which platforms.

    It also tells the stream what was taken down in the store beside it, to all watches: whoever remembers such a post
    must hear of it. That it does also where it is off. The cursor says how far it has told.
    """

    name: ClassVar[str] = NAME
    Settings: ClassVar[type[Any]] = RefresherSettings

    def __init__(self, settings: RefresherSettings, watches: Sequence[Watch], around: Surroundings) -> None:
        self._watches = tuple(watch.name for watch in watches)
        self._removals = around.removals
        self._floor = _BEGINNING  # what an earlier start told reaches to here
        self._heard: set[_Place] = set()  # of the last minutes, what this one told
        self._asked_at: float | None = None
        self._clock = around.clock
        self._ticked: datetime | None = None
        counters = () if settings.off() else around.counters
        self._platforms = [_Platform(counter, settings, around) for counter in counters]

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """A batch a round, until `stop` is set.

        Raises:
            BadConfiguration: the cursor is not its own.
        """
        told = self._floor = _told(cursor)
        while not stop.is_set():
            messages: list[Message] = []
            for at, uid, reason in self._taken_down(told):
                told = max(told, (at, uid))
                messages.append(self._takedown(uid, reason))
            for platform in self._platforms:
                if stop.is_set():
                    break
                messages += platform.round(self._after_ticks)
            self._ticked = self._after_ticks()
            place = "" if told == _BEGINNING else f"{told[0].isoformat()} {told[1]}"
            yield Batch([*messages, Tick(collector=self.name, at=self._ticked)], [], place)
            self._clock.wait(_EVERY, stop)

    def remap(self, body: bytes) -> Sequence[Message]:
        raise BadRecord(f"the refresher rejects nothing, so it did not send this: {body[:40]!r}")

    def _taken_down(self, last: _Place) -> list[tuple[datetime, str, str]]:
        """What was not told yet, up to some at a time: two commands at once may commit in another order than they
        began, so the last minutes are looked through again.
        """
        now = self._clock.monotonic()
        if self._removals is None or (self._asked_at is not None and now - self._asked_at < _REREAD):
            return []
        goes_on, self._asked_at = self._asked_at is None, now
        place = last if goes_on else max(self._floor, (last[0] - _LATE, ""))
        self._heard = {each for each in self._heard if each[0] >= last[0] - _LATE}
        fresh: list[tuple[datetime, str, str]] = []
        try:
            while len(found := self._removals.after(place, COMMANDED, _AT_ONCE)):
                fresh += (each for each in found if each[:2] not in self._heard)
                place = found[-1][:2]
                if len(found) < _AT_ONCE:
                    break
                if fresh:
                    self._asked_at = None  # there is more
                    break
        except SourceAway as error:
            _log.warning("what was taken down is asked for later", extra={"reason": str(error)})
            return []
        self._heard.update(each[:2] for each in fresh)
        return fresh

    def _takedown(self, uid: str, reason: str) -> Takedown:
        return Takedown(
            uid=uid, observed_at=self._after_ticks(), collector=self.name, watches=self._watches, reason=reason
        )

    def _after_ticks(self) -> datetime:
        """Now, or just after the last promise where the clock stands still."""
        now = self._clock.now()
        return now if self._ticked is None else max(now, self._ticked + _MICROSECOND)


def _told(cursor: str) -> _Place:
    if not cursor:
        return _BEGINNING
    at, _, uid = cursor.partition(" ")
    try:
        return datetime.fromisoformat(at), uid
    except ValueError as error:
        raise BadConfiguration(f"refresher: expected a cursor of its own, came {cursor[:80]!r}") from error


@dataclass(slots=True)
class _Post:
    """What is remembered of a followed post between two looks. `recheck_at`: it was missing, and is asked for then."""

    watches: tuple[str, ...]
    created_at: datetime
    looked_at: datetime | None = None
    counts: Counts = field(default_factory=Counts)
    gained: int | None = None
    missing_since: datetime | None = None
    recheck_at: datetime | None = None

    def seen(self, counts: Counts, at: datetime) -> bool:
        """It is there, with these counts. True if they are news."""
        is_news = self.looked_at is None or counts != self.counts
        self.gained = refreshing.weight(counts) - refreshing.weight(self.counts)
        self.counts, self.looked_at = counts, at
        self.missing_since = self.recheck_at = None
        return is_news

    def missed(self, at: datetime, patience: float, recheck: float) -> bool:
        """It is not there. True if it has been gone for so long that it is to be believed."""
        self.looked_at = at
        self.missing_since = self.missing_since or at
        self.recheck_at = at + timedelta(seconds=recheck)
        return (at - self.missing_since).total_seconds() >= patience


class _Platform:
    """What one platform is asked for, and what it answered."""

    def __init__(self, counter: Counter, settings: RefresherSettings, around: Surroundings) -> None:
        self._counter = counter
        self._followed: Followed = around.followed
        self._clock: Clock = around.clock
        self._horizon = timedelta(hours=settings.horizon_hours)
        self._budget = settings.budget(counter.platform)
        self._calls = Calls(self._budget)
        self._paid = _Paid(f"{NAME}:{counter.platform}", around.spending)
        self._missing = settings.missing
        self._posts: dict[str, _Post] = {}
        self._taken: set[str] = set()  # sent as taken down; the store hears of it seconds later
        self._reread_at: float | None = None
        self._quiet_until = 0.0
        self._failures = 0
        self._refused = False

    def round(self, at: Callable[[], datetime]) -> list[Message]:
        """One call at most, and what it told. `at` gives the moment to date the answer by."""
        if self._refused or self._clock.monotonic() < self._quiet_until:
            return []
        try:
            self._reread()
            uids = self._due()
            if not uids:
                return []
            self._calls.make(self._clock.now())
            asked = self._counter.ask(uids)
            if self._is_billed:
                self._paid.pay(uids, self._clock.now())
        except SourceAway as error:
            self._pause(error)
            return []
        except BadConfiguration as error:
            self._refused = True
            # An operator's mistake: its place in our code would tell them nothing.
            _log.error("counts no longer asked for", extra={"platform": self._counter.platform, "reason": str(error)})
            return []
        self._failures = 0
        return list(self._told(asked, uids, at()))

    @property
    def _is_billed(self) -> bool:
        return self._budget.posts_per_day is not None

    def _pause(self, error: SourceAway) -> None:
        backoff = min(_FIRST_PAUSE * 2.0 ** min(self._failures, 16), _LONGEST_PAUSE)
        self._failures += 1
        seconds = max(backoff, min(error.retry_after or 0.0, _LONGEST_ASKED))
        self._quiet_until = self._clock.monotonic() + seconds
        more = {"platform": self._counter.platform, "seconds": seconds, "reason": str(error)}
        _log.warning("counts are asked for later", extra=more)

    def _reread(self) -> None:
        """What is followed, as the store has it by now."""
        monotonic = self._clock.monotonic()
        if self._reread_at is not None and monotonic - self._reread_at < _REREAD:
            return
        found = self._followed.candidates(self._counter.platform, self._clock.now() - self._horizon, _MOST)
        self._reread_at = monotonic
        self._taken.intersection_update(each.uid for each in found)
        self._posts = {each.uid: self._merged(each) for each in found if each.uid not in self._taken}

    def _merged(self, candidate: Candidate) -> _Post:
        post = self._posts.get(candidate.uid)
        counted_at = candidate.counted_at
        if post is None:
            before = candidate.before
            gained = None if before is None else refreshing.weight(candidate.counts) - refreshing.weight(before)
            return _Post(candidate.watches, candidate.created_at, counted_at, candidate.counts, gained)
        post.watches = candidate.watches
        if counted_at is not None and (post.looked_at is None or counted_at > post.looked_at):
            post.seen(candidate.counts, counted_at)  # the stream itself brought newer counts
        return post

    def _due(self) -> list[str]:
        now = self._clock.now()
        if self._calls.left(now) <= 0:
            return []
        new = refreshing.new_posts_left(self._budget, self._paid.today(now), now) if self._is_billed else None
        again = sorted(
            uid for uid, post in self._posts.items() if post.recheck_at is not None and post.recheck_at <= now
        )
        # Half a batch at most: the posts beside them show whether the platform answers at all.
        again = [uid for uid in again if new is None or self._paid.has(uid)][: max(1, self._counter.batch // 2)]
        looks = (self._look(uid, post) for uid, post in self._posts.items() if post.recheck_at is None)
        return again + refreshing.due(looks, now, self._counter.batch - len(again), new)

    def _look(self, uid: str, post: _Post) -> Look:
        free = not self._is_billed or self._paid.has(uid)
        return Look(uid, post.created_at, post.looked_at, refreshing.weight(post.counts), post.gained, free)

    def _told(self, asked: Asked, uids: Sequence[str], at: datetime) -> Iterator[Message]:
        patience = self._missing.patience(asked)
        recheck = max(self._missing.confirm_seconds, patience / 6)
        for uid in uids:
            post = self._posts[uid]
            if uid in asked.counts:
                if post.seen(asked.counts[uid], at):
                    yield Engagement(
                        uid=uid, observed_at=at, collector=NAME, watches=post.watches, counts=asked.counts[uid]
                    )
            elif uid not in asked.gone:
                post.looked_at = at
            elif post.missed(at, patience, recheck):
                yield Takedown(uid=uid, observed_at=at, collector=NAME, watches=post.watches, reason=asked.gone[uid])
                del self._posts[uid]
                self._taken.add(uid)


class _Paid:
    """Which posts were paid for today, and how many by all who share the ledger.

    What was paid before a restart is counted but not remembered by name, so it is counted again: to the safe side.
    """

    def __init__(self, ledger: str, spending: Spending) -> None:
        self._ledger = ledger
        self._spending = spending
        self._day = date.min
        self._uids: set[str] = set()
        self._unwritten: dict[date, int] = {}

    def has(self, uid: str) -> bool:
        return uid in self._uids

    def today(self, now: datetime) -> int:
        """Posts paid for in the UTC day. Raises SourceAway."""
        day = self._roll(now)
        self._write()
        return self._spending.spent(self._ledger, day, day)

    def pay(self, uids: Iterable[str], now: datetime) -> None:
        day = self._roll(now)
        new = {*uids} - self._uids
        self._uids |= new
        self._unwritten[day] = self._unwritten.get(day, 0) + len(new)

    def _roll(self, now: datetime) -> date:
        day = now.astimezone(UTC).date()
        if day != self._day:
            self._day, self._uids = day, set()
        return day

    def _write(self) -> None:
        for day in sorted(self._unwritten):
            if self._unwritten[day]:
                self._spending.spend(self._ledger, day, self._unwritten[day])
            del self._unwritten[day]
