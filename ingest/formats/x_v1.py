"""X API v1.1: one status a record, as old archives hold them; `{"statuses": […]}` search pages; delete notices.

A retweet's `retweeted_status` holds the whole original; its own text is cut and its own counts are the original's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

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
from ingest.formats.times import from_x_v1
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Message, Post, Takedown

Id = str | int


class _User(msgspec.Struct, gc=False):
    id_str: str | None = None
    id: Id | None = None
    screen_name: str | None = None
    name: str | None = None
    followers_count: int | None = None
    created_at: str | None = None


class _Url(msgspec.Struct, gc=False):
    url: str | None = None
    expanded_url: str | None = None
    display_url: str | None = None


class _Tag(msgspec.Struct, gc=False):
    text: str | None = None


class _Mention(msgspec.Struct, gc=False):
    screen_name: str | None = None


class _Variant(msgspec.Struct, gc=False):
    url: str | None = None
    bitrate: int | None = None


class _Video(msgspec.Struct, gc=False):
    variants: list[_Variant] | None = None


class _Media(msgspec.Struct, gc=False):
    media_url_https: str | None = None
    media_url: str | None = None
    type: str | None = None
    ext_alt_text: str | None = None
    video_info: _Video | None = None


class _Entities(msgspec.Struct, gc=False):
    hashtags: list[_Tag] | None = None
    user_mentions: list[_Mention] | None = None
    urls: list[_Url] | None = None
    media: list[_Media] | None = None


class _Extended(msgspec.Struct, gc=False):
    full_text: str | None = None
    entities: _Entities | None = None
    extended_entities: _Entities | None = None


class Status(msgspec.Struct, gc=False):
    id_str: str | None = None
    id: Id | None = None
    created_at: str | None = None
    text: str | None = None
    full_text: str | None = None
    lang: str | None = None
    user: _User | None = None
    entities: _Entities | None = None
    extended_entities: _Entities | None = None
    extended_tweet: _Extended | None = None
    retweeted_status: Status | None = None
    quoted_status: Status | None = None
    quoted_status_id_str: str | None = None
    quoted_status_id: Id | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_status_id: Id | None = None
    retweet_count: int | None = None
    quote_count: int | None = None
    reply_count: int | None = None
    favorite_count: int | None = None
    delete: dict[str, Any] | None = None
    statuses: list[msgspec.Raw] | None = None


class _Stamp(msgspec.Struct, gc=False):
    created_at: str | None = None
    delete: dict[str, Any] | None = None
    statuses: list[msgspec.Raw] | None = None


_status = msgspec.json.Decoder(Status)
_stamp = msgspec.json.Decoder(_Stamp)


class XV1:
    """Files of statuses."""

    def __init__(self, collector: str, span: Span) -> None:
        self._collector = collector
        self._span = span

    def times(self, body: bytes) -> list[int | None]:
        try:
            stamp = _stamp.decode(without_nul(body))
        except FAULTS as error:
            raise unreadable(error, body) from error
        if stamp.statuses is not None:
            return [self._time(bytes(raw)) for raw in stamp.statuses]
        if stamp.delete is not None:
            return [microseconds(self._span.check(_notice_time(stamp.delete), "timestamp_ms"))]
        return [microseconds(self._created(stamp.created_at))]

    def _time(self, raw: bytes) -> int | None:
        try:
            return self.times(raw)[0]
        except BadRecord:
            return None

    def parts(self, body: bytes) -> list[Part | Refused]:
        body = without_nul(body)
        status = _decoded(body)
        if status.statuses is None:
            return [self._part(status)]
        found: list[Part | Refused] = []
        for raw in status.statuses:
            try:
                found.append(self._part(_decoded(bytes(raw))))
            except BadRecord as error:
                found.append(Refused(bytes(raw), str(error)))
        return found

    def _part(self, status: Status) -> Part:
        if status.delete is not None:
            return self._takedown(status.delete)
        at = self._created(status.created_at)
        messages: list[Message] = []
        original = None
        told = status.retweeted_status or status
        context = ""
        if told.quoted_status is not None:
            quoted = self._post(told.quoted_status, at, None)
            context = quoted.text
            messages.append(quoted)
        if status.retweeted_status is not None:
            original = self._post(status.retweeted_status, at, None)
            messages.append(original)
        messages.append(self._post(status, at, original))
        return Part(at, messages, context)

    def _created(self, text: str | None) -> datetime:
        return self._span.check(from_x_v1(text) if text else None, "created_at")

    def _takedown(self, notice: dict[str, Any]) -> Part:
        at = self._span.check(_notice_time(notice), "timestamp_ms")
        status = notice.get("status")
        id_ = _id(status.get("id_str"), status.get("id")) if isinstance(status, dict) else ""
        if not id_:
            raise BadRecord("expected delete.status.id_str, found none")
        gone = Takedown(uid=f"x:{id_}", observed_at=at, collector=self._collector, watches=(), reason="deleted")
        return Part(at, (gone,))

    def _post(self, status: Status, observed: datetime, original: Post | None) -> Post:
        id_ = _id(status.id_str, status.id)
        if not id_:
            raise BadRecord("expected id_str of a status, found none")
        if status.user is None:
            raise BadRecord("expected the `user` of a status, found none")
        account = _author(status.user)
        longer = status.extended_tweet or _Extended()
        marked = longer.entities or status.entities or _Entities()
        shown = longer.extended_entities or status.extended_entities or marked
        text = unescaped(longer.full_text or status.full_text or status.text or "")
        quoted = _id(status.quoted_status_id_str, status.quoted_status_id)
        if not quoted and status.quoted_status is not None:
            quoted = _id(status.quoted_status.id_str, status.quoted_status.id)
        replied = _id(status.in_reply_to_status_id_str, status.in_reply_to_status_id)
        entities = status.entities is not None or longer.entities is not None
        return Post(
            uid=f"x:{id_}",
            platform="x",
            author=account,
            text=original.text if original else text,
            created_at=self._created(status.created_at),
            observed_at=observed,
            collector=self._collector,
            watches=(),
            url=f"https://x.com/{account.handle or 'i'}/status/{id_}",
            repost_of=original.uid if original else "",
            # v1.1 repeats the original's quote on its retweet: it is the original that quotes
            quote_of=f"x:{quoted}" if quoted and original is None else "",
            reply_to=f"x:{replied}" if replied else "",
            links=original.links if original else _links(marked.urls or (), id_),
            media=() if original else _media(shown.media or ()),
            hashtags=original.hashtags
            if original
            else distinct([tag.text or "" for tag in marked.hashtags or ()])
            if entities
            else hashtags_in(text),
            mentions=original.mentions
            if original
            else distinct([who.screen_name or "" for who in marked.user_mentions or ()])
            if entities
            else mentions_in(text),
            lang_hint=language(status.lang),
            counts=None if original else _counts(status),
        )


def _decoded(body: bytes) -> Status:
    try:
        return _status.decode(body)
    except FAULTS as error:
        raise unreadable(error, body) from error


def _id(text: str | None, number: Id | None) -> str:
    return text or (str(number) if number else "")


def _notice_time(notice: dict[str, Any]) -> datetime | None:
    try:
        return EPOCH + int(notice["timestamp_ms"]) * 1000 * MICROSECOND
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _author(user: _User) -> Account:
    id_ = _id(user.id_str, user.id)
    if not id_:
        raise BadRecord("expected user.id_str, found none")
    try:
        since = from_x_v1(user.created_at) if user.created_at else None
    except BadRecord:
        since = None  # an account's age is a nicety: no reason to lose its post
    return Account(
        uid=f"x:{id_}",
        handle=user.screen_name or "",
        name=user.name or "",
        followers=user.followers_count,
        created_at=since,
    )


def _counts(status: Status) -> Counts:
    return Counts(
        reposts=status.retweet_count,
        quotes=status.quote_count,
        replies=status.reply_count,
        likes=status.favorite_count,
    )


def _links(urls: Sequence[_Url], id_: str) -> tuple[str, ...]:
    """Where they lead; not the link to the post's own picture, nor the one to its whole text where it is cut off."""
    return distinct(
        [
            url.expanded_url or url.url or ""
            for url in urls
            if not (url.display_url or "").startswith(("pic.twitter.com/", "pic.x.com/"))
            and not (url.expanded_url or "").endswith(f"/i/web/status/{id_}")
        ]
    )


_KINDS: dict[str | None, Literal["image", "video", "gif"]] = {"video": "video", "animated_gif": "gif"}


def _media(found: Sequence[_Media]) -> tuple[MediaRef, ...]:
    """Pictures, and videos by their preview picture, which is what v1.1 gives as their `media_url`."""
    refs: dict[str, MediaRef] = {}
    for media in found:
        address = media.media_url_https or media.media_url or _largest(media.video_info)
        if address:
            refs[address] = MediaRef(url=address, kind=_KINDS.get(media.type, "image"), alt=media.ext_alt_text or "")
    return tuple(refs.values())


def _largest(video: _Video | None) -> str:
    variants = [one for one in (video.variants or () if video else ()) if one.url]
    return max(variants, key=lambda one: one.bitrate or 0).url or "" if variants else ""
