"""A bounded memory of pure results: reposts carry the same text thousands of times over."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Between `size` and 2 × `size` of the entries last used, in two generations.

    When the young generation is full it becomes the old one and the old one is dropped: as good as a
    least-recently-used list here, at the price of a dictionary look-up.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def recall(self, keys: Sequence[K]) -> list[V | None]:
        """As `get`, of many."""
        found: list[V | None] = list(map(self._young.get, keys))
        if self._old:
            for place, value in enumerate(found):
                if value is None:
                    found[place] = self.get(keys[place])
        return found

    def put(self, key: K, value: V) -> None:
        if len(self._young) >= self._size:
            self._old = self._young
            self._young = {}
        self._young[key] = value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
