"""What reading X may cost: a meter for each limit, and how fast to read so that none is ever passed.

X charges for each post and each profile returned, the same one once in a UTC day, and has no brake an operator could
rely on. So reading is slowed long before a limit, by a bucket of tokens for each: a burst may take `BURST` of what is
left at once, and the bucket fills at `AHEAD` times the rate that would use up what is left evenly until the period
ends. What is left then shrinks as (time left)^AHEAD: breaking news is read whole while there is plenty, samples of it
when there is not, and the limit itself is reached only with the end of the period, if at all.

`pace`, `forecast` and the meters are pure. `Purse` counts, and shares what it counted with other processes (Spending).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ingest.ports import Spending
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway

log = logging.getLogger(__name__)

HARD_CAP = 3_000_000  #: posts a month, on X's pay-per-use plan
AHEAD = 2.0
BURST = 0.2
IN_FLIGHT = 250  #: posts X may have charged that we have not seen: a second of its fastest stream
LEAST = 100  #: posts; with less left a connection is not worth being made
_PAUSE_SECONDS = 600.0  #: for the bucket to fill; shorter pauses would eat up the connections X allows
_SETTLE_SECONDS = 5.0
_SETTLE_UNITS = 100
_MONTH, _TODAY, _DOLLARS = "posts this month", "posts today", "dollars this month"
_REMEMBERED = 500_000  #: ids of a day; beyond, one seen again is counted again, which errs to the safe side


class Limits(NamedTuple):
    """Posts a month and a day, dollars a month; 0 for a limit that is not set (but X's own is). Prices in dollars."""

    posts_per_month: int
    posts_per_day: int = 0
    dollars_per_month: float = 0.0
    post_price: float = 0.005
    profile_price: float = 0.010


class Meter(NamedTuple):
    """One limit as it stands: `tokens` may be read without pause, `each` is what one post may take.

    `in_flight` is set aside for what X may have sent and we have not seen.
    """

    what: str
    cap: float
    spent: float
    in_flight: float
    seconds_left: float
    each: float = 1.0
    tokens: float = 0.0

    @property
    def left(self) -> float:
        """What may still be asked for."""
        return max(0.0, self.cap - self.in_flight - self.spent)

    @property
    def rate(self) -> float:
        """What may be read a second, burst aside."""
        return AHEAD * self.left / self.seconds_left

    def after(self, tokens: float, seconds: float) -> Meter:
        """With the bucket as it is when so much was in it so long ago."""
        return self._replace(tokens=min(BURST * self.left, tokens + self.rate * seconds))


class Pace(NamedTuple):
    """How long to stop reading, and why; 0 to go on."""

    seconds: float
    why: str = ""


class Forecast(NamedTuple):
    """Posts (or dollars) this month: `spent` so far, `expected` at its end at the present rate, `cap` allowed."""

    what: str
    spent: float
    expected: float
    cap: float

    @property
    def sentence(self) -> str:
        word = "which is above it: reading is being slowed" if self.expected > self.cap else "within it"
        return (
            f"{self.spent:,.0f} of {self.cap:,.0f} {self.what} used;"
            f" at this rate {self.expected:,.0f} by the end of the month, {word}"
        )


def pace(meters: Sequence[Meter]) -> Pace:
    """The longest pause any meter asks for."""
    return max((_pause(meter) for meter in meters), key=lambda asked: asked.seconds, default=Pace(0.0))


def _pause(meter: Meter) -> Pace:
    if meter.left < LEAST * meter.each:
        return Pace(meter.seconds_left, f"budget: the {meter.cap:,.0f} {meter.what} are used")
    if meter.tokens > 0:
        return Pace(0.0)
    why = f"budget: slowed, {meter.spent:,.0f} of {meter.cap:,.0f} {meter.what} are used"
    return Pace(min(_PAUSE_SECONDS - meter.tokens / meter.rate, meter.seconds_left), why)


def forecast(
    what: str, cap: float, spent: float, lately: float, lately_seconds: float, seconds_left: float
) -> Forecast:
    """`spent` this month, of which or before which `lately` units in the last `lately_seconds`."""
    return Forecast(what, spent, spent + lately / max(lately_seconds, 1.0) * seconds_left, cap)


def day_left(now: datetime) -> float:
    """Seconds to the end of the UTC day, more than 0."""
    return (_day_of(now) + timedelta(days=1) - now).total_seconds()


def month_left(now: datetime) -> float:
    """Seconds to the end of the UTC month, more than 0."""
    return ((_day_of(now).replace(day=1) + timedelta(days=32)).replace(day=1) - now).total_seconds()


def _day_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


class _Read(NamedTuple):
    posts: int = 0
    profiles: int = 0

    def plus(self, other: _Read) -> _Read:
        return _Read(self.posts + other.posts, self.profiles + other.profiles)

    def dollars(self, limits: Limits) -> float:
        return self.posts * limits.post_price + self.profiles * limits.profile_price


class Purse:
    """Counts what is read. `ledger` names it in Spending; whoever gives the same name shares it.

    `open` must have succeeded once before anything is read: a budget whose past is unknown cannot be kept.
    """

    def __init__(self, limits: Limits, spending: Spending, clock: Clock, *, ledger: str = "x") -> None:
        self._limits = limits._replace(posts_per_month=min(limits.posts_per_month or HARD_CAP, HARD_CAP))
        self._spending = spending
        self._clock = clock
        self._ledger = ledger
        self._today = _day_of(clock.now())
        self._posts: set[str] = set()
        self._profiles: set[str] = set()
        self._kept_today = self._kept_before = self._yesterday = _Read()  # what the ledger says
        self._pending = _Read()  # what it does not know yet
        self._tokens: dict[str, float] = {}
        self._filled_at = self._settled_at = clock.monotonic()

    def open(self) -> None:
        """Read what was spent.

        Raises:
            SourceAway: the ledger does not answer.
        """
        self._roll()
        self._settle()

    def take(self, posts: Iterable[str], profiles: Iterable[str] = (), *, unnamed: int = 0) -> None:
        """Ids X returned, each charged once a UTC day; `unnamed` posts that could not be read, charged all the same."""
        self._roll()
        new = _Read(unnamed + _new(posts, self._posts), _new(profiles, self._profiles))
        self._pending = self._pending.plus(new)
        dollars = new.dollars(self._limits)
        for what in self._tokens:
            self._tokens[what] -= dollars if what == _DOLLARS else new.posts

    def settle(self, *, now: bool = False) -> None:
        """Share what was counted, where it is time to. An absent ledger is tried again later: counting goes on here."""
        self._roll()
        due = self._clock.monotonic() - self._settled_at >= _SETTLE_SECONDS or self._pending.posts >= _SETTLE_UNITS
        if not (now or due):
            return
        self._settled_at = self._clock.monotonic()
        try:
            self._settle()
        except SourceAway as error:
            log.warning("%s: the budget's ledger does not answer, counting goes on here: %s", self._ledger, error)

    def pace(self) -> Pace:
        """Whether to pause now."""
        return pace(self.meters())

    def room(self) -> int:
        """How many posts may still be read, whatever the pace."""
        return int(min(meter.left / meter.each for meter in self.meters()))

    def meters(self) -> list[Meter]:
        self._roll()
        monotonic = self._clock.monotonic()
        passed, self._filled_at = monotonic - self._filled_at, monotonic
        found = [meter.after(self._tokens.get(meter.what, meter.cap), passed) for meter in self._limited()]
        self._tokens = {meter.what: meter.tokens for meter in found}
        return found

    def _limited(self) -> Iterator[Meter]:
        now, limits = self._clock.now(), self._limits
        today = self._kept_today.plus(self._pending)
        month = self._kept_before.plus(today)
        cap = limits.posts_per_month
        yield Meter(_MONTH, cap, month.posts, min(IN_FLIGHT, cap // 4), month_left(now))
        if limits.posts_per_day:
            cap = limits.posts_per_day
            yield Meter(_TODAY, cap, today.posts, min(IN_FLIGHT, cap // 4), day_left(now))
        if limits.dollars_per_month:
            dollars, price = limits.dollars_per_month, limits.post_price + limits.profile_price
            aside = min(IN_FLIGHT * price, dollars / 4)
            yield Meter(_DOLLARS, dollars, month.dollars(limits), aside, month_left(now), price)

    def forecast(self) -> list[Forecast]:
        """For posts, and dollars: at the rate of yesterday and today."""
        self._roll()
        now, limits = self._clock.now(), self._limits
        today = self._kept_today.plus(self._pending)
        month, lately = self._kept_before.plus(today), self._yesterday.plus(today)
        known = (now - _day_of(now)).total_seconds() + (86400.0 if self._yesterday.posts else 0.0)
        left, known = month_left(now), max(known, 3600.0)
        cap = limits.dollars_per_month
        found = [forecast(_MONTH, limits.posts_per_month, month.posts, lately.posts, known, left)]
        dollars = forecast(_DOLLARS, cap, month.dollars(limits), lately.dollars(limits), known, left)
        return [*found, dollars] if cap else found

    def _roll(self) -> None:
        """A new UTC day: everything may be charged again."""
        today = _day_of(self._clock.now())
        if today == self._today:
            return
        pending, before = self._pending, self._today
        same_month = (today.year, today.month) == (before.year, before.month)
        self._yesterday = self._kept_today.plus(pending)
        self._kept_before = self._kept_before.plus(self._yesterday) if same_month else _Read()
        self._kept_today = self._pending = _Read()
        self._posts.clear()
        self._profiles.clear()
        self._today = today
        try:
            self._write(before, pending)
        except SourceAway as error:
            log.warning(
                "%s: %d posts of %s are not in the budget's ledger: %s",
                self._ledger,
                pending.posts,
                before.date(),
                error,
            )

    def _settle(self) -> None:
        self._write(self._today, self._pending)
        self._pending = _Read()
        today = self._today.date()
        yesterday = today - timedelta(days=1)
        self._kept_today = _Read(*(self._spending.spent(name, today, today) for name in self._names()))
        self._yesterday = _Read(*(self._spending.spent(name, yesterday, yesterday) for name in self._names()))
        first = today.replace(day=1)
        if first == today:
            self._kept_before = _Read()
        else:
            self._kept_before = _Read(*(self._spending.spent(name, first, yesterday) for name in self._names()))

    def _write(self, day: datetime, read: _Read) -> None:
        for name, units in zip(self._names(), read, strict=True):
            if units:
                self._spending.spend(name, day.date(), units)

    def _names(self) -> tuple[str, str]:
        return f"{self._ledger}-posts", f"{self._ledger}-profiles"


def _new(ids: Iterable[str], seen: set[str]) -> int:
    fresh = set(ids) - seen
    if len(seen) < _REMEMBERED:
        seen |= fresh
    return len(fresh)
