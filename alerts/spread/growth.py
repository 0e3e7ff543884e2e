"""How a story's interactions came over its age, in a few dozen numbers: what a forecast compares stories by."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

#: Ages in seconds at which a story's growth is noted: from 30 s to 16 days, two to a doubling.
GRID = tuple(30.0 * 2 ** (step / 2) for step in range(32))
TO_DOUBLE = 2  #: steps of the grid


class Shape(NamedTuple):
    """What of a story's growth tells how it goes on.

    `size`: ln(1 + interactions). `earliness`: ln of how long ago they came, on average, in shares of the story's age:
    of 1 where all came at its beginning, of 0 where all came just now. Even growth gives ½; half an interaction is
    taken to have come so, which keeps it from 0.
    """

    size: float
    earliness: float


class Growth(msgspec.Struct, array_like=True):
    """What is kept of one story: where it stands, and where it stood at each age of the grid that it has passed.

    `weight` is the sum over its interactions of the ages at which they came, seconds. Acts come at the moment they are
    seen; where a platform's count brings several at once, they are taken to have come evenly since the last change.
    """

    age: float = 0.0
    count: int = 0
    weight: float = 0.0
    counts: list[int] = []
    weights: list[float] = []

    def reach(self, age: float, count: int) -> None:
        """The story has `count` interactions at this age. An age before the last one (a clock was set back) counts as
        the last one.
        """
        age = max(age, self.age)
        self._pass(age)
        more = count - self.count
        if more == 1:
            self.weight += age
        elif more > 1:
            self.weight += more * (self.age + age) / 2
        elif self.count:
            self.weight *= count / self.count
        self.age, self.count = age, count

    def _pass(self, age: float) -> None:
        while len(self.counts) < len(GRID) and GRID[len(self.counts)] < age:
            self.counts.append(self.count)
            self.weights.append(self.weight)

    def shape(self, age: float) -> Shape:
        """At an age not before the last change."""
        return shape(age, self.count, self.weight)

    def complete(self) -> tuple[list[int], list[float]]:
        """Counts and weights at every age of the grid, of a story that will go no further."""
        left = len(GRID) - len(self.counts)
        return self.counts + [self.count] * left, self.weights + [self.weight] * left


def shape(age: float, count: int, weight: float) -> Shape:
    ago = count - weight / max(age, 1.0)
    return Shape(math.log1p(count), math.log((max(ago, 0.0) + 0.5) / (count + 1)))
