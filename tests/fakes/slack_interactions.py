"""What Slack does when somebody presses a button: the payload, signed over HTTP or in an envelope over a web socket.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Condition, Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

Json = dict[str, Any]

ACK_WITHIN = 3.0  #: seconds


def elements(message: Json) -> Iterator[tuple[Json, Json]]:
    """Each button and menu of a message, with its block."""
    for block in message["blocks"]:
        if block["type"] == "actions":
            for element in block["elements"]:
                yield block, element


def payload(
    message: Json, label: str, *, channel: str, user: str = "U0000000007", name: str = "ana", at: float, answer_to: str
) -> Json:
    """What Slack sends when `user` presses the button, or picks the entry of a menu, that says `label`."""
    for block, element in elements(message):
        action = {"action_id": element["action_id"], "block_id": block["block_id"], "type": element["type"]}
        if element["type"] == "button" and element["text"]["text"] == label:
            action |= {"text": element["text"], "value": element["value"]}
            action |= {"style": element["style"]} if "style" in element else {}
            break
        options = [each for each in element.get("options", ()) if each["text"]["text"] == label]
        if options:
            action |= {"selected_option": options[0]}
            break
    else:
        raise AssertionError(f"no button says {label}: {[e.get('text', {}).get('text') for _, e in elements(message)]}")
    return {
        "type": "block_actions",
        "user": {"id": user, "username": name, "name": name, "team_id": "T0000000001"},
        "api_app_id": "A0000000001",
        "token": "not-used-any-more",
        "container": {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": channel,
            "is_ephemeral": False,
        },
        "trigger_id": "1767326130.1.abc",
        "team": {"id": "T0000000001", "domain": "newsroom"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel, "name": "alerts"},
        "message": message,
        "state": {"values": {}},
        "response_url": answer_to,
        "actions": [{**action, "action_ts": f"{at:.6f}"}],
    }


def signed(secret: str, interaction: Json, at: float) -> tuple[dict[str, str], bytes]:
    """Headers and body of the request that brings it."""
    body = urlencode({"payload": json.dumps(interaction)}).encode()
    timestamp = str(int(at))
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }
    return headers, body


def deliver(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer. Slack does not send an interaction again, whatever the answer."""
    request = Request(url, body, headers, method="POST")
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=ACK_WITHIN) as answer:
            return int(answer.status), answer.read()
    except HTTPError as error:
        return error.code, error.read()


@dataclass
class Envelope:
    """`acked_after` in seconds from its (last) sending; None while it is not acknowledged."""

    envelope_id: str
    body: Json
    attempts: int = 0
    sent_at: float = 0.0
    acked_after: float | None = None


@dataclass
class Sockets:
    """The web sockets of an app in Socket Mode. A ticket opens one socket; an envelope goes to one of those open.

    `greet`: whether a socket is greeted, as Slack does at once. `texts` are frames that acknowledge nothing.
    """

    greet: bool = True
    texts: list[str] = field(default_factory=list)
    opened: int = 0
    envelopes: dict[str, Envelope] = field(default_factory=dict)
    _tickets: set[str] = field(default_factory=set)
    _open: list[ServerConnection] = field(default_factory=list)
    _changed: Condition = field(default_factory=Condition)
    _server: Server | None = None
    _thread: Thread | None = None

    def start(self) -> None:
        self._server = serve(self._serve, "127.0.0.1", 0, ping_interval=None)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            for socket in list(self._open):
                socket.close()
            self._server.shutdown()
            self._thread.join(timeout=5)

    def url(self) -> str:
        """A new address, good for one socket."""
        assert self._server is not None
        with self._changed:
            ticket = f"ticket-{len(self._tickets) + self.opened + 1}"
            self._tickets.add(ticket)
        host, port = self._server.socket.getsockname()[:2]
        return f"ws://{host}:{port}/link/?ticket={ticket}&app_id=A0000000001"

    def wait_open(self, sockets: int = 1, opened: int = 1) -> None:
        """Until so many sockets are open and so many have been opened in all."""
        self._until(lambda: len(self._open) == sockets and self.opened >= opened, f"{sockets} open sockets")

    def send(self, body: Json, *, kind: str = "interactive", attempt: int = 0, socket: int = -1) -> Envelope:
        """Put a payload in a new envelope and send it over one of the sockets, without waiting."""
        with self._changed:
            envelope = Envelope(f"e-{len(self.envelopes) + 1:04d}", body)
            self.envelopes[envelope.envelope_id] = envelope
        self.resend(envelope, kind=kind, attempt=attempt, socket=socket)
        return envelope

    def resend(self, envelope: Envelope, *, kind: str = "interactive", attempt: int = 1, socket: int = -1) -> None:
        """The same envelope again, as Slack does where no acknowledgement has come."""
        envelope.attempts += 1
        envelope.sent_at, envelope.acked_after = time.monotonic(), None
        frame: Json = {
            "envelope_id": envelope.envelope_id,
            "payload": envelope.body,
            "type": kind,
            "accepts_response_payload": True,
        }
        if attempt:
            frame |= {"retry_attempt": attempt, "retry_reason": "timeout"}
        self._open[socket].send(json.dumps(frame))

    def acked(self, envelope: Envelope) -> float:
        """Seconds until it was acknowledged."""
        self._until(lambda: envelope.acked_after is not None, f"{envelope.envelope_id} to be acknowledged")
        assert envelope.acked_after is not None
        return envelope.acked_after

    def disconnect(self, reason: str, socket: int = -1) -> None:
        """Say that a socket will close."""
        self.say({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}, socket)

    def say(self, frame: Json | str, socket: int = -1) -> None:
        self._open[socket].send(frame if isinstance(frame, str) else json.dumps(frame))

    def close(self, socket: int = 0) -> None:
        self._open[socket].close()

    def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        ticket = parse_qs(urlsplit(socket.request.path).query).get("ticket", [""])[0]
        with self._changed:
            if ticket not in self._tickets:
                socket.close(1008, "ticket used")
                return
            self._tickets.discard(ticket)
            self._open.append(socket)
            self.opened += 1
        try:
            if self.greet:
                socket.send(json.dumps(_hello(len(self._open))))
            with self._changed:
                self._changed.notify_all()
            for frame in socket:
                self._heard(frame if isinstance(frame, str) else frame.decode())
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._open.remove(socket)
                self._changed.notify_all()

    def _heard(self, frame: str) -> None:
        with self._changed:
            said = json.loads(frame)
            envelope = self.envelopes.get(said.get("envelope_id", ""))
            if envelope is None or set(said) - {"envelope_id", "payload"}:
                self.texts.append(frame)
            else:
                envelope.acked_after = time.monotonic() - envelope.sent_at
            self._changed.notify_all()

    def _until(self, so: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(so, timeout=60), f"waited in vain for {what}"


def _hello(sockets: int) -> Json:
    return {
        "type": "hello",
        "num_connections": sockets,
        "debug_info": {"host": "applink-1", "build_number": 112, "approximate_connection_time": 18060},
        "connection_info": {"app_id": "A0000000001"},
    }
