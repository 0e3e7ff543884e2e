"""Telegram: messages of a Desktop export (`result.json`), and of 4CAT's NDJSON, one a line.

A message's number counts within its chat, so a post is `telegram:CHAT/NUMBER`; CHAT is the chat's number in an export,
which does not say its public name. Who forwards names where from, not which message: that name is kept as a credit,
and the counts, which are those of what was forwarded, are not. `edited` is set by mere reactions too and says nothing
of the words, so a message is taken to have been as it is from the time it was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

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
    links_in,
    mentions_in,
    microseconds,
    unreadable,
    without_nul,
)
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Post

PLATFORM = "telegram"
_NO_PICTURES = frozenset({"sticker", "voice_message", "audio_file"})


class _Chat(msgspec.Struct, gc=False):
    name: str | None = None
    type: str = ""
    id: int | str | None = None


class _Reaction(msgspec.Struct, gc=False):
    count: int = 0


class _Poll(msgspec.Struct, gc=False):
    question: Any = ""


class _Message(msgspec.Struct, gc=False):
    """A message of an export; what the export leaves out says so in brackets in place of a path."""

    id: int
    date_unixtime: str | int | None = None
    date: str | None = None
    sender: str | None = msgspec.field(default=None, name="from")
    from_id: str | int | None = None
    text: Any = ""
    forwarded_from: str | None = None
    forwarded_from_id: str | int | None = None
    saved_from: str | None = None
    reply_to_message_id: int | None = None
    reply_to_peer_id: str | int | None = None
    photo: str | None = None
    file: str | None = None
    thumbnail: str | None = None
    media_type: str = ""
    mime_type: str = ""
    poll: _Poll | None = None
    views: int | None = None
    forwards: int | None = None
    reactions: list[_Reaction] | None = None


class _Line(msgspec.Struct, gc=False):
    chat: _Chat
    message: _Message


class _Stamp(msgspec.Struct, gc=False):
    date_unixtime: str | int | None = None
    date: str | float | None = None


class _StampLine(msgspec.Struct, gc=False):
    message: _Stamp | str | None = None
    date: str | float | None = None


class _Username(msgspec.Struct, gc=False):
    username: str | None = None
    title: str | None = None
    first_name: str | None = None
    id: int | None = None


class _Peer(msgspec.Struct, gc=False):
    channel_id: int | None = None
    user_id: int | None = None
    chat_id: int | None = None


class _Forward(msgspec.Struct, gc=False):
    from_name: str | None = None
    from_id: _Peer | None = None


class _Answered(msgspec.Struct, gc=False):
    reply_to_msg_id: int | None = None


class _Replies(msgspec.Struct, gc=False):
    replies: int | None = None


class _Captured(msgspec.Struct, gc=False):
    """A message as 4CAT keeps it: Telethon's fields by their names, and `_chat` beside them."""

    id: int
    date: str | float
    chat: _Username = msgspec.field(name="_chat")
    message: str | None = None
    sender_id: int | None = None
    sender: _Username | None = msgspec.field(default=None, name="_sender")
    from_id: _Peer | None = None
    post_author: str | None = None
    fwd_from: _Forward | None = None
    reply_to: _Answered | None = None
    views: int | None = None
    forwards: int | None = None
    replies: _Replies | None = None


_line = msgspec.json.Decoder(_Line)
_stamp = msgspec.json.Decoder(_StampLine)
_captured = msgspec.json.Decoder(_Captured)


class _Said(NamedTuple):
    """Text with what is marked in it."""

    text: str
    links: tuple[str, ...]


class Telegram:
    """`folder` is where the export lies: its pictures are named from there."""

    def __init__(self, collector: str, span: Span, folder: Path | None = None) -> None:
        self._collector = collector
        self._span = span
        self._folder = folder.resolve() if folder is not None else None

    def times(self, body: bytes) -> list[int | None]:
        try:
            line = _stamp.decode(without_nul(body))
        except FAULTS as error:
            raise unreadable(error, body) from error
        stamp = line.message if isinstance(line.message, _Stamp) else _Stamp(date=line.date)
        return [microseconds(self._span.check(_time(stamp.date_unixtime, stamp.date), "date"))]

    def parts(self, body: bytes) -> list[Part | Refused]:
        body = without_nul(body)
        try:
            post = self._captured(_captured.decode(body)) if b'"_chat"' in body else self._exported(_line.decode(body))
        except FAULTS as error:
            raise unreadable(error, body) from error
        return [Part(post.observed_at, (post,))]

    def _exported(self, line: _Line) -> Post:
        chat, message = line.chat, line.message
        if chat.id is None:
            raise BadRecord("expected the number of the chat this message is of, found none")
        at = self._span.check(_time(message.date_unixtime, message.date), "date_unixtime")
        said = _said(message.text)
        if not said.text and message.poll is not None:
            said = _said(message.poll.question)
        forwarded = message.forwarded_from or (str(message.forwarded_from_id) if message.forwarded_from_id else "")
        replied = message.reply_to_message_id
        peer = str(message.reply_to_peer_id or "").removeprefix("channel").removeprefix("user")
        return Post(
            uid=f"{PLATFORM}:{chat.id}/{message.id}",
            platform=PLATFORM,
            author=Account(
                uid=f"{PLATFORM}:{message.from_id or f'channel{chat.id}'}",
                handle="",
                name=message.sender or chat.name or "",
            ),
            text=said.text,
            created_at=at,
            observed_at=at,
            collector=self._collector,
            watches=(),
            reply_to=f"{PLATFORM}:{peer or chat.id}/{replied}" if replied else "",
            links=distinct([*said.links, *links_in(said.text)]),
            media=self._media(message),
            hashtags=hashtags_in(said.text),
            mentions=mentions_in(said.text),
            counts=None if forwarded else _counts(message.views, message.forwards, None, message.reactions),
            credits=(forwarded,) if forwarded else (),
        )

    def _captured(self, message: _Captured) -> Post:
        at = self._span.check(_time(None, message.date), "date")
        chat = message.chat.username or (str(message.chat.id) if message.chat.id else "")
        if not chat:
            raise BadRecord("expected _chat.username or _chat.id, found neither")
        sender = message.sender or _Username()
        peer = message.from_id or _Peer()
        number = message.sender_id or peer.user_id or peer.channel_id
        forwarded = _forwarded(message.fwd_from)
        replied = message.reply_to.reply_to_msg_id if message.reply_to else None
        text = message.message or ""
        return Post(
            uid=f"{PLATFORM}:{chat}/{message.id}",
            platform=PLATFORM,
            author=Account(
                uid=f"{PLATFORM}:{number or chat}",
                handle=sender.username or ("" if number else chat),
                name=sender.first_name or sender.title or message.post_author or message.chat.title or "",
            ),
            text=text,
            created_at=at,
            observed_at=at,
            collector=self._collector,
            watches=(),
            url=f"https://t.me/{chat}/{message.id}" if message.chat.username else "",
            reply_to=f"{PLATFORM}:{chat}/{replied}" if replied else "",
            links=links_in(text),
            hashtags=hashtags_in(text),
            mentions=mentions_in(text),
            counts=None
            if forwarded
            else _counts(message.views, message.forwards, message.replies.replies if message.replies else None, None),
            credits=(forwarded,) if forwarded else (),
        )

    def _media(self, message: _Message) -> tuple[MediaRef, ...]:
        """The photo, a picture sent as a file, or a video by its preview picture, which the export lays beside it."""
        if message.photo:
            return (MediaRef(url=self._address(message.photo)),)
        if not message.file or message.media_type in _NO_PICTURES:
            return ()
        if message.media_type in {"video_file", "video_message"} or message.mime_type.startswith("video/"):
            preview = message.thumbnail if message.thumbnail and not _left_out(message.thumbnail) else message.file
            return (MediaRef(url=self._address(preview), kind="video"),)
        if message.media_type == "animation":
            return (MediaRef(url=self._address(message.thumbnail or message.file), kind="gif"),)
        return (MediaRef(url=self._address(message.file)),) if message.mime_type.startswith("image/") else ()

    def _address(self, path: str) -> str:
        """file: for what lies in the export's folder and nowhere else; what cannot be had keeps its name."""
        if self._folder is not None and not _left_out(path):
            try:
                whole = (self._folder / path).resolve()
                if whole.is_relative_to(self._folder) and whole.is_file():
                    return whole.as_uri()
            except (OSError, ValueError):
                pass  # a name no file can have
        return f"replay-media:{quote(path[:200], safe='')}"


def _left_out(path: str) -> bool:
    """The export says in brackets why a file is not there: (File not included. Change data exporting settings…)."""
    return path.startswith("(") and path.endswith(")")


def _forwarded(source: _Forward | None) -> str:
    if source is None:
        return ""
    peer = source.from_id or _Peer()
    number = peer.channel_id or peer.user_id or peer.chat_id
    return source.from_name or (f"{PLATFORM}:{number}" if number else "")


def _time(unix: str | int | None, written: str | float | None) -> datetime | None:
    """Seconds since 1970 where they are given; an export's `date` is the time on its maker's wall, without zone."""
    seconds = unix if unix is not None else written if isinstance(written, int | float) else None
    try:
        if seconds is not None:
            return EPOCH + int(float(seconds) * 1_000_000) * MICROSECOND
        return datetime.fromisoformat(str(written)) if written else None
    except (ValueError, OverflowError) as error:
        raise BadRecord(f"expected a time in date_unixtime, came {str(unix or written)[:40]!r}") from error


def _said(text: Any) -> _Said:
    """Plain text, or a list of pieces, of which some are links whose address is not in the text."""
    if isinstance(text, str):
        return _Said(text, ())
    if isinstance(text, dict):
        text = [text]
    if not isinstance(text, list):
        raise BadRecord(f"expected text as words or a list of pieces, came {type(text).__name__}")
    words: list[str] = []
    links: list[str] = []
    for piece in text:
        if isinstance(piece, str):
            words.append(piece)
        elif isinstance(piece, dict) and isinstance(piece.get("text"), str):
            words.append(piece["text"])
            if piece.get("type") == "text_link" and isinstance(piece.get("href"), str):
                links.append(piece["href"])
            elif piece.get("type") == "link":
                links.append(piece["text"])
    return _Said("".join(words), distinct([link for link in links if link.startswith(("http://", "https://"))]))


def _counts(
    views: int | None, forwards: int | None, replies: int | None, reactions: Sequence[_Reaction] | None
) -> Counts | None:
    likes = sum(reaction.count for reaction in reactions) if reactions is not None else None
    if views is None and forwards is None and replies is None and likes is None:
        return None
    return Counts(reposts=forwards, replies=replies, likes=likes, views=views)
