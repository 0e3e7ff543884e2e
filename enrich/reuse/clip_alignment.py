"""Which stretch of one clip is which of another: many look-alike moments, and the lines in time they lie on.

Hough voting over speed and offset (as Douze, Jégou & Schmid, "An image-based approach to video copy detection with
spatio-temporal post-filtering", IEEE Trans. Multimedia 12(4), 2010, §III-D, there over offset alone), a least-squares
line through what agrees, pieces of it where no gap is longer than some seconds; then the next line through the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from secondsource.compiling import compiled

FAR: Final = 64  #: bits within which moments may be alike; strangers are 96 to 160 apart, the nearest of thousands 80
_SURE, _WORTHLESS = 24, 66  # bits at which a pair counts fully, and no more
_FRESH: Final = 40  #: bits from the last counted moment at which one is evidence of its own
_SPEEDS: Final = np.linspace(0.84, 1.18, 18)
_BIN: Final = 0.25  #: seconds
_LOOSE, _TIGHT = 0.45, 0.2  # seconds off the line: of the vote's, and of the fitted
_GAP: Final = 4.0  #: seconds without a pair that end a piece
_LINES: Final = 24  #: tried for one clip, at most
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Pairs(NamedTuple):
    """m pairs of moments: `asked` and `kept` number them, `apart` bits; in order of `kept`, then `apart`."""

    asked: Ints
    kept: Ints
    apart: Ints


class Piece(NamedTuple):
    """A stretch where both clips show the same: its pairs, one for each archived moment, in order.

    `speed` of archived seconds for each asked second, `offset` in seconds: archived = speed · asked + offset.
    `evidence` counts moments that agree, each by how well and by how new it is against the one before: a still picture,
    however long it is shown, is one.
    """

    pairs: Pairs
    speed: float
    offset: float
    evidence: float

    @property
    def nearest(self) -> int:
        return int(self.pairs.apart.min())


def pieces(pairs: Pairs, asked_at: Floats, kept_at: Floats, kept_pdq: NDArray[np.uint64]) -> Iterator[Piece]:
    """Stretches, those with most votes first; times in seconds of each moment."""
    fresh = _freshness(kept_pdq)
    for _ in range(_LINES):
        if not len(pairs.asked):
            return
        line = _voted(pairs, asked_at, kept_at, fresh)
        chosen = _near(pairs, asked_at, kept_at, line, _LOOSE)
        line = _fitted(pairs, chosen, asked_at, kept_at, line)
        chosen = _near(pairs, asked_at, kept_at, line, _TIGHT)
        if not len(chosen):
            return
        used = np.zeros(len(pairs.asked), np.bool_)
        for part in _parted(chosen, pairs, asked_at, kept_at):
            taken = Pairs(pairs.asked[part], pairs.kept[part], pairs.apart[part])
            yield Piece(taken, line[0], line[1], _evidence(taken, kept_pdq))
            at = asked_at[pairs.asked]
            used |= (at >= asked_at[taken.asked].min() - _BIN) & (at <= asked_at[taken.asked].max() + _BIN)
        pairs = Pairs(pairs.asked[~used], pairs.kept[~used], pairs.apart[~used])


def _weights(apart: NDArray[np.integer[Any]]) -> Floats:
    return np.clip((_WORTHLESS - apart.astype(np.float64)) / (_WORTHLESS - _SURE), 0, 1)


def _freshness(pdq: NDArray[np.uint64]) -> Floats:
    """0..1 for each archived moment: what it tells beyond the one before."""
    moved = np.bitwise_count(pdq[1:] ^ pdq[:-1]).sum(axis=1)
    return np.concatenate([[1.0], np.clip(moved / _FRESH, 0.05, 1)])


def _voted(pairs: Pairs, asked_at: Floats, kept_at: Floats, fresh: Floats) -> tuple[float, float]:
    weights = _weights(pairs.apart) * fresh[pairs.kept]
    t, s = asked_at[pairs.asked], kept_at[pairs.kept]
    low = float((s - _SPEEDS.max() * t).min()) - _BIN
    bins = int((float((s - _SPEEDS.min() * t).max()) - low) / _BIN) + 3
    speed, bin_ = _vote(t, s, weights, pairs.kept, _SPEEDS, low, bins)
    return float(_SPEEDS[speed]), low + (bin_ + 1) * _BIN


@compiled
def _vote(t: Any, s: Any, weights: Any, kept: Any, speeds: Any, low: Any, bins: Any) -> Any:
    """The speed, and the first of the two neighbouring bins of offset, that most moments speak for, each once a bin."""
    best, best_speed, best_bin = -1.0, 0, 0
    for number in range(len(speeds)):
        votes = np.zeros(bins)
        last = np.full(bins, -1)
        for i in range(len(t)):
            at = int((s[i] - speeds[number] * t[i] - low) / _BIN)
            if last[at] != kept[i]:  # the nearest pair of a moment comes first
                last[at] = kept[i]
                votes[at] += weights[i]
        # Of equals, the speed nearest to one's own: what is still says nothing of speed.
        favour = 1.0 - 0.02 * abs(speeds[number] - 1.0)
        for at in range(bins - 1):
            score = (votes[at] + votes[at + 1]) * favour
            if score > best:
                best, best_speed, best_bin = score, number, at
    return best_speed, best_bin


def _near(pairs: Pairs, asked_at: Floats, kept_at: Floats, line: tuple[float, float], within: float) -> Ints:
    """Of the pairs near a line, for each archived moment the best."""
    off = np.abs(kept_at[pairs.kept] - line[0] * asked_at[pairs.asked] - line[1])
    near = np.flatnonzero(off <= within)
    order = near[np.lexsort((pairs.apart[near] + 20 * off[near], pairs.kept[near]))]
    _, first = np.unique(pairs.kept[order], return_index=True)
    return order[first]


def _fitted(
    pairs: Pairs, chosen: Ints, asked_at: Floats, kept_at: Floats, line: tuple[float, float]
) -> tuple[float, float]:
    """Weighted least squares, where the pairs are enough and far enough apart to tell a speed."""
    t, s = asked_at[pairs.asked[chosen]], kept_at[pairs.kept[chosen]]
    weights = _weights(pairs.apart[chosen]) + 1e-3
    speed = line[0]
    if len(chosen) >= 5 and float(np.ptp(t)) > 2.0:
        mean_t, mean_s = np.average(t, weights=weights), np.average(s, weights=weights)
        spread = float((weights * (t - mean_t) ** 2).sum())
        slope = float((weights * (t - mean_t) * (s - mean_s)).sum()) / spread
        if abs(slope - line[0]) < 0.08:
            speed = slope
    return speed, float(np.average(s - speed * t, weights=weights))


def _parted(chosen: Ints, pairs: Pairs, asked_at: Floats, kept_at: Floats) -> list[Ints]:
    gaps = np.diff(kept_at[pairs.kept[chosen]]) > _GAP
    gaps |= np.diff(asked_at[pairs.asked[chosen]]) > _GAP
    return [np.asarray(part) for part in np.split(chosen, np.flatnonzero(gaps) + 1)]


def _evidence(pairs: Pairs, kept_pdq: NDArray[np.uint64]) -> float:
    weights = _weights(pairs.apart)
    codes = kept_pdq[pairs.kept]
    total = float(weights[0])
    counted = codes[0]
    for code, weight in zip(codes[1:], weights[1:], strict=True):
        fresh = min(1.0, int(np.bitwise_count(code ^ counted).sum()) / _FRESH)
        if fresh >= 0.25:
            total += fresh * float(weight)
            counted = code
    return total
