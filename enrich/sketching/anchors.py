"""Which anchors a text has: hashes of some of its words in a row, which a part of it has as well; and its letters.

Winnowing (Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003). Of the
hashes of all runs of k = 3 words, the least of each w (at most 4) that follow one another is kept. Two texts with any
t = w + k - 1 = 6 words in a row in common therefore share an anchor, wherever those words stand: a quote shares one
with the post around it, a shortened text with the whole, a text with a changed word with the original.

The hash of a run is a sum over its words, and that of a word a sum over its letters, each letter that is repeated taken
once: a text written backwards, by letters or by words, has the anchors of the text, and so has one whose words have
their letters jumbled or drawn out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

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
#: Letters a word, from which on a text is written without blanks, and how many are counted for one then.
_TIGHT, _WORD = 16, 8

_BLANK, _END = 32, 10  # between words, between texts
_ZERO, _NINE = 48, 57
_HALF = np.uint32(16)  # bits of a letter

#: 53 bits: exact in every reader of JSON, and positive in every database.
_MASK = np.uint64((1 << 53) - 1)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT, _LAST_SHIFT = np.uint64(29), np.uint64(32)

_Numbers = NDArray[np.int64]
_Hashes = NDArray[np.uint64]
_Written = NDArray[np.uint32]
_Letters = NDArray[np.uint16]


class Anchored(NamedTuple):
    """How many words a text has, or has room for where it is written without blanks; and its anchors, none of a text of
    under eight words between blanks.

    `letters`: two bytes for each, without what may be changed with no letter changed: no blanks but between two
    numbers, a letter that is repeated once, forwards or backwards, whichever comes first.
    """

    words: int
    anchors: tuple[int, ...]
    letters: bytes


def anchored(texts: Sequence[str]) -> list[Anchored]:
    """Of each text, whose words stand one blank apart, on one line."""
    written = np.frombuffer("\n".join((*texts, "")).encode("utf-32-le", "surrogatepass"), np.uint32)
    words, ends, letters_end = np.zeros((3, len(texts)), np.int64)
    anchors = np.empty(_MOST_ANCHORS * len(texts), np.int64)
    letters = np.empty(len(written), np.uint16)
    many = _anchor(written, words, ends, anchors, letters, letters_end)
    listed, bounds = anchors[:many].tolist(), ends.tolist()
    alone, last = letters.tobytes(), (2 * letters_end).tolist()
    return [
        Anchored(count, tuple(listed[begin:end]), alone[first:after])
        for count, begin, end, first, after in zip(words.tolist(), [0, *bounds], bounds, [0, *last], last, strict=False)
    ]


@compiled
def _anchor(
    written: _Written, words: _Numbers, ends: _Numbers, anchors: _Numbers, letters: _Letters, letters_end: _Numbers
) -> int:
    """Fill in the words of each text, where its anchors end, and these, and its letters; how many anchors there are."""
    runs = np.empty(_MOST_WORDS, np.uint64)
    one = two = word = np.uint64(0)
    text = many = count = begin = end = 0
    before = last = np.uint32(_BLANK)  # letters: of the word, of the text
    for letter in written:
        if letter > _NINE:
            if letter != before:
                word += _spread(np.uint64(letter))
                if letter != last:
                    letters[end] = letter ^ (letter >> _HALF)
                    last, end = letter, end + 1
                before = letter
            continue
        if letter not in (_BLANK, _END):
            word += _spread(np.uint64(letter))
            if before == _BLANK and _ZERO <= last <= _NINE:
                letters[end] = _BLANK
                end += 1
            letters[end] = before = last = letter
            end += 1
            continue
        if before != _BLANK:
            hashed = _mixed(word)
            if _RUN <= count + 1 <= _MOST_WORDS:
                mixed = _mixed(one + two + hashed)
                runs[count + 1 - _RUN] = mixed ^ (mixed >> _LAST_SHIFT)
            one, two, word = two, hashed, np.uint64(0)
            count += 1
            before = np.uint32(_BLANK)
        if letter == _END:
            if count >= _FEWEST_WORDS:
                many = _winnow(runs, count, anchors, many)
            _turn(letters, begin, end)
            tight = end - begin > _TIGHT * count
            words[text], ends[text], letters_end[text] = (end - begin) // _WORD if tight else count, many, end
            text, count, begin, last = text + 1, 0, end, np.uint32(_BLANK)
    return many


@compiled
def _spread(value: np.uint64) -> np.uint64:
    spread = value * _PRIME
    return spread ^ (spread >> _SHIFT)


@compiled
def _mixed(value: np.uint64) -> np.uint64:
    return _spread(value) * _MIX


@compiled
def _turn(letters: _Letters, begin: int, end: int) -> None:
    """Write these letters backwards where they come first so."""
    left, right = begin, end - 1
    while left < right and letters[left] == letters[right]:
        left, right = left + 1, right - 1
    if left < right and letters[right] < letters[left]:
        letters[begin:end] = letters[begin:end][::-1].copy()


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
