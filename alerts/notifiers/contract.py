"""What a notifier is: it takes one delivery to one place, and can look whether it did.

SourceAway
└── Unheard       asked, and no answer came: it may have been posted, so look before asking again
SecondSourceError
└── Refused       the service will never take this delivery
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from alerts.ports import Delivery
from secondsource.contracts.errors import SecondSourceError, SourceAway


class Unheard(SourceAway):
    """The service was asked and its answer did not arrive: whether it posted is not known."""


class Refused(SecondSourceError):
    """The service will never take this delivery: the reason, and what an operator can do about it."""


class Pace(NamedTuple):
    """At most `burst` deliveries at once to one destination, and `per_second` in the long run."""

    per_second: float
    burst: int = 1


class Notifier(Protocol):
    """A kind of place that alerts go to. It serves the destinations "name" and "name:…"."""

    @property
    def name(self) -> str: ...

    @property
    def pace(self) -> Pace | None:
        """How fast one destination of this kind takes deliveries; None for as fast as they come."""
        ...

    @property
    def digests(self) -> bool:
        """Whether people read there, whom too many messages reach no more: what is over a watch's budget, and what
        waited while the place was out of reach, comes in one delivery then, with `Delivery.together`.
        """
        ...

    def post(self, delivery: Delivery) -> str:
        """Show the delivery's event there: the alert's first message, or a change of it; or all of `together` in one.

        Returns the handle of the alert's first message, never "". Called again for a delivery that surely was
        not posted, it posts; called again for one that was, it may post twice: ask `find` first.

        Raises:
            SourceAway: nothing was posted; a later try may succeed.
            Unheard: something may have been posted.
            Refused: nothing was posted, and never will be.
            BadConfiguration: the credentials cannot work; stop.
        """
        ...

    def correct(self, delivery: Delivery) -> None:
        """Let what was posted for this delivery say what its event says now (words were taken out of it since:
        `delivery.stale`), and what analysts did about it (`delivery.acted`).

        Where a service keeps what it has shown. May be repeated freely.

        Raises:
            SourceAway: a later try may succeed.
            Refused: it cannot be changed; the reason, and what an operator can do about it.
            BadConfiguration: the credentials cannot work; stop.
        """
        ...

    def find(self, delivery: Delivery) -> str | None:
        """What `post` would have returned if it was heard after all; None if it surely did not post, or cannot tell
        and had better repeat itself.

        Raises:
            SourceAway: the service did not answer; still in doubt.
            Refused: the place cannot be looked at, and posting twice would be worse than not posting.
            BadConfiguration: the credentials cannot work; stop.
        """
        ...
