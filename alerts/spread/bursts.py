"""Bursts in a series of counts, found online: how far the newest go beyond what the series itself did so far.

What is expected of a bucket is the series' level times the profile of its hours of the day, both learnt with a memory
that fades. What came is summed over three windows that end now. Beyond chance (Poisson) by how much, z = (sum - E) /
sqrt(E + 1), says little by itself: on social media such excess is the rule, and in one series more than in another. So
each window's z is measured in the series' own: h = z / L with L = (mean of earlier z⁴)^(1/4), negative ones as 0. By
Markov's inequality P(h ≥ x) ≤ x⁻⁴, whatever the distribution. The height of a burst is the geometric mean of the
windows' h, for which the same bound holds by Hölder's inequality.

What is learnt from a burst is bounded, so that a hot hour neither raises what is expected after it nor hides the next
burst: one bucket adds at most a tenth to the sum of z⁴, and counts in the level and the profile as if it stood at
the height CEILING.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import msgspec

_DAY = 86_400.0
_HOURS = 24
_POWER = 4.0
_CHANCE = 1.5  # the mean of z⁴ of a standard normal z, negative ones as 0


class Settings(NamedTuple):
    """The same for every watch and file. Windows in buckets, half-lives in days."""

    windows: tuple[int, int, int] = (2, 3, 6)  #: of five-minute buckets: ten minutes, a quarter, half an hour
    level_days: float = 7.0  #: a week, so that the level is that of all days of the week
    profile_days: float = 14.0  #: hours of the day change slowly; each is seen once a day
    profile_weight: float = 6.0  #: hours of its own counts at which a profile's hour is believed by half
    tail_days: float = 30.0
    most_of_tail: float = 0.1  #: what one bucket may add to the sum of z to this power, of the sum
    ceiling: float = 2.0  #: height above which a bucket counts no more in the level and the profile
    learning_days: float = 1.0  #: until then nothing is bounded: there is nothing to judge by
    fewest_days: float = 2.0  #: less is insufficient data
    news_days: float = 1.0  #: a height is news where it is beyond all of so long before,
    grown: float = 1.1  #: by this factor


SETTINGS = Settings()


class Burst(NamedTuple):
    """Of the newest bucket. `posts` and `expected` in the longest window. `height`: 1 is usual, see above.

    `news`: beyond all heights of a day before, so that a burst is told once, and again where it has grown. `enough`:
    long enough watched to say so.
    """

    posts: float
    expected: float
    height: float
    news: bool
    enough: bool

    @property
    def surprise(self) -> float:
        """The most that P(a height like this) can be, if the series goes on as it was."""
        return 1.0 if self.height <= 1.0 else self.height**-_POWER

    @property
    def score(self) -> float:
        """From 0 to 1: 1 - surprise^(1/4) where it is news, and enough is known; 0 elsewhere."""
        return 1.0 - 1.0 / self.height if self.news and self.enough and self.height > 1.0 else 0.0


class _Saved(msgspec.Struct, array_like=True):
    taken: int
    level: tuple[float, float]
    profile: list[tuple[float, float]]
    tails: list[float]
    tail_weight: float
    counts: list[float]
    due: list[float]
    heights: list[tuple[int, float]]


class Bursts:
    """Of a series of counts in buckets of `bucket` seconds, taken in order."""

    def __init__(self, bucket: float, settings: Settings = SETTINGS) -> None:
        self._settings = settings
        self.bucket = bucket
        day = _DAY / bucket
        hour = max(day / _HOURS, 1.0)
        self._learning = max(settings.learning_days * day, _HOURS)
        self._fewest = max(settings.fewest_days * day, 2.0 * _HOURS)
        self._news = max(round(settings.news_days * day), settings.windows[-1])
        self._fade_level = 0.5 ** (1.0 / (settings.level_days * day))
        self._fade_tail = 0.5 ** (1.0 / (settings.tail_days * day))
        self._fade_profile = 0.5 ** (1.0 / (settings.profile_days * hour))
        self._profile_weight = settings.profile_weight * hour
        self._taken = 0
        self._level = (0.0, 0.0)
        self._profile = [(0.0, 0.0)] * _HOURS
        self._tails = [_CHANCE * day] * len(settings.windows)  # a day of chance alone
        self._tail_weight = day
        self._counts: list[float] = []
        self._due: list[float] = []
        self._heights: deque[tuple[int, float]] = deque()

    def expected(self, at: float) -> float:
        """Of the bucket that begins at this time (seconds since 1970)."""
        total, buckets = self._level
        if total <= 0.0:
            return 0.0
        level, weight = total / buckets, self._profile_weight
        own, seen = self._profile[_hour(at)]
        return (own + weight * level) / (seen + weight)

    def look(self, at: float, count: float) -> Burst:
        """How it would stand if the bucket that begins at this time had this count. Learns nothing."""
        due = self.expected(at) if self._taken else count
        counts, dues = self._reaching([*self._counts, count]), self._reaching([*self._due, due])
        return self._judge(counts, dues, self._excess(counts, dues))

    def take(self, at: float, count: float) -> Burst:
        """The bucket that begins at this time: how it stands by what was known before. Learns it then."""
        due = self.expected(at) if self._taken else count
        self._counts = self._reaching([*self._counts, count])
        self._due = self._reaching([*self._due, due])
        excess = self._excess(self._counts, self._due)
        burst = self._judge(self._counts, self._due, excess)
        self._learn(at, count, due, excess)
        self._note(burst.height)
        return burst

    def gap(self) -> None:
        """Nothing is known of some time before the next bucket: windows do not reach across it."""
        self._counts, self._due = [], []

    def _reaching(self, buckets: list[float]) -> list[float]:
        return buckets[-self._settings.windows[-1] :]

    def _excess(self, counts: list[float], dues: list[float]) -> list[float]:
        """Of each window its z, negative ones as 0."""
        found = []
        for window in self._settings.windows:
            due = sum(dues[-window:])
            found.append(max(sum(counts[-window:]) - due, 0.0) / math.sqrt(due + 1.0))
        return found

    def _judge(self, counts: list[float], dues: list[float], excess: list[float]) -> Burst:
        height = math.prod(z / self._usual(tail) for z, tail in zip(excess, self._tails, strict=True))
        height **= 1.0 / len(excess)
        news = not self._heights or height > self._heights[0][1] * self._settings.grown
        return Burst(sum(counts), sum(dues), height, news=news, enough=self._taken >= self._fewest)

    def _usual(self, tail: float) -> float:
        """L. Not below what chance alone gives, however calm the series was."""
        return math.pow(max(tail / self._tail_weight, _CHANCE), 1.0 / _POWER)

    def _learn(self, at: float, count: float, due: float, excess: list[float]) -> None:
        settings = self._settings
        bounded = self._taken >= self._learning
        if bounded:
            count = min(count, due + settings.ceiling * self._usual(self._tails[0]) * math.sqrt(due + 1.0))
        for place, z in enumerate(excess):
            tail, power = self._tails[place], z**_POWER
            if bounded:
                power = min(power, settings.most_of_tail * tail)
            self._tails[place] = tail * self._fade_tail + power
        self._tail_weight = self._tail_weight * self._fade_tail + 1.0
        self._level = _faded(self._level, count, self._fade_level)
        hour = _hour(at)
        self._profile[hour] = _faded(self._profile[hour], count, self._fade_profile)
        self._taken += 1

    def _note(self, height: float) -> None:
        """Of the last day's heights, keep those that no later one reaches: falling, the highest first."""
        heights = self._heights
        while heights and heights[-1][1] <= height:
            heights.pop()
        heights.append((self._taken, height))
        while heights[0][0] <= self._taken - self._news:
            heights.popleft()

    def save(self) -> bytes:
        return msgspec.msgpack.encode(
            _Saved(
                taken=self._taken,
                level=self._level,
                profile=self._profile,
                tails=self._tails,
                tail_weight=self._tail_weight,
                counts=self._counts,
                due=self._due,
                heights=list(self._heights),
            )
        )

    def load(self, saved: bytes) -> None:
        """What `save` gave, of a series with the same settings."""
        held = msgspec.msgpack.decode(saved, type=_Saved)
        self._taken, self._level, self._profile = held.taken, held.level, held.profile
        self._tails, self._tail_weight = held.tails, held.tail_weight
        self._counts, self._due = held.counts, held.due
        self._heights = deque(held.heights)


def _hour(at: float) -> int:
    return int(at % _DAY // 3_600.0)


def _faded(mean: tuple[float, float], count: float, fade: float) -> tuple[float, float]:
    total, buckets = mean
    return total * fade + count, buckets * fade + 1.0
