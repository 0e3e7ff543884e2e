"""An alert as Slack Block Kit: pure, and within Slack's limits for any input.

Limits: 50 blocks, 3,000 characters a text, 2,000 a field, 255 a block id; all texts together 10,000, because Slack
refuses messages somewhere above 13,000 without documenting where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from alerts import wording
from alerts.notifiers.slack_buttons import buttons
from alerts.quoting import ELLIPSIS, clipped, web_address
from alerts.spread import course
from secondsource.contracts.acts import Act
from secondsource.contracts.evidence import StoryTrail
from secondsource.contracts.messages import AlertEvent

Block = dict[str, Any]

MOST_BLOCKS = 50
MOST_ALTOGETHER = 10_000
MOST_REASONS = 6
MOST_EARLIER = 3
MOST_ORIGINS = 5
STRONGEST = 2
MOST_ACTS = 3
LONGEST_ADDRESS = 3000  #: of a picture
LONGEST_LINK = 700  #: four of them and the rest stand in one text

#: Slack's mrkdwn has no escape for its formatting characters, so quoted ones become their look-alikes.
_LOOK_ALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")


class Beside(NamedTuple):
    """What a card shows beside its event: what analysts did, how the story went, and where to look further.

    `chart` is the address of a picture of its spread, a line of bars stands for it where there is none; `links` are
    labels and addresses. `buttons`: whether a press of one would be heard.
    """

    acts: tuple[Act, ...] = ()
    trail: StoryTrail = StoryTrail()
    chart: str = ""
    links: tuple[tuple[str, str], ...] = ()
    buttons: bool = False


class Message(NamedTuple):
    """`text` is what notifications and screen readers get; `blocks` what the channel shows."""

    text: str
    blocks: list[Block]


def escaped(text: str) -> str:
    """Slack's three control characters as entities, so that no mention, channel or link can be written."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str, most: int) -> str:
    """Cleaned words of others for an mrkdwn text: at most `most` characters as sent, none of them acting."""
    plain = _EDGE_UNDERSCORE.sub("ˍ", text.translate(_LOOK_ALIKES))
    return _fitting(plain, most, escaped)


def card(event: AlertEvent, key: str, beside: Beside = Beside()) -> Message:  # noqa: B008 - an immutable value
    """The alert's one message, as its newest event and what was done about it leave it. `key` marks its first block."""
    blocks = _recalled(event, beside) if event.kind == "corroborated" else _standing(event, beside)
    blocks[0]["block_id"] = key
    if beside.acts:
        blocks.insert(1, _section("\n".join(_done(beside.acts))))
    pressed = buttons(event.alert_id, beside.acts) if beside.buttons else []
    last = [*pressed, _context(_footer(event, beside.links))]
    return Message(_fallback(event), within_limits([*blocks, *last], len(last)))


def change(event: AlertEvent, key: str) -> Message:
    """What goes in the thread when an alert changes. `key` marks its first block."""
    story = event.story
    lines = [f"*{wording.KINDS[event.kind]}* · {wording.moment(event.at)}", wording.says(event)]
    lines += [mrkdwn(wording.headline(event), 600)]
    lines += [mrkdwn(wording.spread(story.spread), 300), mrkdwn(wording.origins(story), 300)]
    block = _section("\n".join(lines))
    block["block_id"] = key
    return Message(_fallback(event), [block])


def without_picture(message: Message, event: AlertEvent, trail: StoryTrail) -> Message | None:
    """The same with a line of bars in place of the chart, for where Slack cannot fetch it; None if it has no chart."""
    if all(block["type"] != "image" for block in message.blocks):
        return None
    line = [_context(bars) for bars in [_bars(event, trail)] if bars]
    blocks = [new for block in message.blocks for new in (line if block["type"] == "image" else [block])]
    return message._replace(blocks=blocks)


def within_limits(blocks: Sequence[Block], last: int = 1) -> list[Block]:
    """The first blocks and the last ones; what is between gives way, last first, until all fit."""
    kept = list(blocks)
    while len(kept) > last + 1 and (len(kept) > MOST_BLOCKS or sum(map(_size, kept)) > MOST_ALTOGETHER):
        del kept[-1 - last]
    return kept


def _done(acts: Sequence[Act]) -> list[str]:
    """What was done last, in bold; what before, below."""
    *before, newest = (mrkdwn(wording.act(act), 300) for act in acts[-MOST_ACTS:])
    return [f"*{newest}*", *reversed(before)]


def _standing(event: AlertEvent, beside: Beside) -> list[Block]:
    story, finding = event.story, event.finding
    head = f"{_mark(event)} *{mrkdwn(wording.headline(event), 700)}*\n{_status(event)}"
    blocks = [_section(head), _quotation(event)]
    facts = [f"*Spread*\n{wording.spread(story.spread)}", f"*Sources*\n{wording.origins(story)}"]
    if odds := wording.odds(story.spread):
        facts.append(f"*Against its history*\n{odds}")
    facts.append(f"*What would clear it*\n{mrkdwn(clipped(finding.clears, 400), 800)}")
    blocks.append(_fields(facts))
    blocks += _chart(event, beside)
    sightings = [mrkdwn(wording.earlier(sighting, now=story.opened_at), 500) for sighting in finding.earlier]
    blocks += _bullets("Picture first seen", sightings, MOST_EARLIER)
    strongest = sorted(story.origins, key=lambda of: (-of.weight, -of.posts, of.first_at))[:STRONGEST]
    title = "The strongest origins" if len(strongest) > 1 else "The origin"
    blocks += _bullets(title, [mrkdwn(wording.origin(origin), 300) for origin in strongest], STRONGEST)
    reasons = [mrkdwn(clipped(reason.sentence, 300), 400) for reason in wording.reasons(finding, MOST_REASONS)]
    blocks += _bullets("Why", reasons, MOST_REASONS)
    return blocks + _where(beside.trail)


def _recalled(event: AlertEvent, beside: Beside) -> list[Block]:
    """What the alert said is struck through; the claim never is, for whether it is so was never ours to say."""
    said = mrkdwn(wording.KIND_SENTENCES["opened"].rstrip("."), 300)
    head = f"{_mark(event)} ~{said}~\n*{wording.KINDS[event.kind]}. {mrkdwn(wording.headline(event), 700)}*"
    origins = [mrkdwn(wording.origin(origin), 300) for origin in event.story.origins]
    blocks = [_section(head), _quotation(event)]
    blocks += _bullets("Independent origins that assert it", origins, MOST_ORIGINS)
    story = event.story
    spread = _fields([f"*Spread*\n{wording.spread(story.spread)}", f"*Sources*\n{wording.origins(story)}"])
    return [*blocks, spread, *_chart(event, beside), *_where(beside.trail)]


def _chart(event: AlertEvent, beside: Beside) -> list[Block]:
    """The story's spread against what was expected, as a picture or a line of bars."""
    address = web_address(beside.chart)
    if address and _units(address) <= LONGEST_ADDRESS:
        says = _fitting(wording.spread(event.story.spread), 500, str)
        return [{"type": "image", "image_url": address, "alt_text": says}]
    bars = _bars(event, beside.trail)
    return [_context(bars)] if bars else []


def _bars(event: AlertEvent, trail: StoryTrail) -> str:
    seen, expected = course.lines(course.course(trail, event.story), event.story)
    if not seen:
        return ""
    against = f"   expected by now {expected}" if expected else ""
    return f"interactions {seen}  in {wording.duration(event.story.spread.age_seconds)}{against}"


def _where(trail: StoryTrail) -> list[Block]:
    named = (("Languages", trail.languages), ("Platforms", trail.platforms))
    told = [f"{label}: {mrkdwn(wording.shares(shares), 300)}" for label, shares in named if shares]
    return [_context(" · ".join(told))] if told else []


_MARKS = {
    "opened": ":large_orange_circle:",
    "updated": ":large_orange_circle:",
    "escalated": ":red_circle:",
    "corroborated": ":large_green_circle:",
    "contested": ":large_purple_circle:",
    "expired": ":white_circle:",
}


def _mark(event: AlertEvent) -> str:
    return _MARKS[event.kind]


def _status(event: AlertEvent) -> str:
    return f"*{wording.KINDS[event.kind]}.* {wording.says(event)}"


def _quotation(event: AlertEvent) -> Block:
    """The claim as plain text, which Slack neither formats nor links."""
    edited = f" ({wording.EDITED})" if event.story.claim_edited else ""
    text = _fitting(wording.quoted(event.story.claim, 1000), 2000, escaped) + edited
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _bullets(title: str, lines: list[str], most: int) -> list[Block]:
    if not lines:
        return []
    shown = [f"• {line}" for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"and {len(lines) - most:,} more on the evidence page")
    return [_section("\n".join([f"*{title}*", *shown]))]


def _footer(event: AlertEvent, links: Sequence[tuple[str, str]]) -> str:
    """Where to look further, when, which watch, by which rules, beside how many others, which alert."""
    addressed = ((label, link_address(url)) for label, url in (("Evidence page", event.link), *links))
    shown = [f"<{address}|{mrkdwn(label, 60)}>" for label, address in addressed if address]
    parts = [f"{wording.moment(event.at)}", f"watch {mrkdwn(clipped(event.watch, 60), 200)}"]
    why = [mrkdwn(wording.rules(event.finding), 300), wording.kin(event)]
    return " · ".join(filter(None, [*shown, *parts, *why, mrkdwn(clipped(event.alert_id, 100), 200)]))


def link_address(url: str) -> str:
    """An address as it may stand in a link of Slack's; "" where it may not."""
    address = escaped(web_address(url)).replace("|", "%7C")
    return address if len(address) <= LONGEST_LINK else ""


def _fallback(event: AlertEvent) -> str:
    return _fitting(wording.summary(event), 1500, escaped)


def _section(text: str) -> Block:
    return {"type": "section", "text": _verbatim(text)}


def _fields(texts: list[str]) -> Block:
    return {"type": "section", "fields": [_verbatim(text) for text in texts]}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_verbatim(text)]}


def _verbatim(text: str) -> Block:
    """`verbatim` keeps Slack from turning names and addresses inside into mentions and links."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fitting(text: str, most: int, written: Callable[[str], str]) -> str:
    """The longest beginning of `text` that is within `most` UTF-16 units as written, the cut shown."""
    if _units(written(text)) <= most:
        return written(text)
    kept: list[str] = []
    room = most - _units(ELLIPSIS)
    for character in map(written, text):
        room -= _units(character)
        if room < 0:
            break
        kept.append(character)
    return "".join([*kept, ELLIPSIS])


def _units(text: str) -> int:
    """Length as JavaScript counts it, which is how Slack's limits are enforced as far as can be seen from outside."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_CARRIES = {"text", "alt_text", "image_url", "value"}


def _size(block: Block) -> int:
    """All it carries: texts, and what buttons and pictures hold besides."""
    return sum(map(_units, _held(block)))


def _held(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _held(each)
    elif isinstance(part, dict):
        for name, value in part.items():
            if isinstance(value, str):
                yield value if name in _CARRIES else ""
            else:
                yield from _held(value)
