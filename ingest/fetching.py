"""Asking the web politely: one GET at a time, bounded in bytes, time and hops, and only of public addresses.

A feed's redirects and the links in it are a stranger's wish that we open a connection for them. So every name is
resolved first, every address it has must be public, the connection goes to the very address that was checked, and each
redirect is treated as a new link. `private` names the hosts an operator wants read although they are inside.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from secondsource.contracts.addresses import is_public
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Struct

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Addresses of a host name; raises OSError where it has none.
Resolver = Callable[[str, int], Sequence[str]]
#: A connected TCP socket to an address and port, within some seconds; raises OSError.
Connector = Callable[[str, int, float], socket.socket]

_CHUNK = 65_536
_OF_AN_ERROR = 65_536  #: bytes of an answer that is no success: enough for what it says
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_INVISIBLE = re.compile(r"[\x00-\x20\x7f]")


class Limits(Struct, frozen=True, kw_only=True):
    """What one GET may cost at most, redirects included. Bytes are counted unpacked."""

    max_bytes: int = 5_000_000
    connect_seconds: float = 5.0
    total_seconds: float = 20.0
    max_redirects: int = 5


class Answer(NamedTuple):
    """`url` is where the answer came from in the end; header names are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes

    def retry_after(self, now: datetime) -> float | None:
        """Seconds that the server asks to wait, where it does."""
        said = self.headers.get("retry-after", "").strip()
        if said.isdecimal():
            return float(said[:9])
        try:
            at = parsedate_to_datetime(said)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def resolve(host: str, port: int) -> list[str]:
    """The operating system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A plain TCP connection."""
    return socket.create_connection((address, port), timeout=seconds)


class Web:
    """Safe to use from several threads; no connection outlives its answer.

    `private`: hosts ("feeds.lan") or hosts with port ("127.0.0.1:8080") that need not be public.
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
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._user_agent = user_agent
        self._private = frozenset(host.lower() for host in private)
        self._resolve = resolver
        self._connect = connector
        self._tls = tls or ssl.create_default_context()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """What the address answers, whatever its status. `headers` are not carried on to another host.

        Raises:
            SourceAway: no complete answer in time; asking later may help.
            BadRecord: nothing that may be fetched, or more than is allowed; asking later will not help.
        """
        deadline = self._clock.monotonic() + self._limits.total_seconds
        asked = dict(headers or {})
        seen: set[str] = set()
        for _ in range(self._limits.max_redirects + 1):
            if url in seen:
                raise BadRecord(f"{_shown(url)}: redirects in a circle")
            seen.add(url)
            answer = self._once(url, asked, deadline)
            location = answer.headers.get("location", "").strip()
            if answer.status not in _REDIRECTS or not location:
                return answer
            try:
                target = urljoin(url, location)
                if urlsplit(target).netloc.lower() != urlsplit(url).netloc.lower():
                    asked = {}
            except ValueError as error:
                raise BadRecord(f"{_shown(url)}: redirected to what is not a link: {error}") from error
            url = target
        raise BadRecord(f"{_shown(url)}: more than {self._limits.max_redirects} redirects")

    def _once(self, url: str, headers: Mapping[str, str], deadline: float) -> Answer:
        host, port, secure = _place(url)
        try:
            with self._open(host, port, secure=secure, deadline=deadline) as connection:
                return self._converse(connection, url, host, headers, deadline)
        except TimeoutError as error:
            raise SourceAway(f"{host}: no complete answer within {self._limits.total_seconds:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise SourceAway(f"{host}: certificate not trusted: {error.verify_message}") from error
        except (OSError, http.client.HTTPException) as error:
            raise SourceAway(f"{host}: no usable answer: {type(error).__name__}: {str(error)[:100]}") from error
        except ValueError as error:
            raise BadRecord(f"{_shown(url)}: not a link, or an answer that is none") from error

    @contextmanager
    def _open(self, host: str, port: int, *, secure: bool, deadline: float) -> Iterator[socket.socket]:
        connection = self._reach(self._addresses(host, port), port, deadline)
        try:
            connection.settimeout(self._left(deadline))
            if secure:
                connection = self._tls.wrap_socket(connection, server_hostname=host)
            yield connection
        finally:
            connection.close()

    def _reach(self, addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
        """A connection to the first of the addresses that answers."""
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, min(self._limits.connect_seconds, self._left(deadline)))
            except OSError:
                continue
        return self._connect(addresses[-1], port, min(self._limits.connect_seconds, self._left(deadline)))

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise SourceAway(f"{host}: unknown host") from error
        if not addresses:
            raise SourceAway(f"{host}: unknown host")
        if host.lower() not in self._private and f"{host.lower()}:{port}" not in self._private:
            # All of them: a name that also points inside is not to be trusted with the others.
            for address in addresses:
                if not is_public(address):
                    raise BadRecord(f"{host} leads to {address}, which is not a public address")
        return addresses

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _converse(
        self, connection: socket.socket, url: str, host: str, headers: Mapping[str, str], deadline: float
    ) -> Answer:
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
        answer = http.client.HTTPResponse(_Answering(connection, lambda: self._left(deadline)), method="GET")  # type: ignore[arg-type] # asks its socket for makefile alone
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
        unpack = _unpacking(answer.getheader("Content-Encoding", ""), url)
        body = bytearray()
        while len(body) <= limit:
            chunk = answer.read(_CHUNK)
            if not chunk:
                if answer.length:
                    raise SourceAway(f"{_shown(url)}: broken off, {answer.length:,} bytes missing")
                return bytes(body)
            body += unpack(chunk, limit + 1 - len(body))
        if good:
            raise BadRecord(f"{_shown(url)}: more than the {limit:,} bytes allowed")
        return bytes(body[:limit])


def _place(url: str) -> tuple[str, int, bool]:
    """Host, port and whether it is https."""
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
    return host, port, scheme == "https"


def _unpacking(encoding: str, url: str) -> Callable[[bytes, int], bytes]:
    """Of a packed answer only as much is unpacked as may be kept, so that a small one cannot become a large one."""
    if encoding.lower() in ("", "identity"):
        return lambda chunk, room: chunk[:room]
    if encoding.lower() not in ("gzip", "x-gzip"):
        raise BadRecord(f"{_shown(url)}: packed as {encoding[:20]!r}, though asked for gzip or nothing")
    stream = zlib.decompressobj(wbits=31)

    def unpack(chunk: bytes, room: int) -> bytes:
        try:
            return stream.decompress(stream.unconsumed_tail + chunk, room)
        except zlib.error as error:
            raise BadRecord(f"{_shown(url)}: not the gzip it says it is") from error

    return unpack


def _shown(url: str) -> str:
    """An address fit for a log: without its query, which may hold a key."""
    return url.partition("?")[0][:200]


def _one_line(value: str) -> str:
    return _INVISIBLE.sub(" ", value)


class _Answering:
    """What http.client needs of a socket: a file whose every read ends by the deadline, however slowly bytes drip."""

    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        self._connection = connection
        self._left = left

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 -- http.client asks for "rb" alone
        return io.BufferedReader(_Dripping(self._connection, self._left))


class _Dripping(io.RawIOBase):
    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        self._connection = connection
        self._left = left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(self._left())
        return self._connection.recv_into(memoryview(buffer))
