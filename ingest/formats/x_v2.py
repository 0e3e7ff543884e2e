"""X API v2: stream lines `{data, includes, matching_rules}` and response pages `{data: […], includes, meta}`.

The published specification of August 2026 renames fields (repost_count, referenced_posts, note_post, includes.posts …)
while the service kept the old names: both spellings are read. Text is cut at 280 characters where `note_tweet` holds
the whole, and at 140 in a retweet, whose own counts are the original's: so a repost takes its text from the original
in `includes`, carries no counts, and the original is sent before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from ingest.formats.reading import (
    EPOCH,
    FAULTS,
    MICROSECOND,
    Part,
    Refused,
    Span,
    distinct,
    hashtags_in,
    language,
    mentions_in,
    microseconds,
    unescaped,
    unreadable,
    without_nul,
)
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Message, Post

PLATFORM = "x"
UNKNOWN_AUTHOR = "x:unknown"  #: the account of posts asked for without `author_id`
FIRST_SNOWFLAKE = 29_700_859_247  #: ids since November 2010 hold their time
TWITTER_EPOCH_MS = 1_288_834_974_657

Id = str | int
_REPOSTED = frozenset({"retweeted", "reposted"})


class _Metrics(msgspec.Struct, gc=False):
    retweet_count: int | None = None
    repost_count: int | None = None
    quote_count: int | None = None
    reply_count: int | None = None
    like_count: int | None = None
    impression_count: int | None = None


class _Url(msgspec.Struct, gc=False):
    url: str | None = None
    expanded_url: str | None = None
    unwound_url: str | None = None
    display_url: str | None = None
    media_key: str | None = None


class _Tag(msgspec.Struct, gc=False):
    tag: str | None = None


class _Mention(msgspec.Struct, gc=False):
    username: str | None = None


class _Entities(msgspec.Struct, gc=False):
    hashtags: list[_Tag] | None = None
    mentions: list[_Mention] | None = None
    urls: list[_Url] | None = None


class _Note(msgspec.Struct, gc=False):
    text: str | None = None
    entities: _Entities | None = None


class _Reference(msgspec.Struct, gc=False):
    id: Id
    type: str = ""


class _Attachments(msgspec.Struct, gc=False):
    media_keys: list[str] | None = None


class _MediaNote(msgspec.Struct, gc=False):
    note_id: Id | None = None
    match_status: str | None = None


class Tweet(msgspec.Struct, gc=False):
    """One entry of `data` or `includes.tweets`; both spellings of what was renamed."""

    id: Id
    text: str | None = None
    author_id: Id | None = None
    created_at: datetime | None = None
    lang: str | None = None
    entities: _Entities | None = None
    attachments: _Attachments | None = None
    public_metrics: _Metrics | None = None
    note_tweet: _Note | None = None
    note_post: _Note | None = None
    referenced_tweets: list[_Reference] | None = None
    referenced_posts: list[_Reference] | None = None
    edit_history_tweet_ids: list[Id] | None = None
    edit_history_post_ids: list[Id] | None = None
    matched_media_notes: list[_MediaNote] | None = None


class _UserMetrics(msgspec.Struct, gc=False):
    followers_count: int | None = None


class User(msgspec.Struct, gc=False):
    id: Id
    username: str | None = None
    name: str | None = None
    created_at: datetime | None = None
    public_metrics: _UserMetrics | None = None


class _Variant(msgspec.Struct, gc=False):
    url: str | None = None
    bit_rate: int | None = None
    content_type: str | None = None


class _Media(msgspec.Struct, gc=False):
    media_key: str | None = None
    type: str | None = None
    url: str | None = None
    preview_image_url: str | None = None
    alt_text: str | None = None
    variants: list[_Variant] | None = None


class Includes(msgspec.Struct, gc=False):
    tweets: list[Tweet] | None = None
    posts: list[Tweet] | None = None
    users: list[User] | None = None
    media: list[_Media] | None = None


class MatchingRule(msgspec.Struct, gc=False):
    """`tag` may be missing."""

    id: Id | None = None
    tag: str | None = None


class Problem(msgspec.Struct, gc=False):
    """An entry of `errors`. The last segment of `type` names it; hosts differ."""

    title: str | None = None
    detail: str | None = None
    type: str | None = None
    disconnect_type: str | None = None

    @property
    def said(self) -> str:
        return self.detail or self.title or self.disconnect_type or self.type or "no detail"


class Envelope(msgspec.Struct, gc=False):
    data: msgspec.Raw = msgspec.Raw()
    includes: Includes | None = None
    matching_rules: list[MatchingRule] | None = None
    errors: list[Problem] | None = None
    meta: dict[str, object] | None = None


class _Stamp(msgspec.Struct, gc=False):
    id: Id | None = None
    created_at: datetime | None = None


class _Stamps(msgspec.Struct, gc=False):
    data: _Stamp | list[_Stamp] | None = None


class _Bare(msgspec.Struct, gc=False):
    data: msgspec.Raw = msgspec.Raw()
    includes: msgspec.Raw = msgspec.Raw(b"{}")


_envelope = msgspec.json.Decoder(Envelope)
_tweet = msgspec.json.Decoder(Tweet)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_stamps = msgspec.json.Decoder(_Stamps)
_bare = msgspec.json.Decoder(_Bare)


class Included(NamedTuple):
    """`includes` by id."""

    tweets: Mapping[Id, Tweet]
    users: Mapping[Id, User]
    media: Mapping[str | None, _Media]


_NOTHING = Included({}, {}, {})


class Terms(NamedTuple):
    """What a mapping adds of its own. `observed_at` None: the main post's created_at, as a replay has it."""

    collector: str
    span: Span
    observed_at: datetime | None = None
    watches: tuple[str, ...] = ()


def decode(body: bytes) -> Envelope:
    """A line or page, its posts not yet decoded.

    Raises:
        BadRecord: not UTF-8 JSON of the shape X documents.
    """
    try:
        return _envelope.decode(body)
    except FAULTS as error:
        raise unreadable(error, body) from error


def decode_tweet(raw: msgspec.Raw) -> Tweet:
    """One entry of `data`.

    Raises:
        BadRecord: no id, or a field of a wrong type.
    """
    try:
        return _tweet.decode(raw)
    except FAULTS as error:
        raise unreadable(error, bytes(raw)) from error


def included(includes: Includes | None) -> Included:
    if includes is None:
        return _NOTHING
    tweets = (includes.tweets or []) + (includes.posts or [])
    return Included(
        {tweet.id: tweet for tweet in tweets},
        {user.id: user for user in includes.users or ()},
        {media.media_key: media for media in includes.media or ()},
    )


def snowflake_time(id_: Id) -> datetime | None:
    """When X minted an id, to the millisecond; None for the ids before November 2010, which do not say."""
    try:
        number = int(id_)
    except ValueError:
        return None
    if not FIRST_SNOWFLAKE <= number < 1 << 63:
        return None
    return EPOCH + ((number >> 22) + TWITTER_EPOCH_MS) * 1000 * MICROSECOND


def posts_of(tweet: Tweet, beside: Included, terms: Terms, *, reposts: bool = True) -> Part:
    """The post, after the posts it reposts or quotes as far as they came with it.

    `reposts` False leaves a repost unresolved: an original is never itself a repost, whatever the data say.

    Raises:
        BadRecord: a time that cannot be.
    """
    created = _created(tweet, terms.span)
    observed = terms.observed_at or created
    if terms.observed_at is None:
        terms = terms._replace(observed_at=observed)
    before: list[Message] = []
    original = quoted = None
    for reference in tweet.referenced_tweets or tweet.referenced_posts or ():
        other = beside.tweets.get(reference.id)
        if other is None:
            continue
        if reference.type in _REPOSTED:
            if reposts:
                original = posts_of(other, beside, terms, reposts=False)
                before.extend(original.messages)
        elif reference.type == "quoted":
            quoted = _post(other, beside, terms, _created(other, terms.span), None)
            before.append(quoted)
    source = original.messages[-1] if original else None
    post = _post(tweet, beside, terms, created, source if isinstance(source, Post) else None)
    before.append(post)
    context = quoted.text if quoted else original.context if original else ""
    return Part(observed, before, context)


def _created(tweet: Tweet, span: Span) -> datetime:
    return span.check(tweet.created_at or snowflake_time(tweet.id), "created_at")


def _post(tweet: Tweet, beside: Included, terms: Terms, created: datetime, original: Post | None) -> Post:
    references = {reference.type: reference.id for reference in tweet.referenced_tweets or tweet.referenced_posts or ()}
    reposted = references.get("retweeted") or references.get("reposted")
    account = author(tweet.author_id, beside.users)
    history = tweet.edit_history_tweet_ids or tweet.edit_history_post_ids
    words = (
        _words(tweet)
        if original is None
        else _Words(original.text, original.hashtags, original.mentions, original.links)
    )
    own = reposted is None
    quoted = references.get("quoted")
    replied = references.get("replied_to")
    return Post(
        uid=f"x:{tweet.id}",
        platform=PLATFORM,
        author=account,
        text=words.text,
        created_at=created,
        observed_at=terms.observed_at or created,
        collector=terms.collector,
        watches=terms.watches,
        url=f"https://x.com/{account.handle or 'i'}/status/{tweet.id}",
        repost_of="" if own else f"x:{reposted}",
        quote_of=f"x:{quoted}" if quoted else "",
        reply_to=f"x:{replied}" if replied else "",
        links=words.links,
        media=_media(tweet, beside) if own else (),
        hashtags=words.hashtags,
        mentions=words.mentions,
        lang_hint=language(tweet.lang),
        counts=_counts(tweet.public_metrics) if own else None,
        edit_of=f"x:{history[0]}" if history and str(history[0]) != str(tweet.id) else "",
        media_notes=_notes(tweet),
    )


class _Words(NamedTuple):
    """Text with what was marked in it."""

    text: str
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]
    links: tuple[str, ...]


def _words(tweet: Tweet) -> _Words:
    note = tweet.note_tweet or tweet.note_post
    if note is not None and note.text is not None:
        return _marked(note.text, note.entities or tweet.entities)
    return _marked(tweet.text or "", tweet.entities)


def _marked(text: str, entities: _Entities | None) -> _Words:
    text = unescaped(text)
    if entities is None:
        return _Words(text, hashtags_in(text), mentions_in(text), ())
    return _Words(
        text,
        distinct([tag.tag or "" for tag in entities.hashtags]) if entities.hashtags else (),
        distinct([who.username or "" for who in entities.mentions]) if entities.mentions else (),
        distinct([_link(url) for url in entities.urls]) if entities.urls else (),
    )


def _link(url: _Url) -> str:
    """Where a link leads; "" for the link to the post's own picture."""
    if url.media_key or (url.display_url or "").startswith(("pic.x.com/", "pic.twitter.com/")):
        return ""
    return url.unwound_url or url.expanded_url or url.url or ""


def author(id_: Id | None, users: Mapping[Id, User]) -> Account:
    """The account as `includes.users` describes it, or its id alone."""
    if id_ is None:
        return Account(uid=UNKNOWN_AUTHOR, handle="")
    user = users.get(id_)
    if user is None:
        return Account(uid=f"x:{id_}", handle="")
    metrics = user.public_metrics
    return Account(
        uid=f"x:{id_}",
        handle=user.username or "",
        name=user.name or "",
        followers=metrics.followers_count if metrics else None,
        created_at=user.created_at if user.created_at and user.created_at.tzinfo else None,
    )


def _counts(metrics: _Metrics | None) -> Counts | None:
    if metrics is None:
        return None
    return Counts(
        reposts=metrics.repost_count if metrics.retweet_count is None else metrics.retweet_count,
        quotes=metrics.quote_count,
        replies=metrics.reply_count,
        likes=metrics.like_count,
        views=metrics.impression_count,
    )


_KINDS: dict[str | None, Literal["image", "video", "gif"]] = {"video": "video", "animated_gif": "gif"}


def _media(tweet: Tweet, beside: Included) -> tuple[MediaRef, ...]:
    """Pictures by their address; videos by their preview picture, or else their largest file."""
    if tweet.attachments is None or not tweet.attachments.media_keys:
        return ()
    found: list[MediaRef] = []
    for key in tweet.attachments.media_keys:
        media = beside.media.get(key)
        if media is None:
            continue
        address = media.url or media.preview_image_url or _largest(media.variants or ())
        if address:
            found.append(MediaRef(url=address, kind=_KINDS.get(media.type, "image"), alt=media.alt_text or ""))
    return tuple(found)


def _largest(variants: Sequence[_Variant]) -> str:
    files = [variant for variant in variants if variant.url and variant.content_type != "application/x-mpegURL"]
    return max(files, key=lambda variant: variant.bit_rate or 0).url or "" if files else ""


def _notes(tweet: Tweet) -> tuple[str, ...]:
    notes = tweet.matched_media_notes
    if not notes:
        return ()
    return tuple(f"{note.note_id}:{note.match_status or ''}".rstrip(":") for note in notes if note.note_id is not None)


class XV2:
    """Files of stream lines or pages."""

    def __init__(self, collector: str, span: Span) -> None:
        self._terms = Terms(collector, span)

    def times(self, body: bytes) -> list[int | None]:
        try:
            data = _stamps.decode(without_nul(body)).data
        except FAULTS as error:
            if b"[" not in body[:4096]:  # surely a line; a page with one bad time still has good ones
                raise unreadable(error, body) from error
            return [microseconds(part.at) if isinstance(part, Part) else None for part in self.parts(body)]
        if isinstance(data, list):
            return [self._time(stamp) for stamp in data]
        return [None] if data is None else [self._time(data)]

    def _time(self, stamp: _Stamp) -> int | None:
        try:
            at = stamp.created_at or (snowflake_time(stamp.id) if stamp.id is not None else None)
            return microseconds(self._terms.span.check(at, "created_at"))
        except BadRecord:
            return None

    def parts(self, body: bytes) -> list[Part | Refused]:
        return parts_of(body, self._terms)


def parts_of(body: bytes, terms: Terms) -> list[Part | Refused]:
    """A line or page as posts.

    Raises:
        BadRecord: it cannot be read, or is a notice of X rather than posts.
    """
    body = without_nul(body)
    envelope = decode(body)
    if first_byte(envelope.data) == b"{":
        return [posts_of(decode_tweet(envelope.data), included(envelope.includes), terms)]
    if first_byte(envelope.data) == b"[":
        return _page(body, included(envelope.includes), terms)
    if envelope.errors:
        raise BadRecord(f"expected a post, came an error: {envelope.errors[0].said}")
    if envelope.meta is not None:
        return []
    raise BadRecord("expected `data` with a post, found none")


def first_byte(raw: msgspec.Raw) -> bytes:
    return memoryview(raw)[:1].tobytes()


def _page(body: bytes, beside: Included, terms: Terms) -> list[Part | Refused]:
    bare = _bare.decode(body)
    found: list[Part | Refused] = []
    for raw in _raws.decode(bare.data):
        try:
            found.append(posts_of(decode_tweet(raw), beside, terms))
        except BadRecord as error:
            line = b'{"data":' + bytes(raw) + b',"includes":' + bytes(bare.includes) + b"}"
            found.append(Refused(line, str(error)))
    return found
