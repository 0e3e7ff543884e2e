"""An alert event on its way out, as the store hands it to a sender."""

from __future__ import annotations

from typing import NamedTuple

from secondsource.contracts.messages import AlertEvent


class Delivery(NamedTuple):
    """One alert event for one destination ("console", "slack:C0123").

    `in_doubt`: a sender died between asking the service to post and hearing back.
    `reference` is the service's handle of this alert's first message there ("" while there is none), as given
    to `Outbox.sent`; `attempts` counts tries so far.
    """

    id: str
    destination: str
    event: AlertEvent
    in_doubt: bool
    reference: str
    attempts: int
