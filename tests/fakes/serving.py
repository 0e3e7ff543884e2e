"""A fake platform's server on a port of its own, for as long as a `with` lasts."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self


class Serving:
    """`over` is set at the end, before the server stops: what streams for ever looks at it."""

    def __init__(self, handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self.over = Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"
        self._thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def until_hung_up(self, client: socket.socket) -> None:
        while not self.over.wait(0.01) and not hung_up(client):
            pass


def hung_up(client: socket.socket) -> bool:
    """Whether the other side has ended the connection; what it sent meanwhile is left unread."""
    if not select.select([client], [], [], 0)[0]:
        return False
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
