"""`secondsource acts`: doing something about an alert from a terminal, or from a script of one's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from getpass import getuser
from typing import cast, get_args
from uuid import uuid4

from alerts.quoting import clipped
from secondsource.contracts.acts import ACT_KINDS, LONGEST_NAME, LONGEST_NOTE, VERDICTS, Act, ActKind
from secondsource.contracts.errors import BadConfiguration

LONGEST_ID = 200
MOST_HOURS = 24 * 30


def made(
    alert: str,
    kind: str,
    now: datetime,
    *,
    verdict: str = "",
    hours: float = 0.0,
    by: str = "",
    note: str = "",
    press: str = "",
) -> Act:
    """The act that these words ask for; `press` makes two on one alert one, a new one each time where it is "".

    Raises:
        BadConfiguration: they do not go together; says which do.
    """
    if kind not in get_args(ActKind):
        raise BadConfiguration(f"expected one of {', '.join(ACT_KINDS)}, came {kind[:80]!r}")
    if (kind == "dismissed") != bool(verdict) or (verdict and verdict not in VERDICTS):
        came = f"{kind} with {verdict[:80]!r}" if verdict else f"{kind} without it"
        msg = f"expected --verdict {'|'.join(VERDICTS)} with dismissed and with nothing else, came {came}"
        raise BadConfiguration(msg)
    if (kind == "snoozed") != (hours != 0) or not 0 <= hours <= MOST_HOURS:
        msg = f"expected --hours, up to {MOST_HOURS}, with snoozed and with nothing else, came {kind} with {hours:g}"
        raise BadConfiguration(msg)
    if len(press) > LONGEST_ID:
        raise BadConfiguration(f"expected an --id of at most {LONGEST_ID} characters, came {len(press)}")
    return Act(
        id=f"command:{alert}:{press}" if press else f"command:{uuid4().hex}",
        alert_id=alert,
        kind=cast("ActKind", kind),
        by=clipped(by or _login(), LONGEST_NAME) or "somebody at a terminal",
        at=now,
        via="command",
        until=now + timedelta(hours=hours) if kind == "snoozed" else None,
        verdict=verdict or None,
        note=clipped(note, LONGEST_NOTE),
    )


def _login() -> str:
    try:
        return getuser()
    except (OSError, KeyError):  # a number without a name, as in containers
        return ""
