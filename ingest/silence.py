"""Whether a stream that is connected and sends nothing is calm, or mute.

The measure is the stream's own past: how many posts came in windows of 1, 8, 64 and 512 minutes, each as a mean and a
variance that forget exponentially, within days. A silence is judged by the longest windows that are not longer than it
and of which enough have been seen, so that how uneven a stream is at that scale (bursts, nights) speaks for calm; a
silence shorter than windows that were empty in the last days is calm in any case. Until a whole day has been seen its
nights are unknown: the stream is then taken to be very uneven, and only busy ones are judged at all.

Counts whose rate varies follow the negative binomial (Greenwood & Yule, "An Inquiry into the Nature of Frequency
Distributions", JRSS 83, 1920): with μ expected and variance μ + α μ², none come with probability
P(0) = (1 + α μ)^(−1/α), which for α → 0 is Poisson's e^(−μ). α is estimated by moments; the rate is taken to stay what
it is through the whole silence, which makes P larger than if each window had one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import e, sqrt
from typing import Final, NamedTuple

IMPROBABLE: Final = 1e-4  #: a calm stream of a hundred posts a day is called silent about once in a hundred days
EVEN: Final = 0.05  #: α is never taken for less: nothing that people write comes as evenly as Poisson's law
UNKNOWN: Final = 1.0  #: nor for less than this before a day has been seen: 10,000 posts must then have been expected
WINDOW = timedelta(minutes=1)
STEP: Final = 8  #: windows of one scale make one of the next
SCALES: Final = 4
ENOUGH: Final = 30  #: windows of a scale before it is asked
REMEMBERED: Final = (5760, 720, 96, 96)  #: windows that the mean of each scale rests on, about: four days or more
A_DAY: Final = (1440, 180, 23, 3)
_LIKELY: Final = 4.0  #: a window's count above the mean by more standard deviations than this is taken for so much
_LONGEST = timedelta(days=30)


class Scale(NamedTuple):
    """What is remembered of the windows of one length: how many there were, mean and variance of their counts, and
    which share of them was empty.
    """

    windows: int = 0
    mean: float = 0.0
    variance: float = 0.0
    empty: float = 0.0

    def with_one(self, count: float, remembered: int) -> Scale:
        """After one more window. Bursts are cut, so that what follows them does not look like silence."""
        if self.windows >= STEP:
            count = min(count, self.mean + _LIKELY * sqrt(max(self.variance, self.mean, 1.0)))
        windows = min(self.windows + 1, remembered)
        share = 1.0 / windows
        off = count - self.mean
        # West, "Updating Mean and Variance Estimates", CACM 22 (1979), with weights that fall exponentially
        variance = (1 - share) * (self.variance + share * off * off)
        return Scale(windows, self.mean + share * off, variance, self.empty + share * ((count == 0) - self.empty))

    def nothing(self, windows: float, least: float = EVEN) -> float:
        """P(0) in so many windows of this length, with an α of at least so much."""
        if self.mean <= 0:
            return 1.0
        alpha = max(least, (self.variance - self.mean) / self.mean**2)
        return float((1 + alpha * self.mean * windows) ** (-1 / alpha))


History = tuple[Scale, ...]  #: shortest windows first; what is saved


class Silence:
    """One stream's past and its present silence. Told of posts, asked for a reason; not safe between threads.

    `history` is what `saved` gave before. It says nothing until a scale has `ENOUGH` windows.
    """

    def __init__(self, history: Sequence[Scale] = ()) -> None:
        kept = [Scale(*scale) for scale in history[:SCALES]]
        self._scales = kept + [Scale()] * (SCALES - len(kept))
        self._counts = [0.0] * SCALES
        self._filled = [0] * SCALES  # windows of the scale below that are in the count
        self._window_ends: datetime | None = None
        self._called: datetime | None = None
        self.since: datetime | None = None  #: when the last post came, or the stream was last opened

    def saved(self) -> History:
        return tuple(self._scales)

    def opened(self, at: datetime) -> None:
        """The stream begins, or begins again: windows that were interrupted count for nothing."""
        self._counts, self._filled = [0.0] * SCALES, [0] * SCALES
        self._window_ends = at + WINDOW
        self.since, self._called = at, None

    def came(self, at: datetime, posts: int = 1) -> None:
        """So many posts came just now."""
        if self._window_ends is None or self.since is None:
            self.opened(at)
        elif at >= self._window_ends:
            # of a silence that was called one, only some times so much is learned as it took to call it: a stream that
            # has become calmer is believed in time, and one that was mute for a day does not seem calm afterwards
            quiet = at - self.since
            if self._called is not None:
                quiet = min(quiet, STEP * (self._called - self.since))
            self._roll(self.since + min(quiet, _LONGEST))
            if self._window_ends <= at:
                self._window_ends = at + WINDOW
        self._counts[0] += posts
        self.since, self._called = max(at, self.since or at), None

    def reason(self, at: datetime) -> str:
        """Why nothing having come until `at` cannot be calm; "" where it can. `at` is a time of being connected."""
        if self.since is None or at - self.since < WINDOW:
            return ""
        quiet = at - self.since
        index = self._fitting(quiet)
        if index is None:
            return ""
        scale, windows = self._scales[index], quiet / (WINDOW * STEP**index)
        longer = min(index + 1, SCALES - 1)
        if self._scales[longer].empty > 1 / (e * REMEMBERED[longer]):  # an empty window is remembered for one memory
            return ""
        if scale.nothing(windows, EVEN if scale.windows >= A_DAY[index] else UNKNOWN) >= IMPROBABLE:
            return ""
        if self._called is None:
            self._called = at
        expected = scale.mean * windows
        return f"connected but silent: no post for {_spoken(quiet)} where about {expected:,.0f} were expected"

    def _fitting(self, quiet: timedelta) -> int | None:
        """The scale by which a silence of this length is judged."""
        fitting = (i for i, scale in enumerate(self._scales) if WINDOW * STEP**i <= quiet and scale.windows >= ENOUGH)
        return max(fitting, default=None)

    def _roll(self, until: datetime) -> None:
        """Close the windows that end by then."""
        assert self._window_ends is not None
        while self._window_ends <= until:
            self._close(0)
            self._window_ends += WINDOW

    def _close(self, index: int) -> None:
        count = self._counts[index]
        self._scales[index] = self._scales[index].with_one(count, REMEMBERED[index])
        self._counts[index] = 0.0
        above = index + 1
        if above == SCALES:
            return
        self._counts[above] += count
        self._filled[above] += 1
        if self._filled[above] == STEP:
            self._filled[above] = 0
            self._close(above)


def _spoken(length: timedelta) -> str:
    minutes = length.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"
