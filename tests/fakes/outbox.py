"""An outbox in memory, with the semantics that the store's has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Literal

from alerts.ports import Delivery
from secondsource.contracts.acts import Act
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.outbox import AsItStands, Waiting


@dataclass
class Row:
    id: str
    destination: str
    event: AlertEvent
    state: Literal["waiting", "sending", "sent", "refused", "withheld"] = "waiting"
    attempts: int = 0
    reference: str = ""
    reason: str = ""
    not_before: datetime | None = None
    sent_at: datetime | None = None
    stale: int = 0
    acted: int = 0
    queued_at: datetime | None = None
    bundle: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in {"waiting", "sending"} or (self.state == "sent" and self.stale + self.acted > 0)


@dataclass
class FakeOutbox:
    rows: list[Row] = field(default_factory=list)
    leases: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, event: AlertEvent, destination: str, queued_at: datetime | None = None) -> str:
        """Idempotent, as the store's write is: the row's id is the event's and the destination's."""
        delivery_id = f"{event.id}>{destination}"
        with self._lock:
            if all(row.id != delivery_id for row in self.rows):
                self.rows.append(Row(delivery_id, destination, event, queued_at=queued_at))
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

    def backlog(self, destination: str) -> list[Waiting]:
        with self._lock:
            return [
                Waiting(
                    id=row.id,
                    alert_id=row.event.alert_id,
                    seq=row.event.seq,
                    kind=row.event.kind,
                    queued_at=row.queued_at or row.event.at,
                    over_budget=row.event.digest,
                    bundle=row.bundle,
                    shown=bool(self._reference(row)),
                    digested=any(each.bundle and each.state == "sent" for each in self._of_the_alert(row)),
                    acts=self._acts(row),
                )
                for row in self.rows
                if row.destination == destination and row.state == "waiting"
            ]

    def bundle(self, digest: str, delivery_ids: Collection[str]) -> None:
        with self._lock:
            for row in self.rows:
                if row.id in delivery_ids and row.state == "waiting":
                    row.bundle = digest

    def withhold(self, delivery_ids: Collection[str], reason: str) -> None:
        with self._lock:
            for row in self.rows:
                if row.id in delivery_ids and row.state == "waiting":
                    row.state, row.reason, row.bundle = "withheld", reason, ""

    def next(self, destination: str, now: datetime, leaving: Collection[str] = ()) -> Delivery | None:
        with self._lock:
            for row in self.rows:
                if row.destination == destination and row.is_open and row.id not in leaving:
                    if row.not_before is not None and row.not_before > now:
                        return None
                    return self._delivery(row)
            return None

    def _delivery(self, row: Row) -> Delivery:
        told = [each for each in self.rows if row.bundle and each.bundle == row.bundle]
        together = tuple(each.event for each in told)
        if row.state == "sent":
            newest = bool(told) or all(later.state != "sent" for later in self._later(row))
            delivery = Delivery(row.id, row.destination, row.event, False, row.reference, 1, row.stale, newest)
            return delivery._replace(acts=self._acts(row), acted=row.acted, together=together)
        if told:
            in_doubt = any(each.state == "sending" for each in told)
            delivery = Delivery(row.bundle, row.destination, told[-1].event, in_doubt, "", row.attempts)
            return delivery._replace(together=together)
        in_doubt = row.state == "sending"
        delivery = Delivery(row.id, row.destination, row.event, in_doubt, self._reference(row), row.attempts)
        return delivery._replace(acts=self._acts(row))

    def sending(self, delivery_id: str) -> AsItStands:
        with self._lock:
            rows = [row for row in self._rows(delivery_id) if row.state in {"waiting", "sending"}]
            for row in rows:
                row.state, row.attempts = "sending", row.attempts + 1
            return AsItStands(tuple(row.event for row in rows), self._acts(rows[-1]) if rows else ())

    def sent(self, delivery_id: str, reference: str, at: datetime) -> None:
        with self._lock:
            for row in self._rows(delivery_id):
                row.state, row.reference, row.sent_at = "sent", reference, at

    def postponed(self, delivery_id: str, reason: str, until: datetime) -> None:
        with self._lock:
            for row in self._rows(delivery_id):
                row.state = "sent" if row.state == "sent" else "waiting"
                row.reason, row.not_before = reason, until

    def refused(self, delivery_id: str, reason: str) -> None:
        with self._lock:
            for row in self._rows(delivery_id):
                row.state = "sent" if row.state == "sent" else "refused"
                row.reason, row.stale, row.acted = reason, 0, 0

    def corrected(self, delivery_id: str, stale: int, acted: int = 0) -> None:
        with self._lock:
            row = self._row(delivery_id)
            row.stale = max(0, row.stale - stale)
            row.acted = max(0, row.acted - acted)

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

    def _of_the_alert(self, of: Row) -> list[Row]:
        same = (of.destination, of.event.alert_id)
        return [row for row in self.rows if (row.destination, row.event.alert_id) == same]

    def _rows(self, delivery_id: str) -> list[Row]:
        """A row, or all rows of a digest; none where they were let go of."""
        is_digest = delivery_id.startswith("digest:")
        return [row for row in self.rows if (row.bundle if is_digest else row.id) == delivery_id]

    def _row(self, delivery_id: str) -> Row:
        return next(row for row in self.rows if row.id == delivery_id)

    def _reference(self, of: Row) -> str:
        """The newest reference given for this alert there: a message that was deleted is followed by another."""
        given = [row.reference for row in self._of_the_alert(of) if row.reference and not row.bundle]
        return given[-1] if given else ""
