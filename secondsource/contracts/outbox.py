"""An alert event on its way out, as the store hands it to a sender."""

from __future__ import annotations

from typing import NamedTuple

from secondsource.contracts.acts import Act
from secondsource.contracts.messages import AlertEvent


class Delivery(NamedTuple):
    """One alert event for one destination ("console", "slack:C0123").

    `in_doubt`: a sender died between asking the service to post and hearing back.
    `reference` is the service's handle of this alert's first message there ("" while there is none), as given
    to `Outbox.sent`; `attempts` counts tries so far.
    `stale` is not 0 where it has been delivered and words have been taken out of the event since: what was shown is
    to be corrected. `newest`: no later event of the alert has been delivered there.
    `acts` are what analysts did about the alert, oldest first; `acted` is not 0 where it has been delivered and does
    not show them all yet.
    """

    id: str
    destination: str
    event: AlertEvent
    in_doubt: bool
    reference: str
    attempts: int
    stale: int = 0
    newest: bool = True
    acts: tuple[Act, ...] = ()
    acted: int = 0
