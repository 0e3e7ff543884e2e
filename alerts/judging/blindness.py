"""When the collectors of a watch saw nothing of it, as far as they have told.

A collector tells when it saw and when it was blind. Where the two overlap it was blind, which it found out later (a
connected stream that turns out to have been mute), unless what passed in that time was found afterwards: then what it
saw carries how. Intervals are taken as sets of moments, so the order in which they are told does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from secondsource.contracts.messages import Coverage

_KEPT = 200  # intervals of each kind; the oldest go first


class Blind(NamedTuple):
    """A collector saw nothing of the watch from `start` to `end` (seconds since 1970), or found it afterwards."""

    start: float
    end: float
    collector: str


class Blindness:
    """Of one watch. Whatever collector tells of a watch serves it, named by the watch or not."""

    def __init__(self) -> None:
        self._blind: list[Blind] = []
        self._recovered: list[Blind] = []
        self._unseen: list[Blind] = []
        self._latest = -math.inf

    def tell(self, coverage: Coverage) -> None:
        told = Blind(coverage.start.timestamp(), coverage.end.timestamp(), coverage.collector)
        if told.end <= told.start:
            return
        if coverage.state == "blind":
            self._blind = _with(self._blind, told)
        elif coverage.reason:
            self._recovered = _with(self._recovered, told)
        else:
            return
        self._reckon()

    def during(self, start: float, end: float) -> tuple[str, ...]:
        """The collectors that saw nothing for some of this time, sorted."""
        if self._latest <= start:
            return ()
        return tuple(sorted({one.collector for one in self._unseen if one.end > start and one.start < end}))

    def _reckon(self) -> None:
        self._unseen = [piece for one in self._blind for piece in _less(one, self._recovered)]
        self._latest = max((one.end for one in self._unseen), default=-math.inf)

    def save(self) -> tuple[list[Blind], tuple[Blind, ...]]:
        """What `load` takes."""
        return self._blind, tuple(self._recovered)

    def load(self, blind: list[Blind], recovered: tuple[Blind, ...]) -> None:
        self._blind, self._recovered = blind, list(recovered)
        self._reckon()


def _with(kept: list[Blind], told: Blind) -> list[Blind]:
    """These and one more; those of a collector that touch become one."""
    start, end, collector = told
    others = []
    for one in kept:
        if one.collector == collector and one.start <= end and one.end >= start:
            start, end = min(start, one.start), max(end, one.end)
        else:
            others.append(one)
    return sorted([*others, Blind(start, end, collector)], key=lambda one: (one.end, one))[-_KEPT:]


def _less(one: Blind, recovered: Iterable[Blind]) -> list[Blind]:
    """What is left of an interval without what was found afterwards."""
    pieces = [one]
    for found in recovered:
        if found.collector == one.collector:
            pieces = [
                Blind(start, end, one.collector)
                for piece in pieces
                for start, end in ((piece.start, min(piece.end, found.start)), (max(piece.start, found.end), piece.end))
                if start < end
            ]
    return pieces
