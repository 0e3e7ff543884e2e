"""A post leaves every place the store put it, and does not come back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec
from sqlalchemy import Connection, delete, exists, select, union, update

from secondsource.contracts.messages import AlertEvent, Origin
from store.database.column_types import EPOCH
from store.database.lists import among, one_of
from store.database.tables import (
    alert_acts,
    alert_events,
    alerts,
    dead_letters,
    engagement,
    outbox,
    picture_matches,
    picture_views,
    picture_words,
    pictures,
    posts,
    quotations,
    reuse_matches,
    sightings,
    stories,
    story_posts,
)
from store.leaving import scrubbing
from store.pictures.prints import erase
from store.rows.rows import ForgetRow, Moment, TakedownRow
from store.rows.upserts import TAKEDOWNS, TO_FORGET


def tombstones(connection: Connection, uids: Callable[[], Iterable[str]]) -> frozenset[str]:
    """Those of these posts that have been taken down. Asks which they are where any has been."""
    if connection.exec_driver_sql("SELECT uid FROM takedowns LIMIT 1").first() is None:
        return frozenset()
    which, given = one_of(connection, "uid", uids())
    return frozenset(connection.exec_driver_sql(f"SELECT uid FROM takedowns WHERE {which}", given).scalars())  # noqa: S608  values are bound


def bury(connection: Connection, copies: Collection[str], moment: Moment) -> None:
    """Tombstones of reposts, whose words are those of a post that is gone; always the same, whoever finds them."""
    rows = [TakedownRow(uid, moment(EPOCH), "", "it passes on a post that was removed") for uid in copies]
    TAKEDOWNS.write(connection, rows)


def remove(connection: Connection, uids: Collection[str], moment: Moment) -> None:
    """Delete these posts and the reposts that carry their words, their sightings, counts and memberships.

    Pictures that no other post or import shows go too, with what they were matched to; so do dead letters that may
    hold the posts. Stories and alerts that quoted the posts keep standing, without the words; those already
    delivered are queued to be corrected where they were shown.
    """
    p = posts.c
    found = connection.execute(
        union(
            select(p.uid).where(among(connection, p.uid, uids)),
            select(p.uid).where(p.repost_of != "", among(connection, p.repost_of, uids)),
        )
    )
    reposts = {*found.scalars()} - {*uids}
    bury(connection, reposts, moment)
    copies = reposts | {*uids}
    said = _texts(connection, copies)
    _forget_pictures(connection, copies)
    connection.execute(delete(posts).where(among(connection, p.uid, copies)))
    connection.execute(delete(engagement).where(among(connection, engagement.c.uid, copies)))
    m = story_posts.c
    connection.execute(delete(story_posts).where(among(connection, m.uid, copies)))
    connection.execute(update(story_posts).where(among(connection, m.tied_to, copies)).values(evidence=""))
    _scrub(connection, copies, said)


def _forget_pictures(connection: Connection, copies: Collection[str]) -> None:
    by_source = among(connection, sightings.c.source, copies)
    shown = connection.execute(select(sightings.c.picture).distinct().where(by_source)).scalars().all()
    if not shown:
        return
    forget(connection, shown)
    connection.execute(delete(sightings).where(by_source))
    still_shown = exists().where(sightings.c.picture == pictures.c.id)
    gone = connection.execute(
        select(pictures.c.id).where(among(connection, pictures.c.id, shown), ~still_shown)
    ).scalars()
    alone = gone.all()
    connection.execute(delete(pictures).where(among(connection, pictures.c.id, alone)))
    connection.execute(delete(picture_views).where(among(connection, picture_views.c.picture, alone)))
    connection.execute(delete(picture_words).where(among(connection, picture_words.c.picture, alone)))
    connection.execute(delete(picture_matches).where(among(connection, picture_matches.c.a, alone)))
    connection.execute(delete(picture_matches).where(among(connection, picture_matches.c.b, alone)))
    connection.execute(delete(reuse_matches).where(among(connection, reuse_matches.c.asked, alone)))
    connection.execute(delete(reuse_matches).where(among(connection, reuse_matches.c.kept, alone)))
    erase(connection, alone)


def forget(connection: Connection, ids: Iterable[str]) -> None:
    """Queue pictures of removed posts for the media store, which forgets those that nothing else shows."""
    TO_FORGET.write(connection, (ForgetRow(picture) for picture in ids))


def _scrub(connection: Connection, uids: Collection[str], said: Mapping[str, str]) -> None:
    q = quotations.c
    quoting: dict[tuple[str, str], set[str]] = {}
    for row in connection.execute(select(quotations).where(among(connection, q.uid, uids))):
        quoting.setdefault((row.kind, row.id), set()).add(row.uid)
    for (kind, name), quoted in quoting.items():
        if kind == "story":
            _scrub_story(connection, name, quoted)
        elif kind == "event":
            _scrub_event(connection, name, {uid: said.get(uid, "") for uid in quoted})
        else:
            connection.execute(delete(dead_letters).where(dead_letters.c.id == name))


def _scrub_story(connection: Connection, name: str, uids: Collection[str]) -> None:
    row = connection.execute(select(stories).where(stories.c.id == name)).one_or_none()
    if row is None:
        return
    origins = scrubbing.origins(msgspec.convert(row.origins, tuple[Origin, ...]), uids)
    claim = scrubbing.REMOVED if row.claim_uid in uids else row.claim
    connection.execute(
        update(stories).where(stories.c.id == name).values(claim=claim, origins=msgspec.to_builtins(origins))
    )


def _scrub_event(connection: Connection, name: str, gone: Mapping[str, str]) -> None:
    """`gone`: what the posts that are gone said, by their uids; "" where they were not stored."""
    before = _event(connection, name)
    if before is None:
        return
    event = scrubbing.event(before, gone.keys())
    _rewrite(connection, before, event)
    if gone.keys() & scrubbing.shown_by_event(before):
        # An analyst's note may repeat the words, or say in others what they said.
        acts = alert_acts.c
        connection.execute(update(alert_acts).where(acts.alert_id == event.alert_id).values(note=""))
    else:
        # Anybody can join a story and leave it again: that takes their words, and nobody's notes.
        _take_from_notes(connection, event.alert_id, set(gone.values()))


def correct(connection: Connection, uids: Collection[str]) -> None:
    """Let alerts that quote these posts quote what they say now, where it is something else: they were edited.

    Analysts' notes on them lose the words that were edited away, and nothing else.
    """
    which, given = one_of(connection, "uid", uids)
    query = f"SELECT DISTINCT id FROM quotations WHERE kind = 'event' AND {which}"  # noqa: S608  values are bound
    for name in connection.exec_driver_sql(query, given).scalars().all():
        before = _event(connection, name)
        if before is not None:
            said = texts(connection, [before])
            _rewrite(connection, before, scrubbing.reworded(before, said))
            _take_from_notes(connection, before.alert_id, scrubbing.edited_away(before, said))


def _event(connection: Connection, name: str) -> AlertEvent | None:
    body = connection.execute(select(alert_events.c.body).where(alert_events.c.id == name)).scalar_one_or_none()
    return None if body is None else msgspec.convert(body, AlertEvent)


def _take_from_notes(connection: Connection, alert_id: str, words: Collection[str]) -> None:
    if not any(words):
        return
    acts = alert_acts.c
    for row in connection.execute(select(acts.id, acts.note).where(acts.alert_id == alert_id, acts.note != "")).all():
        note = scrubbing.without_any(row.note, words)
        if note != row.note:
            connection.execute(update(alert_acts).where(acts.id == row.id).values(note=note))


def texts(connection: Connection, events: Iterable[AlertEvent]) -> dict[str, str]:
    """What the posts that these alerts quote say, as far as they are stored."""
    uids = {seen.source for event in events for seen in event.finding.earlier}
    uids |= {event.story.claim_uid for event in events}
    return _texts(connection, uids)


def _texts(connection: Connection, uids: Collection[str]) -> dict[str, str]:
    found = connection.execute(select(posts.c.uid, posts.c.text).where(among(connection, posts.c.uid, uids)))
    return {row.uid: row.text for row in found}


def _rewrite(connection: Connection, before: AlertEvent, event: AlertEvent) -> None:
    """Keep the event so from now on, and have it corrected where it was shown."""
    if event == before:
        return
    name = event.id
    connection.execute(update(alert_events).where(alert_events.c.id == name).values(body=msgspec.to_builtins(event)))
    connection.execute(
        update(alerts)
        .where(alerts.c.id == event.alert_id, alerts.c.seq == event.seq)
        .values(headline=event.finding.headline)
    )
    # One that is being sent may have left with the words; one that waits has not.
    o = outbox.c
    shown = (o.event_id == name, o.state.in_(("sending", "sent")))
    connection.execute(update(outbox).where(*shown).values(stale=o.stale + 1, not_before=None))
