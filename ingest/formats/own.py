"""JSON Lines of our own messages: what a recording of the `posts` topic holds, or what somebody writes by hand.

Post, Engagement, Takedown and Coverage pass as they are. A recorded Tick moves event time on and is replaced by the
replay's own: the collector that wrote it is not running, and nobody would ever close its promise.
A post written by hand may leave out `observed_at` (then created_at), `collector` and `watches`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ingest.formats.reading import Part, Refused, Span, microseconds, unreadable, without_nul
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Coverage, Engagement, Message, Post, Takedown, Tick

Carried = Post | Engagement | Takedown | Coverage | Tick


class _Times(msgspec.Struct, gc=False):
    observed_at: datetime | None = None
    created_at: datetime | None = None
    end: datetime | None = None
    at: datetime | None = None


_times = msgspec.json.Decoder(_Times)
_carried: msgspec.json.Decoder[Carried] = msgspec.json.Decoder(Carried)
_anything = msgspec.json.Decoder(dict[str, Any])


class Own:
    """`collector` fills in for posts that name none."""

    def __init__(self, collector: str, span: Span) -> None:
        self._collector = collector
        self._span = span

    def times(self, body: bytes) -> list[int | None]:
        try:
            found = _times.decode(without_nul(body))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise unreadable(error, body) from error
        at = found.observed_at or found.created_at or found.end or found.at
        return [microseconds(self._span.check(at, "observed_at"))]

    def parts(self, body: bytes) -> list[Part | Refused]:
        body = without_nul(body)
        try:
            message = _carried.decode(body)
        except msgspec.ValidationError as error:
            message = self._by_hand(body, error)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise unreadable(error, body) from error
        check = self._span.check
        if isinstance(message, Post):
            check(message.created_at, "created_at")
            at = check(message.observed_at, "observed_at")
        elif isinstance(message, Coverage):
            check(message.start, "start")
            at = check(message.end, "end")
        elif isinstance(message, Tick):
            return [Part(check(message.at, "at"), ())]
        else:
            at = check(message.observed_at, "observed_at")
        passed: tuple[Message, ...] = (message,)
        return [Part(at, passed)]

    def _by_hand(self, body: bytes, error: msgspec.ValidationError) -> Post:
        try:
            raw = _anything.decode(body)
        except msgspec.DecodeError:
            raise unreadable(error, body) from error
        if raw.setdefault("type", "post") != "post":
            raise BadRecord(str(error)) from error
        if "created_at" in raw:
            raw.setdefault("observed_at", raw["created_at"])
        raw.setdefault("collector", self._collector)
        raw.setdefault("watches", ())
        raw.setdefault("platform", str(raw.get("uid", "")).partition(":")[0])
        try:
            return msgspec.convert(raw, Post)
        except msgspec.ValidationError as still:
            raise BadRecord(str(still)) from still
