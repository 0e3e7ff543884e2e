"""A Slack that speaks the wire format: enough of the Web API for a bot that posts, edits, threads and looks back, and
of what happens when somebody presses a button (`tests.fakes.slack_interactions`).

Errors come the way Slack sends them: HTTP 200 with `ok: false`, HTTP 429 with Retry-After, HTML from a proxy in front,
or a connection that closes after (or before) the message was taken.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from tests.fakes.slack_interactions import Sockets, payload

Json = dict[str, Any]

TOKEN = "xoxb-test"
APP_TOKEN = "xapp-1-A0000000001-test"
SIGNING_SECRET = "0123456789abcdef-of-velgrad"
SCOPES: tuple[str, ...] = ("chat:write", "channels:history")
_NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
}


class RateLimited(NamedTuple):
    """HTTP 429: nothing done."""

    seconds: int


class Answer(NamedTuple):
    """HTTP 200 with `ok: false`: nothing done."""

    error: str


class Html(NamedTuple):
    """An error page instead of Slack's answer, before or after the message was taken."""

    status: int = 502
    after: bool = False


class Dropped(NamedTuple):
    """The connection closes without an answer, before or after the message was taken."""

    after: bool = True


Fault = RateLimited | Answer | Html | Dropped


@dataclass
class Channel:
    id: str
    name: str
    member: bool = True
    archived: bool = False
    messages: list[Json] = field(default_factory=list)

    def find(self, ts: str) -> Json | None:
        return next((message for message in self.messages if message["ts"] == ts), None)


class Refusal(Exception):
    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **more}


class FakeSlack:
    """`calls` are the methods called with their arguments, in order, faults included.

    `faults` are taken one a call by the method they are queued for. `strip_metadata` reads back messages as an app
    without access to metadata sees them. `pictures_away`: addresses of pictures cannot be fetched. `sockets` are those
    of Socket Mode; `answers` what was said at each `response_url`.
    """

    def __init__(self) -> None:
        self.channels = {c.id: c for c in (Channel("C0000000001", "alerts"), Channel("C0000000002", "night"))}
        self.scopes = SCOPES
        self.token_error = ""
        self.page_limit = 100
        self.strip_metadata = False
        self.pictures_away = False
        self.app_scopes: tuple[str, ...] = ("connections:write",)
        self.sockets = Sockets()
        self.answers: list[tuple[str, Json]] = []
        self.answer_status = 200
        self.calls: list[tuple[str, Json]] = []
        self.faults: dict[str, deque[Fault]] = {}
        self._next_ts = 1_700_000_000_000_100
        self._lock = threading.RLock()
        slack = self

        class Handler(_Handler):
            def answer(self, method: str, token: str, body: Json) -> tuple[int, dict[str, str], bytes] | None:
                if method.startswith("/actions/"):
                    return slack.heard(method, body)
                return slack.answer(method, token, body)

        self._handler = Handler
        self._listen(0)

    def _listen(self, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    @property
    def place(self) -> str:
        """Where a `response_url` begins."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()
        self.sockets.start()

    def stop(self) -> None:
        self.sockets.stop()
        self.leave()

    def leave(self) -> None:
        """From now on connections to its address are refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def come_back(self) -> None:
        """At the address it had, with all it held."""
        self._listen(self._server.server_address[1])
        self._thread.start()

    def fail(self, method: str, *faults: Fault) -> None:
        self.faults.setdefault(method, deque()).extend(faults)

    def called(self, method: str) -> list[Json]:
        return [body for name, body in self.calls if name == method]

    def first_messages(self, channel: str = "C0000000001") -> list[Json]:
        return [m for m in self.channels[channel].messages if m.get("thread_ts", m["ts"]) == m["ts"]]

    def replies(self, ts: str, channel: str = "C0000000001") -> list[Json]:
        return [m for m in self.channels[channel].messages if m.get("thread_ts") == ts and m["ts"] != ts]

    def delete(self, ts: str, channel: str = "C0000000001") -> None:
        found = self.channels[channel].find(ts)
        if found is not None:
            self.channels[channel].messages.remove(found)

    def pressed(
        self,
        label: str,
        *,
        ts: str = "",
        channel: str = "C0000000001",
        user: str = "U0000000007",
        name: str = "ana",
        at: float = 1_893_456_000.0,
    ) -> Json:
        """The payload of a press on a message (the first of its channel), as the channel shows it now."""
        message = self.channels[channel].find(ts) if ts else self.first_messages(channel)[0]
        assert message is not None
        copy: Json = json.loads(json.dumps(message))
        answer_to = f"{self.place}/actions/T0000000001/{len(self.answers) + 1}/once"
        return payload(copy, label, channel=channel, user=user, name=name, at=at, answer_to=answer_to)

    def heard(self, path: str, body: Json) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.answers.append((path, body))
            return self.answer_status, {"Content-Type": "text/plain"}, b"ok" if self.answer_status == 200 else b"no"

    def answer(self, method: str, token: str, body: Json) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; None to close the connection."""
        with self._lock:
            self.calls.append((method, body))
            queue = self.faults.get(method)
            fault = queue.popleft() if queue else None
            match fault:
                case RateLimited(seconds):
                    return _json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(seconds)})
                case Answer(error):
                    return _json({"ok": False, "error": error})
                case Dropped(after=False):
                    return None
                case Html(status=status, after=False):
                    return _html(status)
            try:
                answer = self._handle(method, token, body)
            except Refusal as refusal:
                answer = refusal.answer
            match fault:
                case Dropped():
                    return None
                case Html(status=status):
                    return _html(status)
            return _json(answer, 200, {"X-OAuth-Scopes": ",".join(self.scopes)})

    def _handle(self, method: str, token: str, body: Json) -> Json:
        if not token:
            raise Refusal("not_authed")
        if self.token_error:
            raise Refusal(self.token_error)
        if method == "apps.connections.open":
            return self._connection(token)
        if token != TOKEN:
            raise Refusal("invalid_auth")
        needed = _NEEDED.get(method)
        if needed is not None and needed not in self.scopes:
            raise Refusal("missing_scope", needed=needed, provided=",".join(self.scopes))
        handlers: dict[str, Callable[[Json], Json]] = {
            "auth.test": lambda _: {
                "url": "https://test.slack.com/",
                "team": "Newsroom",
                "user": "secondsource",
                "team_id": "T0000000001",
                "user_id": "U0000000001",
                "bot_id": "B0000000001",
            },
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
            "conversations.replies": self._thread_of,
        }
        if method not in handlers:
            raise Refusal("unknown_method", req_method=method)
        return {"ok": True, **handlers[method](body)}

    def _connection(self, token: str) -> Json:
        if not token.startswith("xapp-"):
            raise Refusal("not_allowed_token_type")
        if token != APP_TOKEN:
            raise Refusal("invalid_auth")
        if "connections:write" not in self.app_scopes:
            raise Refusal("missing_scope", needed="connections:write", provided=",".join(self.app_scopes))
        return {"ok": True, "url": self.sockets.url()}

    def _check(self, body: Json) -> None:
        _check_content(body)
        pictures = [place for place, block in enumerate(body.get("blocks") or []) if block["type"] == "image"]
        if pictures and self.pictures_away:
            reasons = [f"downloading image failed [json-pointer:/blocks/{place}/image_url]" for place in pictures]
            raise Refusal("invalid_blocks", errors=reasons, response_metadata={"messages": reasons})

    def _post(self, body: Json) -> Json:
        channel = self._channel(body.get("channel", ""), by_name=True)
        self._check(body)
        parent = body.get("thread_ts")
        if parent is not None and channel.find(parent) is None:
            raise Refusal("thread_not_found")
        message: Json = {
            "type": "message",
            "subtype": "bot_message",
            "text": body.get("text", ""),
            "ts": self._ts(),
            "bot_id": "B0000000001",
            "blocks": body.get("blocks", []),
        }
        if parent is not None:
            message["thread_ts"] = parent
        if "metadata" in body:
            message["metadata"] = body["metadata"]
        channel.messages.append(message)
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _update(self, body: Json) -> Json:
        channel = self._channel(body.get("channel", ""), by_name=False)
        self._check(body)
        if len(body.get("text", "")) > 4000:
            raise Refusal("msg_too_long")
        message = channel.find(body.get("ts", ""))
        if message is None:
            raise Refusal("message_not_found")
        if "blocks" in body or "text" in body:
            message["blocks"] = body.get("blocks", [])
        message["text"] = body.get("text", message["text"])
        message["metadata"] = body.get("metadata", message.get("metadata"))
        return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}

    def _delete(self, body: Json) -> Json:
        channel = self._channel(body.get("channel", ""), by_name=False)
        message = channel.find(body.get("ts", ""))
        if message is None:
            raise Refusal("message_not_found")
        channel.messages.remove(message)
        return {"channel": channel.id, "ts": message["ts"]}

    def _history(self, body: Json) -> Json:
        channel = self._channel(body.get("channel", ""), by_name=False)
        newest_first = list(reversed(self.first_messages(channel.id)))
        return self._page(newest_first, body)

    def _thread_of(self, body: Json) -> Json:
        channel = self._channel(body.get("channel", ""), by_name=False)
        parent = channel.find(body.get("ts", ""))
        if parent is None:
            raise Refusal("thread_not_found")
        return self._page([parent, *self.replies(parent["ts"], channel.id)], body)

    def _page(self, messages: list[Json], body: Json) -> Json:
        start = int(body.get("cursor") or 0)
        size = min(int(body.get("limit") or 100), self.page_limit)
        metadata = str(body.get("include_all_metadata", "0")).lower() in {"1", "true"} and not self.strip_metadata
        shown = [m if metadata else {k: v for k, v in m.items() if k != "metadata"} for m in messages]
        end = start + size
        more = end < len(shown)
        return {
            "messages": shown[start:end],
            "has_more": more,
            "response_metadata": {"next_cursor": str(end) if more else ""},
        }

    def _channel(self, wanted: str, *, by_name: bool) -> Channel:
        names = {c.name: c for c in self.channels.values()}
        channel = self.channels.get(wanted) or (names.get(wanted.lstrip("#")) if by_name else None)
        if channel is None:
            raise Refusal("channel_not_found")
        if not channel.member:
            raise Refusal("not_in_channel")
        if channel.archived:
            raise Refusal("is_archived")
        return channel

    def _ts(self) -> str:
        """Seconds and a six-digit count, unique in the workspace: a string, never a float."""
        self._next_ts += 1_000_100
        whole, part = divmod(self._next_ts, 1_000_000)
        return f"{whole}.{part:06d}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, method: str, token: str, body: Json) -> tuple[int, dict[str, str], bytes] | None:
        raise NotImplementedError

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if (self.headers.get("Content-Type") or "").startswith("application/json"):
            body: Json = json.loads(raw or b"{}")  # slack_sdk says JSON even where it sends nothing
        else:
            body = {name: values[-1] for name, values in parse_qs(raw.decode()).items()}
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ").strip()
        answer = self.answer(self.path.removeprefix("/api/"), token, body)
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Tests read `calls` instead."""


def _json(answer: Json, status: int = 200, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, json.dumps(answer).encode()


def _html(status: int) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "text/html"}, b"<html><body><h1>Bad gateway</h1></body></html>"


def _check_content(body: Json) -> None:
    """Block Kit's limits, as far as Slack states them, and the total it does not state."""
    blocks = body.get("blocks") or []
    if not blocks and not body.get("text"):
        raise Refusal("no_text")
    problems = [problem for block in blocks for problem in _block_problems(block)]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(blocks) > 50 or problems or len(ids) != len(set(ids)):
        raise Refusal("invalid_blocks", response_metadata={"messages": problems})
    if sum(len(text["text"]) for block in blocks for text in _texts(block)) > 13_000:
        raise Refusal("msg_blocks_too_long")
    metadata = body.get("metadata")
    if metadata is not None and not (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    ):
        raise Refusal("invalid_metadata_format")


def _block_problems(block: Json) -> Iterator[str]:
    kinds = {"section", "context", "divider", "header", "actions", "image", "rich_text"}
    kind = block.get("type")
    if kind not in kinds:
        yield f"unsupported type: {kind}"
    if len(block.get("block_id", "")) > 255:
        yield "block_id too long"
    if len(block.get("fields", [])) > 10 or len(block.get("elements", [])) > (10 if kind == "context" else 25):
        yield "too many parts"
    if kind == "image":
        if not 1 <= len(block.get("image_url", "")) <= 3000 or not 1 <= len(block.get("alt_text", "")) <= 2000:
            yield "an image needs an image_url of at most 3000 characters and an alt_text of at most 2000"
        return
    if kind == "actions":
        yield from _action_problems(block)
        return
    most = 2000 if "fields" in block else 3000
    for text in _texts(block):
        if text.get("type") not in {"mrkdwn", "plain_text"} or not 1 <= len(text.get("text", "")) <= most:
            yield f"a text must have 1 to {most} characters"


def _action_problems(block: Json) -> Iterator[str]:
    """Buttons and overflow menus: https://docs.slack.dev/reference/block-kit/block-elements"""
    elements = block.get("elements") or []
    if not elements:
        yield "must provide elements"
    ids = [element.get("action_id", "") for element in elements]
    if len(set(ids)) < len(ids) or not all(1 <= len(each) <= 255 for each in ids):
        yield "action_ids must differ and have 1 to 255 characters"
    for element in elements:
        if element.get("type") == "button":
            yield from _label_problems(element.get("text"))
            if len(element.get("value", "")) > 2000 or len(element.get("url", "")) > 3000:
                yield "value or url too long"
            if element.get("style", "primary") not in {"primary", "danger"}:
                yield "unknown style"
            if len(element.get("accessibility_label", "")) > 75:
                yield "accessibility_label too long"
        elif element.get("type") == "overflow":
            if not 1 <= len(element.get("options", [])) <= 5:
                yield "an overflow menu has 1 to 5 options"
            for option in element.get("options", []):
                yield from _label_problems(option.get("text"))
                if not 1 <= len(option.get("value", "")) <= 150:
                    yield "an option's value must have 1 to 150 characters"
        else:
            yield f"unsupported element: {element.get('type')}"


def _label_problems(text: Json | None) -> Iterator[str]:
    if text is None or text.get("type") != "plain_text" or not 1 <= len(text.get("text", "")) <= 75:
        yield "a label is plain_text of 1 to 75 characters"


def _texts(block: Json) -> list[Json]:
    if block.get("type") in {"actions", "image"}:
        return []
    return [block["text"]] if "text" in block else list(block.get("fields") or block.get("elements") or [])


@contextmanager
def running() -> Iterator[FakeSlack]:
    slack = FakeSlack()
    slack.start()
    try:
        yield slack
    finally:
        slack.stop()
