"""Several alerts in one message, in words: how many, why together, and each in a line or two."""

from __future__ import annotations

from collections.abc import Sequence

from alerts import wording
from alerts.quoting import clipped, isolated, web_address
from secondsource.contracts.messages import AlertEvent

OVER_BUDGET = "their watch had told of as many alerts this hour as it may"
WAITED = "they waited while nothing could be delivered here"


def headline(events: Sequence[AlertEvent]) -> str:
    """How many, and of which watches: "12 alerts together, from velgrad and osmar"."""
    watches = list(dict.fromkeys(isolated(clipped(event.watch, 60)) for event in events))
    more = f" and {len(watches) - 3} more watches" if len(watches) > 3 else ""
    return f"{wording.count(len(events), 'alert')} together, from {', '.join(watches[:3])}{more}"


def why(events: Sequence[AlertEvent]) -> str:
    """Why they are told together, and from when to when they happened."""
    over = sum(event.digest for event in events)
    reasons = (
        [OVER_BUDGET] if over == len(events) else [WAITED] if not over else [WAITED, f"{over} because {OVER_BUDGET}"]
    )
    first, last = min(event.at for event in events), max(event.at for event in events)
    return f"In one message because {', or '.join(reasons)}. {wording.moment(first)} to {wording.moment(last)}."


def by_spread(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    """What asks for eyes first: those still open before those that are over, then by how far they went."""
    return sorted(
        events, key=lambda event: (event.kind in {"corroborated", "expired"}, -event.story.spread.interactions)
    )


def lines(event: AlertEvent, most: int) -> tuple[str, str]:
    """One alert: what is said of it, with at most `most` characters of the claim; and how far it went, from where."""
    story = event.story
    return (
        f"{wording.KINDS[event.kind]}: {wording.headline(event, 160)}",
        f"{wording.claim(story, most)} {wording.spread(story.spread)}; {wording.sources(story)}",
    )


def desk(events: Sequence[AlertEvent]) -> str:
    """The desk's first page, where all alerts stand, "" where no event has a link to it."""
    for event in events:
        base, found, _ = event.link.rpartition("/alerts/")
        if found and web_address(base):
            return web_address(f"{base}/")
    return ""
