"""Messages as rows: pure functions from what travels to what is kept. A row's fields are its table's columns.

`When` is how a database takes a moment: microseconds on SQLite, a datetime on PostgreSQL (`Moment` says which).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from secondsource.contracts.messages import (
    AlertEvent,
    Counts,
    DeadLetter,
    Engagement,
    Enriched,
    Member,
    Picture,
    StoryUpdate,
    Takedown,
)
from store.column_types import micros
from store.text import key, storable

When = Any
Moment = Callable[[datetime], When]
_NONE = Counts()
_encode = msgspec.json.Encoder().encode


def as_json(value: tuple[Any, ...]) -> str:
    return _encode(value).decode() if value else "[]"


def _digest(body: bytes) -> int:
    """A signed 64-bit number that two different bodies do not share."""
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big", signed=True)


class AccountRow(NamedTuple):
    uid: str
    handle: str
    name: str
    followers: int | None
    created_at: When | None
    seen_at: When
    digest: int


class PostRow(NamedTuple):
    uid: str
    platform: str
    account_uid: str
    created_at: When
    observed_at: When
    collector: str
    watches: str
    text: str
    url: str
    root: str
    repost_of: str
    quote_of: str
    reply_to: str
    edit_of: str
    lang_hint: str
    language: str
    confidence: float
    stance: str
    stance_cue: str
    links: str
    media: str
    hashtags: str
    mentions: str
    media_notes: str
    entities: str
    credits: str
    reviews: str
    reposts: int | None
    quotes: int | None
    replies: int | None
    likes: int | None
    views: int | None
    counts_at: When | None
    digest: int


class EngagementRow(NamedTuple):
    uid: str
    observed_at: When
    collector: str
    reposts: int | None
    quotes: int | None
    replies: int | None
    likes: int | None
    views: int | None


class PictureRow(NamedTuple):
    id: str
    pdq: str
    quality: int
    width: int
    height: int
    kind: str
    state: str
    reason: str
    file: str
    frame: int
    at_seconds: float
    claims: str


class SightingRow(NamedTuple):
    picture: str
    source: str
    seen_at: When
    url: str
    account_uid: str
    handle: str
    caption: str


class ImportRow(NamedTuple):
    """What is known of an imported sighting beside what every sighting has."""

    entry: str
    dated_by: str
    credit: str
    place: str
    named: str = "[]"


class ReuseRow(NamedTuple):
    """What of one picture is seen in another, found by its features; `body` is the Reuse as JSON."""

    asked: str
    kept: str
    confidence: float
    body: str


class ForgetRow(NamedTuple):
    """A picture of a post that was removed."""

    picture: str


class MatchRow(NamedTuple):
    """Two pictures that are the same to the eye; `a` < `b`, so that a pair is one row whichever came first."""

    a: str
    b: str
    distance: int


class StoryRow(NamedTuple):
    id: str
    watch: str
    version: int
    opened_at: When
    as_of: When
    claim: str
    claim_uid: str
    state: str
    independent: float
    posts: int
    accounts: int
    disputes: int
    interactions: int
    age_seconds: float
    spread_state: str
    expected: float
    dispersion: float
    surprise: float
    history: int
    origins: str
    digest: int
    merged_into: str


class MemberRow(NamedTuple):
    story: str
    uid: str
    version: int
    stance: str
    tie: str
    tied_to: str
    evidence: str


class AlertRow(NamedTuple):
    id: str
    watch: str
    story: str
    rule: str
    kind: str
    seq: int
    opened_at: When
    at: When
    headline: str
    channel: str


class EventRow(NamedTuple):
    id: str
    alert_id: str
    seq: int
    kind: str
    at: When
    watch: str
    story: str
    body: str


class QuotationRow(NamedTuple):
    uid: str
    kind: str
    id: str


class DeliveryRow(NamedTuple):
    id: str
    destination: str
    event_id: str
    alert_id: str
    seq: int
    at: When
    state: str
    attempts: int
    not_before: When | None
    reason: str
    reference: str
    sent_at: When | None
    stale: int
    acted: int
    queued_at: When | None
    over_budget: bool
    bundle: str


class CollectorRow(NamedTuple):
    name: str
    first_at: When
    last_at: When
    ended: bool


class LetterRow(NamedTuple):
    id: str
    stage: str
    source: str
    target: str
    reason: str
    body: bytes
    at: When
    key: str
    resent_at: When | None


class TakedownRow(NamedTuple):
    uid: str
    observed_at: When
    collector: str
    reason: str


class EnrichedRows(NamedTuple):
    post: PostRow
    account: AccountRow
    pictures: list[PictureRow]
    sightings: list[SightingRow]
    reuse: list[ReuseRow]


def enriched_rows(message: Enriched, moment: Moment) -> EnrichedRows:
    """The post with its tags, its author as they were when it was observed, its pictures and where they were seen.

    Text that a database could not hold is made storable.
    """
    try:
        rows, body = _enriched_rows(message, moment)
    except UnicodeEncodeError:
        return _enriched_rows(storable(message), moment)[0]
    # The digests need the JSON anyway, so looking for what cannot be stored costs next to nothing.
    return _enriched_rows(storable(message), moment)[0] if b"\\u0000" in body else rows


def _enriched_rows(message: Enriched, moment: Moment) -> tuple[EnrichedRows, bytes]:
    post, author = message.post, message.post.author
    observed = moment(post.observed_at)
    said = _encode(author)
    created = author.created_at
    account = AccountRow(
        key(author.uid),
        author.handle,
        author.name,
        author.followers,
        None if created is None else moment(created),
        observed,
        _digest(said),
    )
    row, body = _post_row(message, observed, moment)
    if not message.pictures:
        return EnrichedRows(row, account, [], [], []), said + body
    pictures = [picture_row(picture) for picture in message.pictures]
    sightings = [
        SightingRow(picture.id, post.uid, observed, picture.url, author.uid, author.handle, "")
        for picture in message.pictures
    ]
    reuse = [each for picture in message.pictures for each in reuse_rows(picture)]
    return EnrichedRows(row, account, pictures, sightings, reuse), said + body + _encode(message.pictures)


def _post_row(message: Enriched, observed: When, moment: Moment) -> tuple[PostRow, bytes]:
    post = message.post
    counts = post.counts or _NONE
    language = message.language
    said = (
        key(post.uid),
        post.platform,
        post.author.uid,
        micros(post.created_at),
        post.collector,
        post.text,
        post.url,
        post.repost_of and key(post.repost_of),
        post.quote_of,
        post.reply_to,
        post.edit_of,
        post.lang_hint,
        language.code,
        language.confidence,
        message.stance.label,
        message.stance.cue,
        as_json(post.links),
        as_json(post.media),
        as_json(post.hashtags),
        as_json(post.mentions),
        as_json(post.media_notes),
        as_json(message.entities),
        as_json(post.credits),
        as_json(post.reviews),
    )
    body = _encode(said)
    row = PostRow(
        post.uid,
        post.platform,
        post.author.uid,
        moment(post.created_at),
        observed,
        post.collector,
        as_json(post.watches if len(post.watches) < 2 else tuple(sorted({*post.watches}))),
        post.text,
        post.url,
        post.repost_of or post.uid,
        *said[7:],
        counts.reposts,
        counts.quotes,
        counts.replies,
        counts.likes,
        counts.views,
        None if post.counts is None else observed,
        _digest(body),
    )
    return row, body


def picture_row(picture: Picture) -> PictureRow:
    return PictureRow(
        key(picture.id),
        picture.pdq,
        picture.quality,
        picture.width,
        picture.height,
        picture.kind,
        picture.state,
        picture.reason,
        key(picture.of) if picture.of else "",
        picture.frame,
        picture.at_seconds,
        _encode(picture.claims).decode() if picture.claims else "",
    )


def reuse_rows(picture: Picture) -> list[ReuseRow]:
    return [
        ReuseRow(key(picture.id), key(each.picture), each.confidence, _encode(each).decode()) for each in picture.found
    ]


def engagement_row(message: Engagement, moment: Moment) -> EngagementRow:
    counts = message.counts
    return EngagementRow(
        key(message.uid),
        moment(message.observed_at),
        message.collector,
        counts.reposts,
        counts.quotes,
        counts.replies,
        counts.likes,
        counts.views,
    )


def takedown_row(message: Takedown, moment: Moment) -> TakedownRow:
    return TakedownRow(key(message.uid), moment(message.observed_at), message.collector, message.reason)


def story_row(update: StoryUpdate, moment: Moment) -> StoryRow:
    spread = update.spread
    return StoryRow(
        key(update.id),
        update.watch,
        update.version,
        moment(update.opened_at),
        moment(update.as_of),
        update.claim,
        update.claim_uid,
        update.state,
        update.independent,
        update.posts,
        update.accounts,
        update.disputes,
        spread.interactions,
        spread.age_seconds,
        spread.state,
        spread.expected,
        spread.dispersion,
        spread.surprise,
        spread.history,
        as_json(update.origins),
        _digest(_encode(update)),
        update.merged_into,
    )


def member_row(member: Member, update: StoryUpdate) -> MemberRow:
    return MemberRow(update.id, key(member.uid), update.version, member.stance, member.tie, member.to, member.evidence)


def alert_row(event: AlertEvent, moment: Moment) -> AlertRow:
    at = moment(event.at)
    finding = event.finding
    return AlertRow(
        key(event.alert_id),
        event.watch,
        event.story.id,
        finding.rule,
        event.kind,
        event.seq,
        at,
        at,
        finding.headline,
        event.channel,
    )


def event_row(event: AlertEvent, moment: Moment) -> EventRow:
    return EventRow(
        key(event.id),
        event.alert_id,
        event.seq,
        event.kind,
        moment(event.at),
        event.watch,
        event.story.id,
        _encode(event).decode(),
    )


def delivery_row(event: AlertEvent, destination: str, moment: Moment, queued_at: datetime | None) -> DeliveryRow:
    return DeliveryRow(
        id=f"{event.id}>{destination}",
        destination=key(destination),
        event_id=event.id,
        alert_id=event.alert_id,
        seq=event.seq,
        at=moment(event.at),
        state="waiting",
        attempts=0,
        not_before=None,
        reason="",
        reference="",
        sent_at=None,
        stale=0,
        acted=0,
        queued_at=None if queued_at is None else moment(queued_at),
        over_budget=event.digest,
        bundle="",
    )


def letter_row(letter: DeadLetter, moment: Moment) -> LetterRow:
    return LetterRow(
        key(letter.id),
        letter.stage,
        letter.source,
        letter.target,
        letter.reason,
        letter.body,
        moment(letter.at),
        letter.key,
        None,
    )
