"""Which earlier text this one copies, wholly, nearly or in part: candidates by the anchors they share (`Sketch.bands`),
verified letter by letter.

Only one representative of each cluster is indexed: with every copy of a much repeated text in the index, looking it up
would cost as much as there are copies.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from secondsource.contracts.folding import copied_words
from secondsource.contracts.messages import Sketch

#: Two normalised texts at least this alike (Indel ratio, 0..100) are copies.
ALIKE = 85.0
#: A text at least this alike to a part of another is contained in it.
PARTLY = 90.0

_TELLING = 40  # letters: parts of fewer are in many texts by chance
_FILLED = 0.6  # of the slots, before more are made
_PART = 0.85  # of a text's length: a part that is longer
_RUN = 3  # words in a row: what two texts share that share an anchor
#: Of a part's letters, at least, in their order, in a text that holds it. A stretch of w letters that is `PARTLY` like
#: a part of m has 2·LCS ≥ .9·(m + w) and LCS ≤ w, so w and LCS are at least .9 / 1.1 of m.
_IN_ORDER = PARTLY / (200.0 - PARTLY)
_KEPT = 1_000  # letters of a text, for comparing
_SEVERAL = -1  # in place of a representative
_MANY = 8  # bands, of which a copy shares two
_CANDIDATES = 2  # of those that share a band, the ones that share most are verified
_SCANNED = 16  # of those that have a band, the newest are kept


@lru_cache(maxsize=4_096)  # the same few candidates come up again and again
def normalised(text: str) -> str:
    """The letters that a copy keeps."""
    return " ".join(copied_words(text))


Kind = Literal["exact", "near", "contained"]


class Likeness(NamedTuple):
    """How one text copies another, and how alike they (or, of the longer one, the best part) are, 0..100."""

    kind: Kind
    percent: float


def compared(text: str, other: str) -> Likeness | None:
    """How alike two normalised texts are; None where neither copies the other.

    Nearly the same: the Indel ratio is at least `ALIKE`; where one is the other cut short, of their common length.
    Contained: the shorter one stands in the longer, `PARTLY` of its letters.
    """
    if text == other:
        return Likeness("exact", 100.0) if text else None
    short, long = (text, other) if len(text) <= len(other) else (other, text)
    common = long[: len(short)] if len(short) >= _TELLING and long.startswith(short[:8]) else long
    alike = fuzz.ratio(short, common, score_cutoff=ALIKE)
    if alike:
        return Likeness("near", alike)
    # a part that is nearly as long as the whole would have been nearly the whole
    if not _TELLING <= len(short) <= _PART * len(long):
        return None
    part = 100.0 if short in long else _alike_to_a_part(short, long)
    return Likeness("contained", part) if part else None


def _alike_to_a_part(short: str, long: str) -> float:
    """How like `short` the stretch of `long` is that shares its runs of words, 0.0 where it is under `PARTLY`.

    The stretch reaches from where the first shared run says that the part begins to where the last one says that it
    ends, or lies where most runs say: a run that stands elsewhere as well may say wrong.
    """
    if not LCSseq.similarity(short, long, score_cutoff=math.ceil(_IN_ORDER * len(short))):
        return 0.0
    starts = _starts(short, long)
    if not starts:
        return 0.0
    (likely, _), *_ = Counter(starts).most_common(1)
    stretches = {(starts[0], starts[-1]), (likely, likely)}
    return max(
        fuzz.ratio(short, long[max(0, first) : last + len(short)], score_cutoff=PARTLY) for first, last in stretches
    )


def _starts(short: str, long: str) -> list[int]:
    """Where in `long` the letters of `short` would begin, by each run of words that they share."""
    words, at, starts = short.split(), 0, []
    for place in range(len(words) - _RUN + 1):
        found = long.find(" ".join(words[place : place + _RUN]))
        if found >= 0:
            starts.append(found - at)
        at += len(words[place]) + 1
    return starts


def likeness(text: str, other: str) -> float:
    """The percentage of `compared`, 0 for texts that are no copies."""
    found = compared(text, other)
    return found.percent if found else 0.0


class BandIndex:
    """Band → the representatives that have it: a hash table with linear probing in two flat arrays (Knuth, "The Art of
    Computer Programming" 3, §6.4, algorithm L). A dictionary of as many numbers would take five times the memory.

    Nothing is deleted: who asks filters the dead, and growing leaves them out. Of many representatives of one band the
    newest are kept.
    """

    def __init__(self, slots: int = 1 << 16) -> None:
        """`slots`: a power of two."""
        self._several: dict[int, list[int]] = {}  # bands of more than one representative, marked in the table
        self._lay_out(slots, np.zeros(0, np.uint64), np.zeros(0, np.int64))

    def add(self, representative: int, bands: Sequence[int]) -> None:
        keys, values, mask = self._keys, self._values, self._mask
        for band in bands:
            slot = band & mask
            while (key := keys[slot]) != band and key:
                slot = (slot + 1) & mask
            if not key:
                keys[slot], values[slot] = band, representative
                self._used += 1
            elif values[slot] != representative:
                held = self._several.setdefault(band, [values[slot]])
                held.append(representative)
                del held[:-_SCANNED]
                values[slot] = _SEVERAL

    def full(self) -> bool:
        """Whether it must `grow` before more is added."""
        return self._used > _FILLED * (self._mask + 1)

    def candidates(self, bands: Sequence[int]) -> list[int]:
        """The few representatives that share most bands, of equals the earliest first."""
        keys, values, several, mask = self._keys, self._values, self._several, self._mask
        holders: list[Sequence[int]] = []
        for band in bands:
            slot = band & mask
            while (key := keys[slot]) != band and key:
                slot = (slot + 1) & mask
            if key:
                held = values[slot]
                holders.append((held,) if held != _SEVERAL else several[band])
        if not holders:
            return []
        shared = Counter(chain.from_iterable(holders))
        # those that share a band by chance need no second look, least of all next to a true copy
        fewest = max(max(shared.values()) / 2, 1 + (len(bands) >= _MANY))
        ranked = sorted((-count, found) for found, count in shared.items() if count >= fewest)
        return [found for _, found in ranked[:_CANDIDATES]]

    def grow(self, alive: NDArray[np.int64], story_bits: int) -> None:
        """Leave out the representatives of dead stories, and make room.

        `alive`: numbers of living stories; a representative's story is its number shifted by `story_bits`.
        """
        keys, values = np.frombuffer(self._keys, np.uint64), np.frombuffer(self._values, np.int64)
        kept = (keys != 0) & ((values == _SEVERAL) | np.isin(values >> story_bits, alive))
        keys, values = keys[kept], values[kept]
        living = set(alive.tolist())
        for place in np.flatnonzero(values == _SEVERAL).tolist():
            band = int(keys[place])
            held = [one for one in self._several[band] if one >> story_bits in living]
            if len(held) > 1:
                self._several[band] = held
                continue
            del self._several[band]
            keys[place], values[place] = (band, held[0]) if held else (0, 0)
        keys, values = keys[keys != 0], values[keys != 0]
        slots = self._mask + 1
        self._lay_out(2 * slots if len(keys) > _FILLED / 2 * slots else slots, keys, values)

    def _lay_out(self, slots: int, keys: NDArray[np.uint64], values: NDArray[np.int64]) -> None:
        """As if added one by one: each band in its own slot, or in the first free one after it."""
        self._mask, self._used = slots - 1, len(keys)
        own = (keys & np.uint64(self._mask)).astype(np.int64)
        order = np.argsort(own, kind="stable")
        place = np.arange(len(order))
        slot = place + np.maximum.accumulate(own[order] - place)
        inside = slot < slots  # the few beyond the end go on from the beginning
        laid_keys, laid_values = np.zeros(slots, np.uint64), np.zeros(slots, np.int64)
        laid_keys[slot[inside]], laid_values[slot[inside]] = keys[order[inside]], values[order[inside]]
        self._keys, self._values = array("Q", laid_keys.tobytes()), array("q", laid_values.tobytes())
        for one in order[~inside].tolist():
            free = self._keys.index(0)
            self._keys[free], self._values[free] = int(keys[one]), int(values[one])


def best(text: str, candidates: Sequence[tuple[int, str]]) -> tuple[int, float]:
    """The first of the candidates (number, text) that is most like `text`, if any is alike enough: number and likeness.

    (0, 0.0) where none is.
    """
    found, most = 0, 0.0
    own = normalised(text) if candidates else ""
    for number, other in candidates:
        alike = likeness(own, normalised(other))
        if alike > most:
            found, most = number, alike
    return found, most


class Copy(NamedTuple):
    """`of`: the post whose text was there before."""

    of: str
    kind: Kind
    percent: float


class CopyIndex:
    """Copies in a stream of texts: what is kept is bounded by a window of time and a number of posts.

    A text of under `fewest` words matches nothing: so few are said by many who never met. A post that is a copy leaves
    no trace but where it holds more than what it copies.
    """

    def __init__(self, *, window_seconds: float = 72 * 3600.0, most: int = 1_000_000, fewest: int = 8) -> None:
        self._window = window_seconds
        self._most = most
        self._fewest = fewest
        self._bands = BandIndex()
        self._exacts: dict[int, int] = {}
        self._kept: dict[int, tuple[str, int, str]] = {}  # number → id, digest, normalised text
        self._order: deque[tuple[float, int]] = deque()
        self._next = 1

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, id_: str, kept: Sequence[str], sketch: Sketch, at: float) -> Copy | None:
        """What a post copies, if anything; it is remembered for those after it. `kept`: its `copied_words`."""
        if sketch.words < self._fewest:
            return None
        self._expire(at)
        exact = int(sketch.exact[:15], 16)
        same = self._exacts.get(exact)
        if same is not None:
            return Copy(self._kept[same][0], "exact", 100.0)
        text = " ".join(kept)[:_KEPT]
        found = self._nearly(text, sketch.bands)
        copy = Copy(self._kept[found[0]][0], found[1].kind, found[1].percent) if found else None
        if found is None or (found[1].kind == "contained" and len(text) > len(self._kept[found[0]][2])):
            self._keep(id_, exact, text, sketch.bands, at)
        return copy

    def find(self, kept: Sequence[str], sketch: Sketch) -> Copy | None:
        """As `take`, of a post that is not to be remembered."""
        same = self._exacts.get(int(sketch.exact[:15], 16)) if sketch.words >= self._fewest else None
        if same is not None:
            return Copy(self._kept[same][0], "exact", 100.0)
        found = self._nearly(" ".join(kept)[:_KEPT], sketch.bands)
        return Copy(self._kept[found[0]][0], found[1].kind, found[1].percent) if found else None

    def _nearly(self, text: str, bands: Sequence[int]) -> tuple[int, Likeness] | None:
        best: tuple[int, Likeness] | None = None
        for number in self._bands.candidates(bands):
            held = self._kept.get(number)
            found = compared(text, held[2]) if held else None
            if found and (best is None or found.percent > best[1].percent):
                best = number, found
        return best

    def _keep(self, id_: str, exact: int, text: str, bands: Sequence[int], at: float) -> None:
        number = self._next
        self._next += 1
        self._kept[number] = id_, exact, text
        self._exacts[exact] = number
        self._order.append((at, number))
        while len(self._kept) > self._most:
            self._drop(self._order.popleft()[1])
        self._bands.add(number, bands)
        if self._bands.full():
            self._bands.grow(np.fromiter(self._kept, dtype=np.int64, count=len(self._kept)), 0)

    def _expire(self, at: float) -> None:
        while self._order and self._order[0][0] < at - self._window:
            self._drop(self._order.popleft()[1])

    def _drop(self, number: int) -> None:
        _, exact, _ = self._kept.pop(number)
        if self._exacts.get(exact) == number:
            del self._exacts[exact]
