"""How many sources a story has: union-find over the posts that assert it (Tarjan, "Efficiency of a good but not
linear set union algorithm", JACM 1975).

A post is a bundle of tokens: itself, its account, its text, its pictures, its links, the post it passes on. Two
posts with a token in common trace back to one source, and so do those tied through others. What is left are origins.
Hence both laws: a copy shares a token with what it copies, so it never adds an origin, and the groups do not depend
on the order of arrival.

A repost has no token but the post it passes on: who reposts two origins does not thereby make them one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from secondsource.contracts.messages import Origin

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Independence(NamedTuple):
    """N_eff in its first form, one for each origin, and how it came about. Later: Σ of each origin's weight."""

    value: float
    derivation: str


class _Group:
    __slots__ = ("accounts", "first", "posts")

    def __init__(self) -> None:
        self.posts = 0
        self.accounts: dict[int, int] = {}
        self.first: tuple[float, str, str] | None = None

    def absorb(self, other: _Group) -> _Group:
        """Both together, in the larger one."""
        if len(other.accounts) > len(self.accounts):
            return other.absorb(self)
        self.posts += other.posts
        for account, posts in other.accounts.items():
            self.accounts[account] = self.accounts.get(account, 0) + posts
        if other.first is not None and (self.first is None or other.first < self.first):
            self.first = other.first
        return self


class Origins:
    """Groups of posts by shared tokens; adding a post costs next to nothing, whatever the size of its group."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._groups: dict[int, _Group] = {}
        self._living = 0
        self.posts = 0

    def __len__(self) -> int:
        return self._living

    def add(self, tokens: Sequence[int], account: int, at: float, uid: str, handle: str) -> None:
        """Take a post up. `tokens` has at least one; `at` in seconds since 1970."""
        root = self.tie(tokens)
        group = self._groups.get(root)
        if group is None:
            group = self._groups[root] = _Group()
        if not group.posts:
            self._living += 1
        self.posts += 1
        group.posts += 1
        group.accounts[account] = group.accounts.get(account, 0) + 1
        if group.first is None or (at, uid, handle) < group.first:
            group.first = (at, uid, handle)

    def tie(self, tokens: Sequence[int]) -> int:
        """These belong together, though no post is counted for it. Their root."""
        root = self._find(tokens[0])
        for token in tokens[1:]:
            root = self._union(root, self._find(token))
        return root

    def remove(self, token: int, account: int, uid: str) -> bool:
        """Take back a post; what it tied together stays so, or a takedown would make two sources of one.

        False: it was the first of its origin, and the groups must be found anew.
        """
        group = self._groups[self._find(token)]
        if group.posts > 1 and group.first is not None and group.first[1] == uid:
            return False
        if group.posts == 1:
            self._living -= 1
            group.first = None
        self.posts -= 1
        group.posts -= 1
        left = group.accounts[account] - 1
        if left:
            group.accounts[account] = left
        else:
            del group.accounts[account]
        return True

    def together(self, token: int, other: int) -> bool:
        """Whether two tokens trace back to one source."""
        return self._find(token) == self._find(other)

    def strongest(self, most: int) -> tuple[Origin, ...]:
        """The origins with most accounts, then posts, then the earliest."""
        living = [group for group in self._groups.values() if group.posts and group.first]
        return tuple(map(_origin, heapq.nsmallest(most, living, key=_strength)))

    def independence(self) -> Independence:
        posts = self.posts
        plural = "post traces" if posts == 1 else "posts trace"
        return Independence(
            float(self._living), f"{posts} asserting {plural} back to {self._living} origin{'s' * (self._living != 1)}"
        )

    def _find(self, token: int) -> int:
        parent = self._parent
        if token not in parent:
            parent[token] = token
            return token
        root = token
        while parent[root] != root:
            root = parent[root]
        while parent[token] != root:
            parent[token], token = root, parent[token]
        return root

    def _union(self, one: int, other: int) -> int:
        if one == other:
            return one
        mine, theirs = self._groups.pop(one, None), self._groups.pop(other, None)
        heavy = mine is not None and (theirs is None or mine.posts >= theirs.posts)
        root, leaf = (one, other) if heavy else (other, one)
        self._parent[leaf] = root
        if mine is not None and theirs is not None:
            self._living -= bool(mine.posts) and bool(theirs.posts)
            self._groups[root] = mine.absorb(theirs)
        elif mine is not None or theirs is not None:
            self._groups[root] = mine or theirs  # type: ignore[assignment]  # one of them is not None
        return root


def grouped(ties: Iterable[Sequence[int]], posts: Iterable[tuple[Sequence[int], int, float, str, str]]) -> Origins:
    """The origins of posts given as the arguments of `Origins.add`, with ties whose posts are gone."""
    origins = Origins()
    for tokens in ties:
        origins.tie(tokens)
    for tokens, account, at, uid, handle in posts:
        origins.add(tokens, account, at, uid, handle)
    return origins


def _strength(group: _Group) -> tuple[int, int, tuple[float, str, str]]:
    assert group.first is not None
    return -len(group.accounts), -group.posts, group.first


def _origin(group: _Group) -> Origin:
    assert group.first is not None
    at, uid, handle = group.first
    return Origin(
        first_uid=uid,
        first_handle=handle,
        first_at=moment(at),
        posts=group.posts,
        accounts=len(group.accounts),
    )


def moment(at: float) -> datetime:
    """Seconds since 1970 as a time: to the microsecond the one they came from, until the year 2242."""
    return _EPOCH + timedelta(seconds=at)
