"""An S3 that keeps objects in memory: as much of its wire format as putting, getting, listing and deleting need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "velgrad"


class FakeS3:
    """`objects` by key; `away` answers everything with 503 while set."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.away = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def listed(self, prefix: str) -> bytes:
        found = [key for key in sorted(self.objects) if key.startswith(prefix)]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size>"
            "<LastModified>2030-01-01T00:00:00.000Z</LastModified><ETag>e</ETag></Contents>"
            for key in found
        )
        head = f"<Name>{BUCKET}</Name><KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
        return f"<ListBucketResult>{head}{contents}</ListBucketResult>".encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, fake: FakeS3, *of_the_server: Any) -> None:
        self._fake = fake
        super().__init__(*of_the_server)

    def log_message(self, *_: object) -> None: ...

    def _answer(self, status: int, body: bytes = b"", kind: str = "application/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        self.send_header("ETag", '"0123456789abcdef0123456789abcdef"')
        self.send_header("Last-Modified", "Tue, 01 Jan 2030 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._fake.away:
            self._fake.objects[self._key()] = body
        self._answer(503 if self._fake.away else 200)

    def do_DELETE(self) -> None:
        if not self._fake.away:
            self._fake.objects.pop(self._key(), None)
        self._answer(503 if self._fake.away else 204)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if self._fake.away:
            self._answer(503)
        elif "list-type" in asked:
            self._answer(200, self._fake.listed(asked.get("prefix", [""])[0]))
        elif self._key() in self._fake.objects:
            self._answer(200, self._fake.objects[self._key()], "application/octet-stream")
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")


@contextmanager
def fake_s3() -> Iterator[FakeS3]:
    fake = FakeS3()
    try:
        yield fake
    finally:
        fake.close()
