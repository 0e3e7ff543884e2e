"""How long to wait before the next connection to X: pure, no clock, no network.

X's rules: reconnect at once the first time; after network errors 250 ms more each time up to 16 s; after HTTP errors
5 s, doubling up to 320 s; after 429 from 60 s, doubling. And at most 50 connections in 15 minutes, whatever happens.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

CONNECTS, WINDOW_SECONDS = 50, 900.0
_CREDITS_HOURS = 4
_LONGEST_PERIOD = timedelta(days=32)

Kind = Literal["network", "http", "rate", "crowded", "rules", "pause", "fatal"]


class Failure(NamedTuple):
    """Why there is no stream, and what X asks for. `until`: not before then. `reason` is for people.

    "crowded": another connection of the same app stands. "rules": X has none of ours. "pause": for hours or more.
    """

    kind: Kind
    reason: str
    until: datetime | None = None
    status: int = 0


class _Body(msgspec.Struct):
    title: str | None = None
    detail: str | None = None
    type: str | None = None
    period: str | None = None
    connection_issue: str | None = None
    errors: list[msgspec.Raw] | None = None


def failure_of(status: int, body: bytes, reset: datetime | None, now: datetime) -> Failure:
    """What an HTTP status on connecting means. `now` dates the pauses that X gives no end of, or one that cannot be:
    a limit of calls ends within its window, a cap with its period.
    """
    return _failure(status, _said(body), reset, now)._replace(status=status)


def _failure(status: int, said: _Body, reset: datetime | None, now: datetime) -> Failure:
    problem = (said.type or "").rsplit("/", 1)[-1]
    reason = f"X answered {status}: {said.detail or said.connection_issue or said.title or problem or 'no detail'}"
    if status == 401:
        return Failure("fatal", f"{reason}. X does not know the bearer token: give a valid one")
    if status == 403:
        return Failure(
            "fatal", f"{reason}. X does not allow this: see the app's access, plan and spending limit in X's console"
        )
    if status == 402:
        return Failure("pause", f"{reason} (no credits left)", now + timedelta(hours=_CREDITS_HOURS))
    if status == 409:
        return Failure("rules", reason)
    if status == 429:
        if problem == "usage-capped" or said.title == "UsageCapExceeded":
            end = _period_end(now, said.period)
            believed = reset is not None and now < reset <= now + _LONGEST_PERIOD
            return Failure("pause", f"{reason} (usage cap)", reset if believed else end)
        if said.connection_issue == "TooManyConnections":
            return Failure("crowded", reason)
        until = min(reset, now + timedelta(seconds=WINDOW_SECONDS)) if reset else None
        return Failure("rate", reason, until if said.connection_issue is None else None)
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
        if failure.kind in {"rate", "crowded"}:
            self._rate += 1
            return max(asked, 60.0 * (1 << min(self._rate - 1, 4)))
        self._http += 1
        return min(5.0 * (1 << min(self._http - 1, 6)), 320.0)


class ConnectBudget:
    """At most `CONNECTS` in any `WINDOW_SECONDS`, and none where X says none is left. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._connects: deque[float] = deque(maxlen=CONNECTS)
        self._not_before = 0.0

    def heed(self, headers: Mapping[str, str], now: datetime, monotonic: float) -> None:
        """What X's answer says of the limit: it counts what an earlier run of ours used, too. `now` by X's clock."""
        with contextlib.suppress(KeyError, ValueError):
            if int(headers["x-rate-limit-remaining"]) <= 0:
                left = int(headers["x-rate-limit-reset"]) - now.timestamp()
                self._not_before = monotonic + min(max(left, 0.0), WINDOW_SECONDS)

    def wait(self, now: float) -> float:
        """Seconds until another connection may be made."""
        asked = max(0.0, self._not_before - now)
        if len(self._connects) < CONNECTS:
            return asked
        return max(asked, self._connects[0] + WINDOW_SECONDS - now)

    def spend(self, now: float) -> None:
        self._connects.append(now)
