"""What analysts did is kept once, is shown where the alert was delivered, and leaves with the alert."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from alerts.ports import Acts
from secondsource.contracts.acts import Act, ActKind, Verdict
from secondsource.contracts.errors import BadRecord
from store.leaving.scrubbing import REMOVED
from store.store import Store
from tests.store import velgrad as v

ALERT = "velgrad/1/spike"
FIRST, SECOND = f"{ALERT}#1>console", f"{ALERT}#2>console"


def act(number: int, kind: ActKind = "acknowledged", verdict: Verdict | None = None, note: str = "") -> Act:
    until = v.at(3600 + number) if kind == "snoozed" else None
    return Act(
        id=f"click-{number}",
        alert_id=ALERT,
        kind=kind,
        by="mila (U1)",
        at=v.at(number),
        via="slack",
        until=until,
        verdict=verdict,
        note=note,
    )


def test_an_act_is_kept_once_however_often_it_is_told(store: Store) -> None:
    acts: Acts = store.acts
    v.keep(store, v.alert(1))
    told = act(2, "dismissed", "known", "our own picture")
    assert [acts.record(told), acts.record(told), acts.record(replace(told, by="oleg"))] == [True, False, False]
    assert acts.of(ALERT) == (told,)


def test_acts_come_in_the_order_they_were_done_in(store: Store) -> None:
    v.keep(store, v.alert(1))
    done = [act(3, "snoozed"), act(1), act(2, "reopened")]
    for each in done:
        store.acts.record(each)
    assert store.acts.of(ALERT) == (done[1], done[2], done[0])
    assert store.acts.of_all([ALERT, "nobody's"]) == {ALERT: store.acts.of(ALERT)}
    assert store.acts.latest(2) == [done[0], done[2]]


def test_nothing_can_be_done_about_an_alert_that_is_not_there(store: Store) -> None:
    with pytest.raises(BadRecord, match="velgrad/1/spike"):
        store.acts.record(act(1))
    assert store.acts.of(ALERT) == ()


def test_what_was_delivered_is_queued_to_say_so_and_only_the_newest_of_it(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2))
    for delivery in (FIRST, SECOND):
        store.outbox.sending(delivery)
        store.outbox.sent(delivery, "console:1", v.at(5))
    for destination in ("console", "slack:#desk"):
        assert (destination in store.outbox.waiting()) == (destination != "console")
    store.acts.record(act(6))
    store.acts.record(act(6))  # told twice, shown once
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.id, found.stale, found.acted, found.newest, found.acts) == (SECOND, 0, 1, True, (act(6),))
    store.acts.record(act(7))
    store.outbox.corrected(SECOND, found.stale, found.acted)
    again = store.outbox.next("console", v.at(9))
    assert again is not None
    assert (again.id, again.acted, len(again.acts)) == (SECOND, 1, 2)
    store.outbox.corrected(SECOND, again.stale, again.acted)
    assert store.outbox.next("console", v.at(9)) is None


def test_an_act_on_what_is_on_its_way_is_shown_once_it_has_arrived(store: Store) -> None:
    v.keep(store, v.alert(1))
    store.outbox.sending(FIRST)
    store.acts.record(act(2))
    store.outbox.sent(FIRST, "console:1", v.at(3))
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.acted, found.in_doubt) == (1, False)


def test_what_waits_leaves_with_what_was_done_meanwhile(store: Store) -> None:
    v.keep(store, v.alert(1))
    store.acts.record(act(2))
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.acts, found.acted) == ((act(2),), 0)


def test_the_names_of_analysts_leave_with_the_alert(store: Store) -> None:
    v.keep(store, v.alert(1))
    store.acts.record(act(2))
    assert store.retention.forget(v.at(3600)).alerts == 1
    assert store.dump("alert_acts") == []


def test_a_note_leaves_with_the_post_its_alert_quotes(store: Store) -> None:
    v.keep(store, v.enriched(1), v.story(1, members=(1,)), v.alert(1))
    store.acts.record(act(2, note=f"it says: {v.CLAIM}"))
    v.keep(store, v.takedown(1))
    (left,) = store.acts.of(ALERT)
    assert left == act(2)


NOTE = "called the bridge keeper, nobody there"


def test_an_edit_takes_its_words_out_of_notes_and_leaves_the_rest(store: Store) -> None:
    """Whoever can edit a post cannot empty what analysts wrote about it."""
    v.keep(store, v.enriched(1), v.story(1, members=(1,)), v.alert(1), v.alert(2))
    store.acts.record(act(2, note=NOTE))
    store.acts.record(act(3, note=f"{NOTE}; it says: {v.CLAIM}"))
    v.keep(store, v.enriched(1, seconds=9, text="The old bridge stands as ever"))
    assert [left.note for left in store.acts.of(ALERT)] == [NOTE, f"{NOTE}; it says: {REMOVED}"]


def test_whoever_joins_a_story_and_leaves_it_takes_no_note_along(store: Store) -> None:
    joined = v.enriched(2, text="I was there and saw how the water came over it", author=2)
    v.keep(store, v.enriched(1), joined, v.story(1, members=(1, 2)), v.alert(1))
    store.acts.record(act(2, note=NOTE))
    store.acts.record(act(3, note=f"asked who wrote “{joined.post.text}”"))
    v.keep(store, v.takedown(2))
    assert [left.note for left in store.acts.of(ALERT)] == [NOTE, f"asked who wrote “{REMOVED}”"]


@pytest.mark.parametrize("name", ["x\0y", "x\ud800y"])
def test_a_name_that_cannot_be_stored_is_an_unknown_one(store: Store, name: str) -> None:
    v.keep(store, v.alert(1))
    assert store.acts.of(name) == ()
    assert store.evidence.alert_events(name) == []
    assert store.evidence.story_posts(name, 9) == []
    assert store.letters.one(name) is None
    with pytest.raises(BadRecord):
        store.acts.record(replace(act(2), alert_id=name))
    assert store.acts.record(replace(act(2), note=name))
