"""A local Mastodon instance: hashtag timelines, streams of events, statuses by id, and the ways it fails.

with FakeMastodon() as one:
    one.add(status)                  # into the timelines of its tags and down their streams
    one.edit(status)  one.delete(id) # status.update and delete events
    one.event("update", b"{")        # an event as it is; waits for somebody to listen
    one.raw(data)                    # bytes as they are
    one.end()  one.abort()  one.stall()   # to the streams that are open, or the next one
    one.revoke()                     # the token is no longer one: streams end, 401
    one.refuse("/api/v1/timelines/tag/", 503)   # the next request of such a path gets this instead
"""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from queue import Empty, Queue
from threading import Condition, Lock
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.serving import Serving, hung_up

TOKEN = "token-of-the-fake"

Json = dict[str, Any]
Command = tuple[str, bytes]


class Refusal(NamedTuple):
    path: str
    status: int
    body: bytes
    headers: Mapping[str, str]


class FakeMastodon(Serving):
    """`closed`: timelines only with a token. `left`: requests that are left in this window. `heartbeat` in seconds."""

    def __init__(self, *, domain: str = "", heartbeat: float = 0.05) -> None:
        self.domain = domain
        self.heartbeat = heartbeat
        self.statuses: dict[str, Json] = {}
        self.token = TOKEN
        self.closed = False
        self.away = False
        self.left = 300
        self.has_v2 = True
        self.dials = 0
        self.sent = 0  #: update events handed to sockets
        self.seen: list[tuple[str, dict[str, list[str]], Mapping[str, str]]] = []  #: path, query, headers
        self._refusals: deque[Refusal] = deque()
        self._streams: dict[int, tuple[str, Queue[Command]]] = {}
        self._waiting: deque[Command] = deque()
        self._changed = Condition(Lock())
        fake = self

        class Handler(_Handler):
            mastodon = fake

        super().__init__(Handler)

    # --- the script

    def add(self, *statuses: Json, stream: bool = True) -> None:
        for one in statuses:
            with self._changed:
                self.statuses[one["id"]] = one
            if stream:
                self._tell(one, "update", json.dumps(one, ensure_ascii=False).encode())

    def edit(self, one: Json) -> None:
        with self._changed:
            self.statuses[one["id"]] = one
        self._tell(one, "status.update", json.dumps(one, ensure_ascii=False).encode())

    def delete(self, id_: str, *, stream: bool = True) -> None:
        with self._changed:
            gone = self.statuses.pop(id_)
        if stream:
            self._tell(gone, "delete", id_.encode())

    def event(self, name: str, data: bytes) -> None:
        self.raw(_event(name, data))

    def raw(self, data: bytes) -> None:
        self._command("data", data)

    def end(self) -> None:
        self._command("end")

    def abort(self) -> None:
        self._command("abort")

    def stall(self) -> None:
        self._command("stall")

    def revoke(self) -> None:
        with self._changed:
            self.token = ""
            for _, commands in self._streams.values():
                commands.put(("end", b""))

    def go_away(self) -> None:
        with self._changed:
            self.away = True
            for _, commands in self._streams.values():
                commands.put(("end", b""))

    def refuse(
        self, path: str, status: int, body: Json | bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        said = body if isinstance(body, bytes) else json.dumps(body or {"error": "Refused by the test"}).encode()
        self._refusals.append(Refusal(path, status, said, headers or {}))

    def streaming(self, times: int = 1, seconds: float = 10.0) -> bool:
        """Waits until so many streams are open."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._streams) >= times, seconds)

    def deserted(self, seconds: float = 10.0) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._streams, seconds)

    def asked(self, path: str) -> int:
        return sum(one[0].startswith(path) for one in self.seen)

    def _tell(self, one: Json, name: str, data: bytes) -> None:
        tags = {tag["name"] for tag in one["tags"]}
        with self._changed:
            for tag, commands in self._streams.values():
                if tag in tags:
                    commands.put(("update" if name == "update" else "data", _event(name, data)))

    def _command(self, what: str, data: bytes = b"") -> None:
        with self._changed:
            if not self._streams:
                self._waiting.append((what, data))
            for _, commands in self._streams.values():
                commands.put((what, data))

    # --- what it answers

    def refusal(self, path: str) -> Refusal | None:
        with self._changed:
            if self.away:
                return Refusal(path, 503, b"<html><title>We are down</title></html>", {"Content-Type": "text/html"})
            found = next((one for one in self._refusals if path.startswith(one.path)), None)
            if found is not None:
                self._refusals.remove(found)
            return found

    def timeline(self, tags: Sequence[str], query: Mapping[str, list[str]]) -> list[Json]:
        """Newest first; with min_id the ones right after it."""
        with self._changed:
            found = sorted(
                (one for one in self.statuses.values() if {tag["name"] for tag in one["tags"]} & set(tags)),
                key=lambda one: int(one["id"]),
            )
        limit = min(int(query.get("limit", ["20"])[0]), 40)
        if "min_id" in query:
            return [one for one in found if int(one["id"]) > int(query["min_id"][0])][:limit][::-1]
        if "since_id" in query:
            found = [one for one in found if int(one["id"]) > int(query["since_id"][0])]
        if "max_id" in query:
            found = [one for one in found if int(one["id"]) < int(query["max_id"][0])]
        return found[::-1][:limit]

    def instance(self, version: int) -> Json:
        domain = self.domain or self.host
        configuration = {
            "urls": {"streaming": self.url.replace("http://", "ws://"), "status": None},
            "vapid": {"public_key": "x"},
            "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
            "statuses": {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
            "media_attachments": {"supported_mime_types": ["image/png"], "image_size_limit": 16777216},
            "polls": {"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 9},
            "translation": {"enabled": False},
        }
        said: Json = {"title": "Velgrad", "version": "4.6.4", "languages": ["en"], "rules": []}
        if version == 2:
            return said | {
                "domain": domain,
                "source_url": "https://github.com/mastodon/mastodon",
                "description": "",
                "usage": {"users": {"active_month": 4}},
                "thumbnail": {"url": f"{self.url}/thumbnail.png"},
                "configuration": configuration,
                "registrations": {"enabled": False, "approval_required": False, "message": None},
                "api_versions": {"mastodon": 6},
                "contact": {"email": "", "account": None},
            }
        return said | {
            "uri": domain,
            "short_description": "",
            "description": "",
            "email": "",
            "urls": {"streaming_api": self.url.replace("http://", "ws://")},
            "stats": {"user_count": 4, "status_count": 9, "domain_count": 2},
            "thumbnail": f"{self.url}/thumbnail.png",
            "registrations": False,
            "approval_required": False,
            "invites_enabled": False,
            "configuration": configuration,
            "contact_account": None,
        }

    # --- streams

    def subscribe(self, key: int, tag: str) -> Queue[Command]:
        commands: Queue[Command] = Queue()
        with self._changed:
            self.dials += 1
            while self._waiting:
                commands.put(self._waiting.popleft())
            if self.away or not self.token:
                commands.put(("end", b""))
            self._streams[key] = (tag, commands)
            self._changed.notify_all()
        return commands

    def leave(self, key: int) -> None:
        with self._changed:
            self._streams.pop(key, None)
            self._changed.notify_all()

    def command(self, commands: Queue[Command], client: socket.socket) -> Command:
        """The next thing to do: "beat" after silence, "gone" where the client has hung up."""
        waited = 0.0
        while not self.over.is_set() and waited < self.heartbeat:
            if hung_up(client):
                return "gone", b""
            try:
                return commands.get(timeout=0.01)
            except Empty:
                waited += 0.01
        return ("gone" if self.over.is_set() else "beat"), b""


def _event(name: str, data: bytes) -> bytes:
    """An event as it goes over the wire; more than one line of data is more than one field."""
    lines = b"".join(b"data: %s\n" % line for line in data.split(b"\n"))
    return b"event: %s\n%s\n" % (name.encode(), lines)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mastodon: FakeMastodon

    def log_message(self, *args: object) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:
        one = self.mastodon
        url = urlsplit(self.path)
        path, query = url.path.rstrip("/"), parse_qs(url.query)
        one.seen.append((path, query, dict(self.headers)))
        refusal = one.refusal(path)
        if refusal is not None:
            self._answer(refusal.status, refusal.body, refusal.headers)
            return
        told = self.headers.get("Authorization")
        if told is not None and (not one.token or told != f"Bearer {one.token}"):
            self._answer(401, {"error": "The access token is invalid"})
        elif path.startswith("/api/v1/streaming"):
            self._streaming(path, query, authorised=told is not None)
        elif one.left <= 0:
            self._answer(429, {"error": "Too many requests"})
        else:
            one.left -= 1
            self._rest(path, query, authorised=told is not None)

    def _rest(self, path: str, query: Mapping[str, list[str]], *, authorised: bool) -> None:
        one = self.mastodon
        tag_path = "/api/v1/timelines/tag/"
        if path == "/api/v2/instance" and one.has_v2:
            self._answer(200, one.instance(2))
        elif path == "/api/v1/instance":
            self._answer(200, one.instance(1))
        elif path.startswith(tag_path):
            if one.closed and not authorised:
                self._answer(401, {"error": "This method requires an authenticated user"})
                return
            tags = [path.removeprefix(tag_path).lower(), *(name.lower() for name in query.get("any[]", []))]
            page = one.timeline(tags, query)
            self._answer(200, page, self._links(path, page))
        elif path == "/api/v1/statuses":
            ids = query.get("id[]", [])
            if len(ids) > 20:
                self._answer(422, {"error": "Too many statuses"})
                return
            self._answer(200, [one.statuses[id_] for id_ in ids if id_ in one.statuses])
        elif path.startswith("/api/v1/statuses/") and path.rpartition("/")[2] in one.statuses:
            self._answer(200, one.statuses[path.rpartition("/")[2]])
        else:
            self._answer(404, {"error": "Record not found"})

    def _links(self, path: str, page: Sequence[Json]) -> Mapping[str, str]:
        if not page:
            return {}
        base = f"{self.mastodon.url}{path}"
        older = urlencode({"max_id": page[-1]["id"]})
        newer = urlencode({"min_id": page[0]["id"]})
        return {"Link": f'<{base}?{older}>; rel="next", <{base}?{newer}>; rel="prev"'}

    def _answer(
        self, status: int, body: Json | Sequence[Json] | bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        reset = (datetime.now(UTC) + timedelta(seconds=120)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        said = {
            "Content-Type": "application/json; charset=utf-8",
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": str(max(0, self.mastodon.left)),
            "X-RateLimit-Reset": reset,
            **(headers or {}),
        }
        self.send_response(status)
        for name, value in said.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _streaming(self, path: str, query: Mapping[str, list[str]], *, authorised: bool) -> None:
        if path == "/api/v1/streaming/health":
            self._answer(200, b"OK", {"Content-Type": "text/plain"})
        elif not authorised:
            self._answer(401, {"error": "Missing access token"})
        elif path not in {"/api/v1/streaming/hashtag", "/api/v1/streaming/hashtag/local"}:
            self._answer(400, {"error": "Unknown channel requested"})
        elif not query.get("tag"):
            self._answer(400, {"error": "Missing tag name parameter"})
        else:
            self._stream(query["tag"][0].lower())

    def _stream(self, tag: str) -> None:
        one = self.mastodon
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "private, no-store")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(b":)\n")
        commands = one.subscribe(id(self), tag)
        try:
            while True:
                what, data = one.command(commands, self.connection)
                if what in {"data", "update", "beat"}:
                    self._chunk(data or b":thump\n")
                    one.sent += what == "update"
                    continue
                one.leave(id(self))
                if what == "end":
                    self._chunk(b"")
                elif what == "abort":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                elif what == "stall":
                    one.until_hung_up(self.connection)
                return
        except OSError:
            return
        finally:
            one.leave(id(self))

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()
