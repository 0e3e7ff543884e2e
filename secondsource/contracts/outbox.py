"""An alert event on its way out, as the store hands it to a sender."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from secondsource.contracts.acts import Act
from secondsource.contracts.messages import AlertEvent, AlertKind


class Delivery(NamedTuple):
    """One alert event for one destination ("console", "slack:C0123").

    `in_doubt`: a sender died between asking the service to post and hearing back.
    `reference` is the service's handle of this alert's first message there ("" while there is none), as given
    to `Outbox.sent`; `attempts` counts tries so far.
    `stale` is not 0 where it has been delivered and words have been taken out of the event since: what was shown is
    to be corrected. `newest`: no later event of the alert has been delivered there.
    `acts` are what analysts did about the alert, oldest first; `acted` is not 0 where it has been delivered and does
    not show them all yet.
    `together` are events told in one message, oldest first, the newest of each alert: `event` is then one of them,
    and `reference` that message's, once it is there. () where the delivery is of `event` alone.
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
    together: tuple[AlertEvent, ...] = ()


class AsItStands(NamedTuple):
    """What is to be told: the event, or all events of a digest, and what was done about the (last) one's alert."""

    events: tuple[AlertEvent, ...]
    acts: tuple[Act, ...]


class Waiting(NamedTuple):
    """What is known of a delivery that waits for its turn, nothing of it on its way.

    `queued_at` is when it came to the outbox. `over_budget`: its watch has had its alerts of the hour. `bundle` is the
    digest it is to be told in, "" where it goes by itself. `shown`: a message there is the alert's own; `digested`: a
    digest there names it. `acts` are those on the alert, oldest first.
    """

    id: str
    alert_id: str
    seq: int
    kind: AlertKind
    queued_at: datetime
    over_budget: bool = False
    bundle: str = ""
    shown: bool = False
    digested: bool = False
    acts: tuple[Act, ...] = ()
