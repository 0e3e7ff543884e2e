"""What is older than an operator wants to keep leaves: words, people, stories, alerts, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, exists, select, update

from store.database.connections import Database
from store.database.lists import among
from store.database.locks import COVERING, REMOVING, exclusive
from store.database.tables import (
    accounts,
    alert_acts,
    alert_events,
    alerts,
    coverage,
    dead_letters,
    engagement,
    outbox,
    posts,
    quotations,
    sightings,
    stories,
    story_posts,
)
from store.leaving.removal import forget

_AT_ONCE = 1_000  # rows a transaction: others write in between


class Forgotten(NamedTuple):
    """How many of each were let go of."""

    posts: int = 0
    accounts: int = 0
    stories: int = 0
    alerts: int = 0
    dead_letters: int = 0


class Retention:
    """Of a picture that was sighted in a post remain its fingerprint, when it was seen, and the post's id: that it has
    lived before is what a later reader asks, and by the id a takedown still finds it. Who showed it, and with what
    words, goes with the post; so does what is kept of the picture itself, where no other post or import shows it.
    Imports into the archive are no posts, and stay.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(self, before: datetime) -> Forgotten:
        """Let go of what was observed, told or seen last before a time, and of accounts none of whose posts are left,
        as of those that were taken down. A second call finds nothing more.

        Raises:
            SourceAway: the database did not answer. What was let go of so far is gone.
        """
        forgotten = Forgotten(
            posts=self._by_id(posts, posts.c.observed_at < before, _posts),
            stories=self._by_id(stories, stories.c.as_of < before, _stories),
            alerts=self._by_id(alerts, alerts.c.at < before, _alerts),
            dead_letters=self._by_id(dead_letters, dead_letters.c.at < before, _letters),
            accounts=self._by_id(accounts, ~exists().where(posts.c.account_uid == accounts.c.uid), _nothing),
        )
        with self._database.writing() as connection:
            exclusive(connection, COVERING)
            connection.execute(delete(coverage).where(coverage.c.end_at < before))
        return forgotten

    def _by_id(
        self, table: Table, old: ColumnElement[bool], let_go: Callable[[Connection, Sequence[str]], None]
    ) -> int:
        """Some at a time, each in a transaction of its own. The key is the table's first column."""
        key = next(iter(table.primary_key))
        done = 0
        while True:
            with self._database.writing() as connection:
                exclusive(connection, REMOVING)
                ids = connection.execute(select(key).where(old).limit(_AT_ONCE)).scalars().all()
                let_go(connection, ids)
                connection.execute(delete(table).where(among(connection, key, ids)))
            done += len(ids)
            if len(ids) < _AT_ONCE:
                return done


def _posts(connection: Connection, ids: Sequence[str]) -> None:
    _delete(connection, engagement.c.uid, ids)
    _delete(connection, story_posts.c.uid, ids)
    seen = among(connection, sightings.c.source, ids)
    forget(connection, connection.execute(select(sightings.c.picture).distinct().where(seen)).scalars().all())
    anonymous = {"account_uid": "", "handle": "", "url": ""}
    connection.execute(update(sightings).where(among(connection, sightings.c.source, ids)).values(anonymous))


def _stories(connection: Connection, ids: Sequence[str]) -> None:
    _delete(connection, story_posts.c.story, ids)
    _delete(connection, quotations.c.id, ids, quotations.c.kind == "story")


def _alerts(connection: Connection, ids: Sequence[str]) -> None:
    events = connection.execute(select(alert_events.c.id).where(among(connection, alert_events.c.alert_id, ids)))
    _delete(connection, quotations.c.id, events.scalars().all(), quotations.c.kind == "event")
    _delete(connection, alert_events.c.alert_id, ids)
    _delete(connection, alert_acts.c.alert_id, ids)
    _delete(connection, outbox.c.alert_id, ids)


def _letters(connection: Connection, ids: Sequence[str]) -> None:
    _delete(connection, quotations.c.id, ids, quotations.c.kind == "letter")


def _nothing(_connection: Connection, _ids: Sequence[str]) -> None:
    """An account's row is all there is of it."""


def _delete(
    connection: Connection, column: Column[str], ids: Sequence[str], more: ColumnElement[bool] | None = None
) -> None:
    which = among(connection, column, ids) if more is None else among(connection, column, ids) & more
    connection.execute(delete(column.table).where(which))
