"""Fetching what a post links to without being led astray: public addresses only, and bounded in every direction.

A link is a stranger's wish that we open a connection for them. So every name is resolved first, every address it has
must be public, the connection goes to the very address that was checked, and each redirect is treated as a new link.
"""

from __future__ import annotations

import http.client
import io
import os
import re
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit

from enrich.aside import SLICE, Stopped, aside
from enrich.hosts import Hosts
from secondsource.contracts import bounds
from secondsource.contracts.addresses import is_public
from secondsource.contracts.clock import Clock
from secondsource.contracts.messages import Struct

#: Addresses of a host name; raises OSError where it has none.
Resolver = Callable[[str, int], Sequence[str]]
#: A connected TCP socket to an address and port, within some seconds; raises OSError.
Connector = Callable[[str, int, float], socket.socket]

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

T = TypeVar("T")

_CHUNK = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_INVISIBLE = re.compile(r"[\x00-\x20\x7f]")


class FetchLimits(Struct, frozen=True, kw_only=True):
    """What one link may cost at most. Times in seconds."""

    max_bytes: int = bounds.PICTURE_BYTES
    connect_seconds: float = 5.0
    total_seconds: float = bounds.FETCH_SECONDS  #: for one try, all redirects included
    max_redirects: int = 5
    per_host: int = bounds.FETCHED_FROM_ONE_HOST  #: connections to one host at a time
    tries: int = 3  #: where trouble may pass (no answer, 429, 5xx)
    pause_seconds: float = 0.5  #: before the second try, doubling
    longest_pause_seconds: float = 10.0  #: a host that asks for more (Retry-After) is not tried again now
    patience: int = 6  #: tries in a row that a host may fail before it is left alone
    rest_seconds: float = 60.0  #: for so long


class Fetched(NamedTuple):
    """The bytes, or why there are none: `refused` by us, `unavailable` from there, or we were `stopped` meanwhile."""

    state: Literal["fetched", "unavailable", "refused", "stopped"]
    body: bytes = b""
    reason: str = ""


class _Refused(Exception):
    """We will not fetch this."""


class _Gone(Exception):
    """It is not there, and asking again would not help."""


class _Trouble(Exception):
    """No answer this time. `retry_after` in seconds, where we were told when to ask again."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def resolve(host: str, port: int) -> list[str]:
    """The operating system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A plain TCP connection."""
    return socket.create_connection((address, port), timeout=seconds)


class Fetcher:
    """Fetches http(s) links and, below the folders in `roots`, files. Safe to use from several threads.

    `resolver` and `connector` are how names and addresses are reached; tests give their own. They run aside, so that
    neither can outlast a try. Once `stop` is set, every fetch that is going on ends at once, and so do those to come.
    """

    def __init__(
        self,
        clock: Clock,
        limits: FetchLimits,
        *,
        roots: Sequence[Path] = (),
        resolver: Resolver = resolve,
        connector: Connector = connect,
        tls: ssl.SSLContext | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._roots = tuple(root.resolve() for root in roots)
        self._resolve = resolver
        self._connect = connector
        self._tls = tls or ssl.create_default_context()
        self._stop = stop or threading.Event()
        self._hosts = Hosts(
            clock,
            self._stop,
            at_once=limits.per_host,
            patience=limits.patience,
            rest_seconds=limits.rest_seconds,
        )

    def stop(self) -> None:
        """Set the event that was given, or our own."""
        self._stop.set()

    def fetch(self, url: str) -> Fetched:
        """The bytes behind a link. Never raises for anything the link or its server does."""
        pause = self._limits.pause_seconds
        for attempt in range(1, self._limits.tries + 1):
            if self._stop.is_set():
                break
            try:
                return Fetched("fetched", self._once(url))
            except _Refused as refusal:
                return Fetched("refused", reason=str(refusal))
            except _Gone as gone:
                return Fetched("unavailable", reason=str(gone))
            except Stopped:
                break
            except _Trouble as trouble:
                wait = max(pause, trouble.retry_after)
                if attempt == self._limits.tries or wait > self._limits.longest_pause_seconds:
                    tries = f" ({attempt} tries)" if attempt > 1 else ""
                    return Fetched("unavailable", reason=f"{trouble}{tries}")
                if self._clock.wait(wait, self._stop):
                    break
                pause *= 2
        return Fetched("stopped", reason="we were asked to end")

    def _once(self, url: str) -> bytes:
        deadline = self._clock.monotonic() + self._limits.total_seconds
        seen: set[str] = set()
        for _ in range(self._limits.max_redirects + 1):
            if url in seen:
                raise _Refused("redirects in a circle")
            seen.add(url)
            try:
                scheme = urlsplit(url).scheme.lower()
            except ValueError as error:
                raise _Refused(f"not a link: {error}") from error
            if scheme == "replay-media":
                raise _Gone("the replay names this picture but has no file for it")
            if scheme == "file":
                if len(seen) > 1:
                    raise _Refused("redirected from the web to a file")
                return self._read_file(url)
            if scheme not in ("http", "https"):
                raise _Refused(f"scheme {scheme[:20]!r}: only http and https are fetched")
            answer = self._get(url, deadline)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise _Refused(f"more than {self._limits.max_redirects} redirects")

    # -- files

    def _read_file(self, url: str) -> bytes:
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost"):
            raise _Refused("a file on another machine")
        try:
            path = Path(unquote(parts.path)).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise _Gone("no such file") from error
        if not any(path.is_relative_to(root) for root in self._roots):
            raise _Refused("a file outside the folders that may be read")
        try:
            # Opened without following or blocking, and looked at once open: what was checked is what is read.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                return self._read_open(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise _Gone(f"unreadable file: {error.strerror}") from error

    def _read_open(self, handle: int) -> bytes:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise _Refused("not a regular file")
        if status.st_size > self._limits.max_bytes:
            raise _Refused(f"{status.st_size} bytes, more than the {self._limits.max_bytes} allowed")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(self._limits.max_bytes)

    # -- the web

    def _get(self, url: str, deadline: float) -> bytes | str:
        """The body, or where we are sent next."""
        try:
            parts = urlsplit(url)
            host, secure = parts.hostname or "", parts.scheme.lower() == "https"
            port = parts.port or (443 if secure else 80)
            host = host if host.isascii() else host.encode("idna").decode()
        except (ValueError, UnicodeError) as error:
            raise _Refused(f"not a link: {error}") from error
        if not host or len(host) > 253 or _INVISIBLE.search(url):
            raise _Refused("not a link: no host, or blanks in it")
        if parts.username is not None:
            raise _Refused("a link with a password in it")
        rest = self._hosts.resting(host)
        if rest:
            raise _Trouble(f"{host} did not answer, or asked to be left alone for a while", rest)
        try:
            with self._host_slot(host, deadline):
                answer = self._answer(url, host, port, secure=secure, deadline=deadline)
        except _Trouble as trouble:
            if trouble.retry_after:
                self._hosts.rest(host, trouble.retry_after)
            self._hosts.troubled(host)
            raise
        except (_Gone, _Refused):
            self._hosts.answered(host)
            raise
        self._hosts.answered(host)
        return answer

    def _answer(self, url: str, host: str, port: int, *, secure: bool, deadline: float) -> bytes | str:
        try:
            with self._open(host, port, secure=secure, deadline=deadline) as connection:
                return self._converse(connection, url, host, deadline)
        except TimeoutError as error:
            raise _Trouble(f"no complete answer within {self._limits.total_seconds:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise _Gone(f"certificate not trusted: {error.verify_message}") from error
        except ValueError as error:
            raise _Refused("not a link, or an answer that is none") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Trouble(f"no usable answer: {type(error).__name__}: {str(error)[:100]}") from error

    @contextmanager
    def _host_slot(self, host: str, deadline: float) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(self._hosts.slot(host, lambda: self._left(deadline)))
            except TimeoutError as error:
                raise _Trouble("too many pictures of this host at once") from error
            yield

    @contextmanager
    def _open(self, host: str, port: int, *, secure: bool, deadline: float) -> Iterator[socket.socket]:
        connection = self._reach(self._checked_addresses(host, port, deadline), port, deadline)
        try:
            connection.settimeout(self._left(deadline))
            if secure:
                plain = connection
                connection = self._aside(lambda: self._tls.wrap_socket(plain, server_hostname=host), deadline, _close)
            yield connection
        finally:
            connection.close()

    def _reach(self, addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
        """A connection to the first of the checked addresses that answers."""
        for address in addresses[:-1]:
            try:
                return self._dial(address, port, deadline)
            except OSError:
                continue
        return self._dial(addresses[-1], port, deadline)

    def _dial(self, address: str, port: int, deadline: float) -> socket.socket:
        seconds = min(self._limits.connect_seconds, self._left(deadline))
        return self._aside(lambda: self._connect(address, port, seconds), deadline, _close)

    def _checked_addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        try:
            addresses = self._aside(lambda: self._resolve(host, port), deadline)
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:
            raise _Trouble(f"unknown host {host}") from error
        if not addresses:
            raise _Trouble(f"unknown host {host}")
        # All of them: a name that also points inside is not to be trusted with the others.
        for address in addresses:
            if not is_public(address):
                raise _Refused(f"{host} leads to {address}, which is not a public address")
        return addresses

    def _aside(self, call: Callable[[], T], deadline: float, late: Callable[[T], None] = lambda _: None) -> T:
        return aside(call, lambda: self._left(deadline), self._stop, late)

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _converse(self, connection: socket.socket, url: str, host: str, deadline: float) -> bytes | str:
        parts = urlsplit(url)
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        if parts.query:
            target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
        name = f"[{host}]" if ":" in host else host
        name = name if parts.port is None else f"{name}:{parts.port}"
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: SecondSource/0.1\r\nAccept: image/*\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        answering = _Answering(connection, lambda: self._left(deadline), self._stop)
        answer = http.client.HTTPResponse(answering, method="GET")  # type: ignore[arg-type] # asks its socket for makefile alone
        try:
            answer.begin()
            return self._read_answer(answer, url)
        finally:
            answer.close()

    def _read_answer(self, answer: http.client.HTTPResponse, url: str) -> bytes | str:
        if answer.status in _REDIRECTS:
            location = answer.getheader("Location")
            if not location:
                raise _Gone(f"HTTP {answer.status} without a place to go")
            try:
                return urljoin(url, location.strip())
            except ValueError as error:
                raise _Refused(f"redirected to what is not a link: {error}") from error
        if answer.status in _TRANSIENT:
            told = answer.getheader("Retry-After", "")
            raise _Trouble(f"HTTP {answer.status}", _seconds(told, self._clock.now()))
        if answer.status != 200:
            raise _Gone(f"HTTP {answer.status}")
        if answer.getheader("Content-Encoding", "identity").lower() != "identity":
            raise _Refused("compressed, though asked not to be")
        limit = self._limits.max_bytes
        if answer.length is not None and answer.length > limit:
            raise _Refused(f"{answer.length} bytes, more than the {limit} allowed")
        body = bytearray()
        while len(body) <= limit:
            chunk = answer.read(min(_CHUNK, limit + 1 - len(body)))
            if not chunk:
                if answer.length:
                    raise _Trouble(f"broken off after {len(body)} bytes, {answer.length} missing")
                return bytes(body)
            body += chunk
        raise _Refused(f"more than the {limit} bytes allowed")


def _close(connection: socket.socket) -> None:
    connection.close()


def _seconds(told: str, now: datetime) -> float:
    """Retry-After (RFC 9110, 10.2.3): seconds, or a date. 0 where it is neither."""
    told = told.strip()
    if told.isascii() and told.isdecimal():
        return float(told[:9])
    try:
        at = parsedate_to_datetime(told)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


class _Answering:
    """What http.client needs of a socket: a file whose every read ends by the deadline, however slowly bytes drip."""

    def __init__(self, connection: socket.socket, left: Callable[[], float], stop: threading.Event) -> None:
        self._connection = connection
        self._left = left
        self._stop = stop

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 -- http.client asks for "rb" alone
        return io.BufferedReader(_Dripping(self._connection, self._left, self._stop))


class _Dripping(io.RawIOBase):
    def __init__(self, connection: socket.socket, left: Callable[[], float], stop: threading.Event) -> None:
        self._connection = connection
        self._left = left
        self._stop = stop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._stop.is_set():
            self._connection.settimeout(min(self._left(), SLICE))
            try:
                return self._connection.recv_into(memoryview(buffer))
            except TimeoutError:
                continue
        raise Stopped
