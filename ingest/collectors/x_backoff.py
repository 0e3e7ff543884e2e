"""How long to wait before the next connection to X: pure, no clock, no network.

X's rules: reconnect at once the first time; after network errors 250 ms more each time up to 16 s; after HTTP errors
5 s, doubling up to 320 s; after 429 from 60 s, doubling. And at most 50 connections in 15 minutes, whatever happens.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

CONNECTS, WINDOW_SECONDS = 50, 900.0
_CREDITS_HOURS = 4

Kind = Literal["network", "http", "rate", "rules", "pause", "fatal"]


class Failure(NamedTuple):
    """Why there is no stream, and what X asks for. `until`: not before then. `reason` is for people."""

    kind: Kind
    reason: str
    until: datetime | None = None


class _Body(msgspec.Struct):
    title: str | None = None
    detail: str | None = None
    type: str | None = None
    period: str | None = None
    connection_issue: str | None = None
    errors: list[msgspec.Raw] | None = None


def failure_of(status: int, body: bytes, reset: datetime | None, now: datetime) -> Failure:
    """What an HTTP status on connecting means. `now` dates the pauses that X gives no end of."""
    said = _said(body)
    problem = (said.type or "").rsplit("/", 1)[-1]
    reason = f"X answered {status}: {said.detail or said.connection_issue or said.title or problem or 'no detail'}"
    if status in {401, 403}:
        return Failure("fatal", reason)
    if status == 402:
        return Failure("pause", f"{reason} (no credits left)", now + timedelta(hours=_CREDITS_HOURS))
    if status == 409:
        return Failure("rules", reason)
    if status == 429:
        if problem == "usage-capped" or said.title == "UsageCapExceeded":
            end = _period_end(now, said.period)
            return Failure("pause", f"{reason} (usage cap)", reset if reset and reset > now else end)
        return Failure("rate", reason, reset if said.connection_issue is None else None)
    return Failure("http", reason)


def _said(body: bytes) -> _Body:
    try:
        said = msgspec.json.decode(body, type=_Body)
        if said.errors and not (said.title or said.type):
            return msgspec.json.decode(said.errors[0], type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Body(detail=body[:200].decode(errors="replace"))
    return said


def _period_end(now: datetime, period: str | None) -> datetime:
    """The next UTC month, or day where the cap is a daily one."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if (period or "").lower() == "daily":
        return today + timedelta(days=1)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


class Backoff:
    """Counts failures in a row."""

    def __init__(self) -> None:
        self._network = self._http = self._rate = 0

    def healthy(self) -> None:
        """The connection has held: the next failure is a first one again."""
        self._network = self._http = self._rate = 0

    def seconds(self, failure: Failure, now: datetime) -> float:
        """How long to wait after this failure."""
        asked = max(0.0, (failure.until - now).total_seconds()) if failure.until else 0.0
        if failure.kind == "pause":
            return asked
        if failure.kind == "network":
            self._network += 1
            return min(0.25 * (self._network - 1), 16.0)
        if failure.kind == "rate":
            self._rate += 1
            return max(asked, 60.0 * (1 << min(self._rate - 1, 4)))
        self._http += 1
        return min(5.0 * (1 << min(self._http - 1, 6)), 320.0)


class ConnectBudget:
    """At most `CONNECTS` in any `WINDOW_SECONDS`. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._connects: deque[float] = deque(maxlen=CONNECTS)

    def wait(self, now: float) -> float:
        """Seconds until another connection may be made."""
        if len(self._connects) < CONNECTS:
            return 0.0
        return max(0.0, self._connects[0] + WINDOW_SECONDS - now)

    def spend(self, now: float) -> None:
        self._connects.append(now)
