"""Accounts of a watch that share the same things within seconds of each other: looked for while the stream runs.

What posts share in words or pictures of their own is kept, the last `most` shares of the watch. Pairs of accounts are
looked for in them (`coordination`) when a story that spreads asks, and a quarter of the shares are new since the last
time: however many ask, a share is looked at five times on average. Reposts are not among them: a press of a button
follows whoever posted first, and its time says little.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from alerts.memory.digests import digest
from alerts.memory.tail import Tail
from alerts.origins.coordination import Edge, network_of_numbers

#: Seconds between two shares, at most.
WINDOW = 60.0
#: New shares at least before they are looked at again, and the share of all that must be new.
_FEWEST_NEW = 40
_NEW = 0.25
_MOST_PAIRS = 5_000
_MOST_OF_ACCOUNT = 16  # pairs of one account that tie its posts to others'


class InStep(NamedTuple):
    """Behaviour in numbers: `accounts` of the `of` that assert a story share the same things as another of them within
    `seconds`, repeatedly and more than chance allows; `pairs` of them do, the two with most in common `objects`
    different things. `p`: the largest p-value of these pairs; `q`: the share of them that may be chance.
    """

    accounts: int
    pairs: int
    of: int
    objects: int
    seconds: float
    p: float
    q: float


class Pair(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Two accounts in step: their digests, a < b, and how they were found."""

    a: int
    b: int
    objects: int
    p: float
    q: float

    @property
    def id(self) -> int:
        return digest(f"pair {self.a} {self.b}")


class _Saved(msgspec.Struct, array_like=True):
    start: int
    end: int
    run: int
    looked: int
    pairs: list[Pair]


class Steps:
    """`run` counts the times it was looked."""

    def __init__(self, name: str, most: int = 20_000) -> None:
        self._name = name
        self._most = most
        self._shares = Tail(f"{name}/shares", "qqqd")  # object, account, post, when
        self._looked = 0  # end of the shares when they were last looked at
        self._changed = False
        self.run = 0
        self._pairs: list[Pair] = []
        self._of: dict[int, list[Pair]] = {}

    def share(self, objects: Sequence[int], account: int, post: int, at: float) -> None:
        """A post shares these objects. Things without a name of their own are named by tokens of `stories`."""
        shares = self._shares
        for thing in objects:
            shares.add(thing, account, post, at)
        if shares.end - shares.start > self._most:
            shares.forget(shares.end - self._most)
        self._changed = True

    def look(self) -> None:
        """Look for pairs, if enough is new."""
        shares = self._shares
        new = shares.end - self._looked
        if new < max(_FEWEST_NEW, _NEW * (shares.end - shares.start)):
            return
        things, accounts, posts, moments = (np.array(shares.held(column)) for column in range(4))
        found = network_of_numbers(things, accounts, moments, posts, window=WINDOW)
        edges = found.kept()[:_MOST_PAIRS]
        self._take([_pair(int(edge.a), int(edge.b), edge) for edge in edges])
        self._looked, self.run, self._changed = shares.end, self.run + 1, True

    def _take(self, pairs: list[Pair]) -> None:
        self._pairs, self._of = pairs, {}
        for pair in pairs:
            for account in (pair.a, pair.b):
                self._of.setdefault(account, []).append(pair)

    def pairs_of(self, account: int) -> tuple[int, ...]:
        """Ids of the surest pairs that an account is one of."""
        return tuple(pair.id for pair in self._of.get(account, ())[:_MOST_OF_ACCOUNT])

    def among(self, accounts: Collection[int]) -> list[Pair]:
        """The pairs both of whose accounts are among these, the surest first."""
        if len(accounts) < len(self._of):
            near = {pair for account in accounts for pair in self._of.get(account, ())}
            return [pair for pair in self._pairs if pair in near and pair.a in accounts and pair.b in accounts]
        return [pair for pair in self._pairs if pair.a in accounts and pair.b in accounts]

    # Saving

    def changes(self) -> dict[str, bytes | None]:
        if not self._changed:
            return {}
        self._changed = False
        saved = _Saved(self._shares.start, self._shares.end, self.run, self._looked, self._pairs)
        return {**self._shares.changes(), f"{self._name}/steps/0": msgspec.msgpack.encode(saved)}

    def restore(self, parts: Mapping[str, Iterable[tuple[int, bytes]]]) -> None:
        """`parts` under "shares" and "steps", numbered and in order."""
        for _, body in parts.get("steps", ()):
            saved = msgspec.msgpack.decode(body, type=_Saved)
            self._shares.restore(parts.get("shares", ()), saved.start, saved.end)
            self._looked, self.run = saved.looked, saved.run
            self._take(saved.pairs)


def _pair(one: int, other: int, edge: Edge) -> Pair:
    return Pair(min(one, other), max(one, other), edge.objects, edge.p, edge.q)


def reading(pairs: Sequence[Pair], of: int) -> InStep | None:
    """What pairs of accounts of one story come to; None where there are none."""
    if not pairs:
        return None
    accounts = {account for pair in pairs for account in (pair.a, pair.b)}
    return InStep(
        accounts=len(accounts),
        pairs=len(pairs),
        of=of,
        objects=max(pair.objects for pair in pairs),
        seconds=WINDOW,
        p=max(pair.p for pair in pairs),
        q=max(pair.q for pair in pairs),
    )
