"""What an analyst does about an alert. It steers what is delivered, never what is judged: replays stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from secondsource.contracts.messages import Struct

ActKind = Literal["acknowledged", "snoozed", "dismissed", "reopened"]
Verdict = Literal["useful", "known", "noise"]
Via = Literal["slack", "desk", "command"]

ACT_KINDS: tuple[ActKind, ...] = ("acknowledged", "snoozed", "dismissed", "reopened")
VERDICTS: tuple[Verdict, ...] = ("useful", "known", "noise")
LONGEST_NAME = 80  #: characters of who did it, at most
LONGEST_NOTE = 500


class Act(Struct, frozen=True, kw_only=True):
    """One thing one analyst did about one alert. `at` and `until` are UTC with zone.

    `id` is its idempotence token: the same click, form or command told twice has the same one. `by` is whoever did
    it, as the place it was done in names them. `until` is of a snooze, `verdict` of a dismissal: "useful" (worth
    waking somebody), "known" (right, but we knew), "noise". `note` is the analyst's own words; it quotes no post.
    """

    id: str
    alert_id: str
    kind: ActKind
    by: str
    at: datetime
    via: Via
    until: datetime | None = None
    verdict: Verdict | None = None
    note: str = ""


class Standing(NamedTuple):
    """How an alert stands with the analysts. `last` is the act that made it so, None where nobody did anything yet.

    "open" again once a snooze is over, and after a dismissal or a snooze was taken back.
    """

    state: Literal["open", "acknowledged", "snoozed", "dismissed"]
    last: Act | None = None


def standing(acts: Sequence[Act], now: datetime) -> Standing:
    """What these acts on one alert, oldest first, come to at a time. The last one counts.

    An acknowledgement says that somebody is looking; it ends neither a snooze nor a dismissal, a reopening does.
    """
    held: Act | None = None
    seen: Act | None = None
    for act in acts:
        if act.kind == "acknowledged":
            seen = act
        elif act.kind == "reopened":
            held, seen = None, act
        else:
            held = act
    if held is not None and held.kind == "dismissed":
        return Standing("dismissed", held)
    if held is not None and held.until is not None and held.until > now:
        return Standing("snoozed", held)
    if seen is not None and seen.kind == "acknowledged":
        return Standing("acknowledged", seen)
    return Standing("open", seen)
