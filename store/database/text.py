"""Text that every database can hold.

PostgreSQL refuses U+0000, and no UTF-8 holds half of a surrogate pair. Both become U+FFFD, on either database, so
that they keep the same rows.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from secondsource.contracts.characters import replaced
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import LONGEST_ID

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_T = TypeVar("_T")


def storable(value: _T) -> _T:
    """The same value with U+FFFD for what cannot be stored, however deep inside tuples and messages."""
    return replaced(value, _UNSTORABLE)


def is_storable(value: Any) -> bool:
    """Whether `storable` would change nothing; costs one JSON encoding.

    A text that spells out a backslash and "u0000" is called unstorable too, which costs time, never a change.
    """
    try:
        return b"\\u0000" not in msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False


def are_storable(joined: bytes, count: int, beside: tuple[Any, ...] = ()) -> bool:
    """Whether that holds of so many texts, some of them JSON, joined by U+0000, and of what is beside them."""
    return joined.count(0) == count - 1 and b"\\u0000" not in joined and (not beside or is_storable(beside))


def key(value: str) -> str:
    """The value, which other rows will be found by.

    Raises:
        BadRecord: it is empty or too long to index.
    """
    if not 0 < len(value) <= LONGEST_ID:
        msg = f"expected an id of 1 to {LONGEST_ID} characters, came {len(value)}: {value[:40]!r}"
        raise BadRecord(msg)
    return value
