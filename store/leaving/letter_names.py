"""Which posts a dead letter may hold, so that a takedown finds it too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from secondsource.contracts.messages import LONGEST_ID, DeadLetter
from store.database.text import storable

LONGEST: Final = 1_000_000  #: bytes of a letter that are looked through
MOST: Final = 32  #: names taken from one letter

#: Where records name a post: in JSON of ours, of X and of Mastodon, in feeds' XML, and X ids in rows of a table.
_NAMES = re.compile(
    rb'"(?:id|id_str|uri|guid|uid|repost_of|claim_uid|first_uid|source)"\s{0,9}:\s{0,9}"?([^"\s,}\]]{1,500})'
    rb"|<(?:guid|id|link)\b[^<>]{0,200}>([^<]{1,500})<|(?<!\d)(\d{15,20})(?!\d)"
)
_BLUESKY = re.compile(
    rb'"did"\s{0,9}:\s{0,9}"(did:[^"\s]{1,300})".{0,2000}?"rkey"\s{0,9}:\s{0,9}"([^"\s]{1,100})"', re.DOTALL
)
_UID = re.compile(r"(?:x|bluesky|mastodon|feed|telegram|[a-z]{1,20}):[^\s/][^\s]*")


def named_in(letter: DeadLetter) -> set[str]:
    """Posts whose words a letter's bytes may hold, by every uid they could have.

    The bytes could not be read, so this looks for what names posts wherever it stands; it may name too many.
    """
    body = letter.body[:LONGEST]
    uids = {letter.key} if _UID.match(letter.key) else set()
    for count, found in enumerate(_NAMES.finditer(body)):
        if count == MOST:
            break
        uids.update(_uids(next(filter(None, found.groups())).decode("utf-8", "replace").replace("\\/", "/").strip()))
    uids.update(
        f"bluesky:{did.decode()}/{rkey.decode()}" for did, rkey in _BLUESKY.findall(body) if (did + rkey).isascii()
    )
    return {storable(uid) for uid in uids if len(uid) <= LONGEST_ID}


def _uids(name: str) -> Iterator[str]:
    if name.isdecimal():
        yield f"x:{name}"
    elif name.startswith(("https://", "http://")):
        yield from (f"mastodon:{name}", f"feed:{name}")
    elif _UID.fullmatch(name):
        yield name
