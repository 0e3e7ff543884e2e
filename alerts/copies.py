"""Which earlier text this one nearly copies: candidates by LSH bands, verified letter by letter.

Only one representative of each cluster is indexed: with every copy of a much repeated text in the index, looking it up
would cost as much as there are copies.

Source of the banding: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", §3.4.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

#: Two normalised texts at least this alike (Indel ratio, 0..100) are copies.
ALIKE = 85.0

_FILLED = 0.6  # of the slots, before more are made
_SEVERAL = -1  # in place of a representative
_CANDIDATES = 4  # of those that share a band, the ones that share most are verified
_SCANNED = 16  # of those that have a band, the newest are kept
_DROPPED = re.compile(r"(?:https?://|www\.|pic\.)\S+|(?<!\w)[@＠]\w[\w.@-]*|^\s*(?:RT|MT)\b")
_OFTEN = re.compile(r"[@＠/]|www\.|pic\.|^\s*[RM]T\b")


@lru_cache(maxsize=4_096)  # the same few candidates come up again and again
def normalised(text: str) -> str:
    """The letters that a copy keeps: no links, mentions or retweet prefix, no case, compatibility forms folded."""
    if _OFTEN.search(text):
        text = _DROPPED.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def likeness(text: str, other: str) -> float:
    """How alike two normalised texts are, 0..100; where one is the other cut short, their common length is compared.

    0 where they are less than `ALIKE`.
    """
    short, long = (text, other) if len(text) <= len(other) else (other, text)
    if 60 <= len(short) < len(long):
        long = long[: len(short)] if long.startswith(short[:8]) else long
    return fuzz.ratio(short, long, score_cutoff=ALIKE)


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
        keys, mask = self._keys, self._mask
        shared: dict[int, int] = {}
        for band in bands:
            slot = band & mask
            while (key := keys[slot]) != band and key:
                slot = (slot + 1) & mask
            if key:
                held = self._values[slot]
                for representative in (held,) if held != _SEVERAL else self._several[band]:
                    shared[representative] = shared.get(representative, 0) + 1
        if not shared:
            return []
        fewest = max(shared.values()) / 2  # next to a true copy, those that share a band by chance need no second look
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
        if alike >= ALIKE and alike > most:
            found, most = number, alike
    return found, most
