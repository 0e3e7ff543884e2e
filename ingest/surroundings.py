"""What every live collector is given, beside its settings and its watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ingest.ports import Followed, Known, Removals, Spending
from ingest.refreshing import Counter
from secondsource.contracts.clock import Clock
from secondsource.contracts.credits import OURS, Credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`random` spreads retries; `user_agent` says to platforms who asks; `agencies` are those that outlets credit;
    `counters` and `removals` are for the refresher.
    """

    clock: Clock
    random: Random
    known: Known
    spending: Spending
    followed: Followed
    user_agent: str
    agencies: Credits = OURS
    counters: Sequence[Counter] = ()
    removals: Removals | None = None
