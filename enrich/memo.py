"""A bounded memory of pure results: reposts carry the same text thousands of times over."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
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

    def all_of(
        self, keys: Sequence[K], make: Callable[[list[K]], Sequence[V]], *, kept: Callable[[K], bool] | None = None
    ) -> list[V]:
        """The value of each key. `make` is asked once for those that are not remembered, each key once, in their order.

        What is made of a key that is not to be `kept` is not remembered.
        """
        found = self._recall(keys)
        fresh = list(dict.fromkeys(key for key, value in zip(keys, found, strict=True) if value is None))
        made = dict(zip(fresh, make(fresh), strict=True)) if fresh else {}
        for key, value in made.items():
            if kept is None or kept(key):
                self.put(key, value)
        return [made[key] if value is None else value for key, value in zip(keys, found, strict=True)]

    def _recall(self, keys: Sequence[K]) -> list[V | None]:
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
