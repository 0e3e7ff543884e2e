"""Server-sent events of one hashtag on one Mastodon instance: a thread that reads and stamps. No retries here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from threading import Event, Thread
from typing import Final, NamedTuple

import requests
import urllib3

from ingest.broken import why

LONGEST_EVENT: Final = 2_000_000  #: bytes; a status with everything in it has fifty thousand
_CHUNK: Final = 1 << 14
_LINE_END = re.compile(rb"\r\n|\n|\r")


class ServerSentEvent(NamedTuple):
    """`name` is "" for a comment, which Mastodon sends as a heartbeat; `cut`: it was too long."""

    name: str
    data: bytes = b""
    cut: bool = False


class Events:
    """Server-sent events out of bytes cut anywhere (HTML Living Standard, §9.2.6)."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self._cut = self._skipping = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """What is complete with these bytes."""
        found: list[ServerSentEvent] = []
        text = self._rest + chunk
        held = text[-1:] if text.endswith(b"\r") else b""  # half of a line end, perhaps
        *lines, rest = _LINE_END.split(text[: len(text) - len(held)])
        for line in lines:
            if self._skipping:
                self._skipping = False  # the end of a line that was cut
            elif not line:
                found += self._dispatched()
            elif line.startswith(b":"):
                found.append(ServerSentEvent(""))
            else:
                self._field(line)
        if self._skipping:
            rest = b""
        elif len(rest) > LONGEST_EVENT:
            self._field(rest)
            rest, self._skipping, self._cut = b"", True, True
        self._rest = rest + held
        return found

    def _field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value[:100].decode(errors="replace")
        elif field == b"data":
            room = LONGEST_EVENT - self._size
            if len(value) > room:
                self._cut = True
            if room > 0:
                self._data.append(value[:room])
                self._size += min(len(value), room) + 1

    def _dispatched(self) -> list[ServerSentEvent]:
        name, data, cut = self._name or "message", b"\n".join(self._data), self._cut
        self._name, self._data, self._size, self._cut = "", [], 0, False
        return [ServerSentEvent(name, data, cut)] if data else []


class Opened(NamedTuple):
    """The instance answered 200: events follow."""

    key: int
    at: datetime


class Came(NamedTuple):
    """Events that came together."""

    key: int
    at: datetime
    events: list[ServerSentEvent]


class Ended(NamedTuple):
    """The connection is over, or never was: `status` is what the instance answered, 0 where it did not."""

    key: int
    at: datetime
    reason: str
    status: int = 0
    retry_after: str = ""


class TagStream:
    """Connects as soon as it is made; hands over what happens, ending with Ended.

    While `put` waits nothing is read, and so in time nothing sent. `stall_seconds` without a byte counts as a
    broken connection.
    """

    def __init__(
        self,
        key: int,
        url: str,
        *,
        tag: str,
        headers: Mapping[str, str],
        stall_seconds: float,
        now: Callable[[], datetime],
        put: Callable[[Opened | Came | Ended, Event], None],
    ) -> None:
        self._key, self._url, self._tag, self._headers = key, url, tag, dict(headers)
        self._stall, self._now, self._hand_over = stall_seconds, now, put
        self._over = Event()
        self._response: requests.Response | None = None
        Thread(target=self._run, name="mastodon-stream", daemon=True).start()

    def close(self) -> None:
        """Ends the connection; nothing more is put. A thread still dialling is left to end by itself."""
        self._over.set()
        response = self._response
        if response is not None:
            with suppress(OSError, ValueError, RuntimeError, urllib3.exceptions.HTTPError):
                response.raw.shutdown()

    def _run(self) -> None:
        ended = Ended(self._key, self._now(), "closed")
        try:
            with requests.Session() as session:
                session.trust_env = False  # a .netrc must not replace the token
                response = session.get(
                    self._url,
                    params={"tag": self._tag},
                    headers={"Accept": "text/event-stream", "Accept-Encoding": "identity", **self._headers},
                    stream=True,
                    timeout=(10.0, self._stall),
                    allow_redirects=False,
                )
                self._response = response
                with response:
                    ended = self._read(response)
        except Exception as error:  # noqa: BLE001 - whatever it is, the collector must hear that the thread has ended
            ended = self._end(why(error, self._stall))
        finally:
            self._put(ended)

    def _end(self, reason: str) -> Ended:
        return Ended(self._key, self._now(), reason)

    def _read(self, response: requests.Response) -> Ended:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.status_code != 200:
            retry = response.headers.get("Retry-After", "")
            if response.status_code == 429:
                retry = retry or response.headers.get("X-RateLimit-Reset", "")
            reason = f"its stream answered {response.status_code}"
            return Ended(self._key, self._now(), reason, response.status_code, retry)
        if kind != "text/event-stream":
            return self._end(f"its stream answered with {kind or 'no content type'} instead of text/event-stream")
        self._put(Opened(self._key, self._now()))
        events = Events()
        while not self._over.is_set():
            chunk = response.raw.read1(_CHUNK)
            if not chunk:
                return self._end("it closed the stream")
            complete = events.feed(chunk)
            if complete:
                self._put(Came(self._key, self._now(), complete))
        return self._end("closed by us")

    def _put(self, happening: Opened | Came | Ended) -> None:
        self._hand_over(happening, self._over)
