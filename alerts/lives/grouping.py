"""Which alerts of a watch belong together: they share a picture, a page, or what they name.

Two names at least: that of the town which a watch is about is in every story of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from alerts.memory.ledger import Ledger

HOURS: Final = 12.0  #: of silence, after which an alert is kin of no later one
MOST: Final = 64  #: alerts of a watch that are compared
SHOWN: Final = 5
_FEWEST_NAMES = 2
_MOST_THINGS = 64


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    alert: str
    at: float
    things: tuple[int, ...]
    names: tuple[str, ...]


class Kin:
    """The alerts of the last hours, by the numbers of their stories."""

    def __init__(self, name: str) -> None:
        self._kept: dict[int, _Kept] = {}
        self._ledger = Ledger(name, lambda number: msgspec.msgpack.encode(self._kept[number]))

    def see(self, number: int, alert: str, at: float, things: Iterable[int], names: Iterable[str]) -> tuple[str, ...]:
        """An alert is told of: keep what it is about. The others that share most with it, then the latest.

        `things` are pictures and pages, each by a number of its own; `at` is not before the last alert's.
        """
        new = _Kept(alert, at, tuple(sorted(set(things))[:_MOST_THINGS]), tuple(sorted(set(names))))
        for known in [known for known, one in self._kept.items() if one.at < at - HOURS * 3600 and known != number]:
            self._drop(known)
        related = self._related(new)
        self._kept.pop(number, None)
        self._kept[number] = new
        self._ledger.put(number, msgspec.msgpack.encode(new))
        while len(self._kept) > MOST:
            self._drop(next(iter(self._kept)))
        return related

    def _related(self, new: _Kept) -> tuple[str, ...]:
        things, names = set(new.things), set(new.names)
        found: list[tuple[int, int, float, str]] = []
        for one in self._kept.values():
            same, named = len(things.intersection(one.things)), len(names.intersection(one.names))
            if one.alert != new.alert and (same or named >= _FEWEST_NAMES):
                found.append((-same, -named, -one.at, one.alert))
        return tuple(alert for *_, alert in sorted(found)[:SHOWN])

    def _drop(self, number: int) -> None:
        del self._kept[number]
        self._ledger.drop(number)

    def changes(self) -> dict[str, bytes | None]:
        return self._ledger.changes()

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        decoder = msgspec.msgpack.Decoder(_Kept)
        kept = {number: decoder.decode(said[-1]) for number, said in self._ledger.restore(parts).items()}
        self._kept = dict(sorted(kept.items(), key=lambda one: (one[1].at, one[0])))
