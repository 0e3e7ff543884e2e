"""Messages as rows: pure functions from what travels to what is kept. A row's fields are its table's columns.

`When` is how a database takes a moment: microseconds on SQLite, a datetime on PostgreSQL (`Moment` says which).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from secondsource.contracts.messages import (
    WHOLE,
    Account,
    AlertEvent,
    Counts,
    DeadLetter,
    Engagement,
    Enriched,
    Member,
    Picture,
    Post,
    StoryUpdate,
    Takedown,
)
from secondsource.contracts.reuse import BYTES_OF_PDQ, known_by_text, marks
from store.database.column_types import micros
from store.database.text import are_storable, is_storable, key, storable

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


class ViewRow(NamedTuple):
    """What a picture encloses, as it is; see `contracts.messages.View`."""

    picture: str
    place: int
    pdq: str
    quality: int
    left: float
    top: float
    right: float
    bottom: float


class WordsRow(NamedTuple):
    """What a picture that is known by its text is found again by; see `contracts.reuse.marks`."""

    picture: str
    mark: int


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


def post_row(message: Enriched, moment: Moment) -> tuple[PostRow, Enriched]:
    """The post with its tags; and the message that was kept so, whose text is made storable where it was not."""
    row = _post_row(message, moment)
    if row is None:
        message = storable(message)
        row = _post_row(message, moment, trusted=True)
        assert row is not None
    return row, message


def _post_row(message: Enriched, moment: Moment, *, trusted: bool = False) -> PostRow | None:
    """None where some of the text may not be storable, and that is not known to be untrue."""
    post = message.post
    counts = post.counts or _NONE
    language = message.language
    observed, created = moment(post.observed_at), micros(post.created_at)
    try:
        watches = _watches(post.watches)
        said = (
            post.collector,
            post.text,
            post.url,
            post.repost_of and key(post.repost_of),
            post.quote_of,
            post.reply_to,
            post.edit_of,
            post.lang_hint,
            language.code,
            message.stance.label,
            message.stance.cue,
            _encode(post.links).decode() if post.links else "[]",
            _encode(post.media).decode() if post.media else "[]",
            _encode(post.hashtags).decode() if post.hashtags else "[]",
            _encode(post.mentions).decode() if post.mentions else "[]",
            _encode(post.media_notes).decode() if post.media_notes else "[]",
            _encode(message.entities).decode() if message.entities else "[]",
            _encode(post.credits).decode() if post.credits else "[]",
            _encode(post.reviews).decode() if post.reviews else "[]",
        )
        # No storable text holds U+0000, so that no two different posts are joined to the same.
        of = (key(post.uid), post.platform, post.author.uid, str(created), repr(language.confidence))
        body = "\0".join(of + said).encode()
    except UnicodeEncodeError:
        return None
    if not trusted and not are_storable(body, len(of) + len(said), message.pictures):
        return None
    return PostRow(
        post.uid,
        post.platform,
        post.author.uid,
        created if moment is micros else moment(post.created_at),
        observed,
        post.collector,
        watches,
        post.text,
        post.url,
        post.repost_of or post.uid,
        *said[3:9],
        language.confidence,
        *said[9:],
        counts.reposts,
        counts.quotes,
        counts.replies,
        counts.likes,
        counts.views,
        None if post.counts is None else observed,
        _digest(body),
    )


@lru_cache(1000)
def _watches(names: tuple[str, ...]) -> str:
    return as_json(tuple(sorted({*names})))


def account_rows(messages: Sequence[Enriched], moment: Moment) -> list[AccountRow]:
    """The authors as they were when they were last observed; more than one row of those that this leaves open."""
    newest: dict[str, Post] = {}
    open_still: list[Post] = []
    for message in messages:
        post = message.post
        other = newest.setdefault(post.author.uid, post)
        if post.observed_at > other.observed_at:
            newest[post.author.uid] = post
        elif post.observed_at == other.observed_at and post.author != other.author:
            open_still.append(post)
    return [_account_row(post.author, moment(post.observed_at), moment) for post in (*newest.values(), *open_still)]


def _account_row(author: Account, seen_at: When, moment: Moment) -> AccountRow:
    if not is_storable(author):
        author = storable(author)
    created = author.created_at
    return AccountRow(
        key(author.uid),
        author.handle,
        author.name,
        author.followers,
        None if created is None else moment(created),
        seen_at,
        _digest(_encode(author)),
    )


def sighting_row(picture: Picture, post: Post, moment: Moment) -> SightingRow:
    author = post.author
    return SightingRow(picture.id, post.uid, moment(post.observed_at), picture.url, author.uid, author.handle, "")


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


def view_rows(picture: Picture) -> list[ViewRow]:
    """Of what is in it: the whole is the picture's own row."""
    enclosed = [view for view in picture.views if view.region != WHOLE]
    return [
        ViewRow(key(picture.id), place, view.codes[:BYTES_OF_PDQ].hex(), view.quality, *view.region)
        for place, view in enumerate(enclosed)
    ]


def words_rows(picture: Picture) -> list[WordsRow]:
    """Of a picture that is known by its text."""
    if picture.words is None or not known_by_text(picture):
        return []
    return [WordsRow(key(picture.id), mark) for mark in dict.fromkeys(marks(picture.words))]


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
