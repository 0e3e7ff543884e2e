"""What a run remembers of what it sent, bounded: the store lags behind by seconds, and deletions do not wait for it."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple


class _One(NamedTuple):
    account: str
    watches: tuple[str, ...]
    revision: str


class Sent:
    """The newest `limit` posts sent, with their watches, by uid and by account."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._posts: OrderedDict[str, _One] = OrderedDict()
        self._of: dict[str, set[str]] = {}

    def add(self, uid: str, account: str, watches: tuple[str, ...], revision: str) -> None:
        self._posts.pop(uid, None)
        self._posts[uid] = _One(account, watches, revision)
        self._of.setdefault(account, set()).add(uid)
        if len(self._posts) > self._limit:
            oldest, one = self._posts.popitem(last=False)
            self._unlist(oldest, one.account)

    def watches(self, uid: str) -> tuple[str, ...]:
        """Empty where it is not remembered."""
        one = self._posts.get(uid)
        return one.watches if one is not None else ()

    def repeated(self, uid: str, revision: str) -> bool:
        """Whether this very revision has been sent."""
        one = self._posts.get(uid)
        return one is not None and bool(revision) and one.revision == revision

    def of(self, account: str) -> dict[str, tuple[str, ...]]:
        return {uid: self._posts[uid].watches for uid in sorted(self._of.get(account, ()))}

    def forget(self, uid: str) -> None:
        one = self._posts.pop(uid, None)
        if one is not None:
            self._unlist(uid, one.account)

    def _unlist(self, uid: str, account: str) -> None:
        mine = self._of[account]
        mine.discard(uid)
        if not mine:
            del self._of[account]


class Handles:
    """The newest `limit` handles that accounts were given while we listened, by DID."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._of: OrderedDict[str, str] = OrderedDict()

    def put(self, did: str, handle: str) -> None:
        """`handle.invalid` is what the network says where a handle does not lead back to its account."""
        self._of.pop(did, None)
        if handle and handle != "handle.invalid":
            self._of[did] = handle
            if len(self._of) > self._limit:
                self._of.popitem(last=False)

    def of(self, did: str) -> str:
        return self._of.get(did, "")
