"""One connection to X's filtered stream: a thread that reads lines and stamps when each came. No retries here."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from queue import Empty, Queue
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from ingest.broken import why
from ingest.collectors.x.client import Bearer
from ingest.formats.reading import MAX_RECORD, MICROSECOND

_WAITING_BYTES = 64 << 20
_SOCKET_BYTES = 256 << 10  #: what the system may read ahead of us: little, because X charges for what it has sent
_CHUNK = 1 << 16
_FAREWELL_SECONDS = 1.0  #: for the thread to close its socket; one still dialling is left to end by itself


class Opened(NamedTuple):
    """X answered. Anything but a 2xx status is followed by nothing."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Line(NamedTuple):
    """A line without its end, b"" for a heartbeat, and when it came."""

    body: bytes
    at: datetime


class Closed(NamedTuple):
    """The connection is over."""

    reason: str


Happening = Opened | Line | Closed


class Stamps:
    """Times that only rise, so that "everything before t has been sent" can be said while lines are coming in."""

    def __init__(self, now: Callable[[], datetime], after: datetime) -> None:
        self._now = now
        self._last = after
        self.lock = Lock()

    def next(self) -> datetime:
        """Later than any before. Hold `lock`."""
        self._last = max(self._now(), self._last + MICROSECOND)
        return self._last


class XStream:
    """Connects as soon as it is made; `take` gives what happened, in order, ending with Closed.

    `stall_seconds` without a byte counts as a broken connection: X sends a heartbeat at least every 20 s. `room` is how
    many lines may wait to be taken: beyond it the socket is left unread, and `behind_since` says since when.
    """

    def __init__(
        self,
        url: str,
        *,
        params: Mapping[str, str],
        auth: Bearer,
        user_agent: str,
        stamps: Stamps,
        stall_seconds: float,
        room: int,
    ) -> None:
        self._url, self._params, self._auth = url, dict(params), auth
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._stamps = stamps
        self._stall = stall_seconds
        self._queue: Queue[Happening] = Queue()
        self._waiting_bytes = 0
        self.room = room
        self.behind_since: datetime | None = None
        self._over = Event()
        self._response: requests.Response | None = None
        self._thread = Thread(target=self._run, name="x-stream", daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> Happening | None:
        """The next happening, waiting up to `seconds` for it."""
        try:
            taken = self._queue.get(timeout=seconds) if seconds > 0 else self._queue.get_nowait()
        except Empty:
            return None
        if isinstance(taken, Line):
            with self._stamps.lock:
                self._waiting_bytes -= len(taken.body)
        return taken

    def quiet_until(self) -> datetime | None:
        """A time by which everything that came has been taken; None while something is waiting to be."""
        with self._stamps.lock:
            return self._stamps.next() if self._queue.empty() else None

    def close(self) -> None:
        """Ends the connection, at once also where the thread is waiting for bytes."""
        self._over.set()
        response = self._response
        if response is not None:
            with suppress(OSError, ValueError, RuntimeError, urllib3.exceptions.HTTPError):
                response.raw.shutdown()
        self._thread.join(_FAREWELL_SECONDS)

    def _run(self) -> None:
        reason = "closed"
        try:
            with requests.Session() as session:
                session.mount("https://", _Shallow())
                session.mount("http://", _Shallow())
                response = session.get(
                    self._url,
                    params=self._params,
                    headers=self._headers,
                    auth=self._auth,
                    stream=True,
                    timeout=(10.0, self._stall),
                    allow_redirects=False,
                )
                self._response = response
                with response:
                    reason = self._read(response)
        except Exception as error:  # noqa: BLE001 - whatever it is, the collector must hear that the thread has ended
            reason = why(error, self._stall)
        finally:
            self._put(Closed(reason))

    def _read(self, response: requests.Response) -> str:
        if not 200 <= response.status_code < 300:
            self._put(Opened(response.status_code, response.headers, response.raw.read(_CHUNK, decode_content=True)))
            return f"X answered {response.status_code}"
        self._put(Opened(response.status_code, response.headers))
        rest = b""
        skipping = False
        while not self._over.is_set():
            chunk = response.raw.read1(_CHUNK)
            if not chunk:
                return "X closed the connection"
            *lines, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
            for line in lines:
                if not skipping:
                    self._come(line.rstrip(b"\r"))
                skipping = False
            if len(rest) > MAX_RECORD:
                if not skipping:
                    self._come(rest[:_CHUNK])
                rest, skipping = b"", True
        return "closed by us"

    def _come(self, line: bytes) -> None:
        while not self._over.is_set():
            # stamp and place in the queue are one act: `quiet_until` must not slip in between
            with self._stamps.lock:
                at = self._stamps.next()
                room = self.room
                waiting = self._queue.qsize()
                if waiting < room and self._waiting_bytes < _WAITING_BYTES:
                    # half of it must be taken before we call ourselves quick enough again
                    if waiting <= room // 2 and self._waiting_bytes <= _WAITING_BYTES // 2:
                        self.behind_since = None
                    self._waiting_bytes += len(line)
                    self._queue.put_nowait(Line(line, at))
                    return
                if room:  # without room it is the budget that holds us, and the stream is about to be closed
                    self.behind_since = self.behind_since or at
            self._over.wait(0.01)

    def _put(self, happening: Happening) -> None:
        self._queue.put(happening)


class _Shallow(HTTPAdapter):
    """Connections with a small receive buffer."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        small = (socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
        super().init_poolmanager(*arguments, socket_options=[*HTTPConnection.default_socket_options, small], **options)
