"""The end of a long list of numbers, saved in pieces: what is added at one end and forgotten at the other."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import msgspec

_SHRINK = 4_096


class Tail:
    """Columns of equal length ("d" floats, "q" integers), addressed by a position that never changes."""

    def __init__(self, name: str, codes: str) -> None:
        self._name = name
        self._codes = codes
        self._columns: list[array[float]] = [array(code) for code in codes]  # "q" ones hold integers
        self._append = [column.append for column in self._columns]
        self.start = 0  #: position of the first row still needed
        self._base = 0  # position of the first row still held
        self._saved = 0  # position after the last row that was saved
        self._parts: dict[int, int] = {}  # part → position after its last row
        self._next = 0

    @property
    def end(self) -> int:
        return self._base + len(self._columns[0])

    def add(self, *row: float) -> None:
        """Append a row."""
        for append, value in zip(self._append, row, strict=True):
            append(value)

    def get(self, column: int, position: int) -> float:
        return self._columns[column][position - self._base]

    def held(self, column: int) -> array[float]:
        """A column from `start` to `end`."""
        return self._columns[column][self.start - self._base :]

    def forget(self, before: int) -> None:
        """Rows before this position are needed no more."""
        self.start = before
        if before - self._base >= max(_SHRINK, len(self._columns[0]) // 2):
            for column in self._columns:
                del column[: before - self._base]
            self._base = before

    def changes(self) -> dict[str, bytes | None]:
        held: dict[str, bytes | None] = {}
        first = max(self._saved, self.start)
        if self.end > first:
            rows = [column[first - self._base :].tobytes() for column in self._columns]
            held[f"{self._name}/{self._next:010d}"] = msgspec.msgpack.encode((first, self.end, rows))
            self._parts[self._next] = self.end
            self._next += 1
        self._saved = self.end
        for part in [part for part, end in self._parts.items() if end <= self.start]:
            held[f"{self._name}/{part:010d}"] = None
            del self._parts[part]
        return held

    def restore(self, parts: Iterable[tuple[int, bytes]], start: int, end: int) -> None:
        """`start` and `end` as they were when the parts were saved."""
        self.start = self._base = self._saved = end
        for part, body in parts:
            first, after, rows = msgspec.msgpack.decode(body, type=tuple[int, int, list[bytes]])
            if len(self._columns[0]) == 0:
                self._base = first
            for column, held in zip(self._columns, rows, strict=True):
                column.frombytes(held)
            self._parts[part] = after
            self._next = part + 1
        self.start = start
