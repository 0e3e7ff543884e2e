"""Jetstream's two wires: what is asked of a host, and what its frames say. Pure.

v2 is `network.bsky.jetstream.subscribeEvents`, whose cursor is a number of the host's own; v1 is `/subscribe`, whose
cursor is a time in µs. A v2 host takes a time as cursor too, which is how another host is resumed: numbers are not
shared between hosts. Only as much of a frame is decoded as decides whether a post is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlencode

import msgspec

from ingest.formats.bluesky import COLLECTION
from ingest.formats.reading import EPOCH, FAULTS, microseconds, unreadable
from secondsource.contracts.errors import BadRecord

Wire = Literal["v1", "v2"]
HOSTS: dict[Wire, tuple[str, ...]] = {
    "v2": ("wss://jetstream.us-east.bsky.network", "wss://jetstream.us-west.bsky.network"),
    "v1": (
        "wss://jetstream1.us-east.bsky.network",
        "wss://jetstream2.us-east.bsky.network",
        "wss://jetstream1.us-west.bsky.network",
        "wss://jetstream2.us-west.bsky.network",
    ),
}
SUBPROTOCOL = "xrpc.v1.json"  #: of v2
METHOD = "network.bsky.jetstream.subscribeEvents"
TIMES = 10**15  #: a cursor from here on is a time in µs, one below it a number
OVERLAP = timedelta(seconds=5)  #: how far another host is asked to go back: each saw the same post at its own time

#: Accounts that are gone from the network, or whose owner or host took them out of it. The others (desynchronized,
#: throttled) say something of a server, not of the account.
GONE = frozenset({"deleted", "takendown", "suspended", "deactivated"})


class Light(msgspec.Struct, gc=False):
    """Of a record, what watches are matched on."""

    text: str = ""
    langs: msgspec.Raw = msgspec.Raw()
    facets: msgspec.Raw = msgspec.Raw()
    tags: msgspec.Raw = msgspec.Raw()


class AccountChange(msgspec.Struct, gc=False):
    active: bool = True
    status: str | None = None

    @property
    def gone(self) -> str:
        """Why posts of the account are to be taken down; "" where they are not."""
        if self.active:
            return ""
        if self.status is None:
            return "account not active"
        return f"account {self.status}" if self.status in GONE else ""


class Identity(msgspec.Struct, gc=False):
    handle: str | None = None


class Event(msgspec.Struct, gc=False):
    """One thing that happened. `seq` 0 on v1; `seen_us` when the host saw it, µs since 1970, 0 where it does not say.

    `kind` "info" and "error" are the host's own words: `name` and `message`.
    """

    kind: str
    seq: int = 0
    seen_us: int = 0
    did: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    rev: str = ""
    record: Light | None = None
    account: AccountChange | None = None
    identity: Identity | None = None
    name: str = ""
    message: str = ""

    @property
    def seen_at(self) -> datetime | None:
        return EPOCH + timedelta(microseconds=self.seen_us) if self.seen_us else None

    @property
    def is_post(self) -> bool:
        return self.collection == COLLECTION


class _V2Payload(msgspec.Struct, gc=False):
    type: str = msgspec.field(name="$type", default="")
    seq: int = 0
    time: str = ""
    witnessed_at: str = msgspec.field(name="witnessedAt", default="")
    did: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    rev: str = ""
    record: Light | None = None
    account: AccountChange | None = None
    identity: Identity | None = None
    name: str = ""
    message: str | None = None


class _V2(msgspec.Struct, gc=False):
    type: str = msgspec.field(name="$type")
    payload: _V2Payload | None = None
    error: str = ""
    message: str | None = None


class _V1Commit(msgspec.Struct, gc=False):
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    rev: str = ""
    record: Light | None = None


class _V1(msgspec.Struct, gc=False):
    did: str
    time_us: int
    kind: str
    commit: _V1Commit | None = None
    account: AccountChange | None = None
    identity: Identity | None = None


class _Bare(msgspec.Struct, gc=False):
    """Either wire's record, undecoded."""

    record: msgspec.Raw = msgspec.Raw()


class _BareFrame(msgspec.Struct, gc=False):
    payload: _Bare | None = None
    commit: _Bare | None = None


_v2 = msgspec.json.Decoder(_V2)
_v1 = msgspec.json.Decoder(_V1)
_bare = msgspec.json.Decoder(_BareFrame)


def read(frame: bytes, wire: Wire) -> Event:
    """A frame as it came.

    Raises:
        BadRecord: truncated, not UTF-8 JSON, or not of this wire.
    """
    try:
        return _read_v2(frame) if wire == "v2" else _read_v1(frame)
    except FAULTS as error:
        raise unreadable(error, frame) from error


def read_any(frame: bytes) -> Event:
    """A frame of either wire. Raises as `read`."""
    return read(frame, "v2" if b'"$type"' in frame[:64] else "v1")


def record_in(frame: bytes) -> msgspec.Raw:
    """The whole record of a commit, undecoded. Raises BadRecord."""
    try:
        found = _bare.decode(frame)
    except FAULTS as error:
        raise unreadable(error, frame) from error
    holder = found.payload or found.commit
    if holder is None or not holder.record:
        raise BadRecord("expected a record, found none")
    return holder.record


def _read_v2(frame: bytes) -> Event:
    said = _v2.decode(frame)
    if said.type == "error":
        return Event("error", name=said.error, message=said.message or "")
    payload = said.payload
    if said.type != "message" or payload is None:
        return Event("unknown", name=said.type)
    return Event(
        payload.type.rpartition("#")[2],
        payload.seq,
        _microseconds(payload.witnessed_at or payload.time),
        payload.did,
        payload.operation,
        payload.collection,
        payload.rkey,
        payload.rev,
        payload.record,
        payload.account,
        payload.identity,
        payload.name,
        payload.message or "",
    )


def _read_v1(frame: bytes) -> Event:
    said = _v1.decode(frame)
    commit = said.commit or _NO_COMMIT
    return Event(
        said.kind,
        0,
        said.time_us,
        said.did,
        commit.operation,
        commit.collection,
        commit.rkey,
        commit.rev,
        commit.record,
        said.account,
        said.identity,
    )


_NO_COMMIT = _V1Commit()


def _microseconds(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return microseconds(at if at.tzinfo is not None else at.replace(tzinfo=UTC))


class Position(NamedTuple):
    """How far a host's stream was read. `seen_us` is good on every host, `seq` on `host` alone."""

    host: str = ""
    seq: int = 0
    seen_us: int = 0

    def cursor(self, host: str, wire: Wire) -> int | None:
        """What to ask of a host; None: from now on."""
        if wire == "v2" and host == self.host and self.seq:
            return self.seq
        if not self.seen_us:
            return None
        return self.seen_us if host == self.host else self.seen_us - OVERLAP // timedelta(microseconds=1)


def address(host: str, wire: Wire, cursor: int | None, *, max_bytes: int) -> str:
    """Where posts, account and identity changes are to be had, from `cursor` on, included."""
    if wire == "v2":
        asked: list[tuple[str, str]] = [("kinds", kind) for kind in ("commit", "account", "identity")]
        asked.append(("collections", COLLECTION))
        path = f"/xrpc/{METHOD}"
    else:
        asked = [("wantedCollections", COLLECTION)]
        path = "/subscribe"
    asked.append(("maxMessageSizeBytes", str(max_bytes)))
    if cursor is not None:
        asked.append(("cursor", str(cursor)))
    return f"{host.rstrip('/')}{path}?{urlencode(asked)}"


def hosts(wire: Wire, chosen: Sequence[str]) -> tuple[str, ...]:
    """Those an operator names, else the public ones."""
    return tuple(chosen) or HOSTS[wire]
