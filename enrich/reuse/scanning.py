"""The two inner loops: all PDQ hashes against some, and the cells of the multi-index against a picture's features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.bits import ones
from enrich.reuse.segment import Segment
from enrich.reuse.vocabulary import Floats
from secondsource.compiling import compiled

APART: Final = 18  #: bits of 64 by which signatures of the same place may differ
_DECAY: Final = 11.0
_SORTED: Final = 4_096  #: pictures, at most, of which the best are picked out
_ALONE: Final = 0.6  #: one rare feature alone says nothing
WORK: Final = 1_000_000  #: features compared for one question in one of its two orientations, at most
PASSED_OVER: Final = 0xFFFFFFFF  #: instead of a cell: it is not looked in
#: What a pair says for its picture, by how many bits its signatures differ.
WEIGHTS: Final[Floats] = np.exp(-((np.arange(65) / _DECAY) ** 2)).astype(np.float32)


def near_hashes(within: Segment, asked: NDArray[np.uint64], radius: int) -> list[tuple[int, int, int]]:
    """(row asked, row of the segment, distance) of all pairs at most `radius` bits apart, exactly. `asked` is n × 4."""
    if not len(asked) or not within.hashes.shape[1]:
        return []
    room = 4_096
    while True:
        out = np.empty((room, 3), np.int64)
        found = _near_hashes(within.hashes[0], within.hashes[1], within.hashes[2], within.hashes[3], asked, radius, out)
        if found <= room:
            return [(int(row), int(of), int(far)) for row, of, far in out[:found].tolist()]
        room = found


@compiled
def _near_hashes(a: Any, b: Any, c: Any, d: Any, asked: Any, radius: Any, out: Any) -> Any:
    found = 0
    for at in range(len(asked)):
        w, x, y, z = asked[at, 0], asked[at, 1], asked[at, 2], asked[at, 3]
        for i in range(len(a)):
            far = np.int64(ones(a[i] ^ w)) + np.int64(ones(b[i] ^ x))
            if far <= radius:
                far += np.int64(ones(c[i] ^ y)) + np.int64(ones(d[i] ^ z))
                if far <= radius:
                    if found < len(out):
                        out[found, 0], out[found, 1], out[found, 2] = at, i, far
                    found += 1
    return found


class Pairs(NamedTuple):
    """Features that look alike: of the picture asked about, of an archived picture, and by how many bits they differ.

    `hits` is n × 4: archived picture, feature asked, feature of the segment, bits; in order of feature asked.
    `shown` says for each feature asked how many pictures it was found in.
    """

    hits: NDArray[np.uint32]
    shown: NDArray[np.int64]

    def best(self, pictures: int, worth: Floats, most: int) -> tuple[NDArray[np.intp], Floats]:
        """The `most` of all pictures that most speaks for, and how loudly. `worth` is that of each feature asked."""
        scores = np.zeros(pictures, np.float32)
        _score(self.hits, worth, WEIGHTS, scores)
        least = _ALONE
        while np.count_nonzero(scores > least) > max(_SORTED, 2 * most):
            least *= 1.3
        touched = np.flatnonzero(scores > least)
        if len(touched) > most:
            touched = touched[np.argpartition(scores[touched], len(touched) - most)[len(touched) - most :]]
        return touched, scores[touched]

    def of(self, wanted: NDArray[np.intp], pictures: int) -> NDArray[np.uint32]:
        """Hits of the pictures wanted, of all, in order of picture, feature asked and bits."""
        chosen = np.zeros(pictures, np.bool_)
        chosen[wanted] = True
        hits = self.hits[chosen[self.hits[:, 0]]]
        return hits[np.lexsort((hits[:, 3], hits[:, 1], hits[:, 0]))]


def worth(shown: NDArray[np.int64], pictures: int) -> Floats:
    """What each feature says, 0..1: 1 where one picture has it, nearly nothing where all do (as tf-idf has it)."""
    rarity = np.log((pictures + 1) / np.maximum(shown, 1)) / np.log(pictures + 1)
    return np.asarray(np.maximum(rarity**2, 0.02), dtype=np.float32)


def affordable(segments: Sequence[Segment], cells: NDArray[np.uint32], work: int = WORK) -> NDArray[np.uint32]:
    """The cells to look in, n × 12, with the most crowded passed over where all together hold more than `work`.

    What is in crowded cells (grain, grids, letters) tells least, as common words do of a text; and so a question costs
    no more, however large the archive. Of segments with few features the cells are not counted.
    """
    crowd = np.zeros(cells.size, np.int64)
    flat = cells.ravel()
    for within in segments:
        if len(within.starts):
            crowd += within.starts[flat + 1].astype(np.int64) - within.starts[flat]
    if int(crowd.sum()) <= work:
        return cells
    order = np.argsort(crowd, kind="stable")
    chosen = flat.copy()
    chosen[order[np.cumsum(crowd[order]) > work]] = PASSED_OVER
    return chosen.reshape(cells.shape)


def alike(within: Segment, cells: NDArray[np.uint32], signatures: NDArray[np.uint64]) -> Pairs:
    """All pairs in the cells given and at most 18 bits apart. `cells` and `signatures` are n × 12."""
    room = 1 << 16
    shown = np.zeros(len(signatures), np.int64)
    while True:
        hits = np.empty((room, 4), np.uint32)
        found = _pairs(
            within.starts, within.cells, within.signatures, within.owners,
            cells, signatures, APART, hits, shown, np.full(within.pictures, -1, np.int32),
        )  # fmt: skip
        if found <= room:
            return Pairs(hits[:found], shown)
        room = int(found * 1.05)


@compiled
def _pairs(
    starts: Any, cells: Any, kept: Any, owners: Any,
    near: Any, asked: Any, apart: Any, hits: Any, shown: Any, last: Any,
) -> Any:  # fmt: skip
    found = 0
    for at in range(len(asked)):
        shown[at] = 0
        for way in range(near.shape[1]):
            cell, signature = near[at, way], asked[at, way]
            if cell == PASSED_OVER:
                continue
            if len(starts):
                begin, end = np.int64(starts[cell]), np.int64(starts[cell + 1])
            else:
                begin = np.int64(np.searchsorted(cells, cell))
                end = begin
                while end < len(cells) and cells[end] == cell:
                    end += 1
            for i in range(begin, end):
                far = np.int64(ones(kept[i] ^ signature))
                if far > apart:
                    continue
                owner = owners[i]
                if found < len(hits):
                    hits[found, 0], hits[found, 1], hits[found, 2], hits[found, 3] = owner, at, i, far
                found += 1
                if last[owner] != at:
                    last[owner] = at
                    shown[at] += 1
    return found


@compiled
def _score(hits: Any, worth: Any, weights: Any, scores: Any) -> Any:
    """Each feature speaks once for a picture, by its best pair."""
    last = np.full(len(scores), -1, np.int64)
    best = np.zeros(len(scores), np.float32)
    for i in range(len(hits)):
        owner, at = hits[i, 0], np.int64(hits[i, 1])
        said = weights[hits[i, 3]] * worth[at]
        if last[owner] != at:
            last[owner], best[owner] = at, said
            scores[owner] += said
        elif said > best[owner]:
            scores[owner] += said - best[owner]
            best[owner] = said
