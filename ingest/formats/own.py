"""JSON Lines of our own messages: what a recording of the `posts` topic holds, or what somebody writes by hand.

Post, Engagement and Takedown pass under the replay's name, Coverage as it is. A recorded Tick moves event time on and
is replaced by the replay's own: the collector that wrote all of it is not running, and whoever waited for its promises
would wait for ever.
A post written by hand may leave out `observed_at` (then created_at), `collector` and `watches`, and what its text says
already: `hashtags`, `mentions`, `links`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ingest.formats.reading import (
    FAULTS,
    Part,
    Refused,
    Span,
    hashtags_in,
    links_in,
    mentions_in,
    microseconds,
    unreadable,
    without_nul,
)
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
    """`collector` is who sends them now, whoever recorded them."""

    def __init__(self, collector: str, span: Span) -> None:
        self._collector = collector
        self._span = span

    def times(self, body: bytes) -> list[int | None]:
        try:
            found = _times.decode(without_nul(body))
        except FAULTS as error:
            raise unreadable(error, body) from error
        at = found.observed_at or found.created_at or found.end or found.at
        return [microseconds(self._span.check(at, "observed_at"))]

    def parts(self, body: bytes) -> list[Part | Refused]:
        body = without_nul(body)
        try:
            message = _carried.decode(body)
        except msgspec.ValidationError as error:
            message = self._by_hand(body, error)
        except FAULTS as error:
            raise unreadable(error, body) from error
        if isinstance(message, Tick):
            return [Part(self._span.check(message.at, "at"), ())]
        checked, at = self._checked(message)
        return [Part(at, (checked,))]

    def _checked(self, message: Post | Engagement | Takedown | Coverage) -> tuple[Message, datetime]:
        """The message, its times in UTC, and its event time."""
        check = self._span.check
        if isinstance(message, Post):
            since = message.author.created_at
            if since is not None and since.tzinfo is None:
                raise BadRecord(f"expected a time with zone in author.created_at, came {since.isoformat()}")
            created, at = check(message.created_at, "created_at"), check(message.observed_at, "observed_at")
            if created is message.created_at and at is message.observed_at and message.collector == self._collector:
                return message, at
            return msgspec.structs.replace(message, created_at=created, observed_at=at, collector=self._collector), at
        if isinstance(message, Coverage):
            start, at = check(message.start, "start"), check(message.end, "end")
            return msgspec.structs.replace(message, start=start, end=at), at
        at = check(message.observed_at, "observed_at")
        return msgspec.structs.replace(message, observed_at=at, collector=self._collector), at

    def _by_hand(self, body: bytes, error: msgspec.ValidationError) -> Post:
        try:
            raw = _anything.decode(body)
        except FAULTS as broken:
            raise unreadable(broken, body) from error
        if raw.setdefault("type", "post") != "post":
            raise BadRecord(str(error)) from error
        if "created_at" in raw:
            raw.setdefault("observed_at", raw["created_at"])
        raw.setdefault("collector", self._collector)
        raw.setdefault("watches", ())
        raw.setdefault("platform", str(raw.get("uid", "")).partition(":")[0])
        if isinstance(text := raw.get("text"), str):
            raw.setdefault("hashtags", hashtags_in(text))
            raw.setdefault("mentions", mentions_in(text))
            raw.setdefault("links", links_in(text))
        try:
            return msgspec.convert(raw, Post)
        except msgspec.ValidationError as still:
            raise BadRecord(str(still)) from still
