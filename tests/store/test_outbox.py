"""What is to be told waits for each destination: once, in order, by one holder, corrected when words are removed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, event

from alerts.ports import AsItStands, Outbox
from secondsource.contracts.messages import AlertEvent, AlertKind
from store.leaving.scrubbing import REMOVED
from store.stage import destinations
from store.store import Store
from tests.store import velgrad as v

FIRST = "velgrad/1/spike#1>console"
SECOND = "velgrad/1/spike#2>console"
THIRD = "velgrad/1/spike#3>console"


@pytest.mark.parametrize(
    ("notifiers", "channel", "kind", "expected"),
    [
        (("console", "slack"), "C1", "opened", ["console", "slack:C1"]),
        (("console", "slack"), "", "opened", ["console"]),
        (("webhook",), "C1", "opened", ["webhook:desk"]),
        (("email", "slack"), "C1", "corroborated", ["slack:C1", "email:night"]),
        (("email", "slack"), "C1", "expired", ["slack:C1"]),
        ((), "C1", "opened", []),
    ],
)
def test_destinations(notifiers: tuple[str, ...], channel: str, kind: AlertKind, expected: list[str]) -> None:
    asked = ("webhook:desk", "email:night", "webhook:desk")
    event = msgspec.structs.replace(v.alert(1, channel=channel), kind=kind)
    assert list(destinations(notifiers, asked, event)) == expected


def test_events_wait_for_each_destination_oldest_first(store: Store) -> None:
    outbox: Outbox = store.outbox
    events: list[AlertEvent] = [v.alert(2), v.alert(1), v.alert(1, name="velgrad/0/spike", channel="")]
    for _ in range(2):
        v.keep(store, *events)
    assert outbox.waiting() == ["console", "slack:#desk"]
    seen = []
    while delivery := outbox.next("console", v.at(9)):
        seen.append(delivery.id)
        outbox.sending(delivery.id)
        outbox.sent(delivery.id, "ref", v.at(9))
    assert seen == ["velgrad/0/spike#1>console", FIRST, SECOND]
    assert outbox.waiting() == ["slack:#desk"]
    first = outbox.next("slack:#desk", v.at(9))
    assert first is not None
    assert first.event == v.alert(1)
    assert (first.in_doubt, first.reference, first.attempts) == (False, "", 0)


def test_what_is_found_in_sending_is_in_doubt(store: Store) -> None:
    v.keep(store, v.alert(1))
    store.outbox.sending(FIRST)
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.in_doubt, found.attempts) == (True, 1)


def test_what_was_let_go_of_since_it_was_found_is_not_to_be_sent(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2))
    store.outbox.bundle(DIGEST, [FIRST, SECOND])
    store.retention.forget(v.at(86_400.0))
    assert store.outbox.sending(FIRST) == AsItStands((), ())
    assert store.outbox.sending(DIGEST) == AsItStands((), ())


def test_what_another_sent_since_it_was_found_is_not_to_be_sent(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2), v.alert(3), notifiers=CONSOLE)
    store.outbox.bundle(DIGEST, [SECOND, THIRD])
    for delivery in (FIRST, DIGEST):
        assert store.outbox.sending(delivery).events
        store.outbox.sent(delivery, "C1:1700.1", v.at(4))
        assert store.outbox.sending(delivery) == AsItStands((), ())
    assert store.outbox.waiting() == []


def test_later_events_carry_the_reference_of_the_first_message(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2))
    store.outbox.sent(FIRST, "1700.1", v.at(3))
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.id, found.reference) == (SECOND, "1700.1")
    other = store.outbox.next("slack:#desk", v.at(9))
    assert other is not None
    assert other.reference == ""


def test_a_postponed_event_holds_back_those_after_it_until_its_time(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2))
    store.outbox.sending(FIRST)
    store.outbox.postponed(FIRST, "429", v.at(60))
    assert store.outbox.next("console", v.at(59)) is None
    assert store.outbox.waiting() == ["console", "slack:#desk"]
    found = store.outbox.next("console", v.at(60))
    assert found is not None
    assert (found.id, found.in_doubt, found.attempts) == (FIRST, False, 1)


def test_a_refused_event_is_kept_and_lets_the_next_one_pass(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2))
    store.outbox.refused(FIRST, "channel_not_found")
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert found.id == SECOND
    (refused,) = store.status().refused
    assert (refused.id, refused.reason) == (FIRST, "channel_not_found")


def test_redelivery_does_not_send_again(store: Store) -> None:
    v.keep(store, v.alert(1), notifiers=("console",))
    store.outbox.sent(FIRST, "r", v.at(3))
    v.keep(store, v.alert(1), notifiers=("console",))
    assert store.outbox.waiting() == []


def test_one_holder_at_a_time(store: Store) -> None:
    outbox: Outbox = store.outbox
    assert outbox.hold("console", "a", until=v.at(30), now=v.at(0))
    assert not outbox.hold("console", "b", until=v.at(40), now=v.at(10))
    assert outbox.hold("slack:#desk", "b", until=v.at(40), now=v.at(10))
    assert outbox.hold("console", "a", until=v.at(50), now=v.at(20))
    assert not outbox.hold("console", "b", until=v.at(80), now=v.at(49))
    assert outbox.hold("console", "b", until=v.at(80), now=v.at(50))
    outbox.let_go("console", "a")
    assert not outbox.hold("console", "a", until=v.at(90), now=v.at(60))
    outbox.let_go("console", "b")
    assert outbox.hold("console", "a", until=v.at(90), now=v.at(60))


def test_alert_and_deliveries_are_written_together_or_not_at_all(store: Store) -> None:
    crashing = pytest.raises(ZeroDivisionError)
    with crashing, store.transaction():
        v.keep(store, v.alert(1))
        raise ZeroDivisionError
    assert store.outbox.waiting() == []
    assert store.dump("alerts") == []


def test_what_was_delivered_is_corrected_when_its_words_are_removed(store: Store) -> None:
    """One that is still waiting leaves without them anyway."""
    v.keep(store, v.alert(1), v.alert(2), v.alert(3), notifiers=("console",))
    for sent in (FIRST, SECOND):
        store.outbox.sending(sent)
        store.outbox.sent(sent, "C1:1700.1", v.at(4))
    v.keep(store, v.takedown(1))
    v.keep(store, v.takedown(1))
    first = store.outbox.next("console", v.at(9))
    assert first is not None
    assert (first.id, first.stale, first.newest, first.reference, first.in_doubt) == (
        FIRST,
        1,
        False,
        "C1:1700.1",
        False,
    )
    assert first.event.story.claim == REMOVED
    store.outbox.postponed(FIRST, "429", v.at(20))
    assert store.outbox.next("console", v.at(9)) is None
    v.keep(store, v.takedown(7))
    first = store.outbox.next("console", v.at(30))
    assert first is not None
    assert (first.id, first.stale) == (FIRST, 2)
    store.outbox.corrected(FIRST, 1)
    first = store.outbox.next("console", v.at(30))
    assert first is not None
    assert (first.id, first.stale) == (FIRST, 1)
    store.outbox.corrected(FIRST, 1)
    second = store.outbox.next("console", v.at(30))
    assert second is not None
    assert (second.id, second.stale, second.newest) == (SECOND, 2, True)
    store.outbox.refused(SECOND, "no")
    third = store.outbox.next("console", v.at(30))
    assert third is not None
    assert (third.event.seq, third.stale, third.reference) == (3, 0, "C1:1700.1")


def test_a_correction_that_two_made_hides_no_later_one(store: Store) -> None:
    v.keep(store, v.alert(1), notifiers=CONSOLE)
    store.outbox.sending(FIRST)
    store.outbox.sent(FIRST, "C1:1700.1", v.at(4))
    v.keep(store, v.takedown(1))
    store.outbox.corrected(FIRST, 1)
    store.outbox.corrected(FIRST, 1)
    assert store.outbox.waiting() == []
    v.keep(store, v.takedown(7))
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.id, found.stale) == (FIRST, 1)


def test_what_is_being_delivered_while_its_words_are_removed_is_corrected_after(store: Store) -> None:
    v.keep(store, v.alert(1), notifiers=("console",))
    store.outbox.sending(FIRST)
    v.keep(store, v.takedown(1))
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert found.in_doubt
    store.outbox.sent(FIRST, "C1:1700.1", v.at(4))
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.stale, found.in_doubt) == (1, False)


# Told together.

CONSOLE = ("console",)
DIGEST = "digest:0f>console"


def test_the_backlog_says_what_is_needed_to_sort_it_out(store: Store) -> None:
    over = msgspec.structs.replace(v.alert(1, name="velgrad/2/spike"), digest=True)
    store.write([v.alert(1), v.alert(2), over], lambda event: CONSOLE, v.at(500))
    store.outbox.sent(FIRST, "ref", v.at(501))
    backlog = store.outbox.backlog("console")
    assert [(each.id, each.over_budget, each.shown) for each in backlog] == [
        ("velgrad/2/spike#1>console", True, False),
        (SECOND, False, True),
    ]
    assert {each.queued_at for each in backlog} == {v.at(500)}
    assert store.outbox.backlog("slack:#desk") == []


def test_a_digest_is_one_delivery_of_several(store: Store) -> None:
    names = [f"velgrad/{number}/spike" for number in range(3)]
    v.keep(store, *(v.alert(1, name=name) for name in names), notifiers=CONSOLE)
    ids = [f"{name}#1>console" for name in names]
    store.outbox.bundle(DIGEST, ids[:2])
    digest = store.outbox.next("console", v.at(9))
    assert digest is not None
    assert (digest.id, digest.in_doubt, digest.reference) == (DIGEST, False, "")
    assert [event.alert_id for event in digest.together] == names[:2]
    store.outbox.sending(DIGEST)
    store.outbox.bundle("digest:other>console", ids)  # what is on its way stays as it is
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.id, found.in_doubt, found.attempts) == (DIGEST, True, 1)
    store.outbox.sent(DIGEST, "there", v.at(10))
    rest = store.outbox.next("console", v.at(9))
    assert rest is not None
    assert [event.alert_id for event in rest.together] == names[2:]


def test_an_alert_told_in_a_digest_has_no_message_of_its_own(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2), notifiers=CONSOLE)
    store.outbox.bundle(DIGEST, [FIRST])
    store.outbox.sent(DIGEST, "there", v.at(10))
    (waiting,) = store.outbox.backlog("console")
    assert (waiting.shown, waiting.digested) == (False, True)
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert (found.reference, found.together) == ("", ())


def test_a_digest_is_corrected_as_a_whole(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(1, name="velgrad/2/spike"), notifiers=CONSOLE)
    store.outbox.bundle(DIGEST, [FIRST, "velgrad/2/spike#1>console"])
    store.outbox.sent(DIGEST, "there", v.at(10))
    v.keep(store, v.takedown(1), notifiers=CONSOLE)
    for _ in range(2):
        found = store.outbox.next("console", v.at(20))
        assert found is not None
        assert (found.reference, found.stale, len(found.together)) == ("there", 1, 2)
        assert v.CLAIM not in str(found.together)
        store.outbox.corrected(found.id, found.stale)
    assert store.outbox.next("console", v.at(20)) is None


def test_what_is_withheld_is_kept_and_never_sent(store: Store) -> None:
    v.keep(store, v.alert(1), v.alert(2), notifiers=CONSOLE)
    store.outbox.withhold([FIRST], "dismissed by an analyst")
    found = store.outbox.next("console", v.at(9))
    assert found is not None
    assert found.id == SECOND
    assert store.outbox.next("console", v.at(9), [SECOND]) is None
    rows = {row["id"]: (row["state"], row["reason"]) for row in store.dump("outbox")}
    assert rows[FIRST] == ("withheld", "dismissed by an analyst")


def test_looking_for_what_is_to_be_sent_does_not_look_through_what_was(store: Store) -> None:
    """The partial indexes are used: else every look, some a second, costs what was ever sent."""
    if store.engine.dialect.name != "sqlite":
        return  # PostgreSQL plans by how many rows there are
    plans = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "outbox" in statement:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append(" ".join(str(row[3]) for row in rows))

    event.listen(store.engine, "before_cursor_execute", explain)
    store.outbox.waiting()
    store.outbox.next("console", v.at(9))
    store.outbox.backlog("console")
    event.remove(store.engine, "before_cursor_execute", explain)
    assert len(plans) == 5
    for plan in plans:
        assert "outbox_open" in plan or "outbox_stale" in plan or "outbox_acted" in plan
        assert "SCAN outbox " not in plan.replace("SCAN outbox USING INDEX outbox_", "")
