"""Bluesky's post record (`app.bsky.feed.post`), as Jetstream brings it.

Records are written by anybody's program and kept as they came: a field of a wrong type makes a bad record only where a
post cannot be told without it. `createdAt` is the author's word; where it cannot be, the time Jetstream saw the post
stands in for it. Facets mark hashtags, links and mentions by offsets in the UTF-8 bytes of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from ingest.formats.reading import (
    EARLIEST,
    FAULTS,
    distinct,
    hashtags_in,
    language,
    mentions_in,
    unreadable,
    without_nul,
)
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import LONGEST_ID, Account, MediaRef, Post

PLATFORM = "bluesky"
COLLECTION = "app.bsky.feed.post"
TOLERANCE = timedelta(minutes=5)  #: by so much an author's clock may be ahead

_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]+")
_CID = re.compile(r"[A-Za-z0-9]+")
_LINKED = re.compile(r"https?://\S+", re.IGNORECASE)
_TAG, _LINK, _MENTION = (f"app.bsky.richtext.facet#{kind}" for kind in ("tag", "link", "mention"))


class _Feature(msgspec.Struct, gc=False):
    type: str = msgspec.field(name="$type", default="")
    tag: str = ""
    uri: str = ""
    did: str = ""


class _Index(msgspec.Struct, gc=False, rename="camel"):
    byte_start: int = 0
    byte_end: int = 0


class _Facet(msgspec.Struct, gc=False):
    features: list[_Feature] = []
    index: _Index | None = None


class _Ref(msgspec.Struct, gc=False):
    link: str = msgspec.field(name="$link", default="")


class _Blob(msgspec.Struct, gc=False):
    """`cid` is how blobs were named before 2023."""

    ref: _Ref | None = None
    cid: str = ""


class _Image(msgspec.Struct, gc=False):
    image: _Blob | None = None
    alt: str | None = None


class _Uri(msgspec.Struct, gc=False):
    uri: str = ""
    record: Any = None  # a recordWithMedia wraps the reference once more


class _Embed(msgspec.Struct, gc=False):
    """All kinds of embeds in one; `type` says which fields to look at."""

    type: str = msgspec.field(name="$type", default="")
    images: list[_Image] = []
    items: list[_Image] = []
    video: _Blob | None = None
    alt: str | None = None
    external: _Uri | None = None
    record: _Uri | None = None
    media: _Embed | None = None


class _Reply(msgspec.Struct, gc=False):
    parent: _Uri | None = None


class _Record(msgspec.Struct, gc=False, rename="camel"):
    text: str = ""
    created_at: msgspec.Raw = msgspec.Raw()
    langs: msgspec.Raw = msgspec.Raw()
    tags: msgspec.Raw = msgspec.Raw()
    facets: msgspec.Raw = msgspec.Raw()
    reply: msgspec.Raw = msgspec.Raw()
    embed: msgspec.Raw = msgspec.Raw()


_record = msgspec.json.Decoder(_Record)
_strings = msgspec.json.Decoder(list[str])
_string = msgspec.json.Decoder(str)
_facets = msgspec.json.Decoder(list[_Facet])
_reply = msgspec.json.Decoder(_Reply)
_embed = msgspec.json.Decoder(_Embed)


class Where(NamedTuple):
    """What stands around a record: whose it is, where, and when Jetstream saw it (None: it did not say)."""

    did: str
    rkey: str
    seen_at: datetime | None
    handle: str = ""


def post_uid(did: str, rkey: str) -> str:
    """Raises BadRecord where they cannot name a post."""
    uid = f"{PLATFORM}:{did}/{rkey}"
    if not _DID.fullmatch(did) or not _RKEY.fullmatch(rkey) or len(uid) > LONGEST_ID:
        raise BadRecord(f"expected a DID and a record key, came {did[:80]!r} and {rkey[:80]!r}")
    return uid


def account_uid(did: str) -> str:
    return f"{PLATFORM}:{did}"


def uid_of(uri: str) -> str:
    """Our name for what an `at://` address points to; "" for what is no post (feeds, lists), or named by a handle."""
    authority, _, path = uri.removeprefix("at://").partition("/")
    collection, _, rkey = path.partition("/")
    if not uri.startswith("at://") or collection != COLLECTION:
        return ""
    try:
        return post_uid(authority, rkey)
    except BadRecord:
        return ""


def uri_of(uid: str) -> str:
    """Inverse of `uid_of`."""
    did, _, rkey = uid.removeprefix(f"{PLATFORM}:").partition("/")
    return f"at://{did}/{COLLECTION}/{rkey}"


def languages_of(raw: msgspec.Raw) -> tuple[str, ...]:
    """The languages an author's program names, in its order."""
    return distinct([language(code) for code in _lenient(_strings, raw, [])])


def hashtags_of(text: str, facets: msgspec.Raw, tags: msgspec.Raw) -> tuple[str, ...]:
    """Those marked, those listed beside the text, and those only written: not every program marks them."""
    written = hashtags_in(text)
    if b"#tag" not in bytes(facets) and not bytes(tags):
        return written
    marked = [one.tag for facet in _lenient(_facets, facets, []) for one in facet.features if one.type == _TAG]
    listed = _lenient(_strings, tags, [])
    return distinct([tag.lstrip("#＃").strip() for tag in (*marked, *listed)] + list(written))


def to_post(
    body: msgspec.Raw | bytes, where: Where, observed_at: datetime, collector: str, watches: tuple[str, ...] = ()
) -> Post:
    """A record, mapped.

    Raises:
        BadRecord: not a JSON object, a text that is none, or names that no post has.
    """
    uid = post_uid(where.did, where.rkey)
    try:
        record = _record.decode(without_nul(bytes(body)))
    except FAULTS as error:
        raise unreadable(error, bytes(body)) from error
    marks = _marked(record.text, _lenient(_facets, record.facets, []))
    spoken = languages_of(record.langs)
    reply = _lenient(_reply, record.reply, None)
    embed = _lenient(_embed, record.embed, None)
    shown = _shown(embed, where.did) if embed is not None else _NOTHING_SHOWN
    return Post(
        uid=uid,
        platform=PLATFORM,
        author=Account(uid=account_uid(where.did), handle=where.handle or where.did),
        text=record.text,
        created_at=created(_lenient(_string, record.created_at, ""), where.seen_at or observed_at),
        observed_at=observed_at,
        collector=collector,
        watches=watches,
        url=f"https://bsky.app/profile/{where.did}/post/{where.rkey}",
        quote_of=shown.quoted,
        reply_to=uid_of(reply.parent.uri) if reply is not None and reply.parent is not None else "",
        links=distinct([*marks.links, *shown.links]),
        media=shown.media,
        hashtags=hashtags_of(record.text, record.facets, record.tags),
        mentions=marks.mentions,
        lang_hint=spoken[0] if len(spoken) == 1 else "",
    )


def created(claimed: str, seen_at: datetime) -> datetime:
    """When a post says it was written, UTC; `seen_at` where it says nothing that can be."""
    try:
        at = datetime.fromisoformat(claimed)
    except ValueError:
        return seen_at
    try:
        if at.tzinfo is None or not EARLIEST <= at <= seen_at + TOLERANCE:
            return seen_at
        return at.astimezone(UTC)
    except OverflowError:
        return seen_at


def _lenient(decoder: msgspec.json.Decoder[Any], raw: msgspec.Raw, otherwise: Any) -> Any:
    """What a part of a record holds, or `otherwise` where that is something else: the rest still counts."""
    if not raw:
        return otherwise
    try:
        return decoder.decode(raw)
    except FAULTS:
        return otherwise


class _Marks(NamedTuple):
    mentions: tuple[str, ...]
    links: tuple[str, ...]


def _marked(text: str, facets: Sequence[_Facet]) -> _Marks:
    if not facets:
        return _Marks(mentions_in(text), ())
    encoded = text.encode()
    mentions: list[str] = []
    links: list[str] = []
    for facet in facets:
        for feature in facet.features:
            if feature.type == _LINK and _LINKED.fullmatch(feature.uri):
                links.append(feature.uri)
            elif feature.type == _MENTION and _DID.fullmatch(feature.did):
                mentions.append(_mentioned(encoded, facet.index) or feature.did)
    return _Marks(distinct(mentions), distinct(links))


def _mentioned(encoded: bytes, index: _Index | None) -> str:
    """The handle as written, without its @; "" where the offsets point to no such thing."""
    if index is None or not 0 <= index.byte_start < index.byte_end <= len(encoded):
        return ""
    written = encoded[index.byte_start : index.byte_end].decode("utf-8", "replace")
    return written[1:] if written[:1] in ("@", "＠") and "�" not in written else ""


class _Shown(NamedTuple):
    """What an embed shows beside the text."""

    media: tuple[MediaRef, ...] = ()
    links: tuple[str, ...] = ()
    quoted: str = ""


_NOTHING_SHOWN = _Shown()


def _shown(embed: _Embed, did: str) -> _Shown:
    """Pictures, links and the quoted post. A card's own thumbnail is the linked page's, not the author's: left out."""
    parts = [embed] if embed.media is None else [embed, embed.media]
    media = [one for part in parts for one in _media(part, did)]
    links = [part.external.uri for part in parts if part.external is not None and _LINKED.fullmatch(part.external.uri)]
    return _Shown(tuple(media), tuple(links), _quoted(embed.record) if embed.record is not None else "")


def _quoted(record: _Uri) -> str:
    if record.uri:
        return uid_of(record.uri)
    inner = record.record
    return uid_of(str(inner.get("uri", ""))) if isinstance(inner, Mapping) else ""


def _media(embed: _Embed, did: str) -> Iterator[MediaRef]:
    for image in (*embed.images, *embed.items):
        cid = _cid(image.image)
        if cid:
            yield MediaRef(url=picture_url(did, cid), alt=image.alt or "")
    cid = _cid(embed.video)
    if cid:
        yield MediaRef(url=thumbnail_url(did, cid), kind="video", alt=embed.alt or "")


def _cid(blob: _Blob | None) -> str:
    if blob is None:
        return ""
    cid = blob.ref.link if blob.ref is not None else blob.cid
    return cid if _CID.fullmatch(cid) else ""


def picture_url(did: str, cid: str) -> str:
    """Bluesky's own copy of a picture, as large as it keeps it."""
    return f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{cid}@jpeg"


def thumbnail_url(did: str, cid: str) -> str:
    """A still of a video."""
    return f"https://video.bsky.app/watch/{quote(did, safe='')}/{cid}/thumbnail.jpg"
