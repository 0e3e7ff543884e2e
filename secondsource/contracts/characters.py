"""Characters that not everybody can hold, and values without them."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

#: Half of a surrogate pair: JSON can write it ("\\ud800"), and no UTF-8 holds it.
HALF: Final = re.compile("[\ud800-\udfff]")
_T = TypeVar("_T")


def replaced(value: _T, unheld: re.Pattern[str]) -> _T:
    """The same value with U+FFFD for each character that is found so, however deep inside tuples and messages."""
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = unheld.sub("\N{REPLACEMENT CHARACTER}", value)
    elif isinstance(value, tuple):
        items = [replaced(item, unheld) for item in value]
        cleaned = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    elif isinstance(value, msgspec.Struct):
        fields = {name: replaced(getattr(value, name), unheld) for name in value.__struct_fields__}
        cleaned = msgspec.structs.replace(value, **fields)
    return cleaned  # type: ignore[no-any-return]
