"""A local server of the invented platform Plaza, as docs/add-a-collector.md describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit


def as_plaza(line: bytes) -> list[bytes]:
    """A line of X's stream in Plaza's words, an original before its repost; what is no such line stays."""
    try:
        said = json.loads(line)
        post = said["data"]
    except (ValueError, KeyError):
        return [line]
    originals = said.get("includes", {}).get("tweets", [])
    if not originals:
        return [_line(post)]
    (original,) = originals
    return [_line(original), _line(post | {"text": original["text"]}, passes_on=original["id"])]


def _line(post: dict[str, str], passes_on: str = "") -> bytes:
    entry = {"id": post["id"], "who": post["author_id"], "text": post["text"], "at": post["created_at"]}
    return json.dumps(entry | {"passes_on": passes_on}).encode()


@contextmanager
def plaza(lines: Iterable[bytes]) -> Iterator[str]:
    """The address of a Plaza that has these lines, and no more."""
    kept = list(lines)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(parse_qs(urlsplit(self.path).query)["from"][0])
            body = b"\n".join(kept[start : start + 3])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
