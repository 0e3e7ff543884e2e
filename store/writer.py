"""One batch of messages into all tables, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

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
from store.coverage import cover, tick_row
from store.database.connections import Database
from store.database.lists import one_of
from store.database.locks import REMOVING, exclusive, shared
from store.database.tables import COUNTS
from store.database.text import is_storable, storable
from store.leaving import scrubbing
from store.leaving.letter_names import named_in
from store.leaving.removal import bury, correct, forget, remove, texts, tombstones
from store.pictures.archive import PictureArchive
from store.pictures.prints import erase_unseen
from store.rows import rows as to
from store.rows import upserts as table
from store.rows.rows import Moment

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
        # Whoever removes posts or counts posts that are not there yet must not overlook one being written.
        alone = bool(batch.takedowns or batch.engagement)
        try:
            self._write(batch, destinations, queued_at, alone=alone)
        except _Buries:
            self._write(batch, destinations, queued_at, alone=True)

    def _write(self, batch: _Sorted, destinations: Destinations, queued_at: datetime | None, *, alone: bool) -> None:
        with self._database.writing() as connection:
            lock = exclusive if alone else shared
            lock(connection, REMOVING)
            moment = self._moment
            table.TAKEDOWNS.write(connection, (to.takedown_row(each, moment) for each in batch.takedowns))
            gone = tombstones(connection, batch.uids) if batch.names_posts else frozenset[str]()
            buried = {each.post.uid for each in batch.enriched if each.post.repost_of in gone} - gone if gone else set()
            if buried:
                if not alone:
                    raise _Buries
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
        every = [to.post_row(message, self._moment) for message in messages]
        # The account is kept even where the post is gone: it is not what was taken down.
        table.ACCOUNTS.write(connection, to.account_rows(messages, self._moment))
        if gone:
            # Enrichment keeps thumbnails before it is known here that their post is gone.
            lost = [picture.id for row, message in every if row.uid in gone for picture in message.pictures]
            forget(connection, lost)
            erase_unseen(connection, lost)
            every = [each for each in every if each[0].uid not in gone]
        table.POSTS.write(connection, (row for row, _ in every))
        uids = {row.uid for row, _ in every}
        which, given = one_of(connection, "uid", uids)
        counted = connection.exec_driver_sql(f"SELECT DISTINCT uid FROM engagement WHERE {which}", given)  # noqa: S608  values are bound
        _recount(connection, counted.scalars().all())  # by what came before the posts themselves
        correct(connection, uids)
        shown = [(picture, message.post) for _, message in every for picture in message.pictures]
        if shown:
            self._archive.write(
                connection,
                (to.picture_row(picture) for picture, _ in shown),
                (to.sighting_row(picture, post, self._moment) for picture, post in shown),
                (row for picture, _ in shown for row in to.reuse_rows(picture)),
                (row for picture, _ in shown for row in to.view_rows(picture)),
                (row for picture, _ in shown for row in to.words_rows(picture)),
            )

    def _engagement(self, connection: Connection, messages: Sequence[Engagement]) -> None:
        if not messages:
            return
        rows = [to.engagement_row(message, self._moment) for message in messages]
        table.ENGAGEMENT.write(connection, rows)
        _recount(connection, {row.uid for row in rows})

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


class _Buries(Exception):
    """Nothing is written yet, and the lock is let go of: two that hold it shared must not both wait to be alone."""


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


_RECOUNT: Final = """
    UPDATE posts SET {sets}, counts_at = e.observed_at FROM engagement AS e
    WHERE posts.uid = e.uid AND {which}
    AND NOT EXISTS (SELECT 1 FROM engagement AS newer WHERE newer.uid = e.uid AND newer.observed_at > e.observed_at)
    AND (posts.counts_at IS NULL OR (e.observed_at, {theirs}) > (posts.counts_at, {ours}))
"""


def _recount(connection: Connection, uids: Collection[str]) -> None:
    """Give these posts the newest counts there are of them."""
    if not uids:
        return
    which, given = one_of(connection, "e.uid", uids)
    sets = ", ".join(f"{name} = e.{name}" for name in COUNTS)
    theirs, ours = (", ".join(f"COALESCE({of}.{name}, -1)" for name in COUNTS) for of in ("e", "posts"))
    connection.exec_driver_sql(_RECOUNT.format(sets=sets, which=which, theirs=theirs, ours=ours), given)


def aware(at: datetime) -> datetime:
    """The same moment, for databases that take moments as they are.

    Raises:
        BadRecord: the time has no zone.
    """
    if at.tzinfo is None:
        msg = f"expected a time with its zone, came {at.isoformat()}: collectors add the zone before they send"
        raise BadRecord(msg)
    return at
