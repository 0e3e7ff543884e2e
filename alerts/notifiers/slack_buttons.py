"""What can be done about an alert in Slack: buttons, and what they say to us when they are pressed.

A button's value carries all that is needed to know what was pressed on which card, so a press can be understood
without asking anybody: "acknowledged|3|velgrad:17" is an acknowledgement on a card that showed three acts. The number
makes a second press of the same card the same press, and one on a later card another.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast, get_args

from alerts import wording
from secondsource.contracts.acts import VERDICTS, Act, ActKind, Verdict, standing
from secondsource.contracts.errors import BadRecord

BLOCK = "secondsource:acts"
LONGEST_VALUE = 2000
LONGEST_OPTION = 150
LONGEST_LABEL = 75
SNOOZES = (1, 4, 24)  #: hours
_MARK = "ss1"


class Press(NamedTuple):
    """What a button says: what to do about which alert, on a card that showed so many acts. `hours` of a snooze."""

    kind: ActKind
    alert_id: str
    shown: int
    verdict: Verdict | None = None
    hours: int = 0

    def value(self) -> str:
        return "|".join((_MARK, self.kind, str(self.shown), self.verdict or str(self.hours or ""), self.alert_id))


def read(value: str) -> Press | None:
    """Inverse of `Press.value`; None for a value that is no button's of ours.

    Raises:
        BadRecord: it says that it is ours, and is not.
    """
    mark, _, rest = value.partition("|")
    if mark != _MARK:
        return None
    parts = rest.split("|", 3)
    wrong = BadRecord(f"expected a button of ours, came {value[:80]!r}; it may be of another version of this program")
    if len(parts) < 4 or parts[0] not in get_args(ActKind) or not parts[3]:
        raise wrong
    kind, shown, more, alert_id = parts
    if not shown.isdecimal() or len(shown) > 9 or not shown.isascii():
        raise wrong
    press = Press(cast("ActKind", kind), alert_id, int(shown))
    if kind == "dismissed" and more in VERDICTS:
        return press._replace(verdict=more)
    if kind == "snoozed" and more in {str(hours) for hours in SNOOZES}:
        return press._replace(hours=int(more))
    if kind in {"acknowledged", "reopened"} and not more:
        return press
    raise wrong


def buttons(alert_id: str, acts: tuple[Act, ...]) -> list[dict[str, Any]]:
    """The row of buttons as the alert stands after these acts; none where its name is too long to stand in one."""
    stands = standing(acts, acts[-1].at).state if acts else "open"
    if len(Press("acknowledged", alert_id, len(acts)).value()) > LONGEST_VALUE - 100:
        return []

    def press(kind: ActKind, verdict: Verdict | None = None, hours: int = 0) -> Press:
        return Press(kind, alert_id, len(acts), verdict, hours)

    if stands == "dismissed":
        return [_row([_button("Reopen", press("reopened"))])]
    row = [] if stands == "acknowledged" else [_button("Acknowledge", press("acknowledged"), style="primary")]
    if stands == "snoozed":
        row.append(_button("End the snooze", press("reopened")))
    else:
        row.append(_button(f"Snooze {SNOOZES[0]} h", press("snoozed", hours=SNOOZES[0])))
    row += [
        _button(f"Dismiss: {verdict}", press("dismissed", verdict), says=f"Dismiss as {verdict}: {meaning}")
        for verdict, meaning in wording.VERDICTS.items()
    ]
    longer = [(f"Snooze {hours} h", press("snoozed", hours=hours)) for hours in SNOOZES[1:]]
    if all(len(each.value()) <= LONGEST_OPTION for _, each in longer):
        options = [{"text": _label(label), "value": each.value()} for label, each in longer]
        row.append({"type": "overflow", "action_id": "secondsource:more", "options": options})
    return [_row(row)]


def _row(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "actions", "block_id": BLOCK, "elements": elements}


def _button(label: str, press: Press, *, style: str = "", says: str = "") -> dict[str, Any]:
    which = press.verdict or press.hours or ""
    button: dict[str, Any] = {
        "type": "button",
        "action_id": f"secondsource:{press.kind}:{which}".rstrip(":"),
        "text": _label(label),
        "value": press.value(),
    }
    if style:
        button["style"] = style
    if says:
        button["accessibility_label"] = says[:LONGEST_LABEL]
    return button


def _label(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:LONGEST_LABEL], "emoji": False}
