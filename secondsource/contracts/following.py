"""A post whose counts are asked for again, as the store hands it to whoever asks."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from secondsource.contracts.messages import Counts


class Candidate(NamedTuple):
    """A stored post whose counts may be worth asking for again.

    `counts` are the newest known, of `counted_at`; `before` those of an earlier snapshot, where there is one.
    """

    uid: str
    watches: tuple[str, ...]
    created_at: datetime
    counted_at: datetime | None
    counts: Counts
    before: Counts | None = None
