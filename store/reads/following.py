"""Posts whose engagement is followed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from secondsource.contracts.following import Candidate
from secondsource.contracts.messages import Counts
from store.database.connections import Database
from store.database.lists import among
from store.database.tables import COUNTS, engagement, posts

_SKEW = timedelta(hours=1)  #: a post is not observed longer than this before its platform says it was made


class FollowedPosts:
    """Satisfies `ingest.ports.Followed`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def candidates(self, platform: str, since: datetime, limit: int) -> list[Candidate]:
        """Originals of a platform created since then, most interactions first; of equals, the newest first.

        Raises:
            SourceAway: the database did not answer.
        """
        p = posts.c
        interactions = func.coalesce(p.reposts, 0) + func.coalesce(p.quotes, 0) + func.coalesce(p.replies, 0)
        # What was observed long before `since` was made before it too; the index is by the former.
        recent = (p.observed_at >= since - _SKEW, p.created_at >= since)
        query = (
            select(p.uid, p.watches, p.created_at, p.counts_at, *(p[name] for name in COUNTS))
            .where(*recent, p.platform == platform, p.repost_of == "")
            .order_by(interactions.desc(), p.created_at.desc(), p.uid)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            before = _before(connection, [row.uid for row in rows if row.counts_at is not None])
        return [_candidate(row, before.get(row.uid)) for row in rows]


def _before(connection: Connection, uids: Iterable[str]) -> dict[str, Row[Any]]:
    """Of each post the last snapshot before its newest counts."""
    p, e = posts.c, engagement.c
    last = (
        select(e.uid, func.max(e.observed_at).label("observed_at"))
        .join(posts, p.uid == e.uid)
        .where(among(connection, e.uid, uids), e.observed_at < p.counts_at)
        .group_by(e.uid)
        .subquery()
    )
    query = select(engagement).join(last, (last.c.uid == e.uid) & (last.c.observed_at == e.observed_at))
    return {row.uid: row for row in connection.execute(query)}


def _candidate(row: Row[Any], before: Row[Any] | None) -> Candidate:
    return Candidate(
        uid=row.uid,
        watches=tuple(row.watches),
        created_at=row.created_at,
        counted_at=row.counts_at,
        counts=_counts(row),
        before=None if before is None else _counts(before),
    )


def _counts(row: Row[Any]) -> Counts:
    return Counts(**{name: getattr(row, name) for name in COUNTS})
