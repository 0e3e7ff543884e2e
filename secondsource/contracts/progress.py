"""Where a stage or a collector stands, and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Saved(NamedTuple):
    """`position` is a collector's cursor or a partition's next offset as text, "" at the beginning."""

    position: str
    parts: Mapping[str, bytes]
