"""Which posts are asked for their counts again, and when. Pure: time, budgets and what is known are arguments.

A post is looked at again when its age has grown by a quarter since the last look: often while it is young, ever more
seldom later, so that a whole life costs about as many looks as it has doublings of age, times three. One that was
rising at the last look is looked at twice as often, one that stood still half as often.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from secondsource.contracts.messages import Counts

SOONEST: Final = 60.0  #: seconds between two looks at a post, at least
LATEST: Final = 6 * 3600.0  #: and at most, while it stands still twice as long
_OF_AGE: Final = 4.0
_RISING: Final = 20  #: a post rises where one in so many of its interactions came since the look before
_HOUR = 3600.0
_DAY = 86_400.0


class Asked(NamedTuple):
    """A platform's answer. A uid that is in neither could not be asked for; it is asked again in its time.

    `gone` holds the platform's reason by uid. `explicit`: the platform named them, rather than leave them out.
    """

    counts: Mapping[str, Counts]
    gone: Mapping[str, str]
    explicit: bool = False


class Counter(Protocol):
    """Asks one platform for the counts of posts, at most `batch` of them a call."""

    @property
    def platform(self) -> str: ...

    @property
    def batch(self) -> int: ...

    def ask(self, uids: Sequence[str]) -> Asked:
        """One call.

        Raises:
            SourceAway: no answer, or none now; `retry_after` where the platform says when.
            BadConfiguration: the platform refuses the credentials or the settings.
        """
        ...


class Look(NamedTuple):
    """What is known of a post when it is decided whether to look again.

    `total` interactions and likes at the last look, `gained` of them since the look before (None: not known).
    `free`: looking again costs nothing of a budget of posts a day, as it was paid for today.
    """

    uid: str
    created_at: datetime
    looked_at: datetime | None = None
    total: int = 0
    gained: int | None = None
    free: bool = True


class Budget(NamedTuple):
    """`calls` in any `per_seconds`; `posts_per_day` different posts a UTC day, where the platform bills them."""

    calls: int
    per_seconds: float = 300.0
    posts_per_day: int | None = None


def weight(counts: Counts) -> int:
    """What tells that a post is rising: likes come before reposts do."""
    return counts.interactions() + (counts.likes or 0)


def interval(look: Look, now: datetime) -> float:
    """Seconds to leave between the last look and the next."""
    age = (now - look.created_at).total_seconds()
    seconds = min(max(age / _OF_AGE, SOONEST), LATEST)
    if look.looked_at is None:
        return SOONEST
    if look.gained is None:
        return seconds
    if look.gained <= 0:
        return 2 * seconds
    return max(seconds / 2, SOONEST) if look.gained * _RISING >= look.total else seconds


def urgency(look: Look, now: datetime) -> float:
    """How many intervals have passed since the last look (since its creation for the first); due from 1 on."""
    since = look.looked_at or look.created_at
    return (now - since).total_seconds() / interval(look, now)


def due(looks: Iterable[Look], now: datetime, most: int, most_new: int | None = None) -> list[str]:
    """At most `most` posts to look at now, the most urgent first; at most `most_new` of them that are not free.

    Whoever waits grows more urgent, so nobody waits for ever. Of two posts last looked at together, the younger and
    the rising comes first.
    """
    waiting = ((urgency(look, now), look) for look in looks)
    ordered = [(-how, look.uid, look.free) for how, look in waiting if how >= 1]
    if most_new is None:
        return [uid for _, uid, _ in heapq.nsmallest(most, ordered)]
    chosen: list[str] = []
    for _, uid, free in sorted(ordered):
        if len(chosen) == most:
            break
        if free or most_new > 0:
            chosen.append(uid)
            most_new -= not free
    return chosen


def new_posts_left(budget: Budget, spent_today: int, now: datetime) -> int | None:
    """How many posts not yet paid for today may be asked for now: the day's budget is let out hour by hour.

    None without a budget of posts.
    """
    if budget.posts_per_day is None:
        return None
    now = now.astimezone(UTC)
    passed = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    allowed = int(budget.posts_per_day * min(1.0, (passed + _HOUR) / _DAY))
    return max(0, allowed - spent_today)


class Calls:
    """How many calls a budget leaves in its sliding window."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._made: list[datetime] = []

    def left(self, now: datetime) -> int:
        since = now - timedelta(seconds=self._budget.per_seconds)
        self._made = [at for at in self._made if at > since]
        return self._budget.calls - len(self._made)

    def make(self, now: datetime) -> None:
        self._made.append(now)


class Missing(NamedTuple):
    """How a post's absence is believed: it must last `confirm_seconds`, and `doubt_seconds` where so much is missing
    from the answer that the platform itself may be at fault: more than `share` of ten or more, or everything.
    """

    confirm_seconds: float = 120.0
    doubt_seconds: float = 3600.0
    share: float = 0.5

    def patience(self, asked: Asked) -> float:
        """Seconds that what this answer calls gone must have been gone for."""
        gone, every = len(asked.gone), len(asked.gone) + len(asked.counts)
        suspicious = every >= _MANY and gone > self.share * every
        nothing = not asked.counts and not asked.explicit
        return self.doubt_seconds if suspicious or nothing else self.confirm_seconds


_MANY: Final = 10
