"""Mastodon's Status entity as posts. Pure: bytes and what is known of their instance in, posts out.

A status is named by its `uri`, which is the same on every instance; `id` is what one instance calls it. Left out
are statuses that are not for everybody (visibility other than public and unlisted) and authors who ask not to be
indexed: `account.noindex`, which an instance says of its own members, and, where `searchable_only` is asked for, all
who have not opted in to search (`account.indexable`). Bots are kept: that a bot wrote it is no reason not to see it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from ingest.formats.html import read
from ingest.formats.reading import EARLIEST, FAULTS, Span, distinct, language, microseconds, unreadable, without_nul
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import LONGEST_ID, Account, Counts, MediaRef, Post

PLATFORM = "mastodon"
TOLERANCE = timedelta(minutes=5)
_PUBLIC = frozenset({"public", "unlisted"})
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|heic)$", re.IGNORECASE)
_LONGEST_URI = 400
_DAY_MS = 86_400_000

Id = str | int


class StatusAccount(msgspec.Struct, gc=False):
    acct: str
    username: str | None = None
    display_name: str | None = None
    url: str | None = None
    uri: str | None = None
    followers_count: int | None = None
    created_at: datetime | None = None
    noindex: bool | None = None
    indexable: bool | None = None
    suspended: bool | None = None


class _Tag(msgspec.Struct, gc=False):
    name: str | None = None


class _Mention(msgspec.Struct, gc=False):
    acct: str | None = None


class _Card(msgspec.Struct, gc=False):
    url: str | None = None


class _Attachment(msgspec.Struct, gc=False):
    type: str | None = None
    url: str | None = None
    preview_url: str | None = None
    remote_url: str | None = None
    preview_remote_url: str | None = None
    description: str | None = None


class _Quote(msgspec.Struct, gc=False):
    """`quoted_status` where the quoted author has agreed and the answer goes that deep, below that its id alone."""

    state: str | None = None
    quoted_status: msgspec.Raw = msgspec.Raw()
    quoted_status_id: Id | None = None


class Status(msgspec.Struct, gc=False):
    """What is read of the Status entity (Mastodon 2 to 4.6, and what speaks its API)."""

    id: Id
    account: StatusAccount
    uri: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    edited_at: datetime | None = None
    in_reply_to_id: Id | None = None
    spoiler_text: str | None = None
    visibility: str | None = None
    language: str | None = None
    content: str | None = None
    replies_count: int | None = None
    reblogs_count: int | None = None
    favourites_count: int | None = None
    quotes_count: int | None = None
    tags: list[_Tag] | None = None
    mentions: list[_Mention] | None = None
    card: _Card | None = None
    media_attachments: list[_Attachment] | None = None
    reblog: msgspec.Raw = msgspec.Raw()
    quote: msgspec.Raw = msgspec.Raw()


class Terms(NamedTuple):
    """What is known where statuses come from.

    `domain` completes account names of the instance's own members ("" takes it from their addresses); `parent` gives
    the uid of a status by this instance's id for it, "" where it does not know.
    """

    collector: str
    observed_at: datetime
    domain: str = ""
    base_url: str = ""
    searchable_only: bool = False
    parent: Callable[[str], str] = lambda _: ""


class MappedStatus(NamedTuple):
    """One status, mapped: the post last, those it reposts or quotes before it, each with its instance's `id`.

    `edited_at` is the post's own. `hidden`: why it is not to be collected, and then there are no posts; `uid` and
    `author` (a uid) are known all the same. `context` is the text of what it quotes.
    """

    uid: str
    author: str
    posts: tuple[tuple[str, Post], ...]
    edited_at: datetime | None = None
    hidden: Literal["", "not public", "not to be indexed", "account suspended"] = ""
    context: str = ""


_status: msgspec.json.Decoder[Status] = msgspec.json.Decoder(Status)
_quote: msgspec.json.Decoder[_Quote] = msgspec.json.Decoder(_Quote)
_NOTHING_QUOTED = _Quote()
_statuses: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


def decode(body: bytes) -> Status:
    """One status.

    Raises:
        BadRecord: it is not JSON, or not a Status.
    """
    try:
        return _status.decode(without_nul(body))
    except FAULTS as error:
        raise unreadable(error, body) from error


def page_of(body: bytes) -> list[bytes]:
    """The statuses of a timeline, newest first, each as its own bytes.

    Raises:
        BadRecord: it is not a JSON list.
    """
    try:
        return [bytes(raw) for raw in _statuses.decode(body)]
    except FAULTS as error:
        raise unreadable(error, body) from error


class _Stamp(msgspec.Struct, gc=False):
    id: Id = ""
    created_at: datetime | None = None


_stamp: msgspec.json.Decoder[_Stamp] = msgspec.json.Decoder(_Stamp)


def id_of(body: bytes) -> str:
    """A status's id on its instance, also where the rest of it cannot be read; "" where that cannot either."""
    try:
        return str(_stamp.decode(body).id)
    except FAULTS:
        return ""


def written_at(body: bytes) -> datetime | None:
    """A status's time, unchecked."""
    try:
        at = _stamp.decode(body).created_at
    except FAULTS:
        return None
    return at if at is not None and at.tzinfo is not None else None


def id_at(at: datetime) -> str:
    """The first id of a time, as Mastodon makes them: milliseconds since 1970, and 16 bits of its own."""
    return str(max(1, microseconds(at) // 1000) << 16)


def ids_tell_time(body: bytes) -> bool:
    """Whether the instance of this status makes ids in that way; others that speak the API do not."""
    id_, at = id_of(body), written_at(body)
    if at is None or not id_.isdecimal() or len(id_) > 30:
        return False
    return abs((int(id_) >> 16) - microseconds(at) // 1000) < _DAY_MS


def to_posts(body: bytes, terms: Terms) -> MappedStatus:
    """One status as Mastodon's API writes it.

    Raises:
        BadRecord: not a Status, without a name, or of a time that cannot be.
    """
    return _mapped(decode(body), terms, alone=False)


def uid_of(status: Status) -> str:
    """`mastodon:URI`; a digest where that is too long to be found by. Raises BadRecord where there is none."""
    uri = status.uri or status.url or ""
    if not uri:
        raise BadRecord("expected the status's `uri`, found none")
    if len(uri) > _LONGEST_URI:
        uri = hashlib.sha256(uri.encode()).hexdigest()
    return f"{PLATFORM}:{uri}"


def home_of(uid: str) -> str:
    """Host (and port) of the instance a post was written on; "" where its name does not say."""
    try:
        return urlsplit(uid.removeprefix(f"{PLATFORM}:")).netloc.lower()
    except ValueError:
        return ""


_HOME_ID = re.compile(r"mastodon:(https?://[^/?#]+)/(?:users/[^/]+|ap/users/\d+)/statuses/(\d+)")


def home_id(uid: str) -> tuple[str, str] | None:
    """Base URL of a post's home instance and its id there, where it is a Mastodon that says so in its names."""
    found = _HOME_ID.fullmatch(uid)
    return (found[1], found[2]) if found else None


def counts_of(status: Status) -> Counts:
    return Counts(
        reposts=status.reblogs_count,
        quotes=status.quotes_count,
        replies=status.replies_count,
        likes=status.favourites_count,
    )


def _mapped(status: Status, terms: Terms, *, alone: bool) -> MappedStatus:
    uid = uid_of(status)
    account = _account(status.account, terms)
    hidden = _hidden(status, terms)
    if hidden:
        return MappedStatus(uid, account.uid, (), hidden=hidden)
    before: tuple[tuple[str, Post], ...] = ()
    original = quoted = None
    quotes = _quoted(status.quote)
    if not alone:
        original = _nested(status.reblog, terms)
        quoted = _nested(quotes.quoted_status, terms)
    if original is not None:
        if original.hidden:
            return MappedStatus(uid, account.uid, (), hidden=original.hidden)
        before = original.posts
    elif quoted is not None:
        before = quoted.posts
    source = original.posts[-1][1] if original is not None else None
    post = _post(status, uid, account, terms, source, _quote_of(quotes, terms))
    context = quoted.posts[-1][1].text if quoted is not None and quoted.posts else ""
    return MappedStatus(uid, account.uid, (*before, (str(status.id), post)), status.edited_at, context=context)


def _hidden(status: Status, terms: Terms) -> Literal["", "not public", "not to be indexed", "account suspended"]:
    account = status.account
    if account.suspended:
        return "account suspended"
    if account.noindex or (terms.searchable_only and not account.indexable):
        return "not to be indexed"
    # some that speak the API leave it out; Mastodon never does
    return "" if (status.visibility or "public") in _PUBLIC else "not public"


def _nested(raw: msgspec.Raw, terms: Terms) -> MappedStatus | None:
    if not _is_object(raw):
        return None
    return _mapped(decode(bytes(raw)), terms, alone=True)


def _quoted(raw: msgspec.Raw) -> _Quote:
    if not _is_object(raw):
        return _NOTHING_QUOTED
    try:
        return _quote.decode(raw)
    except FAULTS:
        return _NOTHING_QUOTED  # other programs have a `quote` of another shape: the post stands without it


def _quote_of(quote: _Quote, terms: Terms) -> str:
    if _is_object(quote.quoted_status):
        return uid_of(decode(bytes(quote.quoted_status)))
    return _shown_as(quote.quoted_status_id, terms)


def _is_object(raw: msgspec.Raw) -> bool:
    return bytes(memoryview(raw)[:1]) == b"{"


def _post(status: Status, uid: str, account: Account, terms: Terms, original: Post | None, quoted: str) -> Post:
    created = _created(status, terms)
    url = _web(status.url)
    if original is not None:
        return Post(
            uid=uid,
            platform=PLATFORM,
            author=account,
            text=original.text,
            created_at=created,
            observed_at=terms.observed_at,
            collector=terms.collector,
            watches=(),
            url=url,
            repost_of=original.uid,
            links=original.links,
            hashtags=original.hashtags,
            mentions=original.mentions,
            lang_hint=original.lang_hint,
        )
    marked = read(status.content or "", without="quote-inline" if quoted else "")
    warning = read(status.spoiler_text or "").text
    card = _web(status.card.url) if status.card else ""
    return Post(
        uid=uid,
        platform=PLATFORM,
        author=account,
        text="\n\n".join(part for part in (warning, marked.text) if part),
        created_at=created,
        observed_at=terms.observed_at,
        collector=terms.collector,
        watches=(),
        url=url,
        quote_of=quoted,
        reply_to=_shown_as(status.in_reply_to_id, terms),
        links=distinct([*marked.links, card]),
        media=_media(status.media_attachments or []),
        hashtags=_tags([*(tag.name or "" for tag in status.tags or ()), *marked.hashtags]),
        mentions=distinct([one.acct or "" for one in status.mentions] if status.mentions else marked.mentions),
        lang_hint=language(status.language),
        counts=counts_of(status),
    )


def _account(account: StatusAccount, terms: Terms) -> Account:
    name = account.acct or account.username or ""
    if not name:
        raise BadRecord("expected the account's `acct`, found none")
    if "@" not in name:
        domain = terms.domain or home_of(account.url or account.uri or "")
        if not domain:
            raise BadRecord(f"expected an account with its host, came {name[:60]!r} without `url`")
        name = f"{name}@{domain}"
    uid = f"{PLATFORM}:@{name.lower()}"
    return Account(
        uid=uid if len(uid) <= LONGEST_ID else f"{PLATFORM}:@{hashlib.sha256(uid.encode()).hexdigest()}",
        handle=name,
        name=account.display_name or "",
        followers=account.followers_count,
        created_at=account.created_at if account.created_at and account.created_at.tzinfo else None,
    )


def _created(status: Status, terms: Terms) -> datetime:
    """Its instance set it; of a status from elsewhere, that other server did, which may say anything."""
    span = Span(EARLIEST, terms.observed_at + TOLERANCE)
    try:
        return span.check(status.created_at, "created_at")
    except BadRecord:
        if "@" in status.account.acct:
            return terms.observed_at
        raise


def _shown_as(id_: Id | None, terms: Terms) -> str:
    """The post it answers or quotes: by its global name where that is known, else by where this instance shows it."""
    if id_ is None or not str(id_):
        return ""
    return terms.parent(str(id_)) or f"{PLATFORM}:{terms.base_url}/web/statuses/{id_}"


def _tags(names: list[str]) -> tuple[str, ...]:
    """Each once, whatever its case: `tags` has them in lower case, the text as they were written."""
    found: dict[str, str] = {}
    for name in names:
        if name:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())


def _media(attachments: list[_Attachment]) -> tuple[MediaRef, ...]:
    """Pictures by their address, videos by their preview picture. Sound has no picture of what happened."""
    found: list[MediaRef] = []
    for one in attachments:
        full = _web(one.url) or _web(one.remote_url)
        preview = _web(one.preview_url) or _web(one.preview_remote_url)
        kind: Literal["image", "video", "gif"] = "image"
        if one.type in {"video", "gifv"}:
            kind = "gif" if one.type == "gifv" else "video"
            full = preview or full
        elif one.type == "unknown":  # a picture the instance has not fetched is one of these
            full = full if _PICTURE.search(urlsplit(full).path) else ""
        elif one.type != "image":
            full = ""
        if full:
            found.append(MediaRef(url=full, kind=kind, alt=one.description or ""))
    return tuple(found)


def _web(url: str | None) -> str:
    """The address, where it is one that can be opened."""
    if not url or not url.startswith(("https://", "http://")):
        return ""
    try:
        return url if urlsplit(url).netloc else ""
    except ValueError:
        return ""
