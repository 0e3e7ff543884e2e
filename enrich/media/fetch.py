"""Fetching what a post links to without being led astray: public addresses only, bounded in every direction, and
polite to each host.
"""

from __future__ import annotations

import os
import ssl
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from enrich.media.hosts import Hosts
from secondsource.contracts import bounds
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Struct
from secondsource.outside.aside import Stopped
from secondsource.outside.connecting import Connector, Left, Resolver, connect, resolve
from secondsource.outside.web import Answer, Limits, Untrusted, Web, target_of

_WANTED = {"Accept": "image/*", "Accept-Encoding": "identity"}
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class FetchLimits(Struct, frozen=True, kw_only=True):
    """What one link may cost at most. Times in seconds."""

    max_bytes: int = bounds.PICTURE_BYTES
    connect_seconds: float = 5.0
    total_seconds: float = bounds.FETCH_SECONDS  #: for one try, all redirects included
    max_redirects: int = 5
    per_host: int = bounds.FETCHED_FROM_ONE_HOST  #: connections to one host at a time
    tries: int = 3  #: where trouble may pass (no answer, 429, 5xx)
    pause_seconds: float = 0.5  #: before the second try, doubling
    longest_pause_seconds: float = 10.0  #: a host that asks for more (Retry-After) is not tried again now
    patience: int = 6  #: tries in a row that a host may fail before it is left alone
    rest_seconds: float = 60.0  #: for so long


class Fetched(NamedTuple):
    """The bytes, or why there are none: `refused` by us, `unavailable` from there, or we were `stopped` meanwhile."""

    state: Literal["fetched", "unavailable", "refused", "stopped"]
    body: bytes = b""
    reason: str = ""


class _Gone(Exception):
    """It is not there, and asking again would not help."""


class _Trouble(Exception):
    """No answer this time. `retry_after` in seconds, where we were told when to ask again."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Fetcher:
    """Fetches http(s) links and, below the folders in `roots`, files. Safe to use from several threads.

    `resolver` and `connector` are how names and addresses are reached; tests give their own. They run aside, so that
    neither can outlast a try. Once `stop` is set, every fetch that is going on ends at once, and so do those to come.
    """

    def __init__(
        self,
        clock: Clock,
        limits: FetchLimits,
        *,
        roots: Sequence[Path] = (),
        resolver: Resolver = resolve,
        connector: Connector = connect,
        tls: ssl.SSLContext | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._roots = tuple(root.resolve() for root in roots)
        self._stop = stop or threading.Event()
        self._web = Web(
            clock,
            Limits(
                max_bytes=limits.max_bytes,
                connect_seconds=limits.connect_seconds,
                total_seconds=limits.total_seconds,
                max_redirects=limits.max_redirects,
            ),
            "SecondSource/0.1",
            resolver=resolver,
            connector=connector,
            tls=tls,
            stop=self._stop,
        )
        self._hosts = Hosts(
            clock,
            self._stop,
            at_once=limits.per_host,
            patience=limits.patience,
            rest_seconds=limits.rest_seconds,
        )

    def stop(self) -> None:
        """Set the event that was given, or our own."""
        self._stop.set()

    def fetch(self, url: str) -> Fetched:
        """The bytes behind a link. Never raises for anything the link or its server does."""
        pause = self._limits.pause_seconds
        for attempt in range(1, self._limits.tries + 1):
            if self._stop.is_set():
                break
            try:
                return Fetched("fetched", self._once(url))
            except BadRecord as refusal:
                return Fetched("refused", reason=str(refusal))
            except _Gone as gone:
                return Fetched("unavailable", reason=str(gone))
            except Stopped:
                break
            except _Trouble as trouble:
                wait = max(pause, trouble.retry_after)
                if attempt == self._limits.tries or wait > self._limits.longest_pause_seconds:
                    tries = f" ({attempt} tries)" if attempt > 1 else ""
                    return Fetched("unavailable", reason=f"{trouble}{tries}")
                if self._clock.wait(wait, self._stop):
                    break
                pause *= 2
        return Fetched("stopped", reason="we were asked to end")

    def _once(self, url: str) -> bytes:
        left = self._web.deadline()
        seen: set[str] = set()
        for _ in range(self._limits.max_redirects + 1):
            if url in seen:
                raise BadRecord("redirects in a circle")
            seen.add(url)
            try:
                scheme = urlsplit(url).scheme.lower()
            except ValueError as error:
                raise BadRecord(f"not a link: {error}") from error
            if scheme == "replay-media":
                raise _Gone("the replay names this picture but has no file for it")
            if scheme == "file":
                if len(seen) > 1:
                    raise BadRecord("redirected from the web to a file")
                return self._read_file(url)
            answer = self._get(url, left)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise BadRecord(f"more than {self._limits.max_redirects} redirects")

    # -- files

    def _read_file(self, url: str) -> bytes:
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost"):
            raise BadRecord("a file on another machine")
        try:
            path = Path(unquote(parts.path)).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise _Gone("no such file") from error
        if not any(path.is_relative_to(root) for root in self._roots):
            raise BadRecord("a file outside the folders that may be read")
        try:
            # Opened without following or blocking, and looked at once open: what was checked is what is read.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                return self._read_open(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise _Gone(f"unreadable file: {error.strerror}") from error

    def _read_open(self, handle: int) -> bytes:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise BadRecord("not a regular file")
        if status.st_size > self._limits.max_bytes:
            raise BadRecord(f"{status.st_size} bytes, more than the {self._limits.max_bytes} allowed")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(self._limits.max_bytes)

    # -- the web

    def _get(self, url: str, left: Left) -> bytes | str:
        """The body, or where we are sent next."""
        host = target_of(url).host
        rest = self._hosts.resting(host)
        if rest:
            raise _Trouble(f"{host} did not answer, or asked to be left alone for a while", rest)
        try:
            with self._host_slot(host, left):
                answer = self._read(self._web.ask(url, _WANTED, left))
        except _Trouble as trouble:
            if trouble.retry_after:
                self._hosts.rest(host, trouble.retry_after)
            self._hosts.troubled(host)
            raise
        except Untrusted as untrusted:
            self._hosts.answered(host)
            raise _Gone(str(untrusted)) from untrusted
        except SourceAway as away:
            self._hosts.troubled(host)
            raise _Trouble(str(away)) from away
        except (_Gone, BadRecord):
            self._hosts.answered(host)
            raise
        self._hosts.answered(host)
        return answer

    @contextmanager
    def _host_slot(self, host: str, left: Left) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(self._hosts.slot(host, left))
            except TimeoutError as error:
                raise _Trouble("too many pictures of this host at once") from error
            yield

    def _read(self, answer: Answer) -> bytes | str:
        target = answer.leads_to()
        if target:
            return target
        if answer.status in _TRANSIENT:
            raise _Trouble(f"HTTP {answer.status}", answer.retry_after(self._clock.now()) or 0.0)
        if answer.status != 200:
            raise _Gone(f"HTTP {answer.status}")
        return answer.body
