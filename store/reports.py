"""Tables for people, as pandas frames."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import BigInteger, func, select, type_coerce

from store.database.column_types import from_micros
from store.database.views import post_watches
from store.store import Store

_HOUR = 3_600_000_000  # microseconds


def posts_per_hour(store: Store, since: datetime, until: datetime) -> pd.DataFrame:
    """Posts by event time: a row an hour (UTC, with zone), a column a watch, 0 where there were none.

    `since` is included, `until` is not. Hours without any post of any watch have no row.

    Raises:
        SourceAway: the database did not answer.
    """
    at = post_watches.c.observed_at
    is_sqlite = store.database.is_sqlite
    hour = type_coerce(at, BigInteger) // _HOUR if is_sqlite else func.date_trunc("hour", at, "UTC")
    with store.database.reading() as connection:
        rows = connection.execute(
            select(hour.label("hour"), post_watches.c.watch, func.count().label("posts"))
            .where(at >= since, at < until)
            .group_by("hour", post_watches.c.watch)
        ).all()
    frame = pd.DataFrame(
        {
            "hour": [from_micros(row.hour * _HOUR) if is_sqlite else row.hour.astimezone(UTC) for row in rows],
            "watch": [row.watch for row in rows],
            "posts": [row.posts for row in rows],
        }
    )
    return frame.pivot_table(index="hour", columns="watch", values="posts", fill_value=0, aggfunc="sum").astype("int64")
