"""Presses over a web socket that we open (Slack's Socket Mode): no address of ours need be reachable from outside.

https://docs.slack.dev/apis/events-api/using-socket-mode. Slack closes each socket every few hours and says so before;
the next one is open before the old one closes, and both are listened to until then.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http.client import HTTPException
from threading import Event, Thread
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from alerts.interactions.receiver import Receiver
from alerts.notifiers.slack import SLACK_API
from alerts.notifiers.slack_errors import failure
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.secret import Secret

_log = logging.getLogger(__name__)

HELLO = 10.0  #: seconds within which Slack greets a socket
LINGER = 15.0  #: seconds an old socket is still listened to after Slack said that it will close
SHORT = 10.0  #: a socket that lived less than this many seconds is followed by a pause
FIRST, MOST = 1.0, 60.0  #: seconds of pause after the first failure, doubled with each, and their limit
_MOST_BYTES = 1_000_000
_LATER = frozenset(("link_disabled", "too_many_websockets"))


class SocketMode:
    """Listens until stopped; `timeout` in seconds bounds each call.

    `listening` is set while Slack has greeted a socket of ours.
    """

    def __init__(
        self, app_token: Secret, receiver: Receiver, clock: Clock, base_url: str = SLACK_API, timeout: int = 4
    ) -> None:
        self._receiver = receiver
        self._clock = clock
        self._timeout = timeout
        self._client = WebClient(app_token.reveal(), base_url=base_url, timeout=timeout, retry_handlers=[])
        if proxy_bypass(urlsplit(base_url).hostname or ""):
            self._client.proxy = None  # slack_sdk reads HTTPS_PROXY but not NO_PROXY
        self.listening = Event()

    def run(self, stop: Event) -> None:
        """Keep one socket open until `stop` is set.

        Raises:
            BadConfiguration: Slack does not take the token.
        """
        failures = 0
        old: list[Thread] = []
        try:
            while not stop.is_set():
                pause = 0.0
                try:
                    socket = self._open()
                except SourceAway as error:
                    pause = _after(failures) if error.retry_after is None else error.retry_after
                    failures += 1
                    _log.warning("Socket Mode: no socket", extra={"reason": str(error), "again_in": pause})
                else:
                    link = _Link(socket, self._receiver, self._clock)
                    old = [*(thread for thread in old if thread.is_alive()), self._listen(link, stop)]
                    if stop.is_set():
                        break
                    failures = 0 if link.greeted.is_set() and link.lived >= SHORT else failures + 1
                    if link.reason in _LATER or failures:
                        pause = MOST if link.reason in _LATER else _after(failures - 1)
                        _log.warning("Socket Mode: socket ended", extra={"reason": link.reason, "again_in": pause})
                if pause:
                    self._clock.wait(pause, stop)
        finally:
            self.listening.clear()
            for thread in old:
                thread.join(self._timeout)

    def _listen(self, link: _Link, stop: Event) -> Thread:
        """Start listening, and come back once another socket is wanted; the thread goes on while this one lives."""
        thread = Thread(target=link.run, args=(stop,), name="slack socket", daemon=True)
        thread.start()
        while not (link.spent.wait(0.05) or stop.is_set()):
            if link.greeted.is_set():
                self.listening.set()
        self.listening.clear()
        return thread

    def _open(self) -> ClientConnection:
        try:
            answer = self._client.api_call("apps.connections.open")
            url = str(answer.get("url", ""))
            return connect(url, open_timeout=self._timeout, close_timeout=1, max_size=_MOST_BYTES)
        except SlackApiError as error:
            raise _refused(failure(error)) from error
        except (URLError, HTTPException, OSError, UnicodeDecodeError, WebSocketException, ValueError) as error:
            # What connect() says may hold the address, and the address holds a ticket.
            raise SourceAway(f"expected a socket from Slack, came {type(error).__name__}") from None


class _Link:
    """One socket from its greeting to its end. `spent` is set when another one is wanted, `reason` then says why."""

    def __init__(self, socket: ClientConnection, receiver: Receiver, clock: Clock) -> None:
        self._socket = socket
        self._receiver = receiver
        self._clock = clock
        self._started = clock.monotonic()
        self._until = self._started + HELLO  # the end, unless it is greeted
        self.greeted = Event()
        self.spent = Event()
        self.reason = "it closed"

    @property
    def lived(self) -> float:
        return self._clock.monotonic() - self._started

    def run(self, stop: Event) -> None:
        try:
            with self._socket:
                while not stop.is_set() and self._clock.monotonic() < self._until:
                    try:
                        self._read(self._socket.recv(timeout=0.25))
                    except TimeoutError:
                        continue
        except (ConnectionClosed, OSError):
            pass
        finally:
            self.spent.set()

    def _read(self, frame: str | bytes) -> None:
        try:
            message = json.loads(frame)
        except (ValueError, RecursionError):
            return  # Slack's own keep-alive text, or nothing for us
        if not isinstance(message, dict):
            return
        if message.get("type") == "hello":
            self._until = float("inf")
            self.greeted.set()
        elif message.get("type") == "disconnect":
            self.reason = str(message.get("reason", ""))[:80]
            self._until = self._clock.monotonic() + LINGER
            self.spent.set()
        elif isinstance(message.get("envelope_id"), str):
            self._take(message)

    def _take(self, envelope: Mapping[str, Any]) -> None:
        """Put its press aside and tell Slack that it has arrived; what cannot be put aside, Slack may send again."""
        try:
            if envelope.get("type") == "interactive":
                self._receiver.take(envelope.get("payload"))
        except BadRecord as error:
            _log.warning("interaction not understood", extra={"reason": str(error)})
        except SourceAway as error:
            _log.warning("interaction not taken", extra={"reason": str(error)})
            return
        self._socket.send(json.dumps({"envelope_id": envelope["envelope_id"]}))


def _after(failures: int) -> float:
    return min(FIRST * 2.0 ** min(failures, 30), MOST)


def _refused(error: Exception) -> Exception:
    """The same for the token of the app that the bot's errors say of its own."""
    if not isinstance(error, BadConfiguration):
        return SourceAway(str(error), retry_after=getattr(error, "retry_after", None))
    word = str(error).partition("came ")[2].partition(";")[0]
    return BadConfiguration(
        f"expected Slack to accept our app-level token, came {word}; set one that starts with xapp-, with the scope "
        "connections:write, and turn Socket Mode on in the app's settings"
    )
