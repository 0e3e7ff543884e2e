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
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from secondsource.compiling import compiled

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
        return np.asarray(_times(roots - self.mean, self.projection), np.float32)

    def cells(self, reduced: Floats) -> NDArray[np.uint32]:
        """The cell of each, 0..1,048,575."""
        (first, _), (second, _) = (self._nearest(reduced, half, 1) for half in (0, 1))
        return np.asarray(first * WORDS + second, np.uint32).ravel()

    def near_cells(self, reduced: Floats) -> NDArray[np.uint32]:
        """N × 12: the cells of each, nearest first."""
        (first, far_first), (second, far_second) = (self._nearest(reduced, half, NEAREST) for half in (0, 1))
        return np.asarray(_nearest_cells(first, far_first, second, far_second, LOOKED_IN), np.uint32)

    def signatures(self, reduced: Floats, cells: NDArray[np.uint32]) -> NDArray[np.uint64]:
        """Of each feature in each of its cells. `cells` is n, or n × k; so is what comes back."""
        turned = _times(reduced, self.directions)
        of = cells.reshape(len(reduced), cells.shape[1] if cells.ndim > 1 else 1)
        return np.asarray(_signed(turned, of, *_middles()), np.uint64).reshape(cells.shape)

    def _nearest(self, reduced: Floats, half: int, most: int) -> tuple[NDArray[np.uint32], Floats]:
        """The nearest words of a half, n × most, and their squared distances, less what is the same for every word."""
        words = self.words[half]
        far = np.ascontiguousarray(words.T)
        parts = reduced[:, half * 32 : half * 32 + 32]
        found, away = _nearest_words(parts, far, (words * words).sum(axis=1), most)
        return np.asarray(found, np.uint32), np.asarray(away, np.float32)


# These loops are not numpy's products: a BLAS that spreads small ones over threads, which wait for each other busily,
# takes ten times the processor's time where other processes want it as well.


@compiled
def _times(rows: Any, matrix: Any) -> Any:
    """The product of n × k and k × m, each row's sums in the order of k."""
    out = np.zeros((len(rows), matrix.shape[1]), np.float32)
    for i in range(len(rows)):
        row = out[i]
        for k in range(rows.shape[1]):
            by, of = rows[i, k], matrix[k]
            for j in range(len(row)):
                row[j] += by * of[j]
    return out


@compiled
def _nearest_words(parts: Any, words: Any, squares: Any, most: Any) -> Any:
    """`parts` n × 32; `words` 32 × 1024, `squares` the 1024 words' squared lengths."""
    found = np.empty((len(parts), most), np.uint32)
    far = np.empty((len(parts), most), np.float32)
    now = np.empty(words.shape[1], np.float32)
    for i in range(len(parts)):
        for j in range(len(now)):
            now[j] = squares[j]
        for k in range(parts.shape[1]):
            by, of = np.float32(-2.0) * parts[i, k], words[k]
            for j in range(len(now)):
                now[j] += by * of[j]
        far[i, :] = np.inf
        for j in range(len(now)):
            if now[j] < far[i, most - 1]:
                at = most - 1
                while at > 0 and now[j] < far[i, at - 1]:
                    far[i, at], found[i, at] = far[i, at - 1], found[i, at - 1]
                    at -= 1
                far[i, at], found[i, at] = now[j], j
    return found, far


@compiled
def _nearest_cells(first: Any, far_first: Any, second: Any, far_second: Any, most: Any) -> Any:
    """Of all pairs of words the nearest, in order."""
    found = np.empty((len(first), most), np.uint32)
    far = np.empty(most, np.float32)
    for i in range(len(first)):
        far[:] = np.inf
        for a in range(first.shape[1]):
            for b in range(second.shape[1]):
                now = far_first[i, a] + far_second[i, b]
                if now < far[most - 1]:
                    at = most - 1
                    while at > 0 and now < far[at - 1]:
                        far[at], found[i, at] = far[at - 1], found[i, at - 1]
                        at -= 1
                    far[at], found[i, at] = now, first[i, a] * WORDS + second[i, b]
    return found


@compiled
def _signed(turned: Any, cells: Any, first: Any, second: Any) -> Any:
    """The highest bit is the first direction's."""
    out = np.empty(cells.shape, np.uint64)
    for i in range(len(cells)):
        for way in range(cells.shape[1]):
            one, other = first[cells[i, way] // WORDS], second[cells[i, way] % WORDS]
            signs = np.uint64(0)
            for j in range(turned.shape[1]):
                signs = (signs << np.uint64(1)) | np.uint64(turned[i, j] > one[j] + other[j])
            out[i, way] = signs
    return out


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
