"""An outbox in memory, with the semantics that the store's has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Literal

from alerts.ports import Delivery
from secondsource.contracts.acts import Act
from secondsource.contracts.messages import AlertEvent


@dataclass
class Row:
    id: str
    destination: str
    event: AlertEvent
    state: Literal["waiting", "sending", "sent", "refused"] = "waiting"
    attempts: int = 0
    reference: str = ""
    reason: str = ""
    not_before: datetime | None = None
    sent_at: datetime | None = None
    stale: int = 0
    acted: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in {"waiting", "sending"} or (self.state == "sent" and self.stale + self.acted > 0)


@dataclass
class FakeOutbox:
    rows: list[Row] = field(default_factory=list)
    leases: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, event: AlertEvent, destination: str) -> str:
        """Idempotent, as the store's write is: the row's id is the event's and the destination's."""
        delivery_id = f"{event.id}>{destination}"
        with self._lock:
            if all(row.id != delivery_id for row in self.rows):
                self.rows.append(Row(delivery_id, destination, event))
        return delivery_id

    def states(self) -> list[str]:
        return [row.state for row in self.rows]

    def waiting(self) -> list[str]:
        with self._lock:
            return sorted({row.destination for row in self.rows if row.is_open})

    def hold(self, destination: str, holder: str, until: datetime, now: datetime) -> bool:
        with self._lock:
            held = self.leases.get(destination)
            if held is not None and held[0] != holder and held[1] > now:
                return False
            self.leases[destination] = (holder, until)
            return True

    def let_go(self, destination: str, holder: str) -> None:
        with self._lock:
            if self.leases.get(destination, ("",))[0] == holder:
                del self.leases[destination]

    def next(self, destination: str, now: datetime) -> Delivery | None:
        with self._lock:
            for row in self.rows:
                if row.destination == destination and row.is_open:
                    if row.not_before is not None and row.not_before > now:
                        return None
                    if row.state == "sent":
                        newest = all(later.state != "sent" for later in self._later(row))
                        delivery = Delivery(row.id, destination, row.event, False, row.reference, 1, row.stale, newest)
                        return delivery._replace(acts=self._acts(row), acted=row.acted)
                    reference = self._reference(row)
                    in_doubt = row.state == "sending"
                    delivery = Delivery(row.id, destination, row.event, in_doubt, reference, row.attempts)
                    return delivery._replace(acts=self._acts(row))
            return None

    def sending(self, delivery_id: str) -> None:
        with self._lock:
            row = self._row(delivery_id)
            row.state, row.attempts = "sending", row.attempts + 1

    def sent(self, delivery_id: str, reference: str, at: datetime) -> None:
        with self._lock:
            row = self._row(delivery_id)
            row.state, row.reference, row.sent_at = "sent", reference, at

    def postponed(self, delivery_id: str, reason: str, until: datetime) -> None:
        with self._lock:
            row = self._row(delivery_id)
            row.state = "sent" if row.state == "sent" else "waiting"
            row.reason, row.not_before = reason, until

    def refused(self, delivery_id: str, reason: str) -> None:
        with self._lock:
            row = self._row(delivery_id)
            row.state, row.reason, row.stale, row.acted = "refused", reason, 0, 0

    def corrected(self, delivery_id: str, stale: int, acted: int = 0) -> None:
        with self._lock:
            row = self._row(delivery_id)
            row.stale -= stale
            row.acted -= acted

    def act(self, act: Act) -> None:
        """What the store's record of an act does to what was delivered."""
        with self._lock:
            self.acts.append(act)
            for row in self.rows:
                if row.event.alert_id == act.alert_id and self._shows(row):
                    row.acted += 1

    def remove_words(self, delivery_id: str, event: AlertEvent) -> None:
        """What a takedown does to an event that may have been delivered."""
        with self._lock:
            row = self._row(delivery_id)
            row.event = event
            row.stale += row.state in {"sending", "sent"}

    def _acts(self, row: Row) -> tuple[Act, ...]:
        return tuple(act for act in self.acts if act.alert_id == row.event.alert_id)

    def _shows(self, row: Row) -> bool:
        newest = all(later.state != "sent" for later in self._later(row))
        return row.state == "sending" or (row.state == "sent" and newest)

    def _later(self, than: Row) -> list[Row]:
        return [
            row
            for row in self.rows
            if (row.destination, row.event.alert_id) == (than.destination, than.event.alert_id)
            and row.event.seq > than.event.seq
        ]

    def _row(self, delivery_id: str) -> Row:
        return next(row for row in self.rows if row.id == delivery_id)

    def _reference(self, of: Row) -> str:
        """The newest reference given for this alert there: a message that was deleted is followed by another."""
        given = [
            row.reference
            for row in self.rows
            if row.destination == of.destination and row.event.alert_id == of.event.alert_id and row.reference
        ]
        return given[-1] if given else ""
