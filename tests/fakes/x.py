"""A local X: rules, filtered stream, search, counts, compliance and connections as the platform answers them.

    with FakeX() as x:
        x.send({"data": {...}, "matching_rules": [...]})   # a line, once somebody is connected
        x.raw(b'{"data":{"id"')                            # bytes as they are: split lines, coalesced lines, garbage
        x.end()                                            # clean close;  x.abort()  x.stall()  x.disconnect()
        x.refuse(503)                                      # the next connection gets this instead (or another path)
        x.archive.append({"data": {...}})                  # what recent search finds, and /2/tweets by id
        x.deleted.add(id); x.protected.add(id)             # what /2/tweets and compliance jobs say of a post
        x.ghosts = 1                                       # a connection that a crash has left behind
        x.new_names = True                                 # posts in the renamed spelling of August 2026

Commands wait for a connection; each goes to one. Refusals are used up in order, one a request. It counts requests as X
does, per path and quarter of an hour by `now`, and answers 429 beyond the documented limits.
"""

from __future__ import annotations

import json
import re
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from queue import Empty, Queue
from threading import Condition, Lock
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.fakes.serving import Serving, hung_up

TOKEN = "token-of-the-fake"
STREAM = "/2/tweets/search/stream"
RULES = f"{STREAM}/rules"
SEARCH = "/2/tweets/search/recent"
JOBS = "/2/compliance/jobs"
LIMITS: Final = {  # requests of an app in 15 minutes
    f"GET {STREAM}": 50,
    f"GET {RULES}": 450,
    f"POST {RULES}": 100,
    "GET /2/tweets": 3500,
    f"GET {SEARCH}": 450,
    f"POST {JOBS}": 150,
    f"GET {JOBS}": 150,
    "DELETE /2/connections/all": 25,
}
_WINDOW = 900
_PROBLEMS = "https://api.twitter.com/2/problems"
_STANDALONE = re.compile(r"(?:^|[\s(])(?!-)(?!(?:has|is|lang|sample):)(?!OR\b)[^\s()]")
_NEW_NAMES = {
    "retweet_count": "repost_count",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "tweets": "posts",
}

Json = dict[str, Any]


def renamed(value: Any) -> Any:
    """A payload in the spelling of the specification of August 2026."""
    if isinstance(value, dict):
        found = {_NEW_NAMES.get(key, key): renamed(one) for key, one in value.items()}
        return found | {"type": "reposted"} if found.get("type") == "retweeted" else found
    return [renamed(one) for one in value] if isinstance(value, list) else value


class FakeX(Serving):
    """`heartbeat` in seconds; `page_size` for rules and search. Without rules it refuses to stream (409)."""

    def __init__(
        self,
        *,
        heartbeat: float = 0.05,
        page_size: int = 100,
        rules_cap: int = 1000,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.heartbeat = heartbeat
        self.page_size = page_size
        self.rules_cap = rules_cap
        self.now = now
        self.new_names = False
        self.away = False  #: every answer is 503
        self.rules: list[Json] = []
        self.invalid: dict[str, str] = {}  #: rules it refuses beside those it must, and why
        self.archive: list[Json] = []
        self.deleted: set[str] = set()
        self.protected: set[str] = set()
        self.ghosts = 0
        self.connects = 0
        self.lines_sent = 0
        self.endless: Iterator[Json] | None = None  #: lines to go on with, for ever, once all that was sent is gone
        self.polls_until_complete = 2
        self.job_ends = "complete"
        self.jobs: dict[str, Json] = {}
        self.searches: list[Mapping[str, str]] = []
        self.seen: list[tuple[str, str, str]] = []  #: method, path with query, user agent
        self.dry_runs = 0
        self._next_rule = 1000
        self._asked: Counter[str] = Counter()
        self._used: dict[str, deque[datetime]] = {}
        self._commands: Queue[tuple[str, bytes]] = Queue()
        self._refusals: dict[str, deque[tuple[int, bytes, Mapping[str, str]]]] = {}
        self._changed = Condition(Lock())
        self._streaming = 0
        self._generation = 0
        fake = self

        class Handler(_Handler):
            x = fake

        super().__init__(Handler)
        self.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)

    # --- the script

    def send(self, line: Json) -> None:
        self.raw(self.spelled(line) + b"\r\n")

    def spelled(self, value: Json) -> bytes:
        return json.dumps(renamed(value) if self.new_names else value, ensure_ascii=False).encode()

    def raw(self, data: bytes) -> None:
        self._commands.put(("data", data))

    def end(self) -> None:
        self._commands.put(("end", b""))

    def abort(self) -> None:
        self._commands.put(("abort", b""))

    def stall(self) -> None:
        self._commands.put(("stall", b""))

    def disconnect(self) -> None:
        """What X says in the stream before it closes it."""
        detail = "This stream has been disconnected upstream for operational reasons."
        said = {"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect", "detail": detail}
        self.send({"errors": [said | {"type": "https://api.x.com/2/problems/operational-disconnect"}]})
        self.end()

    def refuse(
        self, status: int, body: Json | None = None, headers: Mapping[str, str] | None = None, *, path: str = STREAM
    ) -> None:
        said = {"title": "Refused", "status": status} if body is None else body
        self._refusals.setdefault(path, deque()).append((status, json.dumps(said).encode(), headers or {}))

    def refusal(self, path: str) -> tuple[int, bytes, Mapping[str, str]] | None:
        waiting = self._refusals.get(path)
        return waiting.popleft() if waiting else None

    def deserted(self, seconds: float = 10.0) -> bool:
        """Waits until nobody reads the stream any more: what is sent from now on goes to who comes next."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._streaming, seconds)

    # --- limits

    def spend(self, call: str) -> tuple[int, int, int]:
        """Limit, what is left of it (-1: it was exceeded), and when it starts over, as the headers say them."""
        now = self.now()
        used = self._used.setdefault(call, deque())
        while used and now - used[0] >= timedelta(seconds=_WINDOW):
            used.popleft()
        limit = LIMITS.get(call, 450)
        if len(used) < limit:
            used.append(now)
            left = limit - len(used)
        else:
            left = -1
        reset = used[0] + timedelta(seconds=_WINDOW)
        return limit, left, int(reset.timestamp()) + 1

    # --- rules

    def change_rules(self, asked: Json, *, dry_run: bool) -> tuple[int, Json]:
        self.dry_runs += dry_run
        if "delete" in asked:
            ids, values = set(asked["delete"].get("ids", ())), set(asked["delete"].get("values", ()))
            kept = [rule for rule in self.rules if rule["id"] not in ids and rule["value"] not in values]
            deleted = len(self.rules) - len(kept)
            if not dry_run:
                self.rules = kept
            summary = {"deleted": deleted, "not_deleted": len(ids) + len(values) - deleted}
            return 200, {"meta": {"sent": self._sent(), "summary": summary}}
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
        summary = {"created": len(made), "not_created": len(errors), "valid": len(made), "invalid": len(errors)}
        answer: Json = {"meta": {"sent": self._sent(), "summary": summary}}
        if made:
            answer["data"] = made
        if errors:
            answer["errors"] = errors
        return (201 if made or not errors else 400), answer

    def _sent(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _fault(self, rule: Json, made: Sequence[Json]) -> Json | None:
        value = str(rule.get("value", ""))
        for known in [*self.rules, *made]:
            if known["value"] == value:
                return {
                    "value": value,
                    "id": known["id"],
                    "title": "DuplicateRule",
                    "type": f"{_PROBLEMS}/duplicate-rules",
                }
        if len(value) > 1024 or value.endswith(":") or value in self.invalid or not _STANDALONE.search(value):
            return {
                "value": value,
                "title": "UnprocessableEntity",
                "details": [self.invalid.get(value, "the rule cannot be read")],
                "type": f"{_PROBLEMS}/invalid-rules",
            }
        if len(self.rules) + len(made) >= self.rules_cap:
            return {"title": "RulesCapExceeded", "detail": "too many rules", "type": f"{_PROBLEMS}/rule-cap"}
        return None

    def counted_rules(self) -> Json:
        cap = str(self.rules_cap)
        return {
            "data": {
                "cap_per_client_app": cap,
                "cap_per_project": cap,
                "project_rules_count": str(len(self.rules)),
            }
        }

    # --- posts by id, compliance, connections

    def looked_up(self, ids: Sequence[str]) -> tuple[int, Json]:
        """`/2/tweets`: each time a post is asked for it has ten more likes and one more repost."""
        known = {one["data"]["id"]: one["data"] for one in self.archive}
        data, errors = [], []
        if wrong := [id_ for id_ in ids if not re.fullmatch(r"[0-9]{1,19}", id_)]:
            said = f"The `ids` query parameter value {wrong} is not valid"
            return 400, {"errors": [{"parameters": {"ids": ids}, "message": said}], "title": "Invalid Request"}
        for id_ in ids:
            if id_ in self.protected:
                errors.append(_missing(id_, "Authorization Error", "not-authorized-for-resource"))
            elif id_ in self.deleted or id_ not in known:
                errors.append(_missing(id_, "Not Found Error", "resource-not-found"))
            else:
                self._asked[id_] += 1
                times = self._asked[id_]
                metrics = {"retweet_count": times, "reply_count": 0, "like_count": 10 * times, "quote_count": 0}
                data.append(
                    {
                        "id": id_,
                        "edit_history_tweet_ids": known[id_].get("edit_history_tweet_ids", [id_]),
                        "text": known[id_].get("text", ""),
                        "public_metrics": metrics,
                    }
                )
        answer: Json = {"data": data} if data else {}
        return 200, answer | ({"errors": errors} if errors else {})

    def new_job(self, asked: Json) -> Json:
        id_ = str(5000 + len(self.jobs))
        self.jobs[id_] = {"type": asked["type"], "name": asked.get("name", ""), "ids": None, "polls": 0}
        return {"data": self._job(id_)}

    def job(self, id_: str) -> Json:
        self.jobs[id_]["polls"] += self.jobs[id_]["ids"] is not None
        return {"data": self._job(id_)}

    def all_jobs(self) -> Json:
        return {"data": [self._job(id_) for id_ in self.jobs], "meta": {"result_count": len(self.jobs)}}

    def _job(self, id_: str) -> Json:
        job = self.jobs[id_]
        status = "created" if job["ids"] is None else "in_progress"
        if job["polls"] >= self.polls_until_complete:
            status = self.job_ends
        expires = (self.now() + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {
            "id": id_,
            "type": job["type"],
            "name": job["name"],
            "status": status,
            "created_at": self._sent(),
            "upload_url": f"{self.url}/upload/{id_}",
            "upload_expires_at": expires,
            "download_url": f"{self.url}/download/{id_}",
            "download_expires_at": expires,
        }

    def upload(self, id_: str, body: bytes) -> None:
        self.jobs[id_]["ids"] = body.decode().split()

    def download(self, id_: str) -> bytes:
        """A line for each uploaded id that is not as it was."""
        at = self._sent()
        lines = []
        for one in self.jobs[id_]["ids"]:
            reason = "deleted" if one in self.deleted else "protected" if one in self.protected else ""
            reason = self.jobs[id_].get("reasons", {}).get(one, reason)
            if reason:
                action = "scrub_geo" if reason == "scrub_geo" else "delete"
                lines.append({"id": one, "action": action, "created_at": at, "redacted_at": at, "reason": reason})
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def connections(self) -> Json:
        standing = self._streaming + self.ghosts
        data = [
            {"id": str(n), "endpoint_name": "filtered_stream", "connected_at": self._sent()} for n in range(standing)
        ]
        return {"data": data, "meta": {"result_count": len(data)}}

    def go_away(self) -> None:
        """Breaks off and answers 503 until `away` is False again."""
        self.away = True
        self.kill_connections()

    def kill_connections(self) -> Json:
        with self._changed:
            killed = self._streaming + self.ghosts
            self.ghosts = 0
            self._generation += 1
        return {"data": {"successful_kills": killed, "failed_kills": 0}}

    # --- the stream

    def admit(self) -> tuple[int, bytes, Mapping[str, str]] | None:
        """None: go on and stream."""
        with self._changed:
            self.connects += 1
            self._changed.notify_all()
            refusal = (503, b"<html>over capacity</html>", {}) if self.away else self.refusal(STREAM)
            if refusal is not None:
                return refusal
            if not self.rules:
                return 409, _connection_issue("RuleConfigurationIssue", "Client must define rules."), {}
            if self._streaming or self.ghosts:
                detail = "This stream is currently at the maximum allowed connection limit."
                return 429, _connection_issue("TooManyConnections", detail), {}
            self._streaming += 1
            return None

    @property
    def generation(self) -> int:
        """Rises when all connections are killed."""
        return self._generation

    def leave(self) -> None:
        with self._changed:
            self._streaming -= 1
            self._changed.notify_all()

    def command(self, client: socket.socket, generation: int) -> tuple[str, bytes]:
        """The next thing to do on this connection: "beat" after silence, "gone" where the client has hung up."""
        waited = 0.0
        while not self.over.is_set() and waited < self.heartbeat:
            if self._generation != generation:
                return "end", b""
            if hung_up(client):
                return "gone", b""
            try:
                return self._commands.get(timeout=0.01 if self.endless is None else 0)
            except Empty:
                waited += 0.01
            if self.endless is not None:
                return "data", self.spelled(next(self.endless)) + b"\r\n"
        return ("gone" if self.over.is_set() else "beat"), b""

    def found(self, query: Mapping[str, str]) -> tuple[int, Json]:
        """A page of recent search, newest first, without reposts."""
        self.searches.append(query)
        fault = self._search_fault(query)
        if fault:
            return 400, {"title": "Invalid Request", "detail": fault, "type": f"{_PROBLEMS}/invalid-request"}
        since, after, until = int(query.get("since_id", 0)), query.get("start_time", ""), query.get("end_time", "z")
        hits = sorted(
            (
                one
                for one in self.archive
                if not any(each["type"] == "retweeted" for each in one["data"].get("referenced_tweets", ()))
                and int(one["data"]["id"]) > since
                and after <= one["data"].get("created_at", "y") < until
            ),
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
            data = [{"edit_history_tweet_ids": [one["data"]["id"]], **one["data"]} for one in page]
            answer |= {"data": data, "includes": includes}
        return 200, answer

    def _search_fault(self, query: Mapping[str, str]) -> str:
        oldest = self.now() - timedelta(days=7)
        if len(query.get("query", "")) > 512:
            return "query: expected 512 characters at most"
        if not 10 <= int(query.get("max_results", 10)) <= 100:
            return "max_results: expected 10 to 100"
        if "since_id" in query:
            at = datetime.fromtimestamp(((int(query["since_id"]) >> 22) + 1288834974657) / 1000, UTC)
            if at < oldest:
                return "since_id must be a tweet id created after [TIMESTAMP]"
        for name in ("start_time", "end_time"):
            if name in query and datetime.fromisoformat(query[name]) < oldest:
                return f"{name} must be on or after [TIMESTAMP]"
        if "end_time" in query and datetime.fromisoformat(query["end_time"]) > self.now() - timedelta(seconds=10):
            return "end_time must be a minimum of 10 seconds prior to the request time"
        return ""


def _missing(id_: str, title: str, kind: str) -> Json:
    return {
        "resource_type": "tweet",
        "resource_id": id_,
        "value": id_,
        "parameter": "ids",
        "title": title,
        "type": f"{_PROBLEMS}/{kind}",
    }


def _connection_issue(issue: str, detail: str) -> bytes:
    return json.dumps(
        {
            "title": "ConnectionException",
            "detail": detail,
            "connection_issue": issue,
            "type": f"{_PROBLEMS}/streaming-connection",
        }
    ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    x: FakeX
    _rate = (450, 449, 0)

    def log_message(self, *args: object) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        path = url.path
        if path.startswith("/download/"):
            self._answer(200, self.x.download(path.rpartition("/")[2]))
        elif not self._allowed(JOBS if path.startswith(JOBS) else path):
            return
        elif path == STREAM:
            self._stream()
        elif path == RULES:
            first = int(query.get("pagination_token", 0))
            page = self.x.rules[first : first + self.x.page_size]
            meta: Json = {"sent": "2026-11-20T10:00:00.000Z", "result_count": len(page)}
            if first + self.x.page_size < len(self.x.rules):
                meta["next_token"] = str(first + self.x.page_size)
            self._answer(200, {"data": page, "meta": meta} if page else {"meta": meta})
        elif path == f"{RULES}/counts":
            self._answer(200, self.x.counted_rules())
        elif path == SEARCH:
            self._said(*self.x.found(query))
        elif path == "/2/tweets":
            self._said(*self.x.looked_up(query["ids"].split(",")))
        elif path == "/2/connections":
            self._answer(200, self.x.connections())
        elif path == JOBS:
            self._answer(200, self.x.all_jobs())
        elif path.removeprefix(f"{JOBS}/") in self.x.jobs:
            self._answer(200, self.x.job(path.removeprefix(f"{JOBS}/")))
        else:
            self._answer(404, {"title": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        path = urlsplit(self.path).path
        if not self._allowed(path):
            return
        if path == JOBS:
            self._answer(200, self.x.new_job(body))
        else:
            self._answer(*self.x.change_rules(body, dry_run="dry_run=true" in self.path))

    def do_PUT(self) -> None:
        """An upload of ids; its address is all the permission it needs."""
        assert "Authorization" not in self.headers, "the token is nobody's business but X's"
        self.x.upload(self.path.rpartition("/")[2], self._body())
        self._answer(200, b"")

    def do_DELETE(self) -> None:
        if self._allowed(self.path):
            self._answer(200, self.x.kill_connections())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _allowed(self, path: str) -> bool:
        self.x.seen.append((self.command, self.path, self.headers.get("User-Agent", "")))
        self._rate = self.x.spend(f"{self.command} {path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank", "status": 401})
            return False
        if self._rate[1] < 0:
            self._answer(429, {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank"})
            return False
        if self.x.away and path != STREAM:
            self._answer(503, b"<html>over capacity</html>")
            return False
        refusal = self.x.refusal(path) if path != STREAM else None
        if refusal is not None:
            self._answer(*refusal)
        return refusal is None

    def _said(self, status: int, body: Json) -> None:
        self._answer(status, self.x.spelled(body))

    def _answer(self, status: int, body: Json | bytes, headers: Mapping[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._head(status, {"Content-Length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        limit, left, reset = self._rate
        said = {
            "Date": format_datetime(self.x.now().astimezone(UTC), usegmt=True),
            "Content-Type": "application/json",
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(left, 0)),
            "x-rate-limit-reset": str(reset),
        }
        for name, value in {**said, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        refusal = self.x.admit()
        if refusal is not None:
            self._answer(*refusal)
            return
        self.close_connection = True
        generation = self.x.generation
        self._head(200, {"Transfer-Encoding": "chunked"})
        left = False
        try:
            while not left:
                what, data = self.x.command(self.connection, generation)
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
                    self.x.until_hung_up(self.connection)
        except OSError:
            if not left:
                self.x.leave()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()
        self.x.lines_sent += len(data) > 2
