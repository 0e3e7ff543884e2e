"""What became of alerts: who did what about them, and when, for whoever wants to know whether they were worth it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from secondsource.contracts.acts import Act, Verdict
from store.alerting.acts import acts_of
from store.database.connections import Database
from store.database.lists import among
from store.database.tables import alert_acts, alert_events, alerts, outbox, story_posts


class AlertHistory(NamedTuple):
    """One alert, from its opening to what was done about it.

    `told_at` is when its opening first reached somebody, None where it has not; `corroborated_at`, event time, when
    independent origins confirmed the story. `acts` are oldest first.
    """

    alert_id: str
    watch: str
    rule: str
    opened_at: datetime
    told_at: datetime | None
    corroborated_at: datetime | None
    acts: tuple[Act, ...]


def verdict(acts: Sequence[Act]) -> Verdict | None:
    """The verdict in force: that of the last dismissal, unless the alert was reopened after it."""
    held: Verdict | None = None
    for act in acts:
        if act.kind == "reopened":
            held = None
        elif act.kind == "dismissed" and act.verdict is not None:
            held = act.verdict
    return held


class Verdicts:
    """Reads of alerts with what was done about them. Each raises SourceAway where the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def histories(
        self, watch: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> list[AlertHistory]:
        """Alerts that opened from `since` to just before `until`, oldest first; `watch` "" stands for all."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(alerts).where(*_chosen(watch, since, until)).order_by(alerts.c.opened_at, alerts.c.id)
            ).all()
            ids = [row.id for row in rows]
            acts = acts_of(connection, ids)
            told = _told(connection, ids)
            corroborated = _corroborated(connection, ids)
        return [
            AlertHistory(
                row.id,
                row.watch,
                row.rule,
                row.opened_at,
                told.get(row.id),
                corroborated.get(row.id),
                acts.get(row.id, ()),
            )
            for row in rows
        ]

    def in_force(self, watch: str) -> dict[str, tuple[Verdict, tuple[str, ...]]]:
        """Of the watch's alerts that have one: the verdict, and the posts of the alert's story."""
        with self._database.reading() as connection:
            a, v = alerts.c, alert_acts.c
            judged = select(a.id, a.story).where(a.watch == watch, a.id.in_(select(v.alert_id).where(v.verdict != "")))
            stories = {row.id: row.story for row in connection.execute(judged.order_by(a.id))}
            acts = acts_of(connection, list(stories))
            held = {name: said for name in stories if (said := verdict(acts.get(name, ()))) is not None}
            members: dict[str, list[str]] = defaultdict(list)
            m = story_posts.c
            asked = among(connection, m.story, {stories[name] for name in held})
            for row in connection.execute(select(m.story, m.uid).where(asked).order_by(m.story, m.uid)):
                members[row.story].append(row.uid)
        return {name: (said, tuple(members[stories[name]])) for name, said in held.items()}


def _chosen(watch: str, since: datetime | None, until: datetime | None) -> Iterator[ColumnElement[bool]]:
    a = alerts.c
    if watch:
        yield a.watch == watch
    if since is not None:
        yield a.opened_at >= since
    if until is not None:
        yield a.opened_at < until


def _told(connection: Connection, ids: Sequence[str]) -> dict[str, datetime]:
    """When the first message about each alert was sent."""
    o = outbox.c
    query = (
        select(o.alert_id, func.min(o.sent_at).label("at"))
        .where(among(connection, o.alert_id, ids), o.sent_at.is_not(None))
        .group_by(o.alert_id)
    )
    return {row.alert_id: row.at for row in connection.execute(query)}


def _corroborated(connection: Connection, ids: Sequence[str]) -> dict[str, datetime]:
    e = alert_events.c
    query = (
        select(e.alert_id, func.min(e.at).label("at"))
        .where(among(connection, e.alert_id, ids), e.kind == "corroborated")
        .group_by(e.alert_id)
    )
    return {row.alert_id: row.at for row in connection.execute(query)}
