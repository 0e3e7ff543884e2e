"""A memory made anew from the posts goes on from what was told: nothing is said twice or left standing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alerts.judging.stage import AlertsStage
from secondsource.contracts.messages import AlertEvent, Enriched, Message
from secondsource.contracts.stage import Out
from tests.alerts.invented import events, gone, history, post, records, repost, tick, updates, watch
from tests.fakes.archive import MemoryArchive

WITNESS = "I stand by the fallen stone bridge of Velgrad, bus and cars in the river"
BEFORE = [
    *history(100, -300),
    post(1, 0),
    *[repost(10 + number, 20 + number, 1) for number in range(60)],
    post(800, 200, "The bridge stands, I cross it now", stance="denies", reply_to=1),
]
AFTER = [*[repost(2_000 + number, 300 + number, 1) for number in range(80)], post(900, 400, WITNESS, by="witness")]


def judging() -> AlertsStage:
    return AlertsStage({"velgrad": watch()}, MemoryArchive(), lambda alert: f"desk/{alert}")


def given(stage: AlertsStage, messages: Sequence[Message], until: float) -> list[Out]:
    return stage.handle(records([*messages, tick(until)]))


def told(outs: Sequence[Out]) -> tuple[Mapping[str, int], Mapping[str, Sequence[AlertEvent]]]:
    """The last version of each story, and the events of each alert."""
    alerts: dict[str, list[AlertEvent]] = {}
    for event in events(outs):
        alerts.setdefault(event.alert_id, []).append(event)
    return {update.id: update.version for update in updates(outs)}, alerts


def test_what_follows_is_what_would_have_followed() -> None:
    stage = judging()
    first = given(stage, BEFORE, 250)
    assert [event.kind for event in events(first)] == ["opened", "updated", "contested"]
    second = given(stage, AFTER, 500)
    assert [event.kind for event in events(second)] == ["updated", "corroborated"]
    anew = judging()
    given(anew, BEFORE, 250)
    assert anew.take_up(0, *told(first)) == []
    assert given(anew, AFTER, 500) == second


def test_what_is_told_goes_on_from_what_was_told_where_posts_are_gone() -> None:
    """Posts that have left the store are missing from a memory made anew; what was told of them is known."""
    stage = judging()
    first = given(stage, BEFORE, 250)
    fewer = [one for one in BEFORE if not (isinstance(one, Enriched) and one.post.uid in {"x:30", "x:31"})]
    anew = judging()
    given(anew, fewer, 250)
    versions, alerts = told(first)
    anew.take_up(0, versions, alerts)
    second = given(anew, AFTER, 500)
    assert [(event.seq, event.kind) for event in events(second)] == [(4, "updated"), (5, "corroborated")]
    assert all(update.version > versions[update.id] for update in updates(second) if update.id in versions)


def test_an_alert_that_was_not_told_of_is() -> None:
    anew = judging()
    assert events(given(anew, BEFORE, 250))
    anew.take_up(0, {}, {})
    second = events(given(anew, [repost(2_000, 300, 1)], 310))
    assert [(event.seq, event.kind) for event in second] == [(1, "opened")]


def test_a_closed_alert_stays_closed() -> None:
    first = given(judging(), [*BEFORE, *AFTER], 500)
    assert events(first)[-1].kind == "corroborated"
    anew = judging()
    given(anew, [*BEFORE, *AFTER], 500)
    assert anew.take_up(0, *told(first)) == []
    assert events(given(anew, [repost(4_000 + number, 600 + number, 1) for number in range(900)], 2_000)) == []


def test_an_alert_whose_story_is_not_found_again_is_named() -> None:
    stage = judging()
    versions, alerts = told(given(stage, BEFORE, 250))
    anew = judging()
    given(anew, [*history(100, -300), gone(1, 240)], 250)
    assert anew.take_up(0, versions, alerts) == list(alerts)


def test_it_is_saved_and_taken_up_again() -> None:
    first = given(judging(), BEFORE, 250)
    anew = judging()
    given(anew, BEFORE, 250)
    anew.take_up(0, *told(first))
    parts = {name: body for name, body in anew.changes(0).items() if body is not None}
    restored = judging()
    restored.restore(0, parts)
    assert given(restored, AFTER, 500) == given(anew, AFTER, 500)
