"""What collecting needs remembered; the store satisfies these protocols, wiring passes it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from secondsource.contracts.following import Candidate

__all__ = ["Candidate", "Followed", "Known", "Removals", "Spending"]


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


class Followed(Protocol):
    """Posts whose engagement is followed."""

    def candidates(self, platform: str, since: datetime, limit: int) -> list[Candidate]:
        """Originals of a platform created since then, most interactions first. Raises SourceAway."""
        ...


class Removals(Protocol):
    """Posts that a command took down in the store itself, beside the stream (a platform's compliance job)."""

    def after(self, last: tuple[datetime, str] | None, by: str, limit: int) -> list[tuple[datetime, str, str]]:
        """When, uid and reason of what was taken down by this name, in order, from just after `last` on.

        Raises:
            SourceAway: the store does not answer.
        """
        ...
