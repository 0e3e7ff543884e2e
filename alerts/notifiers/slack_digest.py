"""Several alerts in one Slack message: pure, and within Slack's limits for any input."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.notifiers import together
from alerts.notifiers.slack_blocks import Message, link_address, mrkdwn, within_limits
from secondsource.contracts.messages import AlertEvent

MOST_SHOWN = 40
A_BLOCK = 4  #: alerts a block: Slack folds a longer text away
_ROOM = 9_000  #: of the 10,000 characters that all texts together may have


def digest(events: Sequence[AlertEvent], key: str) -> Message:
    """`key` marks its first block. What asks for eyes first stands first; what does not fit is counted."""
    entries: list[str] = []
    room = _ROOM
    for event in together.by_spread(events)[:MOST_SHOWN]:
        entry = _entry(event)
        room -= len(entry.encode("utf-16-le", "surrogatepass")) // 2
        if room < 0:
            break
        entries.append(entry)
    head = f":inbox_tray: *{mrkdwn(together.headline(events), 600)}*\n{mrkdwn(together.why(events), 600)}"
    blocks = [_section(head)]
    blocks[0]["block_id"] = key
    blocks += [_section("\n".join(entries[at : at + A_BLOCK])) for at in range(0, len(entries), A_BLOCK)]
    blocks.append({"type": "context", "elements": [_text(_rest(events, len(entries)))]})
    text = mrkdwn(f"{together.headline(events)}. {together.why(events)}", 1500)
    return Message(text, within_limits(blocks))


def _entry(event: AlertEvent) -> str:
    said, rest = together.lines(event, 90)
    address = link_address(event.link)
    named = mrkdwn(said, 300)
    return f"• {f'<{address}|{named}>' if address else named}\n   {mrkdwn(rest, 400)}"


def _rest(events: Sequence[AlertEvent], shown: int) -> str:
    more = len(events) - shown
    desk = link_address(together.desk(events))
    told = f"{more:,} more stand on the desk" if more else "Each alert has its page on the desk"
    return f"<{desk}|{told}>" if desk else told


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
