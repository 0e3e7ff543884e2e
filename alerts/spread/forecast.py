"""How many interactions a story will have: what became of the earlier stories that stood like it at its age.

Of the watch's last finished stories those are looked up whose size and shape of growth were most alike at the same age
(k nearest neighbours; Fix & Hodges 1951). How far they grew from there is the forecast: the middle one, and the
interval between the first and the last tenth. Rank j of n stands for the share j / (n + 1) (Weibull's plotting
position), so that an interval from few stories is as wide as it must be.

Nine more voices stand beside the neighbours, the quieter the more of these there are, and alone where there are none
yet: the deciles of what growth a size, a shape and an age led to in general. With g = ln((x' + 1) / (x + 1)) the growth
to come, ln g is linear in size, shape, ln age and its square, and the deciles are factors of g. The numbers were fitted
by least absolute deviations to the 300 earliest trees of Twitter15/16 (Ma, Gao & Wong, "Detect Rumors in Microblog
Posts Using Propagation Structure via Kernel Learning", ACL 2017), at every age of the grid from 2 min to 24 h; nothing
that is measured later was in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from alerts.memory.ledger import Ledger
from alerts.spread.growth import GRID, TO_DOUBLE, Growth, Shape
from secondsource.contracts.messages import Forecast

Horizon = Literal["twice", "final"]

#: From fewer interactions no growth is noted: most stories stay below, and cost nothing.
FEWEST = 5
#: Stories a watch compares with.
MOST_STORIES = 1_000
_NEIGHBOURS = 30
_QUIET = 10  # neighbours: beside so many, a general voice counts half
_ONE_NEIGHBOUR_OF = 8  # stories: of few, those most alike are not alike
_SHAPE_UNIT = 0.25  # how far shapes may differ to be as unlike as sizes that differ by 1
_LOW, _MIDDLE, _HIGH = 0.1, 0.5, 0.9
_MOST_GROWTH = 50.0  # as a logarithm; beyond it numbers end
_MOST_INTERACTIONS = 1e12  # more than anything ever had: what is foretold must be a number that can be kept
_STEP = 1.1  # a forecast stands until the story is by this factor larger or older


class _General(NamedTuple):
    constant: float
    size: float
    earliness: float
    age: float
    age_squared: float
    deciles: tuple[float, ...]

    def growths(self, shape: Shape, age: float) -> npt.NDArray[np.float64]:
        hours = math.log(min(max(age, 120.0), 86_400.0) / 3_600)
        log = self.constant + self.size * shape.size + self.earliness * shape.earliness
        log += self.age * hours + self.age_squared * hours * hours
        return np.maximum(math.exp(log) * np.array(self.deciles) - 0.01, 0.0)


_GENERAL: Mapping[Horizon, _General] = {
    "twice": _General(
        -2.145, -0.031, -1.319, -0.356, -0.060, (0.42, 0.59, 0.75, 0.87, 1.0, 1.14, 1.30, 1.59, 2.33)
    ),
    "final": _General(
        -0.247, -0.173, -0.866, -0.492, -0.070, (0.43, 0.60, 0.74, 0.87, 1.0, 1.14, 1.34, 1.69, 2.42)
    ),
}  # fmt: skip


class Range(NamedTuple):
    """Interactions: the middle, and the ends of an interval that holds 80 %."""

    low: float
    middle: float
    high: float


class Foresight:
    """The last finished stories of a watch. `name`: under which they are saved."""

    def __init__(self, name: str) -> None:
        shape = MOST_STORIES, len(GRID)
        self._sizes = np.zeros(shape)
        self._earliness = np.zeros(shape)
        self._finals = np.zeros(MOST_STORIES)
        self._saved: dict[int, bytes] = {}  # place + 1 → story
        self.learnt = 0  #: stories ever; the place of the next one goes round
        self._ledger = Ledger(f"{name}/grown", lambda place: self._saved[place])

    def learn(self, growth: Growth) -> None:
        """A story is over."""
        if growth.count < FEWEST:
            return
        self.learnt += 1
        body = msgspec.msgpack.encode((self.learnt, growth))
        place = self._put(self.learnt, growth, body)
        self._ledger.drop(place)
        self._ledger.put(place, body)

    def _put(self, number: int, growth: Growth, body: bytes) -> int:
        row = (number - 1) % MOST_STORIES
        counts, weights = growth.complete()
        x = np.array(counts, dtype=np.float64)
        ago = np.maximum(x - np.array(weights) / np.array(GRID), 0.0)
        self._sizes[row] = np.log1p(x)
        self._earliness[row] = np.log((ago + 0.5) / (x + 1))
        self._finals[row] = math.log1p(growth.count)
        self._saved[row + 1] = body
        return row + 1

    def range(self, count: int, shape: Shape, age: float, horizon: Horizon) -> Range:
        """What a story of this shape will have at twice its age, or in the end; never less than it has."""
        alike = self._neighbours(shape, age, horizon)
        general = _GENERAL[horizon].growths(shape, age)
        growths = np.concatenate((alike, general))
        voices = np.concatenate((np.ones(len(alike)), np.full(len(general), _QUIET / (_QUIET + len(alike)))))
        order = np.argsort(growths, kind="stable")
        counted = np.cumsum(voices[order])
        shares = (counted - voices[order] / 2 + 0.5) / (counted[-1] + 1)
        logs = np.minimum(np.interp((_LOW, _MIDDLE, _HIGH), shares, growths[order]), _MOST_GROWTH)
        low, middle, high = np.minimum(np.exp(logs) * (count + 1) - 1, _MOST_INTERACTIONS).tolist()
        most = max(count, round(high))
        likely = min(max(float(count), _short(middle)), most)
        return Range(float(max(count, min(round(low), math.floor(likely)))), likely, float(most))

    def _neighbours(self, shape: Shape, age: float, horizon: Horizon) -> npt.NDArray[np.float64]:
        """How far those grew that were most like it at this age; of equally like ones those longest known."""
        known = min(self.learnt, MOST_STORIES)
        wanted = min(_NEIGHBOURS, known // _ONE_NEIGHBOUR_OF)
        if not wanted:
            return np.zeros(0)
        sizes = _at(self._sizes[:known], age)
        unlike = (sizes - shape.size) ** 2
        unlike += ((_at(self._earliness[:known], age) - shape.earliness) / _SHAPE_UNIT) ** 2
        nearest = np.argsort(unlike.round(9), kind="stable")[:wanted]
        then = self._finals[:known] if horizon == "final" else _at(self._sizes[:known], age, TO_DOUBLE)
        return np.maximum(then[nearest] - sizes[nearest], 0.0)

    def forecast(self, growth: Growth, age: float) -> Forecast:
        """For twice the age."""
        low, middle, high = self.range(growth.count, growth.shape(age), age, "twice")
        return Forecast(at_seconds=_short(2 * age), low=low, middle=middle, high=high)

    def changes(self) -> dict[str, bytes | None]:
        return self._ledger.changes()

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        decoder = msgspec.msgpack.Decoder(tuple[int, Growth])
        for said in self._ledger.restore(parts).values():
            number, growth = decoder.decode(said[-1])
            self._put(number, growth, said[-1])
            self.learnt = max(self.learnt, number)


def stale(forecast: Forecast | None, interactions_then: int, interactions: int, age: float) -> bool:
    """Whether a story has grown or aged by a tenth since a forecast was made, or there is none.

    In between it stands as it was made: a story that a thousand posts an hour belong to need not be forecast at each.
    """
    if forecast is None:
        return True
    return age * 2 >= forecast.at_seconds * _STEP or _level(interactions) != _level(interactions_then)


def _level(interactions: int) -> int:
    return int(math.log(max(interactions, 1)) / math.log(_STEP))


def _at(rows: npt.NDArray[np.float64], age: float, steps_later: int = 0) -> npt.NDArray[np.float64]:
    """A column of rows over the grid, between two of its ages where need be."""
    place = min(max(2 * math.log2(max(age, 1.0) / GRID[0]) + steps_later, 0.0), len(GRID) - 1.0)
    before = min(int(place), len(GRID) - 2)
    share = place - before
    return (1 - share) * rows[:, before] + share * rows[:, before + 1]


def _short(value: float) -> float:
    """Four significant digits: more would say more than is known."""
    return float(f"{value:.4g}")
