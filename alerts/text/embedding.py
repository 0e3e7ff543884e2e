"""Posts that say the same in other words or another language, in the judgement of a model that somebody installed.

A seam, off by default. A model is anything that turns texts into vectors; which one, and for which languages, is for
whoever installs it. It is asked of a post that nothing else ties to a story, and what it finds counts as words do of
which it is not sure: an origin that only it ties to a story weighs half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.text.understanding import Floats, Understanding

_MOST = 20_000  # stories that are looked through
_NOBODY = -1


class Near(NamedTuple):
    part: int
    cosine: float


def ignore() -> None:
    """For who does not count."""


class Meanings:
    """The vectors of the first texts of the newest stories, by their parts' numbers.

    Of a minute of event time the model is asked about `a_minute` texts at most, the first that come (None: about all);
    `unread` hears of each that it is not asked about. The clock on the wall would have a replay find something else.
    """

    def __init__(
        self,
        understanding: Understanding,
        most: int = _MOST,
        *,
        a_minute: int | None = None,
        unread: Callable[[], None] = ignore,
    ) -> None:
        self._understanding = understanding
        self._most = most
        self._a_minute = a_minute
        self._unread = unread
        self.spent = (0, 0)  #: the minute, in minutes since 1970, and of how many texts in it the model was asked
        self._found: tuple[str, bool] | None = None  # what nothing was found for, and whether the model was asked
        self._rows: Floats = np.zeros((0, 0), np.float32)
        self._held: NDArray[np.int64] = np.zeros(0, np.int64)  # the part of each row
        self._places: dict[int, int] = {}  # part → its row
        self._free: list[int] = []

    def find(self, text: str, at: float | None = None, apart: Callable[[int], bool] = lambda _: False) -> Near | None:
        """The story that says the same, the oldest of equals; None if none is alike enough, or it is of something else:
        `apart` says so of a part. `at`: when it came, None where that is not to count.
        """
        may_ask = self._may_ask(text, at)
        near = self._nearest(text) if may_ask else None
        near = None if near is not None and apart(near.part) else near
        self._found = (text, may_ask) if near is None else None
        return near

    def _nearest(self, text: str) -> Near | None:
        if not self._places or (vector := self._understanding.vector(text)) is None:
            return None
        cosines = self._rows @ vector
        best = float(cosines.max())
        if best < self._understanding.alike:
            return None
        return Near(int(self._held[(cosines >= best - 1e-6) & (self._held != _NOBODY)].min()), best)

    def add(self, part: int, text: str, at: float | None = None) -> bool:
        """The first text of a part, in place of what it said before. False: the model was not to be asked."""
        self.forget(part)
        found, self._found = self._found, None
        may_ask = found[1] if found is not None and found[0] == text else self._may_ask(text, at)
        vector = self._understanding.vector(text) if may_ask else None
        if vector is None:
            return may_ask
        if len(self._places) >= self._most:
            self.forget(min(self._places))
        if not self._free:
            self._grow(len(vector))
        row = self._places[part] = self._free.pop()
        self._rows[row], self._held[row] = vector, part
        return True

    def _may_ask(self, text: str, at: float | None) -> bool:
        """Spends what a text costs, if it costs anything."""
        if at is None or self._a_minute is None or not self._understanding.reads(text):
            return True
        minute, spent = self.spent
        if at // 60 > minute:
            minute, spent = int(at // 60), 0
        if spent >= self._a_minute:
            self._unread()
            return False
        self.spent = minute, spent + 1
        return True

    def forget(self, part: int) -> None:
        row = self._places.pop(part, None)
        if row is not None:
            self._rows[row], self._held[row] = 0.0, _NOBODY
            self._free.append(row)

    def _grow(self, length: int) -> None:
        held = len(self._rows)
        size = min(max(64, 2 * held), self._most)
        rows, parts = np.zeros((size, length), np.float32), np.full(size, _NOBODY, np.int64)
        if held:
            rows[:held], parts[:held] = self._rows, self._held
        self._rows, self._held = rows, parts
        self._free = list(range(size - 1, held - 1, -1))
