"""A webhook's receiver that checks what it gets: its signature, its time, and whether it had it before."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.fakes.certificate import Certificate

Json = dict[str, Any]


class Answer(NamedTuple):
    """An HTTP answer, before or after the message was taken."""

    status: int
    retry_after: str = ""
    location: str = ""
    after: bool = False


class Dropped(NamedTuple):
    """The connection closes without an answer, before or after the message was taken."""

    after: bool = True


class Dripping(NamedTuple):
    """An answer that never ends: a byte of its first line every so many seconds."""

    seconds: float


Fault = Answer | Dropped | Dripping


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class FakeReceiver:
    """`taken` are the messages of their own ids, in order; `requests` all that was asked, faults included.

    `secret` is what signatures are checked against; None takes unsigned messages.
    """

    def __init__(self, secret: str | None = None, certificate: Certificate | None = None) -> None:
        self.secret = secret
        self.faults: deque[Fault] = deque()
        self.requests: list[Request] = []
        self.taken: list[Json] = []
        self._ids: set[str] = set()
        self._secure = certificate is not None
        self._lock = threading.Lock()
        receiver = self

        class Handler(_Handler):
            fake = receiver

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            self._server.socket = certificate.server().wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http{'s' if self._secure else ''}://localhost:{self.port}/hook/t0ken?team=a"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def answer(self, request: Request) -> Fault:
        with self._lock:
            self.requests.append(request)
            fault = self.faults.popleft() if self.faults else None
            if fault is not None and not getattr(fault, "after", False):
                return fault
            refused = self._take(request)
            return fault or refused

    def _take(self, request: Request) -> Answer:
        headers = request.headers
        if self.secret is not None and not _is_signed(request, self.secret):
            return Answer(401)
        if abs(time.time() - int(headers["webhook-timestamp"])) > 300 and self.secret is not None:
            return Answer(400)
        if headers["webhook-id"] not in self._ids:
            self._ids.add(headers["webhook-id"])
            self.taken.append(json.loads(request.body))
        return Answer(204)


def _is_signed(request: Request, secret: str) -> bool:
    """By the words of Standard Webhooks, in code of our own."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    name, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    expected = hmac.new(key, f"{name}.{at}.".encode() + request.body, hashlib.sha256).digest()
    given = request.headers.get("webhook-signature", "").partition(",")
    return given[0] == "v1" and hmac.compare_digest(given[2], base64.b64encode(expected).decode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.fake.answer(Request(self.path, headers, body))
        self.close_connection = True
        if isinstance(answer, Dropped):
            self.connection.shutdown(socket.SHUT_RDWR)
        elif isinstance(answer, Dripping):
            self._drip(answer.seconds)
        else:
            self.send_response(answer.status)
            for name, value in (("Retry-After", answer.retry_after), ("Location", answer.location)):
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _drip(self, seconds: float) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 ")
            while True:
                self.wfile.write(b"2")
                time.sleep(seconds)
        except OSError:
            pass  # whom we kept waiting has gone

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Tests read `requests` instead."""


@contextmanager
def running(secret: str | None = None, certificate: Certificate | None = None) -> Iterator[FakeReceiver]:
    receiver = FakeReceiver(secret, certificate)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
