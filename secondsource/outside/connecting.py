"""Connections that lead where they were checked to lead, and never keep anybody waiting longer than allowed.

A link is a stranger's wish that we open a connection for them. So every name is resolved first, every address it has
must be public, and the connection goes to the very address that was checked.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from secondsource.contracts.addresses import is_public
from secondsource.contracts.errors import BadRecord
from secondsource.outside.aside import SLICE, Stopped, aside

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Addresses of a host name; raises OSError where it has none.
Resolver = Callable[[str, int], Sequence[str]]
#: A connected TCP socket to an address and port, within some seconds; raises OSError.
Connector = Callable[[str, int, float], socket.socket]
#: Seconds that are left; raises TimeoutError where there are none.
Left = Callable[[], float]

T = TypeVar("T")


def resolve(host: str, port: int) -> list[str]:
    """The operating system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A plain TCP connection."""
    return socket.create_connection((address, port), timeout=seconds)


class Connections:
    """Safe to use from several threads. `resolver` and `connector` run aside, so that neither can outlast a deadline.

    Once `stop` is set, whatever is going on ends at once with Stopped, and so does what is begun later.
    """

    def __init__(
        self,
        *,
        resolver: Resolver = resolve,
        connector: Connector = connect,
        tls: ssl.SSLContext | None = None,
        stop: Event | None = None,
    ) -> None:
        self._resolve = resolver
        self._connect = connector
        self._tls = tls or ssl.create_default_context()
        self._stop = stop or Event()

    @contextmanager
    def to(
        self, host: str, port: int, *, secure: bool, inside: bool, seconds: float, left: Left
    ) -> Iterator[socket.socket]:
        """A connection to the first of a host's addresses that answers, closed at the end.

        `inside`: the host need not be public. `seconds`: for each address.

        Raises:
            BadRecord: the host leads to an address that is not public.
            TimeoutError: by `left`.
            OSError: nobody answers, or TLS fails.
            Stopped: we were asked to end.
        """
        connection = self._reach(self._addresses(host, port, left, inside=inside), port, seconds, left)
        try:
            connection.settimeout(left())
            if secure:
                plain = connection
                connection = self._aside(lambda: self._tls.wrap_socket(plain, server_hostname=host), left, _close)
            yield connection
        finally:
            connection.close()

    def answering(self, connection: socket.socket, left: Left) -> Answering:
        """What http.client can read an answer from."""
        return Answering(connection, left, self._stop)

    def _addresses(self, host: str, port: int, left: Left, *, inside: bool) -> Sequence[str]:
        try:
            addresses = self._aside(lambda: self._resolve(host, port), left, _forget)
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:
            raise OSError(f"unknown host {host}") from error
        if not addresses:
            raise OSError(f"unknown host {host}")
        # All of them: a name that also points inside is not to be trusted with the others.
        for address in () if inside else addresses:
            if not is_public(address):
                raise BadRecord(f"{host} leads to {address}, which is not a public address")
        return addresses

    def _reach(self, addresses: Sequence[str], port: int, seconds: float, left: Left) -> socket.socket:
        for address in addresses[:-1]:
            try:
                return self._dial(address, port, seconds, left)
            except OSError:
                continue
        return self._dial(addresses[-1], port, seconds, left)

    def _dial(self, address: str, port: int, seconds: float, left: Left) -> socket.socket:
        most = min(seconds, left())
        return self._aside(lambda: self._connect(address, port, most), left, _close)

    def _aside(self, call: Callable[[], T], left: Left, late: Callable[[T], None]) -> T:
        return aside(call, left, self._stop, late)


def _close(connection: socket.socket) -> None:
    connection.close()


def _forget(_: object) -> None:
    """Addresses that came too late."""


class Answering(io.RawIOBase):
    """What http.client needs of a socket: a file whose every read ends by the deadline, however slowly bytes drip."""

    def __init__(self, connection: socket.socket, left: Left, stop: Event) -> None:
        self._connection = connection
        self._left = left
        self._stop = stop

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 -- http.client asks for "rb" alone
        return io.BufferedReader(self)

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
