"""What analysts did about alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, exists, select, text, update

from secondsource.contracts.acts import Act
from secondsource.contracts.errors import BadRecord
from store.database.connections import Database
from store.database.lists import among
from store.database.tables import alert_acts, alerts, outbox
from store.database.text import storable
from store.rows.rows import Moment

_COLUMNS = ("id", "alert_id", "kind", "by_whom", "at", "via", "until", "verdict", "note")
_RECORD = text(
    f"INSERT INTO alert_acts ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) "  # noqa: S608 - names of ours
    "ON CONFLICT (id) DO NOTHING"
)


class ActsKept:
    """Satisfies `alerts.ports.Acts`."""

    def __init__(self, database: Database, moment: Moment) -> None:
        self._database = database
        self._moment = moment

    def record(self, act: Act) -> bool:
        """Keep an act and have the alert's messages say so, in one transaction; False where its id is known already.

        Raises:
            BadRecord: there is no such alert, or no longer.
            SourceAway: the database did not answer; nothing was kept.
        """
        act = storable(act)
        row = {
            "id": act.id,
            "alert_id": act.alert_id,
            "kind": act.kind,
            "by_whom": act.by,
            "at": self._moment(act.at),
            "via": act.via,
            "until": None if act.until is None else self._moment(act.until),
            "verdict": act.verdict or "",
            "note": act.note,
        }
        with self._database.writing() as connection:
            if connection.execute(select(alerts.c.id).where(alerts.c.id == act.alert_id)).first() is None:
                msg = f"expected an alert of that name, came {act.alert_id}; those there are: secondsource alerts list"
                raise BadRecord(msg)
            if connection.execute(_RECORD, row).rowcount != 1:
                return False
            _show(connection, act.alert_id)
        return True

    def of(self, alert_id: str) -> tuple[Act, ...]:
        """What was done about an alert, oldest first; empty for an unknown one. Raises SourceAway as `record`."""
        return self.of_all([alert_id]).get(alert_id, ())

    def of_all(self, alert_ids: Sequence[str]) -> Mapping[str, tuple[Act, ...]]:
        """The same for many alerts at once; those without an act are left out."""
        with self._database.reading() as connection:
            return acts_of(connection, alert_ids)

    def latest(self, limit: int) -> list[Act]:
        """The newest acts on any alert, newest first."""
        a = alert_acts.c
        with self._database.reading() as connection:
            return [
                _act(row) for row in connection.execute(select(alert_acts).order_by(a.at.desc(), a.id).limit(limit))
            ]


def acts_of(connection: Connection, alert_ids: Sequence[str]) -> dict[str, tuple[Act, ...]]:
    """Acts of these alerts, each oldest first."""
    a = alert_acts.c
    found: dict[str, list[Act]] = {}
    asked = among(connection, a.alert_id, map(storable, alert_ids))
    for row in connection.execute(select(alert_acts).where(asked).order_by(a.at, a.id)):
        found.setdefault(row.alert_id, []).append(_act(row))
    return {alert_id: tuple(acts) for alert_id, acts in found.items()}


def _show(connection: Connection, alert_id: str) -> None:
    """Queue the alert's newest message of each destination to be changed, and what is on its way, to be looked at."""
    o = outbox.c
    later = outbox.alias()
    newer = exists().where(
        later.c.destination == o.destination,
        later.c.alert_id == alert_id,
        later.c.state == "sent",
        later.c.seq > o.seq,
    )
    shown = (o.state == "sending") | ((o.state == "sent") & ~newer)
    connection.execute(update(outbox).where(o.alert_id == alert_id, shown).values(acted=o.acted + 1, not_before=None))


def _act(row: Row[Any]) -> Act:
    return Act(
        id=row.id,
        alert_id=row.alert_id,
        kind=row.kind,
        by=row.by_whom,
        at=row.at,
        via=row.via,
        until=row.until,
        verdict=row.verdict or None,
        note=row.note,
    )
