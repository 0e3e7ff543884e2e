"""A watch that is silent for a week and then has 10,000 posts in a minute, through the whole stage."""

from __future__ import annotations

from functools import cache

from alerts.judging.stage import AlertsStage
from secondsource.contracts.messages import AlertEvent, Enriched, Message
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import at, events, ordered, post, records, repost, tick, watch
from tests.fakes.archive import MemoryArchive

DAY = 86_400.0
LOUD = 10 * DAY
#: Stories have too little history for the other rules.
THRESHOLDS = Thresholds(min_history=1_000_000)


@cache
def stream(loud: int = 10_000) -> tuple[Message, ...]:
    """Three days with a post every ten minutes, a silent week, then one post and its reposts within a minute."""
    calm = [post(100_000 + n, n * 600.0, f"nothing{n} much{n} today{n} in Velgrad") for n in range(3 * 144)]
    reposts = [repost(200_000 + n, LOUD + 60 * n / loud, 1) for n in range(1, loud)]
    sent: list[Enriched] = [*calm, post(1, LOUD), *reposts]
    return tuple(ordered(sent))


def stage() -> AlertsStage:
    return AlertsStage({"velgrad": watch(thresholds=THRESHOLDS)}, MemoryArchive())


def test_ten_thousand_posts_in_a_minute_after_a_silent_week_open_one_alert() -> None:
    found = events(stage().handle(records(stream())))
    opened = [event for event in found if event.kind == "opened"]
    assert [event.finding.rule for event in opened] == ["volume_spike"]
    assert (opened[0].at - at(LOUD)).total_seconds() < 60
    assert len({event.alert_id for event in found}) == 1
    assert len(found) < 15  # material changes only


def test_a_stage_that_is_stopped_and_started_within_the_spike_says_the_same() -> None:
    messages = stream(1_000)
    whole = events(stage().handle(records(messages)))
    found: list[AlertEvent] = []
    parts: dict[str, bytes | None] = {}
    resumed = stage()
    for cut in range(0, len(messages), 331):
        resumed = stage()
        resumed.restore(0, {name: body for name, body in parts.items() if body is not None})
        batch = messages[cut : cut + 331]
        upto = [tick(_seconds(batch[-1]))] if cut + 331 < len(messages) else []
        found += events(resumed.handle(records([*batch, *upto])))
        parts |= resumed.changes(0)
    assert found == whole
    assert found


def _seconds(message: Message) -> float:
    assert isinstance(message, Enriched)
    return (message.post.observed_at - at(0)).total_seconds()
