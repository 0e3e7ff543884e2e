"""A small web, good and bad: names that lead where a test says, and a server behind them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from enrich.setup import Network

#: What a path answers with: bytes to send as they are, or a function that does the sending.
Answer = bytes | Callable[[socket.socket], None]

PUBLIC = "93.184.216.34"


def answer(body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """An HTTP answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(b"", status=status, headers={"Location": location})


def endless(head: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """Sends a head, then one piece after the other until the reader has had enough."""

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return send


def silent(connection: socket.socket) -> None:
    """Takes the request and says nothing until the reader leaves."""
    while connection.recv(4_096):
        pass


class FakeWeb:
    """`names` says which addresses a host name has; every public one is answered by this server.

    `requests` are the paths asked for, `dialled` the addresses connected to, `headers` the raw requests.
    """

    def __init__(self, names: Mapping[str, list[str]]) -> None:
        self.names = dict(names)
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[str] = []
        self.raw: list[bytes] = []
        self.dialled: list[tuple[str, int]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def on(self, path: str, *answers: Answer) -> None:
        """What a path answers, one after the other; the last one again and again."""
        self.answers[path] = list(answers)

    def network(self) -> Network:
        return Network(resolver=self._resolve, connector=self._connect)

    def _resolve(self, host: str, port: int) -> list[str]:
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        return self.names[host]

    def _connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append((address, port))
        return socket.create_connection(self._listener.getsockname(), timeout=seconds)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                received = connection.recv(65_536)
                if not received:
                    return
                request += received
            self.raw.append(request)
            path = request.split(b" ", 2)[1].decode("ascii", "replace")
            self.requests.append(path)
            waiting = self.answers.get(path) or [answer(b"", status="404 Not Found")]
            chosen = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(chosen, bytes):
                connection.sendall(chosen)
            else:
                chosen(connection)

    def close(self) -> None:
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.close()


@contextmanager
def fake_web(names: Mapping[str, list[str]] | None = None) -> Iterator[FakeWeb]:
    """A web with one public host, `pictures.example`, and what else a test names."""
    web = FakeWeb({"pictures.example": [PUBLIC], **(names or {})})
    try:
        yield web
    finally:
        web.close()
