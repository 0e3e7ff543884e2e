"""How many posts a watch has, and whether that is more than its hours lead to expect."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import msgspec

from alerts.spread.bursts import Burst, Bursts

BUCKET = 300.0
WINDOW = 6 * BUCKET
#: Buckets without a post after which a watch is taken for a new one: four weeks.
FORGOTTEN = 28 * 288


class VolumeReading(NamedTuple):
    """How a watch stands: `posts` since `since` (seconds since 1970), the beginning of the bucket half an hour back,
    and before `until`, the end of a bucket that is over; inf where the posts are those up to now.

    `expected`: what the level of the watch and the hours of its days lead to expect for that time. `surprise`: the most
    that the chance of such a height can be, see `alerts.spread.bursts`; 1 where the data is insufficient.
    """

    state: Literal["measured", "insufficient data"]
    posts: int
    expected: float
    surprise: float
    since: float
    until: float = math.inf
    bucket_seconds: float = BUCKET


class _Now(msgspec.Struct, array_like=True):
    ends: float
    count: int
    silent: int


class Volume:
    """The posts of one watch, counted in buckets of five minutes of event time that begin on the five minutes.

    Whatever takes a time takes it not before the last one's; what comes late counts where the watch is by then.

    Buckets are closed when somebody asks, or posts again: what was told meanwhile of a collector that was blind counts.
    A bucket with no more posts than expected in which one was blind tells nothing: it is left out, and is no silence.
    """

    def __init__(self, name: str, blind: Callable[[float, float], bool] = lambda _start, _end: False) -> None:
        """`blind`: whether, as far as is known, a collector of the watch was blind for some of a time."""
        self._name = f"{name}/volume"
        self._blind = blind
        self._bursts = Bursts(BUCKET)
        self._ends = math.inf  # of the bucket that posts are counted in now; there is none before the first post
        self._count = 0
        self._silent = 0  # buckets since the last one with a post
        self._last: tuple[float, Burst] | None = None  # the bucket before: when it began, and how it stood
        self._counted = False  # since the last save
        self._closed = False

    def post(self, at: float) -> None:
        """A post at this time (seconds since 1970)."""
        if at >= self._ends:
            self.advance(at)
        if self._ends == math.inf:
            self._ends = (at // BUCKET + 1.0) * BUCKET
        self._count += 1
        self._counted = True

    def advance(self, until: float) -> None:
        """Close the buckets that end up to this time: no post of theirs is to come."""
        if until < self._ends or until == math.inf:
            return
        while until >= self._ends:
            began = self._ends - BUCKET
            if self._blind(began, self._ends) and self._count <= self._bursts.expected(began):
                self._bursts.gap()
                self._last = None
            else:
                self._last = began, self._bursts.take(began, float(self._count))
                self._silent = 0 if self._count else self._silent + 1
            self._count = 0
            self._ends = self._ends + BUCKET if self._silent < FORGOTTEN else math.inf
        if self._ends == math.inf:
            self._bursts, self._last, self._silent = Bursts(BUCKET), None, 0
        self._counted = self._closed = True

    def reading(self, at: float) -> VolumeReading:
        """With the posts of the bucket that is not over as if no more came, or as the bucket before left it.

        Of the two the more surprising: what is told at once is what the bucket's end would tell at least.
        """
        self.advance(at)
        if self._ends == math.inf:
            return VolumeReading("insufficient data", 0, 0.0, 1.0, at)
        began, until = self._ends - BUCKET, math.inf
        burst = self._bursts.look(began, float(self._count))
        if self._last is not None and self._last[1].height > burst.height:
            began, burst = self._last
            until = began + BUCKET
        state: Literal["measured", "insufficient data"] = "measured" if burst.enough else "insufficient data"
        surprise = burst.surprise if burst.enough else 1.0
        return VolumeReading(state, round(burst.posts), burst.expected, surprise, began + BUCKET - WINDOW, until)

    # Saving

    def changes(self) -> dict[str, bytes | None]:
        """What changed since this was last asked: a kilobyte when a bucket was closed, a few bytes otherwise."""
        held: dict[str, bytes | None] = {}
        if self._closed:
            held[f"{self._name}/0"] = msgspec.msgpack.encode((self._bursts.save(), self._last))
        if self._counted:
            held[f"{self._name}/1"] = msgspec.msgpack.encode(_Now(self._ends, self._count, self._silent))
        self._closed = self._counted = False
        return held

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        for number, body in parts:
            if number:
                now = msgspec.msgpack.decode(body, type=_Now)
                self._ends, self._count, self._silent = now.ends, now.count, now.silent
            else:
                saved, self._last = msgspec.msgpack.decode(body, type=tuple[bytes, tuple[float, Burst] | None])
                self._bursts.load(saved)
