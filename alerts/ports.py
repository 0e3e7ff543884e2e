"""What alerting needs from the store, which satisfies these protocols; wiring passes it in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from secondsource.contracts.acts import Act
from secondsource.contracts.baselines import Baseline
from secondsource.contracts.evidence import Overview, StoryPost, StoryTrail
from secondsource.contracts.messages import AlertEvent, Earlier, Picture
from secondsource.contracts.outbox import AsItStands, Delivery, Waiting

__all__ = [
    "Act",
    "Acts",
    "Archive",
    "AsItStands",
    "Delivery",
    "Evidence",
    "Outbox",
    "Overview",
    "StoryPost",
    "StoryTrail",
    "Thumbnails",
    "Trails",
    "Waiting",
]


class Archive(Protocol):
    """Every picture ever seen or imported, by fingerprint."""

    def earlier(self, pictures: Sequence[Picture], before: datetime, limit: int) -> list[Earlier]:
        """Sightings of these pictures strictly before a time, oldest first, at most `limit`.

        The same picture is the same bytes; a PDQ hash as near as `same_bits` asks of their qualities, of the whole or
        of a view, mirrored or turned; or what enrichment found of it.
        """
        ...


class Baselines(Protocol):
    """What a watch's whole past leads to expect, in versions that each hold from an event time on."""

    def at(self, watch: str, moment: datetime) -> Baseline | None:
        """The version that holds at this event time; None where there is none yet.

        The same, whenever it is asked: a version is there before the time from which it applies.

        Raises:
            SourceAway: the store did not answer.
        """
        ...


class Outbox(Protocol):
    """Alert events on their way out, written in the same transaction as the alert."""

    def waiting(self) -> list[str]:
        """Destinations that have something to send, sorted."""
        ...

    def hold(self, destination: str, holder: str, until: datetime, now: datetime) -> bool:
        """Take or extend the lease on a destination; False while another holder's lease runs."""
        ...

    def let_go(self, destination: str, holder: str) -> None: ...

    def backlog(self, destination: str) -> list[Waiting]:
        """What waits there and surely was not posted, oldest first."""
        ...

    def bundle(self, digest: str, delivery_ids: Collection[str]) -> None:
        """Have these deliveries, which wait, told in one. `digest` is its id from then on: begins with "digest:"."""
        ...

    def withhold(self, delivery_ids: Collection[str], reason: str) -> None:
        """These deliveries, which wait, are not to be made: kept with the reason, and not retried."""
        ...

    def next(self, destination: str, now: datetime, leaving: Collection[str] = ()) -> Delivery | None:
        """The oldest event to deliver or to correct, unless it is to be tried again only later than `now`.

        What is in `leaving` (ids of deliveries) is passed over. A digest comes whole: its id stands for all in it.
        """
        ...

    def sending(self, delivery_id: str) -> AsItStands:
        """Committed before the service is called: what is found so after a crash is in doubt.

        What is removed or done from now on finds it so, and has it corrected; what was before is in what this gives.
        No events: since `next` gave them they were let go of for their age, or sent by another.
        """
        ...

    def sent(self, delivery_id: str, reference: str, at: datetime) -> None: ...

    def corrected(self, delivery_id: str, stale: int, acted: int = 0) -> None:
        """What was shown now says what the event says, after as many removals as `Delivery.stale` said, and what
        was done about the alert, after as many acts as `Delivery.acted` said.
        """
        ...

    def postponed(self, delivery_id: str, reason: str, until: datetime) -> None:
        """The service refused for now (429, 5xx, away) and surely has not posted, or not corrected."""
        ...

    def refused(self, delivery_id: str, reason: str) -> None:
        """The service will never take it (channel gone, message invalid): kept, shown in `status`, not retried."""
        ...


class Acts(Protocol):
    """What analysts did about alerts. It steers delivery and is shown; no judgement reads it."""

    def record(self, act: Act) -> bool:
        """Keep an act, and have what was delivered of the alert say so; False where its id is known already.

        Raises:
            BadRecord: there is no such alert, or no longer.
            SourceAway: nothing was kept; a later try may succeed.
        """
        ...

    def of(self, alert_id: str) -> tuple[Act, ...]:
        """What was done about an alert, oldest first; empty for an unknown one."""
        ...

    def of_all(self, alert_ids: Sequence[str]) -> Mapping[str, tuple[Act, ...]]:
        """The same for many alerts at once; those without an act are left out."""
        ...

    def latest(self, limit: int) -> list[Act]:
        """The newest acts on any alert, newest first."""
        ...


class Trails(Protocol):
    """How a story went, read when an alert is shown."""

    def trail(self, story_id: str, until: datetime) -> StoryTrail:
        """Up to and including a time; empty for a story of which nothing is stored.

        Raises:
            SourceAway: the store did not answer.
        """
        ...


class Thumbnails(Protocol):
    """Small pictures of pictures, made by us."""

    def thumbnail(self, picture: str) -> bytes | None:
        """A JPEG, None where none is kept of the picture of this id, or where it is no picture's id.

        Raises:
            SourceAway: where they are kept does not answer.
        """
        ...


class Evidence(Protocol):
    """What the desk shows."""

    def overview(self, most_open: int, most_closed: int) -> Overview:
        """The newest event of alerts that stand and of those that are over, and what was seen until when."""
        ...

    def latest_alerts(self, limit: int) -> list[AlertEvent]:
        """The newest event of each alert, newest first."""
        ...

    def alert_events(self, alert_id: str) -> list[AlertEvent]:
        """All events of an alert, in order; empty for an unknown one."""
        ...

    def story_posts(self, story_id: str, limit: int) -> list[StoryPost]:
        """Posts of a story, oldest first."""
        ...
