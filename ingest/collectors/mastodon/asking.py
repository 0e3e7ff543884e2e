"""One Mastodon instance, asked over HTTP: a thread that makes one request after the other. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.outside.web import Answer, Web

Q = TypeVar("Q")
H = TypeVar("H")

_LOOK_UP_SECONDS = 0.2


class Asked(NamedTuple, Generic[Q]):
    """A question, when it was put, and what came of it: an answer of whatever status, or why there is none."""

    question: Q
    sent_at: datetime
    at: datetime
    answer: Answer | None
    trouble: str = ""


class Asker(Generic[Q]):
    """`ask` returns at once; the answer comes by the queue. `busy` until it has been put there."""

    def __init__(self, web: Web, now: Callable[[], datetime], put: Callable[[Asked[Q], Event], None]) -> None:
        self._web, self._now, self._hand_over = web, now, put
        self._questions: Queue[tuple[Q, str, Mapping[str, str]]] = Queue(1)
        self._over = Event()
        Thread(target=self._run, name="mastodon-rest", daemon=True).start()

    def ask(self, question: Q, url: str, headers: Mapping[str, str]) -> None:
        self._questions.put_nowait((question, url, headers))

    def close(self) -> None:
        """Nothing more is asked; what is under way is left to end by itself."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                question, url, headers = self._questions.get(timeout=_LOOK_UP_SECONDS)
            except Empty:
                continue
            sent_at = self._now()
            try:
                answer, trouble = self._web.get(url, headers), ""
            except (SourceAway, BadRecord) as error:
                answer, trouble = None, str(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the collector must get its turn back
                answer, trouble = None, f"asking failed: {type(error).__name__}: {error}"
            self._hand_over(Asked(question, sent_at, self._now(), answer, trouble), self._over)


def handing(queue: Queue[H]) -> Callable[[H, Event], None]:
    """What puts things in a queue, waits while it is full, and gives up when told that it is over."""

    def put(happening: H, over: Event) -> None:
        while not over.is_set():
            with suppress(Full):
                queue.put(happening, timeout=_LOOK_UP_SECONDS)
                return

    return put


class _Urls(msgspec.Struct):
    streaming: str | None = None
    streaming_api: str | None = None


class _Configuration(msgspec.Struct):
    urls: _Urls | None = None


class _About(msgspec.Struct):
    domain: str | None = None
    uri: str | None = None
    configuration: _Configuration | None = None
    urls: _Urls | None = None


class About(NamedTuple):
    """An instance's own word: the domain of its accounts, and where it streams ("" where it does not say)."""

    domain: str
    streaming: str


def about(body: bytes, base_url: str) -> About | None:
    """From `/api/v2/instance` or `/api/v1/instance`; None where it is neither.

    An address without TLS is not taken from an instance that has it: a token would go there in the open.
    """
    try:
        said = msgspec.json.decode(body, type=_About)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    urls = (said.configuration.urls if said.configuration else None) or said.urls or _Urls()
    streaming = (urls.streaming or urls.streaming_api or "").rstrip("/")
    streaming = streaming.replace("wss://", "https://", 1).replace("ws://", "http://", 1)
    if not streaming.startswith("https://") and urlsplit(base_url).scheme == "https":
        streaming = ""
    domain = (said.domain or said.uri or "").strip()
    if "//" in domain:
        domain = urlsplit(domain).netloc
    return About(domain.lower(), streaming if streaming.startswith(("https://", "http://")) else "")
