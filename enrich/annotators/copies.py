"""What copies of a text have in common: an exact digest, and anchors that a part of it has as well.

Anchors: winnowing (Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD
2003). Of the hashes of all runs of k = 3 words, the least of each w (at most 4) that follow one another is kept. Two
texts with any t = w + k - 1 = 6 words in a row in common therefore share an anchor, wherever those words stand: a quote
shares one with the post around it, a shortened text with the whole, a text with a changed word with the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from enrich.annotator import Tags
from enrich.memo import Memo
from secondsource.contracts.folding import copied_text
from secondsource.contracts.messages import Post, Sketch

_RUN = 3  # words
#: From how many words to how many, and how many runs are in a window then. What a wide window keeps, a narrow one keeps
#: as well, so that texts of all lengths can be compared; short ones, where a changed word spoils more, keep more.
_WINDOWS = ((8, 14, 1), (15, 24, 2), (25, 1 << 62, 4))
_MOST_HASHES = 200_000
_FEWEST_WORDS = 8
_MOST_ANCHORS = 48  # of a text, the first ones
_MOST_WORDS = 2_000  # of a text's words, those that are sketched
_REMEMBERED_LENGTH = 1_000

#: 53 bits: exact in every reader of JSON, and positive in every database.
_MASK = np.uint64((1 << 53) - 1)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


class CopyAnnotator:
    """The sketch of each post's text; equal in every process and on every machine."""

    fills = "sketch"

    def __init__(self, *, remembered: int = 4_096) -> None:
        self._memo: Memo[str, Sketch] = Memo(remembered)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[Sketch]:  # noqa: ARG002 -- the text alone decides
        return self._memo.all_of([post.text for post in posts], sketch_texts, kept=_is_short)


def _is_short(text: str) -> bool:
    return len(text) <= _REMEMBERED_LENGTH


def sketch_texts(texts: Sequence[str]) -> list[Sketch]:
    """The sketch of each text. Texts of fewer than eight words have no bands: too much is like them."""
    return sketch_words([copied_text(text).split() for text in texts])


def sketch_words(texts: Sequence[list[str]]) -> list[Sketch]:
    """As `sketch_texts`, of texts already reduced to the words that a copy keeps."""
    long = [place for place, kept in enumerate(texts) if len(kept) >= _FEWEST_WORDS]
    bands = dict(zip(long, _anchors([texts[place] for place in long]), strict=True))
    return [
        Sketch(exact=_digest(kept), bands=bands.get(place, ()), words=len(kept)) for place, kept in enumerate(texts)
    ]


def _digest(kept: list[str]) -> str:
    return blake2b(" ".join(kept).encode("utf-8", "replace"), digest_size=12).hexdigest() if kept else ""


def _anchors(texts: Sequence[list[str]]) -> list[tuple[int, ...]]:
    anchors: list[tuple[int, ...]] = [()] * len(texts)
    for shortest, longest, window in _WINDOWS:
        places = [place for place, kept in enumerate(texts) if shortest <= len(kept) <= longest]
        if places:
            for place, found in zip(places, _winnowed([texts[at] for at in places], window), strict=True):
                anchors[place] = found
    return anchors


def _winnowed(texts: Sequence[list[str]], window: int) -> list[tuple[int, ...]]:
    """All texts at once: their runs stand one behind the other, and windows do not reach over an end."""
    counts = np.array([min(len(kept), _MOST_WORDS) for kept in texts])
    hashed = [_hashes[word] for kept in texts for word in kept[:_MOST_WORDS]]
    word = np.array(hashed, dtype=np.uint64)
    run = _mixed(word[:-2], word[1:-1], word[2:])
    values = run & _MASK
    values[values == 0] = 1  # 0 stands for an empty slot where anchors are looked up
    ends = np.cumsum(counts)
    starts = ends - counts
    of_text = counts - (_RUN + window - 2)  # windows that each text has
    first = np.zeros(len(run) + 1, dtype=np.int64)
    first[starts] += 1
    first[starts + of_text] -= 1
    inside = np.cumsum(first)[: len(run) - window + 1] > 0
    if window == 1:
        chosen = inside
        places = np.flatnonzero(chosen)
        anchors = values[places]
    else:
        windows = np.lib.stride_tricks.sliding_window_view(run, window)
        # The last of equals is kept, as the paper advises: a window sliding over equals keeps the same one longer.
        least = np.arange(len(windows)) + window - 1 - np.argmin(windows[:, ::-1], axis=1)
        chosen = inside.copy()
        chosen[1:] &= (least[1:] != least[:-1]) | ~inside[:-1]
        chosen[starts] = inside[starts]
        places = np.flatnonzero(chosen)
        anchors = values[least[places]]
    bounds = np.searchsorted(places, starts).tolist()
    listed = anchors.tolist()
    return [
        tuple(listed[begin : min(end, begin + _MOST_ANCHORS)])
        for begin, end in zip(bounds, [*bounds[1:], len(listed)], strict=True)
    ]


class _Hashes(dict[str, int]):
    """Each word's hash, worked out when it is first met; bounded, for words are without end."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_HASHES:
            self.clear()
        hashed = self[word] = crc32(word.encode("utf-8", "replace"))
        return hashed


_hashes = _Hashes()  # a pure function's memory


def _mixed(*words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = np.zeros(len(words[0]), dtype=np.uint64)
    for word in words:
        mixed = (mixed ^ word) * _PRIME
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    return mixed ^ (mixed >> np.uint64(32))
