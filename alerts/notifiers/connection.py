"""A connection to a service that an operator named: where it may lead, and how long it may take.

Apart from `secondsource.outside`, which goes where strangers' links lead: that reaches nothing but public addresses,
takes what it fetches in bounded pieces, and follows redirects. An operator may name a mail server or receiver in a
network of theirs (`inside`), it is spoken to and not read from, and where it sends us on to is not followed.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from secondsource.contracts.addresses import is_public
from secondsource.contracts.errors import SourceAway

#: Seconds to leave a service alone that is not as it was configured: somebody has to change something first.
REPAIR = 300.0

Resolver = Callable[[str, int], Sequence[str]]


def addresses(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system resolves it."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def dial(host: str, port: int, seconds: float, *, inside: bool, resolve: Resolver = addresses) -> socket.socket:
    """A connection to the first address of a host that answers.

    `inside`: it may be in a network of ours. Otherwise every address the name has must be on the public internet,
    looked at after it was resolved, so that no name can lead inside.

    Raises:
        SourceAway: no connection; nothing was said.
    """
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise SourceAway(f"expected an address of {host}, came {type(error).__name__}") from error
    for address in () if inside else found:
        if not is_public(address):
            msg = (
                f"{host} leads to {address}, which is not a public address; where the receiver is in a network of "
                "yours, write inside: true"
            )
            raise SourceAway(msg, retry_after=REPAIR)
    failed: OSError | None = None
    for address in found:
        try:
            return socket.create_connection((address, port), seconds)
        except OSError as error:
            failed = error
    raise SourceAway(f"expected {host} to answer on port {port}, came {_name(failed)}") from failed


def secured(plain: socket.socket, host: str, trust: ssl.SSLContext) -> ssl.SSLSocket:
    """TLS on a connection, the certificate checked against the host's name; the connection is closed where it fails.

    Raises:
        SourceAway: no TLS; nothing was said.
    """
    try:
        return trust.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        msg = f"the certificate of {host} is not trusted: {error.verify_message}; name its authority: ca_file"
        raise SourceAway(msg, retry_after=REPAIR) from error
    except OSError as error:
        plain.close()
        raise SourceAway(f"expected {host} to speak TLS, came {_name(error)}") from error


@contextmanager
def within(seconds: float, connection: socket.socket) -> Iterator[None]:
    """Break a connection off after so long, however slowly the other side drips its answer."""
    with closing(socket.socket(fileno=socket.dup(connection.fileno()))) as same:

        def end() -> None:
            with suppress(OSError):  # it may have ended by itself
                same.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _name(error: OSError | None) -> str:
    return "no address" if error is None else f"{type(error).__name__}: {error.strerror or 'no answer'}"
