"""When each collector saw its watches, and when it was blind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from secondsource.contracts.messages import Coverage, Tick
from store.database.locks import COVERING, exclusive
from store.database.tables import coverage
from store.rows.rows import CollectorRow, Moment

Interval = tuple[datetime, datetime]
Line = tuple[str, str, str, str]  # collector, watch, state, reason
LONGEST_REASON = 300  #: characters kept: it is part of the key, and PostgreSQL indexes at most 2,704 bytes


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same moments in as few intervals as can be, in order. Intervals that touch become one."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def cover(connection: Connection, messages: Sequence[Coverage]) -> None:
    """Add these intervals to those kept, merged where they touch: by collector, watch, state and reason."""
    by_line: dict[Line, list[Interval]] = {}
    for message in messages:
        for watch in message.watches or ("",):
            line: Line = (message.collector, watch, message.state, message.reason[:LONGEST_REASON])
            by_line.setdefault(line, []).append((message.start, message.end))
    if by_line:
        exclusive(connection, COVERING)
    for line, added in sorted(by_line.items()):
        _extend(connection, line, union(added))


def _extend(connection: Connection, line: Line, added: list[Interval]) -> None:
    c = coverage.c
    touching = (
        *(column == value for column, value in zip((c.collector, c.watch, c.state, c.reason), line, strict=True)),
        c.start_at <= added[-1][1],
        c.end_at >= added[0][0],
    )
    kept = [(row.start_at, row.end_at) for row in connection.execute(select(coverage).where(*touching))]
    now = union([*kept, *added])
    if now == sorted(kept):
        return
    connection.execute(delete(coverage).where(*touching))
    names = ("collector", "watch", "state", "reason")
    connection.execute(
        insert(coverage),
        [dict(zip(names, line, strict=True)) | {"start_at": start, "end_at": end} for start, end in now],
    )


def tick_row(tick: Tick, moment: Moment) -> CollectorRow:
    """A collector that ticks has seen everything since its first tick, but where it says it was blind."""
    at = moment(tick.at)
    return CollectorRow(tick.collector, at, at, tick.final)
