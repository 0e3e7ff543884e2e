"""Words for local features: which of a million cells one falls in, and a 64-bit signature to compare within a cell.

The cells are those of an inverted multi-index (Babenko & Lempitsky, "The Inverted Multi-Index", 2012): 64 numbers in
two halves, each half quantised to 1,024 words. Signatures are signs, along random directions, of how a feature differs
from the middle of the cell (Jégou, Douze & Schmid, "Hamming Embedding and Weak Geometric Consistency", 2008, with the
cell's mean for its medians): strangers in one cell differ in half of them.
What was learned stands in `vocabulary.npz`; it was learned from drawn pictures alone (`enrich.reuse.learning`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

WORDS: Final = 1_024  #: of each half
CELLS: Final = WORDS * WORDS
NEAREST: Final = 5  #: words of each half that are looked in
LOOKED_IN: Final = 12  #: cells of the 25 so given, nearest first

Floats = NDArray[np.float32]
_FILE = Path(__file__).with_name("vocabulary.npz")


class Vocabulary(NamedTuple):
    """`mean` 128, `projection` 128 × 64, `words` 2 × 1024 × 32, `directions` 64 × 64.

    `version` is written into every index: cells and signatures of one vocabulary mean nothing in another.
    """

    mean: Floats
    projection: Floats
    words: Floats
    directions: Floats
    version: int

    def reduced(self, roots: Floats) -> Floats:
        """N × 128 RootSIFT to n × 64."""
        return np.asarray((roots - self.mean) @ self.projection, dtype=np.float32)

    def cells(self, reduced: Floats) -> NDArray[np.uint32]:
        """The cell of each, 0..1,048,575."""
        first, second = (self._distances(reduced, half).argmin(axis=1) for half in (0, 1))
        return np.asarray(first * WORDS + second, dtype=np.uint32)

    def near_cells(self, reduced: Floats) -> NDArray[np.uint32]:
        """N × 12: the cells of each, nearest first."""
        ways = []
        for half in (0, 1):
            far = self._distances(reduced, half)
            words = np.argpartition(far, NEAREST, axis=1)[:, :NEAREST]
            ways.append((words, np.take_along_axis(far, words, axis=1)))
        (a, far_a), (b, far_b) = ways
        far = (far_a[:, :, None] + far_b[:, None, :]).reshape(len(reduced), -1)
        cells = (a[:, :, None] * WORDS + b[:, None, :]).reshape(len(reduced), -1)
        order = np.argsort(far, axis=1)[:, :LOOKED_IN]
        return np.take_along_axis(cells, order, axis=1).astype(np.uint32)

    def signatures(self, reduced: Floats, cells: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """Of each feature in each of its cells. `cells` is n, or n × k; so is what comes back."""
        turned = reduced @ self.directions
        first, second = _middles()
        of = cells.reshape(len(reduced), cells.shape[1] if cells.ndim > 1 else 1)
        signs = turned[:, None, :] > first[of // WORDS] + second[of % WORDS]
        return np.packbits(signs, axis=2).view(">u8").astype(np.uint64).reshape(cells.shape)

    def _distances(self, reduced: Floats, half: int) -> Floats:
        """Squared, less what is the same for every word."""
        words = self.words[half]
        part = reduced[:, half * 32 : half * 32 + 32]
        return np.asarray((words * words).sum(axis=1) - 2 * part @ words.T, dtype=np.float32)


@cache
def vocabulary() -> Vocabulary:
    """The one that comes with us."""
    with np.load(_FILE) as kept:
        parts = {name: kept[name].astype(np.float32) for name in kept.files if name in Vocabulary._fields[:-1]}
        return Vocabulary(**parts, version=int(kept["version"]))


@cache
def _middles() -> tuple[Floats, Floats]:
    """What each word of either half adds to the middle of its cells, along the directions."""
    words = vocabulary()
    return words.words[0] @ words.directions[:32], words.words[1] @ words.directions[32:]
