"""The store in numbers, for `secondsource status`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from secondsource.contracts.messages import Struct
from store.database.connections import Database
from store.database.tables import (
    accounts,
    alerts,
    collectors,
    coverage,
    dead_letters,
    outbox,
    picture_matches,
    pictures,
    posts,
    sightings,
    stories,
    takedowns,
)
from store.reads.standing import Standing, standings

CLOSED = ("corroborated", "expired")  #: kinds of event after which an alert is not open

_COUNTED = (posts, accounts, pictures, sightings, picture_matches, stories, alerts, takedowns)


#: Not taken at all, or not the correction of what was. A reason alone is that of a delivery to be tried again.
_REFUSED = (outbox.c.state == "refused") | (
    (outbox.c.state == "sent") & (outbox.c.reason != "") & (outbox.c.stale == 0) & (outbox.c.acted == 0)
)


class CollectorStatus(Struct, frozen=True, kw_only=True):
    """Everything observed between these moments has been sent, but for the gaps."""

    name: str
    first_at: datetime
    last_at: datetime
    ended: bool


class Gap(Struct, frozen=True, kw_only=True):
    """A collector was blind to a watch ("" for all of its watches)."""

    collector: str
    watch: str
    start: datetime
    end: datetime
    reason: str


class Refused(Struct, frozen=True, kw_only=True):
    """A delivery that its service will never take."""

    id: str
    destination: str
    reason: str


class Status(Struct, frozen=True, kw_only=True):
    """`rows` by table; `waiting` deliveries by destination; gaps and refusals newest first, at most 50 each.

    `standing`: whether each collector sees each of its watches.
    """

    rows: dict[str, int]
    last_event: datetime | None
    collectors: tuple[CollectorStatus, ...]
    standing: tuple[Standing, ...]
    gaps: tuple[Gap, ...]
    open_alerts: int
    waiting: dict[str, int]
    refused: tuple[Refused, ...]
    dead_letters: int


def status(database: Database) -> Status:
    """All of it as of one moment.

    Raises:
        SourceAway: the database did not answer.
    """
    with database.reading() as connection:
        counted = {table.name: _count(connection, table) for table in _COUNTED}
        o = outbox.c
        waiting = connection.execute(
            select(o.destination, func.count())
            .where(o.state.in_(("waiting", "sending")))
            .group_by(o.destination)
            .order_by(o.destination)
        )
        return Status(
            rows=counted,
            last_event=connection.execute(select(func.max(posts.c.observed_at))).scalar_one(),
            collectors=tuple(
                CollectorStatus(name=row.name, first_at=row.first_at, last_at=row.last_at, ended=row.ended)
                for row in connection.execute(select(collectors).order_by(collectors.c.name))
            ),
            standing=standings(connection),
            gaps=_gaps(connection),
            open_alerts=connection.execute(
                select(func.count()).select_from(alerts).where(alerts.c.kind.not_in(CLOSED))
            ).scalar_one(),
            waiting={row[0]: row[1] for row in waiting},
            refused=tuple(
                Refused(id=row.id, destination=row.destination, reason=row.reason)
                for row in connection.execute(select(outbox).where(_REFUSED).order_by(o.at.desc(), o.id).limit(50))
            ),
            dead_letters=connection.execute(
                select(func.count()).select_from(dead_letters).where(dead_letters.c.resent_at.is_(None))
            ).scalar_one(),
        )


def _count(connection: Connection, table: object) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def _gaps(connection: Connection) -> tuple[Gap, ...]:
    c = coverage.c
    found = connection.execute(
        select(coverage).where(c.state == "blind").order_by(c.start_at.desc(), c.collector, c.watch).limit(50)
    )
    return tuple(
        Gap(collector=row.collector, watch=row.watch, start=row.start_at, end=row.end_at, reason=row.reason)
        for row in found
    )
