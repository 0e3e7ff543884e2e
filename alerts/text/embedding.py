"""Posts that say the same in other words or another language, in the judgement of a model that somebody installed.

A seam, off by default. A model is anything that turns texts into vectors; which one, and for which languages, is for
whoever installs it. It is asked of a post that nothing else ties to a story, and what it finds counts as words do of
which it is not sure: an origin that only it ties to a story weighs half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

#: Cosine from which two texts are said to be one claim. Models differ: `secondsource eval stories --alike` measures it.
ALIKE = 0.85
_FEWEST_WORDS = 4  # what is shorter than this says too little
_MOST = 20_000  # stories that are looked through

Floats = NDArray[np.float32]


class Embedder(Protocol):
    """Texts to vectors: the same text gives the same vector, whatever it is sent with."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row a text, of any length that is the same for all; rows need not have length one."""
        ...


class Near(NamedTuple):
    part: int
    cosine: float


class Meanings:
    """The vectors of the first texts of the newest stories, by their parts' numbers."""

    def __init__(self, embedder: Embedder, alike: float = ALIKE, most: int = _MOST) -> None:
        self._embedder = embedder
        self._alike = alike
        self._most = most
        self._rows: Floats = np.zeros((0, 0), np.float32)
        self._parts: dict[int, int] = {}  # part → its row
        self._free: list[int] = []
        self._last: tuple[str, Floats | None] = ("", None)

    def find(self, text: str) -> Near | None:
        """The story that says the same, the oldest of equals; None if none is alike enough."""
        vector = self._vector(text)
        if vector is None or not self._parts:
            return None
        parts = np.fromiter(self._parts, np.int64, len(self._parts))
        rows = np.fromiter(self._parts.values(), np.int64, len(self._parts))
        cosines = self._rows[rows] @ vector
        best = float(cosines.max())
        if best < self._alike:
            return None
        return Near(int(parts[cosines >= best - 1e-6].min()), best)

    def add(self, part: int, text: str) -> None:
        """The first text of a part."""
        vector = self._vector(text)
        if vector is None:
            return
        self.forget(part)
        if len(self._parts) >= self._most:
            self.forget(min(self._parts))
        if not self._free:
            held = len(self._rows)
            grown = np.zeros((max(64, 2 * held), len(vector)), np.float32)
            if held:
                grown[:held] = self._rows
            self._free = list(range(len(grown) - 1, held - 1, -1))
            self._rows = grown
        row = self._parts[part] = self._free.pop()
        self._rows[row] = vector

    def forget(self, part: int) -> None:
        row = self._parts.pop(part, None)
        if row is not None:
            self._rows[row] = 0.0
            self._free.append(row)

    def _vector(self, text: str) -> Floats | None:
        """Of length one; None for what says too little, or of which the model makes nothing."""
        if len(text.split()) < _FEWEST_WORDS and text.isascii():
            return None
        if self._last[0] != text or self._last[1] is None:
            made = np.asarray(self._embedder.vectors([text]), np.float32)[0]
            length = float(np.linalg.norm(made))
            self._last = (text, made / length if length > 0 and np.isfinite(length) else None)
        return self._last[1]
