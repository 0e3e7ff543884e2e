"""Which earlier text this one nearly copies: candidates by LSH bands, verified letter by letter.

Only one representative of each cluster is indexed: with every copy of a much repeated text in the index, looking it up
would cost as much as there are copies.

Source of the banding: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", §3.4.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

#: Two normalised texts at least this alike (Indel ratio, 0..100) are copies.
ALIKE = 85.0

_RECENT = 8_192  # representatives kept in a dictionary before they are packed
_CANDIDATES = 4  # of those that share a band, the ones that share most are verified
_SCANNED = 16  # of those that have a band, the newest
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
    """Band → the representatives that have it, 16 bytes each once packed into sorted arrays.

    Nothing is deleted: who asks filters the dead, and packing leaves them out.
    """

    def __init__(self) -> None:
        self._recent: dict[int, int | list[int]] = {}
        self._unpacked = 0
        self._packed: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []

    def add(self, representative: int, bands: Sequence[int]) -> None:
        recent = self._recent
        for band in bands:
            held = recent.setdefault(band, representative)
            if held is not representative:
                if isinstance(held, list):
                    held.append(representative)
                else:
                    recent[band] = [held, representative]
        self._unpacked += 1

    def full(self) -> bool:
        return self._unpacked >= _RECENT

    def candidates(self, bands: Sequence[int]) -> list[int]:
        """The few representatives that share most bands, of equals the earliest first."""
        shared: dict[int, int] = {}
        for held in map(self._recent.get, bands):
            if held is None:
                continue
            for representative in held[-_SCANNED:] if isinstance(held, list) else (held,):
                shared[representative] = shared.get(representative, 0) + 1
        if self._packed:
            wanted = np.array(bands, dtype=np.uint64)
            for keys, representatives in self._packed:
                starts, ends = keys.searchsorted(wanted), keys.searchsorted(wanted, side="right")
                for place in np.flatnonzero(ends > starts).tolist():
                    start, end = int(starts[place]), int(ends[place])
                    for found in representatives[max(start, end - _SCANNED) : end].tolist():
                        shared[found] = shared.get(found, 0) + 1
        if not shared:
            return []
        fewest = max(shared.values()) / 2  # next to a true copy, those that share a band by chance need no second look
        ranked = sorted((-count, found) for found, count in shared.items() if count >= fewest)
        return [found for _, found in ranked[:_CANDIDATES]]

    def pack(self, alive: NDArray[np.int64], story_bits: int) -> None:
        """Move the recent into the sorted arrays, merging arrays of like size, without representatives of dead stories.

        `alive`: numbers of living stories; a representative's story is its number shifted by `story_bits`.
        """
        if not self._unpacked:
            return
        self._packed.append(_columns(self._recent))
        self._recent, self._unpacked = {}, 0
        while len(self._packed) > 1 and len(self._packed[-1][0]) * 4 >= len(self._packed[-2][0]):
            newer, older = self._packed.pop(), self._packed.pop()
            self._packed.append((np.concatenate((older[0], newer[0])), np.concatenate((older[1], newer[1]))))
        keys, representatives = self._packed[-1]
        living = np.isin(representatives >> story_bits, alive)
        keys, representatives = keys[living], representatives[living]
        order = np.lexsort((representatives, keys))
        self._packed[-1] = (keys[order], representatives[order])


def _columns(recent: dict[int, int | list[int]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    single = {band: held for band, held in recent.items() if isinstance(held, int)}
    several = [(band, one) for band, held in recent.items() if isinstance(held, list) for one in held]
    keys = [*single, *(band for band, _ in several)]
    return np.array(keys, dtype=np.uint64), np.array([*single.values(), *(one for _, one in several)], dtype=np.int64)


def best(text: str, candidates: Sequence[tuple[int, str]]) -> tuple[int, float]:
    """The first of the candidates (number, text) that is most like `text`, if any is alike enough: number and likeness.

    (0, 0.0) where none is.
    """
    own = normalised(text)
    found, most = 0, 0.0
    for number, other in candidates:
        alike = likeness(own, normalised(other))
        if alike >= ALIKE and alike > most:
            found, most = number, alike
    return found, most
