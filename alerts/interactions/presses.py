"""What an interaction of Slack's asks for: pure, the same for a payload whichever way it came.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from alerts.notifiers import slack_buttons
from alerts.quoting import clipped
from secondsource.contracts.acts import LONGEST_NAME, Act
from secondsource.contracts.errors import BadRecord

_LATE = timedelta(days=1)  #: a press is not told of longer than this after it was made
_AHEAD = timedelta(minutes=5)


class Pressed(NamedTuple):
    """What somebody did, and where Slack takes an answer that only they see ("" where it takes none)."""

    act: Act
    answer_to: str


class _User(msgspec.Struct):
    id: str
    username: str = ""
    name: str = ""


class _Named(msgspec.Struct):
    id: str = ""


class _Option(msgspec.Struct):
    value: str = ""


class _Action(msgspec.Struct):
    type: str = ""
    value: str = ""
    action_ts: str = ""
    selected_option: _Option | None = None


class _Payload(msgspec.Struct):
    type: str
    user: _User | None = None
    team: _Named | None = None
    response_url: str = ""
    actions: tuple[_Action, ...] = ()


def pressed(payload: Any, now: datetime) -> tuple[Pressed, ...]:
    """Acts that a payload stands for; none for what is no press of a button of ours.

    The same press is the same act however often and whichever way it is told, and a second press on the same card
    by the same analyst is the same press. `now` bounds what Slack says about when it was made.

    Raises:
        BadRecord: it is not what Slack documents.
    """
    try:
        told = msgspec.convert(payload, _Payload)
    except msgspec.ValidationError as error:
        raise BadRecord(f"expected an interaction payload of Slack's: {error}") from error
    if told.type != "block_actions":
        return ()
    found = []
    for action in told.actions:
        press = slack_buttons.read(action.selected_option.value if action.selected_option else action.value)
        if press is None:
            continue
        if told.user is None or not told.user.id:
            raise BadRecord("expected an interaction payload of Slack's with its user, came one without")
        found.append(Pressed(_act(press, told.user, told.team, _when(action.action_ts, now)), told.response_url))
    return tuple(found)


def _act(press: slack_buttons.Press, user: _User, team: _Named | None, at: datetime) -> Act:
    name, number = clipped(user.username or user.name, 50), clipped(user.id, 25) or "no id"
    who = f"{name} ({number})" if name else number
    same = "\0".join((team.id if team else "", user.id, press.value()))
    return Act(
        id=f"slack:{sha256(same.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}",
        alert_id=press.alert_id,
        kind=press.kind,
        by=clipped(who, LONGEST_NAME),
        at=at,
        via="slack",
        until=at + timedelta(hours=press.hours) if press.kind == "snoozed" else None,
        verdict=press.verdict,
    )


def _when(action_ts: str, now: datetime) -> datetime:
    """When it was pressed as Slack says, where that can be; else now. Microseconds: a `ts` is no float."""
    seconds, _, fraction = action_ts.partition(".")
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 11):
        return now
    part = int(fraction[:6].ljust(6, "0")) if fraction.isascii() and fraction.isdecimal() else 0
    at = datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=part)
    return at if now - _LATE <= at <= now + _AHEAD else now
