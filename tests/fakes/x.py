"""A local X: rules, filtered stream and recent search as the platform answers them, and the ways it fails.

    with FakeX() as x:
        x.send({"data": {...}, "matching_rules": [...]})   # a line, once somebody is connected
        x.raw(b'{"data":{"id"')                            # bytes as they are: split lines, coalesced lines, garbage
        x.end()                                            # clean close;  x.abort()  x.stall()
        x.refuse(503)                                      # the next connection gets this instead
        x.archive.append({"data": {...}})                  # what recent search finds

Commands wait for a connection; each goes to one. Refusals are used up in order, one a connection.
"""

from __future__ import annotations

import json
import select
import socket
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Condition, Event, Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-of-the-fake"
_PROBLEMS = "https://api.twitter.com/2/problems"

Json = dict[str, Any]


class FakeX:
    """`heartbeat` in seconds; `page_size` for rules and search. Without rules it refuses to stream (409)."""

    def __init__(self, *, heartbeat: float = 0.05, page_size: int = 100, rules_cap: int = 1000) -> None:
        self.heartbeat = heartbeat
        self.page_size = page_size
        self.rules_cap = rules_cap
        self.rules: list[Json] = []
        self.archive: list[Json] = []
        self.connects = 0
        self.searches: list[Mapping[str, str]] = []
        self.seen: list[tuple[str, str, str]] = []  #: method, path with query, user agent
        self.dry_runs = 0
        self._next_rule = 1000
        self._commands: Queue[tuple[str, bytes]] = Queue()
        self._refusals: deque[tuple[int, bytes, Mapping[str, str]]] = deque()
        self._changed = Condition(Lock())
        self._streaming = 0
        self._over = Event()
        fake = self

        class Handler(_Handler):
            x = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> FakeX:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    # --- the script

    def send(self, line: Json) -> None:
        self.raw(json.dumps(line, ensure_ascii=False).encode() + b"\r\n")

    def raw(self, data: bytes) -> None:
        self._commands.put(("data", data))

    def end(self) -> None:
        self._commands.put(("end", b""))

    def abort(self) -> None:
        self._commands.put(("abort", b""))

    def stall(self) -> None:
        self._commands.put(("stall", b""))

    def refuse(self, status: int, body: Json | None = None, headers: Mapping[str, str] | None = None) -> None:
        said = {"title": "Refused", "status": status} if body is None else body
        self._refusals.append((status, json.dumps(said).encode(), headers or {}))

    def connected(self, times: int, seconds: float = 10.0) -> bool:
        """Waits until somebody has dialled the stream so often."""
        with self._changed:
            return self._changed.wait_for(lambda: self.connects >= times, seconds)

    def deserted(self, seconds: float = 10.0) -> bool:
        """Waits until nobody reads the stream any more: what is sent from now on goes to who comes next."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._streaming, seconds)

    # --- rules

    def change_rules(self, asked: Json, *, dry_run: bool) -> tuple[int, Json]:
        self.dry_runs += dry_run
        if "delete" in asked:
            ids = set(asked["delete"].get("ids", ()))
            before = len(self.rules)
            if not dry_run:
                self.rules = [rule for rule in self.rules if rule["id"] not in ids]
            deleted = before - len(self.rules)
            return 200, {"meta": {"summary": {"deleted": deleted, "not_deleted": len(ids) - deleted}}}
        made: list[Json] = []
        errors: list[Json] = []
        for rule in asked.get("add", ()):
            error = self._fault(rule, made)
            if error is not None:
                errors.append(error)
                continue
            self._next_rule += 1
            made.append({"id": str(self._next_rule), **rule})
        if not dry_run:
            self.rules.extend(made)
        answer: Json = {"meta": {"summary": {"created": len(made), "not_created": len(errors)}}}
        if made:
            answer["data"] = made
        if errors:
            answer["errors"] = errors
        return (201 if made or not errors else 400), answer

    def _fault(self, rule: Json, made: Sequence[Json]) -> Json | None:
        value = str(rule.get("value", ""))
        for known in self.rules:
            if known["value"] == value:
                return {
                    "value": value,
                    "id": known["id"],
                    "title": "DuplicateRule",
                    "type": f"{_PROBLEMS}/duplicate-rules",
                }
        if len(value) > 1024 or value.endswith(":") or all(term.startswith("-") for term in value.split()):
            return {
                "value": value,
                "title": "UnprocessableEntity",
                "details": ["the rule cannot be read"],
                "type": f"{_PROBLEMS}/invalid-rules",
            }
        if len(self.rules) + len(made) >= self.rules_cap:
            return {"title": "RulesCapExceeded", "detail": "too many rules", "type": f"{_PROBLEMS}/rule-cap"}
        return None

    # --- the stream

    def admit(self) -> tuple[int, bytes, Mapping[str, str]] | None:
        """None: go on and stream."""
        with self._changed:
            self.connects += 1
            self._changed.notify_all()
            if self._refusals:
                return self._refusals.popleft()
            if not self.rules:
                return 409, _connection_issue("RuleConfigurationIssue", "Client must define rules."), {}
            if self._streaming:
                return 429, _connection_issue("TooManyConnections", "This stream is at its limit."), {}
            self._streaming += 1
            return None

    def leave(self) -> None:
        with self._changed:
            self._streaming -= 1
            self._changed.notify_all()

    def command(self, client: socket.socket) -> tuple[str, bytes]:
        """The next thing to do on this connection: "beat" after silence, "gone" where the client has hung up."""
        waited = 0.0
        while not self._over.is_set() and waited < self.heartbeat:
            if _gone(client):
                return "gone", b""
            try:
                return self._commands.get(timeout=0.01)
            except Empty:
                waited += 0.01
        return ("gone" if self._over.is_set() else "beat"), b""

    def until_gone(self, client: socket.socket) -> None:
        while not self._over.wait(0.01) and not _gone(client):
            pass

    def found(self, query: Mapping[str, str]) -> Json:
        """A page of recent search, newest first."""
        self.searches.append(query)
        since = int(query.get("since_id", 0))
        hits = sorted(
            (one for one in self.archive if int(one["data"]["id"]) > since),
            key=lambda one: int(one["data"]["id"]),
            reverse=True,
        )
        first = int(query.get("next_token", 0))
        page = hits[first : first + self.page_size]
        includes: Json = {}
        for one in page:
            for kind, entries in one.get("includes", {}).items():
                includes.setdefault(kind, []).extend(entries)
        meta: Json = {"result_count": len(page)}
        if first + self.page_size < len(hits):
            meta["next_token"] = str(first + self.page_size)
        answer: Json = {"meta": meta}
        if page:
            answer |= {"data": [one["data"] for one in page], "includes": includes}
        return answer


def _connection_issue(issue: str, detail: str) -> bytes:
    return json.dumps(
        {
            "title": "ConnectionException",
            "detail": detail,
            "connection_issue": issue,
            "type": f"{_PROBLEMS}/streaming-connection",
        }
    ).encode()


def _gone(client: socket.socket) -> bool:
    if not select.select([client], [], [], 0)[0]:
        return False
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    x: FakeX

    def log_message(self, *args: object) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if not self._allowed():
            return
        if url.path == "/2/tweets/search/stream":
            self._stream()
        elif url.path == "/2/tweets/search/stream/rules":
            first = int(query.get("pagination_token", 0))
            page = self.x.rules[first : first + self.x.page_size]
            meta: Json = {"result_count": len(page)}
            if first + self.x.page_size < len(self.x.rules):
                meta["next_token"] = str(first + self.x.page_size)
            self._answer(200, {"data": page, "meta": meta} if page else {"meta": meta})
        elif url.path == "/2/tweets/search/recent":
            self._answer(200, self.x.found(query))
        else:
            self._answer(404, {"title": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if not self._allowed():
            return
        dry_run = "dry_run=true" in self.path
        self._answer(*self.x.change_rules(body, dry_run=dry_run))

    def _allowed(self) -> bool:
        self.x.seen.append((self.command, self.path, self.headers.get("User-Agent", "")))
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self._answer(401, {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank", "status": 401})
        return False

    def _answer(self, status: int, body: Json | bytes, headers: Mapping[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        limits = {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "449", "x-rate-limit-reset": "1893456000"}
        for name, value in {**limits, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self) -> None:
        refusal = self.x.admit()
        if refusal is not None:
            self._answer(*refusal)
            return
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        left = False
        try:
            while not left:
                what, data = self.x.command(self.connection)
                if what in {"data", "beat"}:
                    self._chunk(data or b"\r\n")
                    continue
                # the place is free before the client can know the connection is over
                left = True
                self.x.leave()
                if what == "end":
                    self._chunk(b"")
                elif what == "abort":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                elif what == "stall":
                    self.x.until_gone(self.connection)
        except OSError:
            if not left:
                self.x.leave()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()
