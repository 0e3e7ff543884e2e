"""Asking the web politely: one GET at a time, bounded in bytes, time and hops, and only of public addresses.

Each redirect is a new link, checked like the first.
"""

from __future__ import annotations

import http.client
import re
import ssl
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from socket import socket
from threading import Event
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Struct
from secondsource.outside.connecting import Connections, Connector, Left, Resolver, connect, resolve

_CHUNK = 65_536
_OF_AN_ERROR = 65_536  #: bytes of an answer that is no success: enough for what it says
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_INVISIBLE = re.compile(r"[\x00-\x20\x7f]")


class Limits(Struct, frozen=True, kw_only=True):
    """What one GET may cost at most, redirects included. Bytes are counted as they come, and unpacked."""

    max_bytes: int = 5_000_000
    connect_seconds: float = 5.0
    total_seconds: float = 20.0
    max_redirects: int = 5


class Untrusted(SourceAway):
    """The server could not show who it is: asking again soon will not help."""


class Target(NamedTuple):
    """Where a link leads."""

    host: str
    port: int
    secure: bool


class Answer(NamedTuple):
    """`url` is where the answer came from in the end; header names are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes

    def leads_to(self) -> str:
        """Where a redirect sends us, "" where it is none, or says no place.

        Raises:
            BadRecord: to what is not a link.
        """
        location = self.headers.get("location", "").strip()
        if self.status not in _REDIRECTS or not location:
            return ""
        with suppress(UnicodeError):  # http.client reads headers as Latin-1, whatever they are
            location = location.encode("latin-1").decode()
        try:
            return urljoin(self.url, location.replace(" ", "%20"))
        except ValueError as error:
            raise BadRecord(f"{_shown(self.url)}: redirected to what is not a link: {error}") from error

    def retry_after(self, now: datetime) -> float | None:
        """Seconds that the server asks to wait, where it does (RFC 9110, 10.2.3): a number, or a date."""
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdecimal():
            return float(said[:9])
        try:
            at = parsedate_to_datetime(said)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


class Web:
    """Safe to use from several threads; no connection outlives its answer.

    `private`: hosts ("feeds.lan") or hosts with port ("127.0.0.1:8080") that need not be public. Once `stop` is set,
    asking ends with Stopped.
    """

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        user_agent: str,
        *,
        private: Collection[str] = (),
        resolver: Resolver = resolve,
        connector: Connector = connect,
        tls: ssl.SSLContext | None = None,
        stop: Event | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._user_agent = user_agent
        self._private = frozenset(host.lower() for host in private)
        self._connections = Connections(resolver=resolver, connector=connector, tls=tls, stop=stop)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """What the address answers, whatever its status. `headers` are not carried on to another host.

        Raises:
            SourceAway: no complete answer in time; asking later may help.
            BadRecord: nothing that may be fetched, or more than is allowed; asking later will not help.
        """
        left = self.deadline()
        asked = dict(headers or {})
        seen: set[str] = set()
        for _ in range(self._limits.max_redirects + 1):
            if url in seen:
                raise BadRecord(f"{_shown(url)}: redirects in a circle")
            seen.add(url)
            answer = self.ask(url, asked, left)
            target = answer.leads_to()
            if not target:
                return answer
            if urlsplit(target).netloc.lower() != urlsplit(url).netloc.lower():
                asked = {}
            url = target
        raise BadRecord(f"{_shown(url)}: more than {self._limits.max_redirects} redirects")

    def deadline(self) -> Left:
        """By which an answer that is asked for now must be there, all hops included."""
        end = self._clock.monotonic() + self._limits.total_seconds

        def left() -> float:
            seconds = end - self._clock.monotonic()
            if seconds <= 0:
                raise TimeoutError
            return seconds

        return left

    def ask(self, url: str, headers: Mapping[str, str], left: Left) -> Answer:
        """One hop: what the address itself answers.

        Raises:
            SourceAway, BadRecord: as `get`. Untrusted: its certificate is not to be trusted.
            Stopped: we were asked to end.
        """
        host, port, secure = target_of(url)
        inside = host.lower() in self._private or f"{host.lower()}:{port}" in self._private
        opened = self._connections.to(
            host, port, secure=secure, inside=inside, seconds=self._limits.connect_seconds, left=left
        )
        try:
            with opened as connection:
                return self._converse(connection, url, host, headers, left)
        except TimeoutError as error:
            raise SourceAway(f"{host}: no complete answer within {self._limits.total_seconds:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(f"{host}: certificate not trusted: {error.verify_message}") from error
        except (OSError, http.client.HTTPException) as error:
            raise SourceAway(f"{host}: no usable answer: {type(error).__name__}: {str(error)[:100]}") from error
        except ValueError as error:
            raise BadRecord(f"{_shown(url)}: not a link, or an answer that is none") from error

    def _converse(self, connection: socket, url: str, host: str, headers: Mapping[str, str], left: Left) -> Answer:
        parts = urlsplit(url)
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        if parts.query:
            target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
        name = f"[{host}]" if ":" in host else host
        said = {
            "Host": name if parts.port is None else f"{name}:{parts.port}",
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "Connection": "close",
            **headers,
        }
        lines = [f"GET {target} HTTP/1.1", *(f"{key}: {_one_line(value)}" for key, value in said.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode("ascii", "replace"))
        answering = self._connections.answering(connection, left)
        answer = http.client.HTTPResponse(answering, method="GET")  # type: ignore[arg-type] # asks its socket for makefile alone
        try:
            answer.begin()
            found = {key.lower(): value for key, value in answer.getheaders()}
            return Answer(answer.status, url, found, self._body(answer, url))
        finally:
            answer.close()

    def _body(self, answer: http.client.HTTPResponse, url: str) -> bytes:
        good = answer.status == 200
        if answer.status in _REDIRECTS or answer.status == 304:
            return b""
        limit = self._limits.max_bytes if good else _OF_AN_ERROR
        if good and answer.length is not None and answer.length > limit:
            raise BadRecord(f"{_shown(url)}: {answer.length:,} bytes, more than the {limit:,} allowed")
        unpacking = _Unpacking(answer.getheader("Content-Encoding", ""), url)
        body = bytearray()
        came = 0  # what is packed may be more than what comes of it: nothing, or something behind its end
        while len(body) <= limit and came <= limit:
            chunk = answer.read(_CHUNK)
            came += len(chunk)
            if not chunk:
                if answer.length:
                    raise SourceAway(f"{_shown(url)}: broken off, {answer.length:,} bytes missing")
                unpacking.end()
                return bytes(body)
            body += unpacking.take(chunk, limit + 1 - len(body))
        if good:
            raise BadRecord(f"{_shown(url)}: more than the {limit:,} bytes allowed")
        return bytes(body[:limit])


def target_of(url: str) -> Target:
    """Where an http or https link leads.

    Raises:
        BadRecord: it is none, or none that we follow.
    """
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), parts.hostname or ""
        port = parts.port or (443 if scheme == "https" else 80)
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError) as error:
        raise BadRecord(f"{_shown(url)}: not a link: {error}") from error
    if scheme not in ("http", "https"):
        raise BadRecord(f"scheme {scheme[:20]!r}: only http and https are fetched")
    if not host or len(host) > 253 or _INVISIBLE.search(url):
        raise BadRecord(f"{_shown(url)}: not a link: no host, or blanks in it")
    if parts.username is not None:
        raise BadRecord(f"{host}: a link with a password in it")
    return Target(host, port, scheme == "https")


class _Unpacking:
    """Of a packed answer only as much is unpacked as may be kept, so that a small one cannot become a large one."""

    def __init__(self, encoding: str, url: str) -> None:
        self._shown = _shown(url)
        self._stream = None
        if encoding.lower() in ("", "identity"):
            return
        if encoding.lower() not in ("gzip", "x-gzip"):
            raise BadRecord(f"{self._shown}: packed as {encoding[:20]!r}, though asked for gzip or nothing")
        self._stream = zlib.decompressobj(wbits=31)

    def take(self, chunk: bytes, room: int) -> bytes:
        if self._stream is None:
            return chunk[:room]
        try:
            return self._stream.decompress(self._stream.unconsumed_tail + chunk, room)
        except zlib.error as error:
            raise BadRecord(f"{self._shown}: not the gzip it says it is") from error

    def end(self) -> None:
        """The answer is over."""
        if self._stream is not None and not self._stream.eof:
            raise SourceAway(f"{self._shown}: broken off in the middle of its gzip")


def _shown(url: str) -> str:
    """An address fit for a log: without its query, which may hold a key."""
    return url.partition("?")[0][:200]


def _one_line(value: str) -> str:
    return _INVISIBLE.sub(" ", value)
