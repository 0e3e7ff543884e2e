"""How far a story had gone at each moment of its life so far, and that as a line of text."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from secondsource.contracts.evidence import StoryTrail
from secondsource.contracts.messages import AlertEvent, StoryUpdate

MOMENTS = 24
_BARS = "▁▂▃▄▅▆▇█"


def course(trail: StoryTrail, story: StoryUpdate, moments: int = MOMENTS) -> tuple[int, ...]:
    """Interactions at so many moments, evenly from the story's first post to now; the last is what the story says.

    Counted as spread is (`alerts.spread.surprise.Tally`): of each post the larger of what was seen and what its
    platform reported, an account that passes on several posts once. It never falls and never passes what the story
    says; () where less than half of the way is known, as where its posts were taken down, or it took no time.
    """
    life = story.spread.age_seconds
    if not trail.steps or life <= 0:
        return ()
    began = story.as_of - timedelta(seconds=life)
    total, place, values = 0, 0, []
    seen: dict[str, int] = {}
    reported: dict[str, int] = {}
    spreaders: set[str] = set()
    for moment in range(1, moments + 1):
        until = life * moment / moments
        while place < len(trail.steps) and (trail.steps[place].at - began).total_seconds() <= until:
            step = trail.steps[place]
            place += 1
            before = max(seen.get(step.post, 0), reported.get(step.post, 0))
            if not step.account:
                reported[step.post] = max(reported.get(step.post, 0), step.interactions)
            elif step.account not in spreaders:
                spreaders.add(step.account)
                seen[step.post] = seen.get(step.post, 0) + 1
            total += max(seen.get(step.post, 0), reported.get(step.post, 0)) - before
        values.append(min(total, story.spread.interactions))
    if 2 * values[-1] < story.spread.interactions:
        return ()
    return (*values[:-1], story.spread.interactions)


def chart_path(event: AlertEvent) -> str:
    """Where the desk has the chart of an event: a new address for each, for Slack keeps what it fetched."""
    return f"/charts/{quote(event.alert_id, safe='', errors='replace')}/{event.seq}.png"


def sparkline(values: tuple[int, ...], top: float) -> str:
    """A bar a value, `top` the highest of them: "▁▁▂▄█". Nothing is the lowest bar, and so is less than an eighth."""
    if not values or top <= 0:
        return ""
    return "".join(_BARS[min(len(_BARS) - 1, int(len(_BARS) * min(1.0, value / top)))] for value in values)


def lines(values: tuple[int, ...], story: StoryUpdate) -> tuple[str, str]:
    """What was seen, and what was expected at the same scale as one bar; "" for what is not known."""
    spread = story.spread
    measured = spread.state == "measured"
    top = max(*values, spread.expected if measured else 0.0) if values else 0.0
    return sparkline(values, top), sparkline((round(spread.expected),), top) if measured else ""
