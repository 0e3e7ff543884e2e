"""What those see who look at an alert: its life, and the posts of its story."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from secondsource.contracts.evidence import Blind, Overview, StoryPost
from secondsource.contracts.messages import Account, AlertEvent, Counts, MediaRef, Post, Review
from store.database.connections import Database
from store.database.tables import COUNTS, accounts, alert_events, alerts, collectors, posts, story_posts
from store.database.text import storable
from store.reads.standing import standings
from store.reads.status import CLOSED

#: Of `accounts`, beside the columns of `posts`.
AUTHOR = tuple(accounts.c[name].label(f"author_{name}") for name in ("handle", "name", "followers", "created_at"))

#: The newest event of each alert, newest first.
_NEWEST = (
    select(alert_events.c.body)
    .join(alerts, (alerts.c.id == alert_events.c.alert_id) & (alerts.c.seq == alert_events.c.seq))
    .order_by(alerts.c.at.desc(), alerts.c.id)
)


class EvidenceReads:
    """Satisfies `alerts.ports.Evidence`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def overview(self, most_open: int, most_closed: int) -> Overview:
        """All that stands before what is over, whichever changed last."""
        stands, over = alerts.c.kind.not_in(CLOSED), alerts.c.kind.in_(CLOSED)
        with self._database.reading() as connection:
            in_all = connection.execute(select(func.count()).select_from(alerts).where(stands)).scalar_one()
            return Overview(
                open=tuple(_events(connection, _NEWEST.where(stands).limit(most_open))),
                open_in_all=in_all,
                closed=tuple(_events(connection, _NEWEST.where(over).limit(most_closed))),
                last_post=connection.execute(select(func.max(posts.c.observed_at))).scalar_one(),
                told_until=connection.execute(select(func.max(collectors.c.last_at))).scalar_one(),
                blind=tuple(
                    Blind(each.collector, each.watch, each.since, each.until, each.reason)
                    for each in standings(connection)
                    if each.state == "blind"
                ),
            )

    def latest_alerts(self, limit: int, *, watch: str = "", stands: bool = False) -> list[AlertEvent]:
        """The newest event of each alert, newest first; of one watch, or of alerts that are not over."""
        query = _NEWEST.where(alerts.c.watch == storable(watch)) if watch else _NEWEST
        query = query.where(alerts.c.kind.not_in(CLOSED)) if stands else query
        with self._database.reading() as connection:
            return _events(connection, query.limit(limit))

    def alert_events(self, alert_id: str) -> list[AlertEvent]:
        """All events of an alert, in order; empty for an unknown one."""
        e = alert_events.c
        with self._database.reading() as connection:
            return _events(connection, select(e.body).where(e.alert_id == storable(alert_id)).order_by(e.seq))

    def story_posts(self, story_id: str, limit: int) -> list[StoryPost]:
        """Posts of a story, oldest first. Those taken down, and those not stored yet, are not among them."""
        p, m = posts.c, story_posts.c
        query = (
            select(posts, *AUTHOR, m.stance.label("story_stance"), m.tie, m.tied_to, m.evidence)
            .select_from(story_posts)
            .join(posts, p.uid == m.uid)
            .join(accounts, accounts.c.uid == p.account_uid)
            .where(m.story == storable(story_id), m.tie != "left")
            .order_by(p.observed_at, p.uid)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [_story_post(row) for row in connection.execute(query)]


def _events(connection: Connection, query: Select[tuple[Any]]) -> list[AlertEvent]:
    return [msgspec.convert(body, AlertEvent) for body in connection.execute(query).scalars()]


def _story_post(row: Row[Any]) -> StoryPost:
    cue = row.stance_cue if row.stance == row.story_stance else ""  # a repost may have its original's stance
    return StoryPost(post_of(row), row.story_stance, row.tie, row.tied_to, row.evidence, cue)


def post_of(row: Row[Any]) -> Post:
    """The post as it came; its author (selected by `AUTHOR`) as last seen, its counts as last reported."""
    counts = Counts(**{name: getattr(row, name) for name in COUNTS})
    return Post(
        uid=row.uid,
        platform=row.platform,
        author=Account(
            uid=row.account_uid,
            handle=row.author_handle,
            name=row.author_name,
            followers=row.author_followers,
            created_at=row.author_created_at,
        ),
        text=row.text,
        created_at=row.created_at,
        observed_at=row.observed_at,
        collector=row.collector,
        watches=tuple(row.watches),
        url=row.url,
        repost_of=row.repost_of,
        quote_of=row.quote_of,
        reply_to=row.reply_to,
        links=tuple(row.links),
        media=msgspec.convert(row.media, tuple[MediaRef, ...]),
        hashtags=tuple(row.hashtags),
        mentions=tuple(row.mentions),
        lang_hint=row.lang_hint,
        counts=None if row.counts_at is None else counts,
        edit_of=row.edit_of,
        media_notes=tuple(row.media_notes),
        credits=tuple(row.credits),
        reviews=msgspec.convert(row.reviews, tuple[Review, ...]),
    )
