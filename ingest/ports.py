"""What collecting needs remembered; the store satisfies these protocols, wiring passes it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from secondsource.contracts.messages import Counts


class Known(Protocol):
    """What has been stored already. It lags behind what was sent by seconds."""

    def posts(self, uids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Those of these posts that are stored, with their watches.

        Raises:
            SourceAway: the store does not answer.
        """
        ...

    def of_accounts(self, uids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """All stored posts of these accounts (by the accounts' uids), with their watches. Raises as `posts`."""
        ...


class Spending(Protocol):
    """What was used of a budget that a platform bills, by UTC day. Shared by all processes, kept over restarts."""

    def spent(self, budget: str, first: date, last: date) -> int:
        """Units from `first` to `last`, both included. Raises SourceAway."""
        ...

    def spend(self, budget: str, day: date, units: int) -> None:
        """Add to a day. Raises SourceAway."""
        ...


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
    before_at: datetime | None = None


class Followed(Protocol):
    """Posts whose engagement is followed."""

    def candidates(self, platform: str, since: datetime, limit: int) -> list[Candidate]:
        """Originals of a platform created since then, most interactions first. Raises SourceAway."""
        ...
