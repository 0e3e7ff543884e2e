"""What has been told of stories and alerts, for a judging stage whose memory is made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, or_, select

from secondsource.contracts.messages import AlertEvent
from store.database.connections import Database
from store.database.tables import alert_events, alerts, posts, stories
from store.reads.status import CLOSED

_STANDS = alerts.c.kind.not_in(CLOSED)


class Told:
    """Moments are event time. Every method raises SourceAway where the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, back: timedelta) -> datetime | None:
        """`back` before the last post, or when the first story opened whose alert stands; None without posts."""
        standing = select(func.min(stories.c.opened_at)).join(alerts, alerts.c.story == stories.c.id).where(_STANDS)
        with self._database.reading() as connection:
            last: datetime | None = connection.execute(select(func.max(posts.c.observed_at))).scalar_one()
            opened: datetime | None = connection.execute(standing).scalar_one()
        if last is None:
            return None
        return last - back if opened is None else min(last - back, opened)

    def stories(self, since: datetime | None) -> Mapping[str, int]:
        """The last version of each story that was told of since then."""
        query = select(stories.c.id, stories.c.version)
        if since is not None:
            query = query.where(stories.c.as_of >= since)
        with self._database.reading() as connection:
            return {row.id: row.version for row in connection.execute(query)}

    def alerts(self, since: datetime | None) -> Mapping[str, Sequence[AlertEvent]]:
        """The events, in order, of each alert that stands or was told of since then."""
        e = alert_events.c
        query = select(e.body).join(alerts, alerts.c.id == e.alert_id).order_by(e.alert_id, e.seq)
        if since is not None:
            query = query.where(or_(_STANDS, alerts.c.at >= since))
        told: dict[str, list[AlertEvent]] = {}
        with self._database.reading() as connection:
            for body in connection.execute(query).scalars():
                event = msgspec.convert(body, AlertEvent)
                told.setdefault(event.alert_id, []).append(event)
        return told
