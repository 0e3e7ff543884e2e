"""Which anchors a text has: hashes of some of its words in a row, which a part of it has as well.

Winnowing (Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003). Of the
hashes of all runs of k = 3 words, the least of each w (at most 4) that follow one another is kept. Two texts with any
t = w + k - 1 = 6 words in a row in common therefore share an anchor, wherever those words stand: a quote shares one
with the post around it, a shortened text with the whole, a text with a changed word with the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from secondsource.compiling import compiled

_RUN: Final = 3  # words
_FEWEST_WORDS: Final = 8  # in fewer, too much is like them
#: How many runs are in a window, and from how many words on. What a wide window keeps, a narrow one keeps as well, so
#: that texts of all lengths can be compared; short ones, where a changed word spoils more, keep more.
_NARROW, _MIDDLE, _WIDE = 1, 2, 4
_MIDDLE_FROM, _WIDE_FROM = 15, 25
_MOST_ANCHORS: Final = 48  # of a text, the first ones
_MOST_WORDS: Final = 2_000  # of a text's words, those that are looked at

_BLANK, _END = 32, 10  # between words, between texts
_ALL_ONES: Final = 0xFFFF_FFFF
#: What CRC-32 makes of each byte.
_CRC = np.array([crc32(bytes([byte]), _ALL_ONES) ^ _ALL_ONES for byte in range(256)], np.int64)

#: 53 bits: exact in every reader of JSON, and positive in every database.
_MASK = np.uint64((1 << 53) - 1)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT, _LAST_SHIFT = np.uint64(29), np.uint64(32)

_Numbers = NDArray[np.int64]
_Hashes = NDArray[np.uint64]


class Anchored(NamedTuple):
    """How many words a text has, and its anchors; none of a text of under eight words."""

    words: int
    anchors: tuple[int, ...]


def anchored(texts: Sequence[str]) -> list[Anchored]:
    """Of each text, whose words stand one blank apart, on one line."""
    letters = np.frombuffer("\n".join((*texts, "")).encode("utf-8", "replace"), np.uint8)
    words, ends = np.zeros((2, len(texts)), np.int64)
    anchors = np.empty(_MOST_ANCHORS * len(texts), np.int64)
    many = _anchor(letters, words, ends, anchors)
    listed, bounds = anchors[:many].tolist(), ends.tolist()
    return [
        Anchored(count, tuple(listed[begin:end]))
        for count, begin, end in zip(words.tolist(), [0, *bounds], bounds, strict=False)
    ]


@compiled
def _anchor(letters: NDArray[np.uint8], words: _Numbers, ends: _Numbers, anchors: _Numbers) -> int:
    """Fill in the words of each text, where its anchors end, and these; how many there are."""
    runs = np.empty(_MOST_WORDS, np.uint64)
    one = two = np.uint64(0)
    text = many = count = 0
    hashed, within = _ALL_ONES, False
    for letter in letters:
        if letter not in (_BLANK, _END):
            hashed, within = _CRC[(hashed ^ np.int64(letter)) & 255] ^ (hashed >> 8), True
            continue
        if within:
            word = np.uint64(hashed ^ _ALL_ONES)
            if _RUN <= count + 1 <= _MOST_WORDS:
                mixed = _mixed(_mixed(_mixed(np.uint64(0), one), two), word)
                runs[count + 1 - _RUN] = mixed ^ (mixed >> _LAST_SHIFT)
            one, two = two, word
            count += 1
            hashed, within = _ALL_ONES, False
        if letter == _END:
            if count >= _FEWEST_WORDS:
                many = _winnow(runs, count, anchors, many)
            words[text], ends[text] = count, many
            text, count = text + 1, 0
    return many


@compiled
def _mixed(mixed: np.uint64, word: np.uint64) -> np.uint64:
    mixed = (mixed ^ word) * _PRIME
    return (mixed ^ (mixed >> _SHIFT)) * _MIX


@compiled
def _winnow(runs: _Hashes, words: int, anchors: _Numbers, many: int) -> int:
    """Add a text's anchors to the many before; how many there are then."""
    window = _NARROW if words < _MIDDLE_FROM else _MIDDLE if words < _WIDE_FROM else _WIDE
    most, before = many + _MOST_ANCHORS, -1
    for start in range(min(words, _MOST_WORDS) - _RUN - window + 2):
        least = start
        for place in range(start + 1, start + window):
            # The last of equals is kept, as the paper advises: a window sliding over equals keeps the same one longer.
            if runs[place] <= runs[least]:
                least = place
        if least != before and many < most:
            hashed = np.int64(runs[least] & _MASK)
            anchors[many] = hashed or 1  # 0 stands for an empty slot where anchors are looked up
            many += 1
        before = least
    return many
