"""Tokens: what two posts can have in common, as one number each. The kind is in its lowest three bits."""

from __future__ import annotations

from alerts.memory.digests import digest


def post_token(key: int) -> int:
    return key << 3


def by_hand_token(platform: str, handle: str) -> int:
    """What is passed on of an account by hand: "RT @ana: …"."""
    return post_token(digest(f"{platform} @{handle.casefold()}"))


def account_token(account: int) -> int:
    return account << 3 | 1


def cluster_token(representative: int) -> int:
    """A text and its near-copies."""
    return representative << 3 | 2


def text_token(exact: int) -> int:
    return exact << 3 | 3


def picture_token(row: int) -> int:
    return row << 3 | 4


def link_token(link: int) -> int:
    return link << 3 | 5


def credit_token(agency: int) -> int:
    """An agency whose text outlets say they carry."""
    return agency << 3 | 6


def owner_token(owner: int) -> int:
    """Who owns the source that a post comes from. The lowest bit but three tells it from a pair."""
    return (owner & ~1) << 3 | 7


def pair_token(pair: int) -> int:
    """Two accounts that co-share."""
    return (pair | 1) << 3 | 7
