"""What every format shares: the span of times it believes, bytes made fit to decode, and words found in plain text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Message

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)  #: no platform we read is older
MAX_RECORD = 16 * 1024 * 1024  #: bytes; a longer line is no post, and must not fill the memory

#: What a JSON decoder raises on bytes that are none, or that nest deeper than it follows.
FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Since 1970 UTC, exactly."""
    return (at - EPOCH) // MICROSECOND


def moment(at: int) -> datetime:
    """Inverse of `microseconds`."""
    return EPOCH + at * MICROSECOND


class Span(NamedTuple):
    """The times a post may claim, both ends included."""

    earliest: datetime
    latest: datetime

    def check(self, at: datetime | None, field: str) -> datetime:
        """The time itself, in UTC.

        Raises:
            BadRecord: missing, without zone, before `earliest` or after `latest`.
        """
        if at is None:
            raise BadRecord(f"expected a time in {field}, found none")
        if at.tzinfo is None:
            raise BadRecord(f"expected a time with zone in {field}, came {at.isoformat()}")
        if at < self.earliest:
            raise BadRecord(
                f"{field} is {at.isoformat()}, before {self.earliest.date()}: older than the platform can be"
            )
        if at > self.latest:
            raise BadRecord(f"{field} is {at.isoformat()}, in the future (after {self.latest.isoformat()})")
        return at if at.tzinfo is UTC else at.astimezone(UTC)


class Refused(NamedTuple):
    """One part of a record that could not be mapped: its bytes, fit for `remap`, and why."""

    body: bytes
    reason: str


class Part(NamedTuple):
    """One post of a record with what belongs to it (the original of a repost goes before it).

    `at` is its event time; `context` the text of the posts it quotes, which platforms match on too.
    """

    at: datetime
    messages: Sequence[Message]
    context: str = ""


class Format(Protocol):
    """How one kind of file is read. A record is a line or a JSON value; most hold one part, a page many."""

    def times(self, body: bytes) -> list[int | None]:
        """Event time of each part in µs since 1970, None where it cannot be told; as `parts` will say them.

        Raises:
            BadRecord: the record as a whole cannot be read.
        """
        ...

    def parts(self, body: bytes) -> list[Part | Refused]:
        """The record, mapped.

        Raises:
            BadRecord: the record as a whole cannot be mapped.
        """
        ...


_ESCAPED_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_HASHTAG = re.compile(r"(?<![\w&/])[#＃](\w*[^\W\d]\w*)")
_MENTION = re.compile(r"(?<![\w@/.])@(\w{1,30})")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]…]")


_DECLARED = re.compile(r"charset\s*=\s*+[\"']?\s*+([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
#: What Python calls encodings, and no document is written in: some take the square of a text's length to read.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


def charset(name: str) -> str:
    """Our name of the encoding that a document says it is in; "" for one that we do not know, or that is none."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return "" if found in _NO_CHARSETS else found


def declared_charset(content_type: str) -> str:
    """Our name of the encoding that a Content-Type names; "" as `charset` has it, or where it names none."""
    said = _DECLARED.search(content_type)
    return charset(said[1]) if said else ""


def decoded(body: bytes, names: Iterable[str]) -> str | None:
    """The text by the first of these encodings that reads all of it ("" is none); None where none does."""
    for name in filter(None, names):
        try:
            return body.decode(name)
        except (LookupError, ValueError):
            continue
    return None


def without_nul(body: bytes) -> bytes:
    """JSON bytes with each null character, raw or escaped, replaced by U+FFFD: no database takes them."""
    if b"\\u0000" in body:
        body = _ESCAPED_NUL.sub(rb"\1\\ufffd", body)
    return body.replace(b"\x00", b"\xef\xbf\xbd") if b"\x00" in body else body


def unreadable(error: Exception, body: bytes) -> BadRecord:
    """The reason a person needs, from what the decoder said."""
    if isinstance(error, UnicodeDecodeError):
        return BadRecord(f"expected UTF-8, came byte 0x{error.object[error.start]:02x}: {error.reason}")
    if isinstance(error, msgspec.ValidationError):
        return BadRecord(str(error))
    if isinstance(error, RecursionError):
        return BadRecord(f"malformed JSON ({len(body)} bytes): nested too deep")
    what = "truncated JSON" if "truncated" in str(error) else "malformed JSON"
    return BadRecord(f"{what} ({len(body)} bytes): {error}")


def unescaped(text: str) -> str:
    """X escapes &, < and > in texts, and only them."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def distinct(items: Sequence[str]) -> tuple[str, ...]:
    """Each once, in order, empty ones dropped."""
    return tuple(dict.fromkeys(item for item in items if item))


def hashtags_in(text: str) -> tuple[str, ...]:
    return distinct(_HASHTAG.findall(text)) if "#" in text or "＃" in text else ()


def mentions_in(text: str) -> tuple[str, ...]:
    return distinct(_MENTION.findall(text)) if "@" in text else ()


def links_in(text: str) -> tuple[str, ...]:
    return distinct(_LINK.findall(text)) if "http" in text else ()


_LANGUAGE = {"iw": "he", "in": "id", "ji": "yi", "zh-cn": "zh", "zh-tw": "zh"}


def language(code: str | None) -> str:
    """X's language code as BCP 47; "" for what says nothing (und, zxx, the q-codes of emoji-only posts)."""
    if not code:
        return ""
    code = code.lower()
    if code in {"und", "zxx", "art"} or (len(code) == 3 and code[0] == "q"):
        return ""
    return _LANGUAGE.get(code, code)
