"""Pictures that are seen everywhere: logos, stock pictures, templates. What they are shown with has nothing in common.

A picture is seen everywhere once eight posts of eight accounts have shown it that are pairwise unrelated. Two posts are
unrelated where they share no word, hashtag or name, each says three words or more, and they name different places or
events, or lie a week apart; the watch's own words and names, and what the picture reads, aside. Posts of one event in
many languages share what they name or are close in time, so a picture that merely goes far stays what it is. Which
posts are kept is decided one after the other in event order, so the measure is the same in every replay; no more than
eight are kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

FEWEST_UNRELATED: Final = 8
APART: Final = 7 * 86_400.0  #: seconds after which posts that share nothing concern different things
_FEWEST_WORDS = 3
_MOST_WORDS = 12
_SIZE = 4  # bytes of a word's digest


class Showing(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One post that shows a picture: digests of its uid and account, when; 32-bit digests of what it says and names.

    Two of a thousand words share a digest with chance 1 in 10,000; it then counts as a word in common, which is safe.
    """

    key: int
    account: int
    at: float
    words: bytes
    named: bytes


def showing(key: int, account: int, at: float, words: Sequence[str], named: Sequence[str]) -> Showing:
    """What is kept of a post. `words` as `alerts.text.words.terms` gives them, `named` ids of places and events."""
    return Showing(key, account, at, _packed(words[:_MOST_WORDS]), _packed(named[:_MOST_WORDS]))


def taken_up(new: Showing, known: Iterable[Showing]) -> bool:
    """Whether a post is unrelated to all that are kept, and says enough for that to be told."""
    return len(new.words) >= _FEWEST_WORDS * _SIZE and all(unrelated(new, other) for other in known)


def unrelated(one: Showing, other: Showing) -> bool:
    if one.account == other.account or _share(one.words, other.words) or _share(one.named, other.named):
        return False
    return bool(one.named and other.named) or abs(one.at - other.at) >= APART


def _packed(words: Iterable[str]) -> bytes:
    return b"".join(zlib.crc32(word.encode("utf-8", "surrogatepass")).to_bytes(_SIZE, "little") for word in words)


def _share(one: bytes, other: bytes) -> bool:
    return not _split(one).isdisjoint(_split(other))


def _split(packed: bytes) -> set[bytes]:
    return {packed[at : at + _SIZE] for at in range(0, len(packed), _SIZE)}
