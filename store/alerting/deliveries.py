"""Alert events on their way out: what is waiting, who sends it, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, TextClause, case, delete, select, text, union, update

from secondsource.contracts.acts import Act
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.outbox import AsItStands, Delivery, Waiting
from store.alerting.acts import acts_of
from store.database.connections import Database
from store.database.lists import among
from store.database.tables import alert_events, leases, outbox
from store.rows.rows import Moment

#: In the words of the partial indexes, which SQLite uses for these words alone: looking costs what there is to send.
_OPEN: tuple[TextClause, ...] = (
    text("outbox.state IN ('waiting', 'sending')"),
    text("outbox.stale > 0 AND outbox.state = 'sent'"),
    text("outbox.acted > 0 AND outbox.state = 'sent'"),
)
_ORDER = (outbox.c.at, outbox.c.alert_id, outbox.c.seq)
_HOLD = text(
    "INSERT INTO leases (destination, holder, until) VALUES (:destination, :holder, :until) "
    "ON CONFLICT (destination) DO UPDATE SET holder = excluded.holder, until = excluded.until "
    "WHERE leases.holder = excluded.holder OR leases.until <= :now"
)


class Deliveries:
    """Satisfies `alerts.ports.Outbox`. Each method is a transaction of its own, unless the thread is in one."""

    def __init__(self, database: Database, moment: Moment) -> None:
        self._database = database
        self._moment = moment

    def waiting(self) -> list[str]:
        """Destinations that have something to send, sorted."""
        with self._database.reading() as connection:
            found = connection.execute(union(*(select(outbox.c.destination).where(which) for which in _OPEN)))
            return sorted(found.scalars())

    def hold(self, destination: str, holder: str, until: datetime, now: datetime) -> bool:
        """Take or extend the lease on a destination; False while another holder's lease runs."""
        lease = {"destination": destination, "holder": holder, "until": self._moment(until), "now": self._moment(now)}
        with self._database.writing() as connection:
            return connection.execute(_HOLD, lease).rowcount == 1

    def let_go(self, destination: str, holder: str) -> None:
        """End the holder's lease, where it is still its own."""
        with self._database.writing() as connection:
            connection.execute(delete(leases).where(leases.c.destination == destination, leases.c.holder == holder))

    def backlog(self, destination: str) -> list[Waiting]:
        """What waits there and surely was not posted, oldest first."""
        o = outbox.c
        ours = o.destination == destination
        with self._database.reading() as connection:
            waiting = connection.execute(
                select(outbox, alert_events.c.kind)
                .join(alert_events, alert_events.c.id == o.event_id)
                .where(ours, _OPEN[0], o.state == "waiting")
                .order_by(*_ORDER)
            ).all()
            if not waiting:
                return []
            alerts = {row.alert_id for row in waiting}
            told = connection.execute(
                select(o.alert_id, o.bundle != "").where(
                    ours, among(connection, o.alert_id, alerts), o.state == "sent", o.reference != ""
                )
            )
            shown: set[str] = set()
            digested: set[str] = set()
            for alert_id, in_digest in told:
                (digested if in_digest else shown).add(alert_id)
            acts = acts_of(connection, sorted(alerts))
        return [
            Waiting(
                id=row.id,
                alert_id=row.alert_id,
                seq=row.seq,
                kind=row.kind,
                queued_at=row.queued_at or row.at,
                over_budget=row.over_budget,
                bundle=row.bundle,
                shown=row.alert_id in shown,
                digested=row.alert_id in digested,
                acts=acts.get(row.alert_id, ()),
            )
            for row in waiting
        ]

    def bundle(self, digest: str, delivery_ids: Collection[str]) -> None:
        """Have these deliveries, which wait, told in one. `digest` is its id from then on: begins with "digest:"."""
        with self._database.writing() as connection:
            which = (among(connection, outbox.c.id, delivery_ids), outbox.c.state == "waiting")
            connection.execute(update(outbox).where(*which).values(bundle=digest))

    def withhold(self, delivery_ids: Collection[str], reason: str) -> None:
        """These deliveries, which wait, are not to be made: kept with the reason, and not retried."""
        with self._database.writing() as connection:
            which = (among(connection, outbox.c.id, delivery_ids), outbox.c.state == "waiting")
            connection.execute(update(outbox).where(*which).values(state="withheld", reason=reason, bundle=""))

    def next(self, destination: str, now: datetime, leaving: Collection[str] = ()) -> Delivery | None:
        """The oldest event to deliver or to correct, unless it is to be tried again only later than `now`.

        What is in `leaving` (ids of deliveries) is passed over. A digest comes whole: its id stands for all in it.
        """
        o = outbox.c
        with self._database.reading() as connection:
            others = [~among(connection, o.id, leaving)] if leaving else []
            first = [
                connection.execute(_with_events().where(o.destination == destination, which, *others).limit(1)).first()
                for which in _OPEN
            ]
            found = [each for each in first if each is not None]
            row = min(found, key=lambda each: (each.at, each.alert_id, each.seq), default=None)
            if row is None or (row.not_before is not None and row.not_before > now):
                return None
            acts = acts_of(connection, [row.alert_id]).get(row.alert_id, ())
            if row.bundle:
                told = connection.execute(_with_events().where(o.bundle == row.bundle)).all()
                return _digest(row, told, acts) if told else None
            if row.state == "sent":
                return _correction(row, acts, is_newest=_is_newest(connection, row))
            reference = connection.execute(
                select(o.reference)
                .where(o.destination == destination, o.alert_id == row.alert_id, o.state == "sent", o.reference != "")
                .where(o.bundle == "")
                .order_by(o.seq.desc())  # a message that somebody deleted was followed by another
                .limit(1)
            ).scalar_one_or_none()
        return _delivery(row, reference or "", acts)

    def sending(self, delivery_id: str) -> AsItStands:
        """Committed before the service is called: what is found so after a crash is in doubt.

        What is removed or done from now on finds it so, and has it corrected; what was before is in what this gives.
        No events: since `next` gave them they were let go of for their age, or sent by another.
        """
        o = outbox.c
        with self._database.writing() as connection:
            now = {"state": "sending", "attempts": o.attempts + 1}
            connection.execute(update(outbox).where(_which(delivery_id), _OPEN[0]).values(now))
            told = connection.execute(_with_events().where(_which(delivery_id), o.state == "sending")).all()
            acts = acts_of(connection, [told[-1].alert_id]).get(told[-1].alert_id, ()) if told else ()
        return AsItStands(tuple(msgspec.convert(each.body, AlertEvent) for each in told), acts)

    def sent(self, delivery_id: str, reference: str, at: datetime) -> None:
        self._set(delivery_id, state="sent", reference=reference, sent_at=at, reason="")

    def corrected(self, delivery_id: str, stale: int, acted: int = 0) -> None:
        """What was shown now says what the event says, after as many removals as `Delivery.stale` said, and what
        was done about the alert, after as many acts as `Delivery.acted` said.
        """
        self._set(delivery_id, stale=_less(outbox.c.stale, stale), acted=_less(outbox.c.acted, acted), reason="")

    def postponed(self, delivery_id: str, reason: str, until: datetime) -> None:
        """The service refused for now (429, 5xx, away) and surely has not posted, or not corrected."""
        state = case((outbox.c.state == "sent", "sent"), else_="waiting")
        self._set(delivery_id, state=state, reason=reason, not_before=until)

    def refused(self, delivery_id: str, reason: str) -> None:
        """The service will never take it (channel gone, message invalid): kept, shown in `status`, not retried.

        What was sent stays sent where only its correction was refused: it is there, and later steps and takedowns must
        find it.
        """
        state = case((outbox.c.state == "sent", "sent"), else_="refused")
        self._set(delivery_id, state=state, reason=reason, stale=0, acted=0)

    def _set(self, delivery_id: str, **values: object) -> None:
        with self._database.writing() as connection:
            connection.execute(update(outbox).where(_which(delivery_id)).values(**values))


def _less(count: ColumnElement[int], by: int) -> ColumnElement[int]:
    """Never below 0: two may have corrected the same, one of them paused meanwhile."""
    return case((count > by, count - by), else_=0)


def _which(delivery_id: str) -> ColumnElement[bool]:
    """A row, or all rows of a digest."""
    return outbox.c.bundle == delivery_id if delivery_id.startswith("digest:") else outbox.c.id == delivery_id


def _with_events() -> Select[Any]:
    o = outbox.c
    return select(outbox, alert_events.c.body).join(alert_events, alert_events.c.id == o.event_id).order_by(*_ORDER)


def _is_newest(connection: Connection, row: Row[Any]) -> bool:
    """Whether the alert's message shows this event: none was delivered there later."""
    o = outbox.c
    same = (o.destination == row.destination, o.alert_id == row.alert_id, o.reference == row.reference)
    return connection.execute(select(o.id).where(*same, o.state == "sent", o.seq > row.seq).limit(1)).first() is None


def _correction(row: Row[Any], acts: tuple[Act, ...], *, is_newest: bool) -> Delivery:
    return _delivery(row, row.reference, acts)._replace(stale=row.stale, acted=row.acted, newest=is_newest)


def _digest(row: Row[Any], told: Sequence[Row[Any]], acts: tuple[Act, ...]) -> Delivery:
    """All that is told in one message. To be corrected, it goes by the row that is to be: another may be as well."""
    events = tuple(msgspec.convert(each.body, AlertEvent) for each in told)
    if row.state == "sent":
        return _correction(row, acts, is_newest=True)._replace(together=events)
    return _delivery(row, "", acts)._replace(
        id=row.bundle,
        event=events[-1],
        in_doubt=any(each.state == "sending" for each in told),
        attempts=max(each.attempts for each in told),
        together=events,
    )


def _delivery(row: Row[tuple[object, ...]], reference: str, acts: tuple[Act, ...]) -> Delivery:
    return Delivery(
        id=row.id,
        destination=row.destination,
        event=msgspec.convert(row.body, AlertEvent),
        in_doubt=row.state == "sending",
        reference=reference,
        attempts=row.attempts,
        acts=acts,
    )
