"""Which of two rows of one key stays: the rules of `store.rows.upserts`, for rows of the same batch."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from store.rows.rows import (
    AccountRow,
    AlertRow,
    CollectorRow,
    EngagementRow,
    LetterRow,
    MemberRow,
    PictureRow,
    PostRow,
    ReuseRow,
    SightingRow,
    StoryRow,
    TakedownRow,
    as_json,
)

R = TypeVar("R", bound=tuple[Any, ...])


def account(a: AccountRow, b: AccountRow) -> AccountRow:
    return a if (a.seen_at, a.digest) >= (b.seen_at, b.digest) else b


def reuse(a: ReuseRow, b: ReuseRow) -> ReuseRow:
    return a if (a.confidence, a.body) >= (b.confidence, b.body) else b


def post(a: PostRow, b: PostRow) -> PostRow:
    """The newer post, with the newer counts, with both their watches."""
    if a == b:
        return a
    newer = a if (a.observed_at, a.digest) >= (b.observed_at, b.digest) else b
    counted = a if b.counts_at is None or (a.counts_at is not None and _snapshot(a) >= _snapshot(b)) else b
    watches = a.watches
    if b.watches != watches:
        both: set[str] = {*msgspec.json.decode(a.watches), *msgspec.json.decode(b.watches)}
        watches = as_json(tuple(sorted(both)))
    return newer._replace(
        watches=watches,
        reposts=counted.reposts,
        quotes=counted.quotes,
        replies=counted.replies,
        likes=counted.likes,
        views=counted.views,
        counts_at=counted.counts_at,
    )


def _counts(row: PostRow | EngagementRow) -> tuple[int, ...]:
    counts = (row.reposts, row.quotes, row.replies, row.likes, row.views)
    return tuple(-1 if count is None else count for count in counts)


def _snapshot(row: PostRow) -> tuple[Any, ...]:
    return (row.counts_at, _counts(row))


def picture(a: PictureRow, b: PictureRow) -> PictureRow:
    return a if (a.state, a.reason, a.claims) <= (b.state, b.reason, b.claims) else b


def sighting(a: SightingRow, b: SightingRow) -> SightingRow:
    return a if a[2:] <= b[2:] else b


def engagement(a: EngagementRow, b: EngagementRow) -> EngagementRow:
    return a if (_counts(a), a.collector) >= (_counts(b), b.collector) else b


def story(a: StoryRow, b: StoryRow) -> StoryRow:
    return a if (a.version, a.as_of, a.digest) >= (b.version, b.as_of, b.digest) else b


def member(a: MemberRow, b: MemberRow) -> MemberRow:
    return a if a[2:] >= b[2:] else b


def alert(a: AlertRow, b: AlertRow) -> AlertRow:
    newer = a if a.seq >= b.seq else b
    return newer._replace(opened_at=min(a.opened_at, b.opened_at))


def collector(a: CollectorRow, b: CollectorRow) -> CollectorRow:
    last = max(a.last_at, b.last_at)
    ended = any(row.ended for row in (a, b) if row.last_at == last)
    return CollectorRow(a.name, min(a.first_at, b.first_at), last, ended)


def letter(a: LetterRow, b: LetterRow) -> LetterRow:
    return a if (a.at, a.reason) >= (b.at, b.reason) else b


def takedown(a: TakedownRow, b: TakedownRow) -> TakedownRow:
    return a if (a.collector == "", *a[1:]) <= (b.collector == "", *b[1:]) else b


def first(a: R, _b: R) -> R:
    """For tables whose rows of one key are all equal."""
    return a
