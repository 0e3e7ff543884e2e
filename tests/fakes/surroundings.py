"""What live collectors are given beside settings and watches, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from random import Random

from ingest.ports import Candidate
from ingest.surroundings import Surroundings
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway


class MemoryKnown:
    """Stored posts with their watches, and whose they are. `away` makes it answer as a store that is down."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[str, ...]] = {}
        self.authors: dict[str, str] = {}
        self.away = False

    def posts(self, uids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        self._answer()
        return {uid: self.stored[uid] for uid in uids if uid in self.stored}

    def of_accounts(self, uids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        self._answer()
        return {uid: watches for uid, watches in self.stored.items() if self.authors.get(uid) in uids}

    def _answer(self) -> None:
        if self.away:
            raise SourceAway("the store is away")


class MemorySpending:
    """By budget and day."""

    def __init__(self) -> None:
        self.units: Counter[tuple[str, date]] = Counter()

    def spent(self, budget: str, first: date, last: date) -> int:
        return sum(units for (name, day), units in self.units.items() if name == budget and first <= day <= last)

    def spend(self, budget: str, day: date, units: int) -> None:
        self.units[budget, day] += units


class MemoryFollowed:
    """The candidates it was given."""

    def __init__(self) -> None:
        self.given: list[Candidate] = []

    def candidates(self, platform: str, since: datetime, limit: int) -> list[Candidate]:
        found = [one for one in self.given if one.uid.startswith(f"{platform}:") and one.created_at >= since]
        return sorted(found, key=lambda one: -one.counts.interactions())[:limit]


def surroundings(
    clock: Clock,
    *,
    known: MemoryKnown | None = None,
    spending: MemorySpending | None = None,
    followed: MemoryFollowed | None = None,
) -> Surroundings:
    return Surroundings(
        clock=clock,
        random=Random(7),
        known=known or MemoryKnown(),
        spending=spending or MemorySpending(),
        followed=followed or MemoryFollowed(),
        user_agent="second-source-tests/1",
    )
