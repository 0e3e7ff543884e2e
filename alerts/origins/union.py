"""How many sources a story has: union-find over the posts that assert it (Tarjan, "Efficiency of a good but not
linear set union algorithm", JACM 1975).

A post is a bundle of tokens: itself, its account, its text, its pictures, its links, the post it passes on. Two
posts with a token in common trace back to one source, and so do those tied through others. What is left are origins.
Hence both laws: a copy shares a token with what it copies, so it never adds an origin, and the groups do not depend
on the order of arrival.

A repost has no token but the post it passes on: who reposts two origins does not thereby make them one.

Origins do not all weigh the same: N_eff = Σ q_g, and q_g = (1 - c) · r · f of the post that began origin g.

c, how likely it is a copy though nothing ties it: 1/2 for who answers a post of the story, and so had read it; 1/2 for
who says to have it from somebody else; both, 3/4. 0 where nothing speaks for it.
f, its freshness: 1/2 for each `FRESH` seconds that passed since the story began before it first spoke, at most four
times: by then all had heard of it. What is older by the clock alone does not weigh less, so that a story does not lose
its corroboration by being long.
r, its relevance: 1/2 where only words tie it to the story, and it is less than nine to one that both say the same.

A copy comes later than what it copies, begins nothing, and so never adds weight; two origins that are tied together
weigh what the earlier did. All weights are powers of two: their sum is exact, whatever the order.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from alerts.memory.times import moment
from secondsource.contracts.messages import Merge, Origin

FRESH = 48 * 3600.0  #: seconds
_MOST_HALVINGS = 4
#: What ties, by the lowest three bits of a token, and how sure that makes it one source. The tokens are in `stories`.
#: A tie found by identity is sure. The other numbers are judged, not measured: likeness leaves few by chance, a page or
#: an agency may be credited by somebody who was there as well.
_KINDS = (
    ("repost or quote", 1.0, "passes on a post of this origin"),
    ("same account", 1.0, "by an account of this origin"),
    ("near-identical text", 0.99, "nearly the same words"),
    ("same text", 0.99, "the same words"),
    ("same picture", 0.98, "shows the same picture or frame"),
    ("same link", 0.9, "links to the same page"),
    ("wire credit", 0.95, "credits the same agency, says to have it from there, or is its own"),
    ("same owner", 0.9, "the source registry names the same owner"),
    ("coordinated pair", 0.9, "by accounts that shared the same things within seconds, more often than chance allows"),
)
_OWNER, _COORDINATED = 7, 8


class Independence(NamedTuple):
    """N_eff and how it came about."""

    value: float
    derivation: str


class _Group:
    __slots__ = ("accounts", "doubt", "first", "posts")

    def __init__(self) -> None:
        self.posts = 0
        self.accounts: dict[int, int] = {}
        self.first: tuple[float, str, str] | None = None
        self.doubt = 0

    def absorb(self, other: _Group) -> _Group:
        """Both together, in the larger one."""
        if len(other.accounts) > len(self.accounts):
            return other.absorb(self)
        self.posts += other.posts
        for account, posts in other.accounts.items():
            self.accounts[account] = self.accounts.get(account, 0) + posts
        if other.first is not None and (self.first is None or other.first < self.first):
            self.first, self.doubt = other.first, other.doubt
        return self

    def late(self, begun: float) -> int:
        """How often its weight is halved for having come late."""
        assert self.first is not None
        return min(_MOST_HALVINGS, int((self.first[0] - begun) // FRESH))

    def weight(self, begun: float) -> float:
        return 0.5 ** (self.doubt + self.late(begun)) if self.posts else 0.0


class Origins:
    """Groups of posts by shared tokens; adding a post costs next to nothing, whatever the size of its group."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._groups: dict[int, _Group] = {}
        self._ties: dict[int, list[int]] = {}  # root → how many ties of each kind hold it together
        self._living = 0
        self._begun = math.inf
        self.posts = 0
        self.value = 0.0  #: N_eff

    def __len__(self) -> int:
        return self._living

    def add(self, tokens: Sequence[int], account: int, at: float, uid: str, handle: str, doubt: int = 0) -> None:
        """Take a post up. `tokens` has at least one; `at` in seconds since 1970; `doubt` halves its weight so often."""
        if at < self._begun:
            self._begin(at)
        root = self.tie(tokens)
        group = self._groups.get(root)
        if group is None:
            group = self._groups[root] = _Group()
        self.posts += 1
        group.accounts[account] = group.accounts.get(account, 0) + 1
        if group.posts and group.first is not None and group.first <= (at, uid, handle):
            group.posts += 1
            return
        before = group.weight(self._begun)
        self._living += not group.posts
        group.posts += 1
        if group.first is None or (at, uid, handle) < group.first:
            group.first, group.doubt = (at, uid, handle), doubt
        self.value += group.weight(self._begun) - before

    def _begin(self, at: float) -> None:
        """The story is older than it seemed."""
        self._begun = at
        self.value = sum(group.weight(at) for group in self._groups.values())

    def tie(self, tokens: Sequence[int]) -> int:
        """These belong together, though no post is counted for it. Their root."""
        parent = self._parent
        known = [token for token in tokens if token in parent]
        root = tokens[-1]
        if not known:
            for token in tokens:
                parent[token] = root
            return root
        root = self._find(tokens[0])
        for token in tokens[1:]:
            root = self._union(root, self._find(token))
        ties = self._ties.get(root)
        if ties is None:
            ties = self._ties[root] = [0] * len(_KINDS)
        for token in known:
            ties[_kind(token)] += 1
        return root

    def tie_in(self, token: int, others: Sequence[int]) -> None:
        """A post that is counted already, known by a token of its own, has these in common with others, too."""
        for other in others:
            known = other in self._parent
            root = self._union(self._find(token), self._find(other))
            if known:
                self._ties.setdefault(root, [0] * len(_KINDS))[_kind(other)] += 1

    def remove(self, tokens: Sequence[int], account: int, uid: str, *, leaves_ties: bool) -> bool:
        """Take back a post; what it tied together stays so, or a takedown would make two sources of one.

        `leaves_ties`: it is tied in again, as one that is gone, when the groups are found anew. False: it was the first
        of its origin, or of the story, and they must be found anew now.
        """
        root = self._find(tokens[0])
        group = self._groups[root]
        if group.first is not None and group.first[1] == uid and (group.posts > 1 or group.first[0] == self._begun):
            return False
        if group.posts == 1:
            self._living -= 1
            self.value -= group.weight(self._begun)
            group.first = None
        self.posts -= 1
        group.posts -= 1
        left = group.accounts[account] - 1
        if left:
            group.accounts[account] = left
        else:
            del group.accounts[account]
        ties = self._ties.get(root)
        if ties is not None and not leaves_ties:
            for token in tokens:
                ties[_kind(token)] = max(0, ties[_kind(token)] - 1)
        return True

    def __contains__(self, token: int) -> bool:
        return token in self._parent

    def together(self, token: int, other: int) -> bool:
        """Whether two tokens trace back to one source."""
        return self._find(token) == self._find(other)

    def strongest(self, most: int) -> tuple[Origin, ...]:
        """The origins with most accounts, then posts, then the earliest."""
        living = [(root, group) for root, group in self._groups.items() if group.posts and group.first]
        return tuple(self._origin(*one) for one in heapq.nsmallest(most, living, key=lambda one: _strength(one[1])))

    def independence(self) -> Independence:
        """N_eff with its derivation: how many origins there are of each weight, and why."""
        posts = self.posts
        plural = "post traces" if posts == 1 else "posts trace"
        traced = f"{posts} asserting {plural} back to {self._living} origin{'s' * (self._living != 1)}"
        weights: dict[tuple[int, int], int] = {}
        for group in self._groups.values():
            if group.posts:
                why = (group.doubt, group.late(self._begun))
                weights[why] = weights.get(why, 0) + 1
        if set(weights) <= {(0, 0)}:
            return Independence(self.value, traced)
        terms = [_term(number, *why) for why, number in sorted(weights.items())]
        weigh = "weighs" if self._living == 1 else "weigh"
        return Independence(self.value, f"{traced}, which {weigh} {' + '.join(terms)} = {self.value:g}")

    def _origin(self, root: int, group: _Group) -> Origin:
        assert group.first is not None
        at, uid, handle = group.first
        return Origin(
            first_uid=uid,
            first_handle=handle,
            first_at=moment(at),
            posts=group.posts,
            accounts=len(group.accounts),
            weight=group.weight(self._begun),
            merges=tuple(
                Merge(kind=kind, ties=ties, confidence=confidence, evidence=evidence)
                for ties, (kind, confidence, evidence) in zip(self._ties.get(root, ()), _KINDS, strict=False)
                if ties
            ),
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
        ties, more = self._ties.get(root), self._ties.pop(leaf, None)
        if more is not None:
            self._ties[root] = more if ties is None else [sum(both) for both in zip(ties, more, strict=True)]
        if mine is not None and theirs is not None:
            self._living -= bool(mine.posts) and bool(theirs.posts)
            before = mine.weight(self._begun) + theirs.weight(self._begun)
            group = self._groups[root] = mine.absorb(theirs)
            self.value += group.weight(self._begun) - before
        elif mine is not None or theirs is not None:
            self._groups[root] = mine or theirs  # type: ignore[assignment]  # one of them is not None
        return root


def _kind(token: int) -> int:
    kind = token & 7
    return _COORDINATED if kind == _OWNER and token >> 3 & 1 else kind


def _term(number: int, doubt: int, late: int) -> str:
    """Some origins of one weight: "2 × 0.5 (second hand)"."""
    why = [("", "at second hand, in answer to the story, or alike in few words", "for two such reasons")[min(doubt, 2)]]
    why += [f"{late * FRESH / 3600:g} h or more after the story began"] if late else []
    told = ", ".join(filter(None, why))
    return f"{number} × {0.5 ** (doubt + late):g}" + (f" ({told})" if told else "")


def grouped(ties: Iterable[Sequence[int]], posts: Iterable[tuple[Sequence[int], int, float, str, str, int]]) -> Origins:
    """The origins of posts given as the arguments of `Origins.add`, with ties whose posts are gone."""
    origins = Origins()
    for tokens in ties:
        origins.tie(tokens)
    for tokens, account, at, uid, handle, doubt in posts:
        origins.add(tokens, account, at, uid, handle, doubt)
    return origins


def _strength(group: _Group) -> tuple[int, int, tuple[float, str, str]]:
    assert group.first is not None
    return -len(group.accounts), -group.posts, group.first
