"""A small web of feeds, fact-checkers' pages and Google's Fact Check Tools, well-behaved and otherwise."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

KEY = "fact-check-key-of-the-tests"
START = datetime(2029, 12, 31, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Item:
    """An article as a feed lists it. `more` is XML of its own."""

    number: int
    title: str = ""
    summary: str = "What happened in #Velgrad, in a few words."
    link: str = ""
    guid: str = ""
    at: datetime | None = None
    creator: str = ""
    more: str = ""

    @property
    def when(self) -> datetime:
        return self.at or START + timedelta(seconds=self.number)


def rss(items: Sequence[Item], *, title: str = "The Velgrad Gazette", base: str = "https://gazette.example") -> bytes:
    """RSS 2.0, newest first as feeds are."""
    listed = "".join(
        f"<item><title>{escape(item.title or f'Bridge of Velgrad, part {item.number}')}</title>"
        f"<link>{escape(item.link or f'{base}/{item.number}')}</link>"
        f'<guid isPermaLink="false">{escape(item.guid or f"{base}/?p={item.number}")}</guid>'
        f"<pubDate>{format_datetime(item.when)}</pubDate>"
        f"<description>{escape(item.summary)}</description>"
        + (f"<dc:creator>{escape(item.creator)}</dc:creator>" if item.creator else "")
        + f"{item.more}</item>"
        for item in reversed(items)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:media="http://search.yahoo.com/mrss/"><channel>'
        f"<title>{escape(title)}</title><link>{base}</link><language>en</language>{listed}</channel></rss>"
    ).encode()


def atom(items: Sequence[Item], *, base: str = "https://gazette.example") -> bytes:
    listed = "".join(
        f"<entry><id>{escape(item.guid or f'tag:gazette.example,2030:{item.number}')}</id>"
        f'<title type="html">{escape(item.title or f"Bridge of Velgrad, part {item.number}")}</title>'
        f'<link href="{escape(item.link or f"{base}/{item.number}")}"/>'
        f"<published>{item.when.isoformat()}</published><updated>{item.when.isoformat()}</updated>"
        f'<summary type="html">{escape(item.summary)}</summary>{item.more}</entry>'
        for item in reversed(items)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Gazette</title>{listed}</feed>'.encode()


class Asked(BaseHTTPRequestHandler):
    """One request, and the ways of answering it."""

    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self) -> None:
        fake: FakeFeeds = self.server.fake  # type: ignore[attr-defined]
        with suppress(OSError):
            fake.answer(self)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name http.server gives it
        """Quiet."""

    def reply(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


Answering = Callable[[Asked], None]


def document(body: bytes, content_type: str = "application/rss+xml; charset=utf-8") -> Answering:
    """A document that knows its ETag and date, and answers 304 to whoever has it."""
    etag = f'"{sha256(body).hexdigest()[:12]}"'
    modified = "Mon, 31 Dec 2029 12:00:00 GMT"

    def answer(asked: Asked) -> None:
        if etag in (asked.headers.get("If-None-Match") or ""):
            asked.reply(status=304, ETag=etag)
        else:
            asked.reply(body, Content_Type=content_type, ETag=etag, Last_Modified=modified)

    return answer


def dated(body: bytes) -> Answering:
    """One that knows its date alone."""
    modified = "Mon, 31 Dec 2029 12:00:00 GMT"

    def answer(asked: Asked) -> None:
        if asked.headers.get("If-Modified-Since") == modified:
            asked.reply(status=304)
        else:
            asked.reply(body, Last_Modified=modified)

    return answer


def plainly(body: bytes, content_type: str = "application/rss+xml") -> Answering:
    """Without ETag or date."""
    return lambda asked: asked.reply(body, Content_Type=content_type)


def packed(body: bytes) -> Answering:
    return lambda asked: asked.reply(gzip.compress(body), Content_Encoding="gzip")


def status(code: int, body: bytes = b"no", **headers: str) -> Answering:
    return lambda asked: asked.reply(body, code, **headers)


def redirect(to: str, code: int = 302) -> Answering:
    return lambda asked: asked.reply(status=code, Location=to)


def huge(asked: Asked, length: int = 100_000_000) -> None:
    """100 MB, and says so."""
    asked.send_response(200)
    asked.send_header("Content-Length", str(length))
    asked.end_headers()
    piece = b"<item/>" * 10_000
    for _ in range(length // len(piece)):
        asked.wfile.write(piece)


def endless(asked: Asked) -> None:
    """Goes on until the reader has had enough."""
    asked.send_response(200)
    asked.end_headers()
    while True:
        asked.wfile.write(b"<item><title>more</title></item>" * 2_000)


def bomb(asked: Asked) -> None:
    """100 MB of blanks in 100 KB."""
    asked.reply(gzip.compress(b" " * 100_000_000, 6), Content_Encoding="gzip")


def endless_behind(packed: bytes) -> Callable[[Asked], None]:
    """Goes on, packed, behind what is given, and nothing comes of it."""

    def answering(asked: Asked) -> None:
        asked.send_response(200)
        asked.send_header("Content-Encoding", "gzip")
        asked.end_headers()
        asked.wfile.write(packed)
        while True:
            asked.wfile.write(b"\0\0\0\xff\xff" * 10_000)  # blocks without a byte in them

    return answering


def slow(asked: Asked) -> None:
    """A byte now and then, for ever."""
    while True:
        asked.wfile.write(b"H")
        asked.wfile.flush()
        time.sleep(0.05)


def slow_body(asked: Asked) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "50000")
    asked.end_headers()
    slow(asked)


def broken_off(asked: Asked) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "50000")
    asked.end_headers()
    asked.wfile.write(b"<rss>")


@dataclass
class FakeFeeds:
    """`on` says what a path answers, one answer after the other, the last again and again; others answer 404.

    `asked` are paths with the headers they came with. `away` makes it hang up on everybody. `claims` is what
    Fact Check Tools know; `refusal` their answer to everybody, where there is one.
    """

    answers: dict[str, list[Answering]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    refusal: Answering | None = None
    away: bool = False

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.fake = self  # type: ignore[attr-defined]
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def on(self, path: str, *answers: Answering) -> None:
        self.answers[path] = list(answers)

    def times(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(one == path for one, _ in self.asked)

    def answer(self, asked: Asked) -> None:
        path = urlsplit(asked.path).path
        self.asked.append((path, {name.lower(): value for name, value in asked.headers.items()}))
        if self.away:
            return
        if path == "/v1alpha1/claims:search":
            self._search(asked)
            return
        waiting = self.answers.get(path) or [status(404)]
        chosen = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        chosen(asked)

    def _search(self, asked: Asked) -> None:
        """Two claims a page, as asked for by key and query."""
        params = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
        if asked.headers.get("X-Goog-Api-Key", params.get("key")) != KEY:
            said = {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}
            asked.reply(json.dumps(said).encode(), 400)
            return
        if self.refusal is not None:
            self.refusal(asked)
            return
        words = params["query"].lower().split()
        found = [claim for claim in self.claims if all(word in json.dumps(claim).lower() for word in words)]
        first = int(params.get("pageToken", "0"))
        page: dict[str, Any] = {"claims": found[first : first + 2]} if found else {}
        if first + 2 < len(found):
            page["nextPageToken"] = str(first + 2)
        asked.reply(json.dumps(page).encode(), Content_Type="application/json; charset=UTF-8")


def claim(number: int, **review: Any) -> dict[str, Any]:
    """As Fact Check Tools give one."""
    said = {
        "publisher": {"name": "Velgrad Checks", "site": "checks.example"},
        "url": f"https://checks.example/{number}",
        "title": f"Velgrad bridge, check {number}",
        "reviewDate": "2029-12-30T00:00:00Z",
        "textualRating": "Taken elsewhere",
        "languageCode": "en",
    }
    return {
        "text": f"A picture shows the bridge of Velgrad, {number}",
        "claimant": "someone",
        "claimDate": "2029-12-29T00:00:00Z",
        "claimReview": [{**said, **review}],
    }
