"""Rows as PostgreSQL's COPY reads them. Whole columns at a time: most need nothing done to them.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_MARKS = ("\\", "\t", "\n", "\r")  # the backslash first: it marks the others


def copied(columns: Iterable[Sequence[Any]]) -> str:
    """Columns of equal length as COPY's text: strings, numbers, moments with zone, bytes; NULL for None."""
    rows = zip(*map(_written, columns), strict=True)
    return "\n".join(map("\t".join, rows)) + "\n"


def _written(column: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, column))
    if kinds == {str}:
        said = "".join(column)
        return [_marked(value) for value in column] if any(mark in said for mark in _MARKS) else column
    return ["\\N" if value is None else _text(value) for value in column]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _marked(value)
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _marked(value: str) -> str:
    for mark, written in zip(_MARKS, ("\\\\", "\\t", "\\n", "\\r"), strict=True):
        if mark in value:
            value = value.replace(mark, written)
    return value
