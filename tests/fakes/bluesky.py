"""A local Bluesky: Jetstream's two wires and the public API's getPosts, on one port.

Everything that happens is numbered and kept, so that a cursor can ask for it again; `keeps_from` says from where on.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from threading import Condition, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

Json = dict[str, Any]
METHOD = "network.bsky.jetstream.subscribeEvents"
POST = "app.bsky.feed.post"
THEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
CID = "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
REV = "3l3qo2vutsw2b"
_V1_NAMES = {"wantedCollections", "wantedDids", "compress", "requireHello"}
_KINDS = {"commit", "identity", "account", "sync"}
_AT_URI = re.compile(r"at://(?:did:[a-z]+:[\w.:%-]+|[\w-]+(?:\.[\w-]+)+)/[a-zA-Z.]+/[\w.~:-]+")
_TIME_FROM = 10**15  #: cursors from here on are times in µs


class Happened(NamedTuple):
    """`body` stands in for a frame that is not well formed; `v2` is the payload without seq and time."""

    seq: int
    at: datetime
    kind: str
    v2: Json
    body: bytes = b""

    @property
    def micros(self) -> int:
        return round(self.at.timestamp() * 1_000_000)


def post_record(text: str, **more: object) -> Json:
    return {"$type": POST, "text": text, "createdAt": "2026-11-20T10:00:00.000Z", "langs": ["en"], **more}


def v2_frame(one: Happened) -> bytes:
    payload = {
        "$type": f"{METHOD}#{one.kind}",
        "seq": one.seq,
        "did": one.v2["did"],
        "time": f"{one.at:%Y-%m-%dT%H:%M:%S.%f}Z",
        **one.v2,
    }
    return dumped({"$type": "message", "payload": payload})


def v1_frame(one: Happened) -> bytes:
    rest = {name: value for name, value in one.v2.items() if name != "did"}
    what = {"commit": rest} if one.kind == "commit" else rest
    return dumped({"did": one.v2["did"], "time_us": one.micros, "kind": one.kind, **what})


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class FakeBluesky:
    """`with FakeBluesky() as fake`: `fake.stream` and `fake.api` are addresses."""

    def __init__(self, *, from_start: bool = False) -> None:
        self.log: list[Happened] = []
        self.keeps_from = 1  #: the oldest seq there still is
        self.says_future = True  #: a cursor that is not reached yet goes on with what comes, said or not
        self.from_start = from_start  #: without a cursor everything is sent, not only what is new
        self.too_slow: int | None = None  #: behind by more frames than this, a consumer is cut off
        self.away = False
        self.refusal: tuple[int, Json, dict[str, str]] | None = None  #: answers every handshake
        self.asked: list[tuple[str, dict[str, list[str]]]] = []  #: paths and parameters of handshakes
        self.frames_sent = 0
        self.counts: dict[str, Json] = {}  #: by uri; what is not here is missing
        self.limited: dict[str, str] | None = None  #: headers of a 429 that the API answers
        self.garbled: bytes | None = None  #: what the API answers instead
        self._next = 1
        self._changed = Condition()
        self._connections: set[ServerConnection] = set()
        self._closing: dict[ServerConnection, bytes] = {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        self.port = self._socket.getsockname()[1]
        self.stream = f"ws://127.0.0.1:{self.port}"
        self.api = f"http://127.0.0.1:{self.port}"
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = serve(
            self._serve,
            sock=self._socket,
            process_request=self._request,
            select_subprotocol=self._subprotocol,
            compression=None,
            close_timeout=0.5,
        )
        Thread(target=self._server.serve_forever, name="fake-bluesky", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self.abort()

    # --- what happens on the network

    def post(self, did: str, rkey: str, text: str = "", *, record: Json | None = None, rev: str = REV) -> Happened:
        return self._commit("create", did, rkey, record or post_record(text), rev)

    def update(self, did: str, rkey: str, text: str, rev: str) -> Happened:
        return self._commit("update", did, rkey, post_record(text), rev)

    def delete(self, did: str, rkey: str) -> Happened:
        return self._commit("delete", did, rkey, None, REV)

    def account(self, did: str, *, active: bool, status: str | None = None) -> Happened:
        what: Json = {"active": active, "did": did, "seq": self._next, "time": "2026-11-20T10:00:00.000Z"}
        if status is not None:
            what["status"] = status
        return self.happen("account", {"did": did, "account": what})

    def identity(self, did: str, handle: str) -> Happened:
        what = {"did": did, "handle": handle, "seq": self._next, "time": "2026-11-20T10:00:00.000Z"}
        return self.happen("identity", {"did": did, "identity": what})

    def raw(self, body: bytes) -> None:
        """A frame as it is, whatever it is."""
        self.happen("raw", {"did": ""}, body)

    def happen(self, kind: str, v2: Json, body: bytes = b"", *, at: datetime | None = None) -> Happened:
        with self._changed:
            one = Happened(self._next, at or THEN + timedelta(seconds=self._next), kind, v2, body)
            self._next += 1
            self.log.append(one)
            self._changed.notify_all()
            return one

    def skip(self, numbers: int) -> None:
        """So many things happen that no one hears of."""
        self._next += numbers

    def _commit(self, operation: str, did: str, rkey: str, record: Json | None, rev: str) -> Happened:
        payload: Json = {"did": did, "rev": rev, "operation": operation, "collection": POST, "rkey": rkey}
        if record is not None:
            payload |= {"cid": CID, "record": record}
        return self.happen("commit", payload)

    # --- what goes wrong

    def end(self, error: str, message: str = "") -> None:
        """An error frame to everybody, then the close."""
        frame = dumped({"$type": "error", "error": error, "message": message})
        with self._changed:
            self._closing |= dict.fromkeys(self._connections, frame)
            self._changed.notify_all()

    def abort(self) -> None:
        """Everybody's socket breaks, without a word."""
        with self._changed:
            for connection in list(self._connections):
                with suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()

    def go_away(self) -> None:
        self.away = True
        self.abort()

    @property
    def connections(self) -> int:
        return len(self._connections)

    # --- the server's side

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        query = parse_qs(url.query)
        if url.path == "/xrpc/app.bsky.feed.getPosts":
            return self._posts(query.get("uris", []))
        self.asked.append((url.path, query))
        if self.away:
            return _answer(503, {"error": "Unavailable"})
        if self.refusal is not None:
            return _answer(*self.refusal)
        cursor = query.get("cursor", [""])[0]
        if url.path == "/subscribe":
            return None
        if url.path != f"/xrpc/{METHOD}":
            return _answer(404, {"error": "MethodNotImplemented", "message": url.path})
        wrong = _V1_NAMES & query.keys()
        if wrong or not set(query.get("kinds", [])) <= _KINDS or (cursor and not cursor.isdecimal()):
            return _answer(400, {"error": "InvalidRequest", "message": f"not understood: {sorted(wrong) or query}"})
        if cursor and int(cursor) < _TIME_FROM and int(cursor) < self.keeps_from:
            return _answer(400, {"error": "CursorTooOld", "message": f"the oldest seq is {self.keeps_from}"})
        return None

    def _subprotocol(self, connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return Subprotocol("xrpc.v1.json") if "xrpc.v1.json" in offered else None

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        url = urlsplit(connection.request.path)
        query = parse_qs(url.query)
        v2 = url.path != "/subscribe"
        with self._changed:
            self._connections.add(connection)
        Thread(target=self._listen, args=(connection, v2), daemon=True).start()
        try:
            for frame in self._frames(connection, query, v2=v2):
                connection.send(frame, text=True)
        except (ConnectionClosed, OSError):
            pass
        finally:
            with self._changed:
                self._connections.discard(connection)

    def _listen(self, connection: ServerConnection, v2: bool) -> None:
        """On v2 clients have nothing to say: whoever does is closed."""
        with suppress(ConnectionClosed, OSError):
            for _ in connection:
                if v2:
                    connection.close(1008, "server push only")

    def _frames(self, connection: ServerConnection, query: dict[str, list[str]], *, v2: bool) -> Iterator[bytes]:
        at, first = self._start(query.get("cursor", [""])[0], v2=v2)
        if first:
            yield dumped({"$type": "message", "payload": {"$type": f"{METHOD}#info", **first}})
        dids = set(query.get("dids" if v2 else "wantedDids", []))
        kinds = set(query.get("kinds", [])) if v2 else set()
        collections = set(query.get("collections" if v2 else "wantedCollections", []))
        while True:
            with self._changed:
                while at >= len(self.log) and connection not in self._closing:
                    if not self._changed.wait(0.5) and connection.state.name != "OPEN":
                        return
                last = self._closing.pop(connection, None)
                behind = len(self.log) - at
                one = self.log[at] if at < len(self.log) else None
            if last is None and self.too_slow is not None and behind > self.too_slow and self.frames_sent:
                last = dumped({"$type": "error", "error": "ConsumerTooSlow", "message": f"{behind} frames behind"})
            if last is not None:
                yield last
                connection.close(1008)
                return
            assert one is not None
            at += 1
            if one.kind != "raw":
                if (kinds and one.kind not in kinds) or (dids and one.v2["did"] not in dids):
                    continue
                if one.kind == "commit" and collections and one.v2["collection"] not in collections:
                    continue
            self.frames_sent += 1
            yield one.body if one.kind == "raw" else v2_frame(one) if v2 else v1_frame(one)

    def _start(self, cursor: str, *, v2: bool) -> tuple[int, Json]:
        """Where in the log to begin, and what to say first."""
        if not cursor:
            return (0 if self.from_start else len(self.log)), {}
        number = int(cursor)
        if number >= _TIME_FROM or not v2:
            kept = [one for one in self.log if one.seq >= self.keeps_from]
            oldest = kept[0].micros if kept else 0
            behind = {"name": "OutdatedCursor", "message": "clamped"} if v2 and number < oldest else {}
            return self._first(lambda one: one.seq >= self.keeps_from and one.micros >= number), behind
        if number > self._next:
            said = {"name": "FutureCursor", "message": f"the next seq is {self._next}"}
            return len(self.log), said if self.says_future else {}
        return self._first(lambda one: one.seq >= number), {}

    def _first(self, reached: Any) -> int:
        return next((index for index, one in enumerate(self.log) if reached(one)), len(self.log))

    # --- the public API

    def _posts(self, uris: Sequence[str]) -> Response:
        if self.limited is not None:
            return _answer(429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, self.limited)
        if self.garbled is not None:
            return Response(200, "OK", Headers({"Content-Type": "application/json"}), self.garbled)
        if self.away:
            return _answer(503, {"error": "Unavailable"})
        if not 1 <= len(uris) <= 25:
            return _answer(
                400, {"error": "InvalidRequest", "message": "Error: uris must not have more than 25 elements"}
            )
        if not all(_AT_URI.fullmatch(uri) for uri in uris):
            return _answer(400, {"error": "InvalidRequest", "message": "Error: uris/0 must be a valid at-uri"})
        return _answer(200, {"posts": [self._view(uri) for uri in uris if uri in self.counts]})

    def _view(self, uri: str) -> Json:
        did = uri.removeprefix("at://").partition("/")[0]
        return {
            "$type": "app.bsky.feed.defs#postView",
            "uri": uri,
            "cid": CID,
            "author": {"did": did, "handle": "mira.velgrad.example"},
            "record": post_record("A post"),
            "indexedAt": "2026-11-20T10:00:01.000Z",
            "labels": [],
            **self.counts[uri],
        }


def _answer(status: int, body: Json, headers: dict[str, str] | None = None) -> Response:
    said = dumped(body)
    about = {"Content-Type": "application/json", "Content-Length": str(len(said)), "Connection": "close"}
    return Response(status, HTTPStatus(status).phrase, Headers(about | (headers or {})), said)
