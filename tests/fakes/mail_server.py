"""A mail server that speaks SMTP (RFC 5321) with STARTTLS (3207) and AUTH (4954), as far as a sender of alerts needs.

It answers as real ones do: extensions change after TLS, a command out of order is 503, a dot alone ends a mail, and a
connection may close at any point, also between taking a mail and saying so.
"""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import NamedTuple

from tests.fakes.certificate import Certificate


class Reply(NamedTuple):
    """An answer in place of the usual one."""

    code: int
    text: str = "for the test"


class Dropped(NamedTuple):
    """The connection closes, for a mail before or after it was taken."""

    after: bool = False


Fault = Reply | Dropped


class Taken(NamedTuple):
    sender: str
    to: tuple[str, ...]
    mail: EmailMessage
    secure: bool
    user: str


class FakeMailServer:
    """`taken` are the mails, in order. `faults` are taken once each, by the verb they answer: "CONNECT", "EHLO",
    "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA" (the word), "MAIL DATA" (the mail itself). `unknown` addresses are
    refused. `users` are passwords by name; with any, nobody else may send. `commands` is all that was said.
    """

    def __init__(self, certificate: Certificate | None = None, *, at_once: bool = False) -> None:
        self.certificate = certificate
        self.at_once = at_once
        self.users: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.faults: dict[str, list[Fault]] = {}
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        fake = self

        class Handler(_Conversation):
            server_is = fake

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def fail(self, verb: str, *faults: Fault) -> None:
        self.faults.setdefault(verb, []).extend(faults)


class _Over(Exception):
    """The conversation has ended."""


class _Conversation(socketserver.BaseRequestHandler):
    server_is: FakeMailServer

    def handle(self) -> None:
        self.line: socket.socket = self.request
        self.secure = False
        self.user = ""
        self.sender = ""
        self.to: list[str] = []
        try:
            if self.server_is.at_once:
                self._secure()
            self._listen()
        except (_Over, OSError):
            pass
        finally:
            self.line.close()

    def _listen(self) -> None:
        self.file = self.line.makefile("rb")
        if not self._fault("CONNECT"):
            self._say(220, "fake ESMTP")
        while True:
            raw = self.file.readline(4096)
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            self.server_is.commands.append(line)
            verb, _, rest = line.partition(" ")
            handler = getattr(self, f"_{verb.lower()}", None)
            if not raw.endswith(b"\r\n") or handler is None:
                self._say(500, "what?")
            elif not self._fault(verb.upper()):
                handler(rest)

    def _ehlo(self, _: str) -> None:
        extensions = ["fake", "SIZE 35000000", "ENHANCEDSTATUSCODES"]
        if self.server_is.certificate and not self.secure:
            extensions.append("STARTTLS")
        if self.server_is.users and (self.secure or not self.server_is.certificate):
            extensions.append("AUTH PLAIN LOGIN")
        for each in extensions[:-1]:
            self.line.sendall(f"250-{each}\r\n".encode())
        self._say(250, extensions[-1])

    def _starttls(self, _: str) -> None:
        if not self.server_is.certificate or self.secure:
            self._say(502, "no")
            return
        self._say(220, "go ahead")
        self._secure()
        self.file = self.line.makefile("rb")

    def _secure(self) -> None:
        assert self.server_is.certificate is not None
        self.line = self.server_is.certificate.server().wrap_socket(self.line, server_side=True)
        self.secure = True

    def _auth(self, rest: str) -> None:
        kind, _, first = rest.partition(" ")
        if kind.upper() == "PLAIN":
            _, user, password = base64.b64decode(first).decode().split("\0")
        else:
            self._say(334, base64.b64encode(b"Username:").decode())
            user = base64.b64decode(self.file.readline()).decode()
            self._say(334, base64.b64encode(b"Password:").decode())
            password = base64.b64decode(self.file.readline()).decode()
        if self.server_is.users.get(user) == password:
            self.user = user
            self._say(235, "welcome")
        else:
            self._say(535, f"5.7.8 not you: {password}")

    def _mail(self, rest: str) -> None:
        if self.server_is.users and not self.user:
            self._say(530, "5.7.0 authentication required")
            return
        self.sender, self.to = _address(rest), []
        self._say(250, "ok")

    def _rcpt(self, rest: str) -> None:
        address = _address(rest)
        if not self.sender:
            self._say(503, "MAIL first")
        elif address in self.server_is.unknown:
            self._say(550, f"5.1.1 {address} is not here")
        else:
            self.to.append(address)
            self._say(250, "ok")

    def _data(self, _: str) -> None:
        if not self.to:
            self._say(503, "RCPT first")
            return
        self._say(354, "end with a dot")
        lines: list[bytes] = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        queue = self.server_is.faults.get("MAIL DATA", [])
        fault = queue.pop(0) if queue else None
        if isinstance(fault, Dropped) and not fault.after:
            raise _Over
        if isinstance(fault, Reply):
            self._say(*fault)
            return
        mail = message_from_bytes(b"".join(lines), policy=default)
        self.server_is.taken.append(Taken(self.sender, tuple(self.to), mail, self.secure, self.user))
        if fault is not None:
            raise _Over
        self.sender, self.to = "", []
        self._say(250, "2.0.0 queued")

    def _rset(self, _: str) -> None:
        self.sender, self.to = "", []
        self._say(250, "ok")

    def _quit(self, _: str) -> None:
        self._say(221, "bye")
        raise _Over

    def _fault(self, verb: str) -> bool:
        queue = self.server_is.faults.get(verb, [])
        if not queue:
            return False
        fault = queue.pop(0)
        if isinstance(fault, Dropped):
            raise _Over
        self._say(*fault)
        if verb == "CONNECT" or fault.code == 421:
            raise _Over
        return True

    def _say(self, code: int, text: str) -> None:
        self.line.sendall(f"{code} {text}\r\n".encode())


def _address(of: str) -> str:
    return of[of.index("<") + 1 : of.index(">")]


@contextmanager
def running(certificate: Certificate | None = None, *, at_once: bool = False) -> Iterator[FakeMailServer]:
    server = FakeMailServer(certificate, at_once=at_once)
    server.start()
    try:
        yield server
    finally:
        server.stop()
