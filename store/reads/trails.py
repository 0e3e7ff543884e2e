"""How a story went, and in which languages and where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, func, select

from secondsource.contracts.evidence import Step, StoryTrail
from store.database.connections import Database
from store.database.tables import engagement, posts, story_posts

MOST_STEPS = 20_000  #: of posts and of counts, each; of a story with more the oldest
COPIES = "copies"  #: what copies of a story's text, picture or link pass on together
_COPIED = frozenset({"text", "media", "link"})


class TrailReads:
    """Satisfies `alerts.ports.Trails`."""

    def __init__(self, database: Database, most: int = MOST_STEPS) -> None:
        self._database = database
        self._most = most

    def trail(self, story_id: str, until: datetime) -> StoryTrail:
        """Up to and including a time; empty for a story of which nothing is stored.

        Raises:
            SourceAway: the database did not answer.
        """
        with self._database.reading() as connection:
            steps = [*self._acts(connection, story_id, until), *self._counts(connection, story_id, until)]
            return StoryTrail(
                steps=tuple(sorted(steps)),
                languages=_by(connection, posts.c.language, story_id, until),
                platforms=_by(connection, posts.c.platform, story_id, until),
            )

    def _acts(self, connection: Connection, story_id: str, until: datetime) -> list[Step]:
        """Those that count as spread where stories are judged: what asserts it, and passes on or copies another's."""
        p, m = posts.c, story_posts.c
        columns = (p.observed_at, p.uid, p.account_uid, p.repost_of, p.quote_of, m.stance, m.tie)
        query = _of_story(select(*columns), story_id, until).order_by(p.observed_at, p.uid).limit(self._most)
        rows = connection.execute(query).all()
        by = {row.uid: (row.account_uid, row.stance) for row in rows}
        first = next((row.account_uid for row in rows if row.tie == "first"), "")
        found = []
        for row in rows:
            whose, stance = by.get(row.repost_of or row.quote_of, ("", row.stance))
            if row.stance != "asserts" or stance != "asserts" or whose == row.account_uid:
                continue
            if row.repost_of or row.quote_of:
                found.append(Step(row.observed_at, row.repost_of or row.quote_of, row.account_uid))
            elif row.tie in _COPIED and row.account_uid != first:
                found.append(Step(row.observed_at, COPIES, row.account_uid))
        return found

    def _counts(self, connection: Connection, story_id: str, until: datetime) -> list[Step]:
        p, e = posts.c, engagement.c
        total = func.coalesce(e.reposts, 0) + func.coalesce(e.quotes, 0) + func.coalesce(e.replies, 0)
        query = (
            _of_story(select(e.observed_at, e.uid, total.label("total")), story_id, until)
            .join(engagement, e.uid == p.uid)
            .where(e.observed_at <= until, p.repost_of == "", story_posts.c.stance == "asserts")
            .order_by(e.observed_at, e.uid)
            .limit(self._most)
        )
        return [Step(row.observed_at, row.uid, "", row.total) for row in connection.execute(query)]


def _of_story(query: Select[Any], story_id: str, until: datetime) -> Select[Any]:
    members, p = story_posts.c, posts.c
    joined = query.select_from(story_posts.join(posts, p.uid == members.uid))
    return joined.where(members.story == story_id, members.tie != "left", p.observed_at <= until)


def _by(connection: Connection, column: Column[Any], story_id: str, until: datetime) -> tuple[tuple[str, int], ...]:
    size = func.count().label("size")
    query = _of_story(select(column.label("name"), size), story_id, until).group_by(column)
    return tuple((row.name, row.size) for row in connection.execute(query.order_by(size.desc(), column)))
