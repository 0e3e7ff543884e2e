"""One connection to a Jetstream host: a thread that reads frames into a bounded inlet. No retries here.

When the inlet is full the thread stops reading, the socket is paused, and the host waits or closes: memory stays
bounded whatever the consumer does. Jetstream sends no heartbeat, so after a silence the host is pinged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from threading import Condition, Event, Thread
from typing import NamedTuple

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ingest.formats.reading import FAULTS, MAX_RECORD

INLET_BYTES = 8 * 1024 * 1024  #: waiting at once; one frame may go beyond it
_DIAL_SECONDS = 10.0
_FAREWELL_SECONDS = 1.0


class Opened(NamedTuple):
    """The host took us."""


class Pong(NamedTuple):
    """The host answered a ping: nothing came because there was nothing."""


class Closed(NamedTuple):
    """The connection is over, or there never was one. `status` and `error` are of a refused handshake."""

    reason: str
    status: int = 0
    error: str = ""
    retry_after: float | None = None


Happening = bytes | Opened | Pong | Closed


class Inlet:
    """Between the reading thread and the collector: so many frames, so many bytes, then the thread waits.

    `monotonic` gives seconds, to say for how long.
    """

    def __init__(self, monotonic: Callable[[], float], frames: int, size: int = INLET_BYTES) -> None:
        self._monotonic = monotonic
        self._frames, self._size = frames, size
        self._waiting: deque[Happening] = deque()
        self._held = 0
        self._changed = Condition()
        self._over = False
        self._blocked = False
        self._behind_since: float | None = None
        self.most_held = 0  #: bytes, ever

    def put(self, happening: Happening) -> None:
        """Waits while there is no room; after `end` it does nothing."""
        size = len(happening) if isinstance(happening, bytes) else 0
        with self._changed:
            while size and not self._over and self._full():
                if self._behind_since is None:
                    self._behind_since = self._monotonic()
                self._blocked = True
                self._changed.wait()
            self._blocked = False
            if not self._over:
                self._waiting.append(happening)
                self._held += size
                self.most_held = max(self.most_held, self._held)
                self._changed.notify_all()

    def take(self, seconds: float) -> list[Happening]:
        """All that waits, oldest first; where nothing does, what comes within `seconds`."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(seconds)
            if not self._blocked:
                self._behind_since = None
            taken = list(self._waiting)
            self._waiting.clear()
            self._held = 0
            self._changed.notify_all()
            return taken

    def behind(self) -> float:
        """For how many seconds whoever takes has not kept up."""
        with self._changed:
            return 0.0 if self._behind_since is None else self._monotonic() - self._behind_since

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _full(self) -> bool:
        return len(self._waiting) >= self._frames or self._held >= self._size


class Stream:
    """Connects as soon as it is made; `inlet` gives what happened, ending with Closed."""

    def __init__(
        self, url: str, *, subprotocols: Sequence[str], user_agent: str, ping_seconds: float, inlet: Inlet
    ) -> None:
        self._url, self._subprotocols = url, [Subprotocol(name) for name in subprotocols]
        self._user_agent = user_agent
        self._ping_seconds = ping_seconds
        self.inlet = inlet
        self._over = Event()
        self._connection: ClientConnection | None = None
        self._thread = Thread(target=self._run, name="bluesky-stream", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the connection; a thread that is still dialling is left to end by itself."""
        self._over.set()
        self.inlet.end()
        connection = self._connection
        if connection is not None:
            with suppress(OSError, ConnectionClosed):
                connection.close()
        self._thread.join(_FAREWELL_SECONDS)

    def _run(self) -> None:
        closed = Closed("closed by us")
        try:
            with connect(
                self._url,
                subprotocols=self._subprotocols or None,
                compression=None,
                user_agent_header=self._user_agent,
                open_timeout=_DIAL_SECONDS,
                ping_interval=None,  # pinging is done here: a paused socket must not look like a dead one
                close_timeout=_FAREWELL_SECONDS,
                max_size=MAX_RECORD,
                max_queue=64,
            ) as connection:
                self._connection = connection
                self.inlet.put(Opened())
                closed = Closed(self._read(connection))
        except InvalidStatus as error:
            closed = _refused(error)
        except ConnectionClosed as error:
            closed = Closed(f"the connection ended: {_last_words(error)}")
        except TimeoutError:
            closed = Closed(f"no answer within {_DIAL_SECONDS:g} s")
        except (OSError, InvalidHandshake, InvalidURI) as error:
            closed = Closed(f"no connection: {type(error).__name__}: {str(error)[:200]}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the collector must hear that the thread has ended
            closed = Closed(f"reading failed: {type(error).__name__}: {error}")
        finally:
            self.inlet.put(closed)

    def _read(self, connection: ClientConnection) -> str:
        asked = None
        while not self._over.is_set():
            try:
                frame = connection.recv(timeout=self._ping_seconds, decode=False)
            except TimeoutError:
                if asked is not None:
                    return f"nothing came for {2 * self._ping_seconds:g} s, not even the answer to a ping"
                asked = connection.ping()
            else:
                asked = None
                self.inlet.put(bytes(frame))
            if asked is not None and asked.wait(min(self._ping_seconds, 1.0)):
                asked = None
                self.inlet.put(Pong())
        return "closed by us"


class _Xrpc(msgspec.Struct):
    error: str = ""
    message: str = ""


_xrpc = msgspec.json.Decoder(_Xrpc)


def _refused(refusal: InvalidStatus) -> Closed:
    response = refusal.response
    try:
        said = _xrpc.decode(response.body or b"{}")
    except FAULTS:
        said = _Xrpc()
    after = response.headers.get("Retry-After", "")
    what = f"{response.status_code} {said.error or _phrase(response.status_code)} {said.message[:200]}".rstrip()
    wait = float(after[:9]) if after.isdecimal() else None
    return Closed(f"the host refused us: {what}", response.status_code, said.error, wait)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _last_words(error: ConnectionClosed) -> str:
    close = error.rcvd or error.sent
    return f"code {close.code} {close.reason}".rstrip() if close is not None else "broken off"
