"""Names of posts, accounts, texts and links as numbers: a story remembers 100,000 of them, so each must be small."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

_BITS = (1 << 58) - 1


@lru_cache(maxsize=16_384)  # a post is named several times while it is judged, an account again and again
def digest(name: str) -> int:
    """58 bits of BLAKE2b: the same in every process; two of a million names share one with chance 2 in a million."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") & _BITS or 1


def story_id(watch: str, first_uid: str) -> str:
    """16 hex digits. A story is named for its watch and its first post, so that every replay gives the same name."""
    return blake2b(f"{watch}\n{first_uid}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
