"""Which earlier text this one nearly copies: candidates by LSH bands, verified letter by letter.

Only one representative of each cluster is indexed: with every copy of a much repeated text in the index, looking it up
would cost as much as there are copies.

Source of the banding: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", §3.4.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

#: Two normalised texts at least this alike (Indel ratio, 0..100) are copies.
ALIKE = 85.0

_RECENT = 2_048  # representatives kept in a dictionary before they are packed
_CANDIDATES = 8  # of those that share a band, the newest are verified
_SCANNED = 64
_DROPPED = re.compile(r"(?:https?://|www\.|pic\.)\S+|(?<!\w)[@＠]\w[\w.@-]*|^\s*(?:RT|MT)\b")
_SPACES = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """The letters that a copy keeps: no links, mentions, retweet prefix, case, marks or punctuation."""
    folded = unicodedata.normalize("NFKC", _DROPPED.sub(" ", text)).casefold()
    return _SPACES.sub(" ", folded).strip()


def likeness(text: str, other: str) -> float:
    """How alike two normalised texts are, 0..100; where one is the other cut short, their common length is compared."""
    short, long = sorted((text, other), key=len)
    if len(short) >= 60 and len(short) < len(long):
        return max(fuzz.ratio(short, long), fuzz.ratio(short, long[: len(short)]))
    return fuzz.ratio(short, long)


class BandIndex:
    """Band → the representatives that have it, 12 bytes each once packed into sorted arrays.

    Nothing is deleted: who asks filters the dead, and packing leaves them out.
    """

    def __init__(self) -> None:
        self._recent: dict[int, list[int]] = {}
        self._unpacked = 0
        self._packed: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []

    def add(self, representative: int, bands: Sequence[int]) -> None:
        for band in bands:
            self._recent.setdefault(band, []).append(representative)
        self._unpacked += 1

    def full(self) -> bool:
        return self._unpacked >= _RECENT

    def candidates(self, bands: Sequence[int]) -> list[int]:
        """Representatives that share a band, the one sharing most first, then the earliest; at most a few."""
        shared: dict[int, int] = {}
        for band in bands:
            for representative in self._recent.get(band, ())[-_SCANNED:]:
                shared[representative] = shared.get(representative, 0) + 1
        if self._packed:
            wanted = np.array(bands, dtype=np.uint64)
            for keys, representatives in self._packed:
                starts = keys.searchsorted(wanted)
                hit = starts < len(keys)
                hit[hit] = keys[starts[hit]] == wanted[hit]
                for place in np.flatnonzero(hit):
                    end = int(keys.searchsorted(wanted[place], side="right"))
                    for found in representatives[max(int(starts[place]), end - _SCANNED) : end].tolist():
                        shared[found] = shared.get(found, 0) + 1
        return sorted(shared, key=lambda found: (-shared[found], found))

    def pack(self, alive: NDArray[np.int64], story_bits: int) -> None:
        """Move the recent into the sorted arrays, merging arrays of like size, without representatives of dead stories.

        `alive`: sorted numbers of living stories; a representative's story is its number shifted by `story_bits`.
        """
        if not self._unpacked:
            return
        count = sum(map(len, self._recent.values()))
        keys = np.fromiter((band for band, held in self._recent.items() for _ in held), np.uint64, count)
        representatives = np.fromiter((one for held in self._recent.values() for one in held), np.int64, count)
        self._recent, self._unpacked = {}, 0
        self._packed.append((keys, representatives))
        while len(self._packed) > 1 and len(self._packed[-1][0]) * 4 >= len(self._packed[-2][0]):
            newer, older = self._packed.pop(), self._packed.pop()
            self._packed.append((np.concatenate((older[0], newer[0])), np.concatenate((older[1], newer[1]))))
        keys, representatives = self._packed[-1]
        living = np.isin(representatives >> story_bits, alive)
        keys, representatives = keys[living], representatives[living]
        order = np.lexsort((representatives, keys))
        self._packed[-1] = (keys[order], representatives[order])


def best(text: str, candidates: Sequence[tuple[int, str]]) -> tuple[int, float]:
    """The first of the candidates (number, text) that is most like `text`, if any is alike enough: number and likeness.

    (0, 0.0) where none is.
    """
    own = normalised(text)
    found, most = 0, 0.0
    for number, other in candidates[:_CANDIDATES]:
        alike = likeness(own, normalised(other))
        if alike >= ALIKE and alike > most:
            found, most = number, alike
    return found, most
