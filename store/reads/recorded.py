"""What was collected, read back as the messages it came in, in the order it was observed.

What has left the store does not come back: posts taken down, the earlier words of edited ones, and a post's first
counts once newer ones were asked for. An author is as last seen.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Text, cast, func, or_, select

from secondsource.contracts.messages import Claims, Counts, Coverage, Engagement, Picture, Post, event_time
from store.database.connections import Database
from store.database.lists import among
from store.database.tables import COUNTS, accounts, coverage, engagement, pictures, posts, sightings, takedowns
from store.reads.evidence import AUTHOR, post_of

RecordedMessage = Post | Engagement | Coverage
_AT_ONCE = 2_000  # rows the database hands over together
_TOLD_EVERY = timedelta(minutes=1)
_MOST_PIECES = 1_000  # of one blind time


class Recorded:
    """Reads of posts and of what was told of them later. `watch` "" stands for every watch.

    Moments are the messages' own event time; `since` is included, `until` is not; None leaves a side open. Every
    method raises SourceAway where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def messages(self, watch: str, since: datetime | None, until: datetime | None) -> Iterator[RecordedMessage]:
        """Posts, counts and coverage, oldest first; of one moment in an order that is always the same."""
        streams: list[Iterator[RecordedMessage]] = [
            iter(self._coverage(watch, since, until)),
            self._posts(watch, since, until),
            self._engagement(watch, since, until),
        ]
        return heapq.merge(*streams, key=event_time)

    def bounds(self, watch: str) -> tuple[datetime, datetime] | None:
        """When the first and the last post were observed, None where there is none."""
        p = posts.c
        query = select(func.min(p.observed_at), func.max(p.observed_at)).where(*_of(watch))
        with self._database.reading() as connection:
            first, last = connection.execute(query).one()
        return None if first is None else (first, last)

    def removed(self, since: datetime | None, until: datetime | None) -> int:
        """How many posts, of any watch, were taken down in this time, and so are missing."""
        t = takedowns.c
        with self._database.reading() as connection:
            query = select(func.count()).select_from(takedowns).where(*_within(t.observed_at, since, until))
            return int(connection.execute(query).scalar_one())

    def pictures(self, uids: Sequence[str]) -> dict[str, tuple[Picture, ...]]:
        """The pictures of these posts as they were seen when the posts came, in the order of their addresses."""
        s, p = sightings.c, pictures.c
        query = (
            select(s.source, s.url, pictures)
            .select_from(sightings.join(pictures, p.id == s.picture))
            .order_by(s.source, s.url, p.frame, p.id)
        )
        found: dict[str, list[Picture]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in connection.execute(query.where(among(connection, s.source, uids))):
                found[row.source].append(_picture(row))
        return {uid: tuple(shown) for uid, shown in found.items()}

    def _posts(self, watch: str, since: datetime | None, until: datetime | None) -> Iterator[Post]:
        p = posts.c
        query = (
            select(posts, *AUTHOR)
            .join(accounts, accounts.c.uid == p.account_uid)
            .where(*_of(watch), *_within(p.observed_at, since, until))
            .order_by(p.observed_at, p.uid)
        )
        for row in self._rows(query):
            post = post_of(row)
            # Newer counts are told by the snapshot they came with: a post must not know what was to come.
            yield post if row.counts_at == row.observed_at else msgspec.structs.replace(post, counts=None)

    def _engagement(self, watch: str, since: datetime | None, until: datetime | None) -> Iterator[Engagement]:
        e, p = engagement.c, posts.c
        query = (
            select(engagement, p.watches)
            .join(posts, p.uid == e.uid)
            .where(*_of(watch), *_within(e.observed_at, since, until))
            .order_by(e.observed_at, e.uid)
        )
        for row in self._rows(query):
            yield Engagement(
                uid=row.uid,
                observed_at=row.observed_at,
                collector=row.collector,
                watches=tuple(row.watches),
                counts=Counts(**{name: getattr(row, name) for name in COUNTS}),
            )

    def _coverage(self, watch: str, since: datetime | None, until: datetime | None) -> list[Coverage]:
        """Blind times as they were told of, bit by bit: whoever judges in the middle of one knows of its beginning."""
        c = coverage.c
        ours: tuple[ColumnElement[bool], ...] = (or_(c.watch == watch, c.watch == ""),) if watch else ()
        query = select(coverage).where(or_(c.state == "blind", c.reason != ""), *ours)
        whole = [
            Coverage(
                collector=row.collector,
                watches=(row.watch,) if row.watch else (),
                start=row.start_at,
                end=row.end_at,
                state=row.state,
                reason=row.reason,
            )
            for row in self._rows(query)
        ]
        told = [piece for one in whole for piece in (_pieces(one) if one.state == "blind" else [one])]
        kept = [one for one in told if (since is None or one.end >= since) and (until is None or one.end < until)]
        return sorted(kept, key=lambda one: (one.end, one.collector, one.watches, one.state, one.reason, one.start))

    def _rows(self, query: Select[Any]) -> Iterator[Row[Any]]:
        with self._database.reading() as connection:
            yield from connection.execution_options(yield_per=_AT_ONCE).execute(query)


def _pieces(blind: Coverage) -> Iterator[Coverage]:
    length = max(_TOLD_EVERY, (blind.end - blind.start) / _MOST_PIECES)
    start = blind.start
    while start < blind.end:
        end = min(start + length, blind.end)
        yield msgspec.structs.replace(blind, start=start, end=end)
        start = end


def _of(watch: str) -> tuple[ColumnElement[bool], ...]:
    """Posts of a watch. Names are small letters, digits and '-', so that JSON writes them as they are."""
    return (cast(posts.c.watches, Text).contains(f'"{watch}"', autoescape=True),) if watch else ()


def _within(
    at: ColumnElement[datetime], since: datetime | None, until: datetime | None
) -> Iterator[ColumnElement[bool]]:
    if since is not None:
        yield at >= since
    if until is not None:
        yield at < until


def _picture(row: Row[Any]) -> Picture:
    return Picture(
        id=row.id,
        url=row.url,
        state=row.state,
        reason=row.reason,
        pdq=row.pdq,
        quality=row.quality,
        width=row.width,
        height=row.height,
        kind=row.kind,
        frame=row.frame,
        at_seconds=row.at_seconds,
        of=row.file,
        claims=msgspec.json.decode(row.claims, type=Claims) if row.claims else None,
    )
