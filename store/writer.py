"""One batch of messages into all tables, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, select, tuple_, update

from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import (
    AlertEvent,
    Coverage,
    DeadLetter,
    Engagement,
    Enriched,
    Message,
    StoryUpdate,
    Takedown,
    Tick,
)
from store import rows as to
from store import scrubbing
from store import upserts as table
from store.archive import PictureArchive
from store.coverage import cover, tick_row
from store.database import Database
from store.letter_names import named_in
from store.lists import among
from store.locks import REMOVING, exclusive, shared
from store.prints import erase_unseen
from store.removal import bury, correct, forget, remove, texts, tombstones
from store.rows import Moment
from store.tables import COUNTS, engagement, posts
from store.text import is_storable, storable

Destinations = Callable[[AlertEvent], Iterable[str]]


class Writer:
    """Upserts by natural key: the same messages in any order, split and repeated in any way, leave the same rows."""

    def __init__(self, database: Database, archive: PictureArchive, moment: Moment) -> None:
        self._database = database
        self._archive = archive
        self._moment = moment

    def write(self, messages: Sequence[Message], destinations: Destinations, queued_at: datetime | None = None) -> None:
        """Keep these messages, and queue each new alert event for its destinations; `queued_at`: when, on the wall.

        Raises:
            BadRecord: one of them cannot be kept; none is.
            SourceAway: the database did not answer or has no room; nothing was kept.
        """
        batch = _Sorted(messages)
        with self._database.writing() as connection:
            # Whoever removes posts or counts posts that are not there yet must not overlook one being written.
            lock = exclusive if batch.takedowns or batch.engagement else shared
            lock(connection, REMOVING)
            moment = self._moment
            table.TAKEDOWNS.write(connection, (to.takedown_row(each, moment) for each in batch.takedowns))
            gone = tombstones(connection, batch.uids()) if batch.names_posts else frozenset[str]()
            buried = {each.post.uid for each in batch.enriched if each.post.repost_of in gone} - gone if gone else set()
            if buried:
                exclusive(connection, REMOVING)
                bury(connection, buried, moment)
                gone |= buried
            self._posts(connection, batch.enriched, gone)
            self._engagement(connection, [each for each in batch.engagement if each.uid not in gone])
            self._stories(connection, batch.stories, gone)
            self._alerts(connection, batch.alerts, gone, destinations, queued_at)
            self._letters(connection, batch.letters, gone)
            if batch.takedowns or buried:
                remove(connection, {each.uid for each in batch.takedowns} | buried, moment)
            cover(connection, batch.coverage)
            table.COLLECTORS.write(connection, (tick_row(each, moment) for each in batch.ticks))

    def _posts(self, connection: Connection, messages: Sequence[Enriched], gone: frozenset[str]) -> None:
        if not messages:
            return
        every = [to.enriched_rows(message, self._moment) for message in messages]
        # The account is kept even where the post is gone: it is not what was taken down.
        table.ACCOUNTS.write(connection, (each.account for each in every))
        if gone:
            # Enrichment keeps thumbnails before it is known here that their post is gone.
            forget(connection, (row.id for each in every if each.post.uid in gone for row in each.pictures))
            unseen = (row.id for each in every if each.post.uid in gone for row in each.pictures)
            erase_unseen(connection, unseen)
            every = [each for each in every if each.post.uid not in gone]
        table.POSTS.write(connection, (each.post for each in every))
        self._recount(connection, {each.post.uid for each in every})
        correct(connection, [each.post.uid for each in every])
        with_pictures = [each for each in every if each.pictures]
        if with_pictures:
            self._archive.write(
                connection,
                (row for each in with_pictures for row in each.pictures),
                (row for each in with_pictures for row in each.sightings),
                (row for each in with_pictures for row in each.reuse),
            )

    def _engagement(self, connection: Connection, messages: Sequence[Engagement]) -> None:
        if not messages:
            return
        rows = [to.engagement_row(message, self._moment) for message in messages]
        table.ENGAGEMENT.write(connection, rows)
        self._recount(connection, {row.uid for row in rows})

    def _recount(self, connection: Connection, uids: Iterable[str]) -> None:
        """Give these posts the newest counts there are of them, also those that came before the post itself."""
        e, p = engagement.c, posts.c
        if connection.execute(select(e.uid).limit(1)).first() is None:
            return
        newer = engagement.alias()
        theirs, ours = ([func.coalesce(of[name], -1) for name in COUNTS] for of in (e, p))
        connection.execute(
            update(posts)
            .values({name: e[name] for name in COUNTS} | {"counts_at": e.observed_at})
            .where(
                among(connection, p.uid, uids),
                e.uid == p.uid,
                ~exists().where(newer.c.uid == e.uid, newer.c.observed_at > e.observed_at),
                p.counts_at.is_(None) | (tuple_(e.observed_at, *theirs) > tuple_(p.counts_at, *ours)),
            )
        )

    def _stories(self, connection: Connection, updates: Sequence[StoryUpdate], gone: frozenset[str]) -> None:
        if not updates:
            return
        stories, members, quotations = [], [], []
        for story in updates:
            row = to.story_row(story, self._moment)
            quotations += [to.QuotationRow(uid, "story", story.id) for uid in scrubbing.quoted_by_story(story)]
            kept = story
            if gone:
                kept = scrubbing.story(story, gone)
                row = to.story_row(kept, self._moment)._replace(digest=row.digest)
            stories.append(row)
            members += [to.member_row(member, kept) for member in kept.members]
        table.STORIES.write(connection, stories)
        table.MEMBERS.write(connection, members)
        table.QUOTATIONS.write(connection, quotations)

    def _alerts(
        self,
        connection: Connection,
        events: Sequence[AlertEvent],
        gone: frozenset[str],
        destinations: Destinations,
        queued_at: datetime | None,
    ) -> None:
        if not events:
            return
        moment = self._moment
        quotations = [
            to.QuotationRow(uid, "event", event.id) for event in events for uid in scrubbing.quoted_by_event(event)
        ]
        said = texts(connection, events)
        kept = [scrubbing.event(event, gone & scrubbing.quoted_by_event(event)) for event in events]
        kept = [scrubbing.reworded(event, said) for event in kept]
        deliveries = [
            to.delivery_row(event, where, moment, queued_at) for event in kept for where in destinations(event)
        ]
        table.ALERTS.write(connection, (to.alert_row(event, moment) for event in kept))
        table.EVENTS.write(connection, (to.event_row(event, moment) for event in kept))
        table.QUOTATIONS.write(connection, quotations)
        table.DELIVERIES.write(connection, deliveries)

    def _letters(self, connection: Connection, letters: Sequence[DeadLetter], gone: frozenset[str]) -> None:
        if not letters:
            return
        named = [(letter, named_in(letter)) for letter in letters]
        kept = [(letter, uids) for letter, uids in named if not uids & gone]
        table.LETTERS.write(connection, (to.letter_row(letter, self._moment) for letter, _ in kept))
        rows = [to.QuotationRow(uid, "letter", letter.id) for letter, uids in named for uid in uids]
        table.QUOTATIONS.write(connection, rows)


class _Sorted:
    """A batch by kind. Text is storable, but for Enriched, whose rows see to it themselves."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.enriched: list[Enriched] = []
        self.engagement: list[Engagement] = []
        self.takedowns: list[Takedown] = []
        self.coverage: list[Coverage] = []
        self.ticks: list[Tick] = []
        self.stories: list[StoryUpdate] = []
        self.alerts: list[AlertEvent] = []
        self.letters: list[DeadLetter] = []
        lists: dict[type, list[Any]] = {
            Engagement: self.engagement,
            Takedown: self.takedowns,
            Coverage: self.coverage,
            Tick: self.ticks,
            StoryUpdate: self.stories,
            AlertEvent: self.alerts,
            DeadLetter: self.letters,
        }
        for message in messages:
            if type(message) is Enriched:
                self.enriched.append(message)
                continue
            kind = lists.get(type(message))
            if kind is None:
                msg = f"the store keeps enriched posts, alerts and what happens to them; came {type(message).__name__}"
                raise BadRecord(msg)
            kind.append(message if is_storable(message) else storable(message))

    @property
    def names_posts(self) -> bool:
        return bool(self.enriched or self.engagement or self.stories or self.alerts or self.letters)

    def uids(self) -> set[str]:
        """Every post that anything in the batch is about or quotes."""
        uids = {each.post.uid for each in self.enriched}
        uids.update(each.post.repost_of for each in self.enriched)
        uids.update(each.uid for each in self.engagement)
        for story in self.stories:
            uids |= scrubbing.quoted_by_story(story)
            uids |= scrubbing.tied_by_story(story)
            uids.update(member.uid for member in story.members)
        for letter in self.letters:
            uids |= named_in(letter)
        for event in self.alerts:
            uids |= scrubbing.quoted_by_event(event)
        uids.discard("")
        return uids


def aware(at: datetime) -> datetime:
    """The same moment, for databases that take moments as they are.

    Raises:
        BadRecord: the time has no zone.
    """
    if at.tzinfo is None:
        msg = f"expected a time with its zone, came {at.isoformat()}: collectors add the zone before they send"
        raise BadRecord(msg)
    return at
