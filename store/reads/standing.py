"""Whether each collector sees each of its watches now, from the intervals it has told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import Connection, func, select

from secondsource.contracts.messages import Struct
from store.coverage import Interval, union
from store.database.tables import coverage

_LOOKED_BACK = timedelta(days=30)


class CoverageInterval(NamedTuple):
    """Of one collector and watch. What was seen with a reason was found afterwards."""

    state: str
    reason: str
    start: datetime
    end: datetime


class Standing(Struct, frozen=True, kw_only=True):
    """A collector has seen a watch ("" for all of its watches), or been blind to it, since; last told of `until`."""

    collector: str
    watch: str
    state: Literal["seeing", "blind"]
    since: datetime
    until: datetime
    reason: str = ""


def standings(connection: Connection) -> tuple[Standing, ...]:
    c = coverage.c
    newest = select(func.max(c.end_at)).scalar_subquery()
    last = connection.execute(select(newest)).scalar_one()
    if last is None:
        return ()
    rows = connection.execute(select(coverage).where(c.end_at >= last - _LOOKED_BACK).order_by(c.collector, c.watch))
    known: dict[tuple[str, str], list[CoverageInterval]] = {}
    for row in rows:
        known.setdefault((row.collector, row.watch), []).append(
            CoverageInterval(row.state, row.reason, row.start_at, row.end_at)
        )
    found = (standing(collector, watch, intervals) for (collector, watch), intervals in known.items())
    return tuple(each for each in found if each is not None)


def standing(collector: str, watch: str, intervals: Sequence[CoverageInterval]) -> Standing | None:
    """How it stands at the end of the newest interval; where seen and blind overlap it was blind. None if unknown."""
    blind = [each for each in intervals if each.state == "blind"]
    gaps = _less([(each.start, each.end) for each in blind], [_when(each) for each in intervals if _found_later(each)])
    seen = union(_when(each) for each in intervals if each.state == "seen" and not each.reason)
    if not gaps and not seen:
        return None
    if gaps and (not seen or gaps[-1][1] >= seen[-1][1]):
        start, end = gaps[-1]
        reason = max((each for each in blind if each.start < end and each.end > start), key=_newest).reason
        return Standing(collector=collector, watch=watch, state="blind", since=start, until=end, reason=reason)
    start, end = seen[-1]
    since = max([start, *(gap for _, gap in gaps if gap < end)])
    return Standing(collector=collector, watch=watch, state="seeing", since=since, until=end)


def _when(interval: CoverageInterval) -> Interval:
    return interval.start, interval.end


def _newest(interval: CoverageInterval) -> tuple[datetime, datetime, str]:
    return interval.end, interval.start, interval.reason


def _found_later(interval: CoverageInterval) -> bool:
    return interval.state == "seen" and bool(interval.reason)


def _less(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """The moments of the first that are in none of the second, as few intervals in order."""
    pieces = union(intervals)
    for start, end in taken:
        pieces = [
            (first, last)
            for piece in pieces
            for first, last in ((piece[0], min(piece[1], start)), (max(piece[0], end), piece[1]))
            if first < last
        ]
    return pieces
