"""A post leaves every place the store put it, and does not come back."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import Connection, delete, exists, select, union, update

from secondsource.contracts.messages import AlertEvent, Origin
from store import scrubbing
from store.lists import among
from store.tables import (
    alert_events,
    alerts,
    engagement,
    picture_matches,
    pictures,
    posts,
    quotations,
    sightings,
    stories,
    story_posts,
    takedowns,
)


def tombstones(connection: Connection, uids: Iterable[str]) -> frozenset[str]:
    """Those of these posts that have been taken down."""
    t = takedowns.c
    if connection.execute(select(t.uid).limit(1)).first() is None:
        return frozenset()
    return frozenset(connection.execute(select(t.uid).where(among(connection, t.uid, uids))).scalars())


def remove(connection: Connection, uids: Collection[str]) -> None:
    """Delete these posts and the reposts that carry their words, their sightings, counts and memberships.

    Pictures that no other post or import shows go too, with what they were matched to. Stories and alerts that
    quoted the posts keep standing, without the words.
    """
    p = posts.c
    found = connection.execute(
        union(
            select(p.uid).where(among(connection, p.uid, uids)),
            select(p.uid).where(p.repost_of != "", among(connection, p.repost_of, uids)),
        )
    )
    copies = {*uids, *found.scalars()}
    _forget_pictures(connection, copies)
    connection.execute(delete(posts).where(among(connection, p.uid, copies)))
    connection.execute(delete(engagement).where(among(connection, engagement.c.uid, uids)))
    connection.execute(delete(story_posts).where(among(connection, story_posts.c.uid, uids)))
    _scrub(connection, uids)


def _forget_pictures(connection: Connection, copies: Collection[str]) -> None:
    by_source = among(connection, sightings.c.source, copies)
    shown = connection.execute(select(sightings.c.picture).distinct().where(by_source)).scalars().all()
    if not shown:
        return
    connection.execute(delete(sightings).where(by_source))
    still_shown = exists().where(sightings.c.picture == pictures.c.id)
    gone = connection.execute(
        select(pictures.c.id).where(among(connection, pictures.c.id, shown), ~still_shown)
    ).scalars()
    alone = gone.all()
    connection.execute(delete(pictures).where(among(connection, pictures.c.id, alone)))
    connection.execute(delete(picture_matches).where(among(connection, picture_matches.c.a, alone)))
    connection.execute(delete(picture_matches).where(among(connection, picture_matches.c.b, alone)))


def _scrub(connection: Connection, uids: Collection[str]) -> None:
    q = quotations.c
    quoting: dict[tuple[str, str], set[str]] = {}
    for row in connection.execute(select(quotations).where(among(connection, q.uid, uids))):
        quoting.setdefault((row.kind, row.id), set()).add(row.uid)
    for (kind, name), quoted in quoting.items():
        (_scrub_story if kind == "story" else _scrub_event)(connection, name, quoted)


def _scrub_story(connection: Connection, name: str, uids: Collection[str]) -> None:
    row = connection.execute(select(stories).where(stories.c.id == name)).one_or_none()
    if row is None:
        return
    origins = scrubbing.origins(msgspec.convert(row.origins, tuple[Origin, ...]), uids)
    claim = scrubbing.REMOVED if row.claim_uid in uids else row.claim
    connection.execute(
        update(stories).where(stories.c.id == name).values(claim=claim, origins=msgspec.to_builtins(origins))
    )


def _scrub_event(connection: Connection, name: str, uids: Collection[str]) -> None:
    body = connection.execute(select(alert_events.c.body).where(alert_events.c.id == name)).scalar_one_or_none()
    if body is None:
        return
    event = scrubbing.event(msgspec.convert(body, AlertEvent), uids)
    connection.execute(update(alert_events).where(alert_events.c.id == name).values(body=msgspec.to_builtins(event)))
    connection.execute(
        update(alerts)
        .where(alerts.c.id == event.alert_id, alerts.c.seq == event.seq)
        .values(headline=event.finding.headline)
    )
