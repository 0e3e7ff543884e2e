"""What near-copies of a text have in common: an exact digest and the bands of a MinHash.

MinHash: Broder, "On the resemblance and containment of documents" (1997). Banding: Leskovec, Rajaraman, Ullman,
"Mining of Massive Datasets", §3.4: with 16 bands of 4 rows, two texts of resemblance s share a band with
probability 1-(1-s⁴)¹⁶.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from enrich.annotator import Tags
from enrich.fold import fold, words
from enrich.memo import Memo
from secondsource.contracts.messages import Post, Sketch

_PERMUTATIONS = 64
_BANDS = 16
_ROWS = _PERMUTATIONS // _BANDS
_SEED = 1_871
_FEWEST_WORDS = 8
_MOST_WORDS = 2_000  # of a text's words, those that are sketched
_LONGEST = 40_000  # characters of a text that are read
_REMEMBERED_LENGTH = 1_000

#: 53 bits: exact in every reader of JSON, and positive in every database.
_MASK = np.uint64((1 << 53) - 1)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)

# Possessive, so that blanks without end behind a prefix are walked over once, not once for each of them.
_REPOSTED = re.compile(r"^(?:\s*+(?:RT|MT|QT|via)\b[\s:]*+(?:@[\w.@-]++[\s:]*+)?)+", re.IGNORECASE)
_LINK_OR_MENTION = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/)\S+|(?<!\w)[@＠]\w[\w.@-]*")
_CUT = re.compile(r"(\S*)\s*…\s*$")


class CopyAnnotator:
    """The sketch of each post's text; equal in every process and on every machine."""

    fills = "sketch"

    def __init__(self, *, remembered: int = 4_096) -> None:
        self._memo: Memo[str, Sketch] = Memo(remembered)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[Sketch]:  # noqa: ARG002 -- the text alone decides
        sketches = [self._memo.get(post.text) for post in posts]
        fresh = dict.fromkeys(post.text for post, sketch in zip(posts, sketches, strict=True) if sketch is None)
        made = dict(zip(fresh, sketch_texts(list(fresh)), strict=True))
        for text, sketch in made.items():
            if len(text) <= _REMEMBERED_LENGTH:
                self._memo.put(text, sketch)
        return [sketch or made[post.text] for post, sketch in zip(posts, sketches, strict=True)]


def normalise(text: str) -> list[str]:
    """The words a copy keeps: no retweet prefix, links, mentions, emoji, case, accents, nor a last word cut short."""
    text = _REPOSTED.sub("", text[:_LONGEST])
    if "@" in text or "://" in text or "＠" in text or "www." in text or "pic." in text:
        text = _LINK_OR_MENTION.sub(" ", text)
    cut = _CUT.search(text[-200:]) if "…" in text[-10:] else None
    kept = words(fold(text))
    if cut is not None and cut[1] and len(kept) > _FEWEST_WORDS:
        kept = kept[:-1]  # "…wounded near the hosp…" was cut by the platform inside its last word
    return kept


def sketch_texts(texts: Sequence[str]) -> list[Sketch]:
    """The sketch of each text. Texts of fewer than eight words have no bands: too much is like them."""
    normalised = [normalise(text) for text in texts]
    long = [place for place, kept in enumerate(normalised) if len(kept) >= _FEWEST_WORDS]
    bands = dict(zip(long, _bands([normalised[place] for place in long]), strict=True))
    return [
        Sketch(exact=_digest(kept), bands=bands.get(place, ()), words=len(kept))
        for place, kept in enumerate(normalised)
    ]


def _digest(kept: list[str]) -> str:
    return blake2b(" ".join(kept).encode("utf-8", "replace"), digest_size=12).hexdigest() if kept else ""


def _bands(texts: Sequence[list[str]]) -> list[tuple[int, ...]]:
    if not texts:
        return []
    pairs = [[f"{a} {b}" for a, b in pairwise(kept[:_MOST_WORDS])] for kept in texts]
    rows = np.array(RMinHash.digests_from_token_sets(pairs, _PERMUTATIONS, _SEED), dtype=np.uint64)
    blocks: NDArray[np.uint64] = rows.reshape(len(texts), _BANDS, _ROWS)
    mixed = np.broadcast_to(np.arange(1, _BANDS + 1, dtype=np.uint64), (len(texts), _BANDS))
    for row in range(_ROWS):
        mixed = (mixed ^ blocks[:, :, row]) * _PRIME
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    return [tuple(band) for band in ((mixed ^ (mixed >> np.uint64(32))) & _MASK).tolist()]
