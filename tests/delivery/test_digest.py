"""Many alerts in one message, on Slack's wire: over the budget, and after an hour without Slack."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from alerts.delivery.sending import Outcome, Sender
from alerts.notifiers import slack_digest
from alerts.notifiers.slack import SlackNotifier
from secondsource.contracts.acts import Act, ActKind, Verdict
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.stage import Record
from store.leaving import scrubbing
from store.stage import StoreStage
from store.store import open_store
from tests.delivery import hostile
from tests.delivery.stories import CLAIM, event
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox
from tests.fakes.slack import TOKEN, Answer, Dropped, FakeSlack, Fault, running

CHANNEL = "slack:C0000000001"
ALWAYS = 100_000


class Room:
    """An outbox that fills while time goes by, and one sender."""

    def __init__(self, slack: FakeSlack) -> None:
        self.clock = ManualClock()
        self.outbox = FakeOutbox()
        self.outcomes: list[Outcome] = []
        notifier = SlackNotifier(TOKEN, slack.url)
        self.sender = Sender(self.outbox, [notifier], self.clock, holder="one", on_outcome=self.outcomes.append)

    def queue(self, *events: AlertEvent) -> list[str]:
        return [self.outbox.add(each, CHANNEL, self.clock.now()) for each in events]

    def run(self, minutes: float) -> None:
        """As the live process does."""
        end = self.clock.now() + timedelta(minutes=minutes)

        class Until(Event):
            def is_set(_self) -> bool:  # noqa: N805 - the room's clock is meant
                return self.clock.now() >= end

        self.sender.run(Until())

    def act(self, alert: str, kind: ActKind, until: datetime | None = None, verdict: Verdict | None = None) -> None:
        now = self.clock.now()
        self.outbox.act(
            Act(id=f"{now}", alert_id=alert, kind=kind, by="ana", at=now, via="slack", until=until, verdict=verdict)
        )


@pytest.fixture
def room(slack: FakeSlack) -> Room:
    return Room(slack)


def alert(number: int, **more: object) -> AlertEvent:
    link = f"http://desk.example/alerts/velgrad-{number}"
    opened = event(alert_id=f"velgrad-{number}", interactions=100 + number, link=link)
    return structs.replace(opened, **more)


def away(slack: FakeSlack, fault: Fault) -> None:
    for method in ("chat.postMessage", "chat.update", "conversations.history", "conversations.replies"):
        slack.faults[method] = deque([fault] * ALWAYS)


@pytest.mark.parametrize("fault", [Answer("service_unavailable"), Dropped(after=False)], ids=["says so", "silent"])
def test_after_an_hour_away_there_is_one_digest_and_nothing_is_lost(slack: FakeSlack, room: Room, fault: Fault) -> None:
    before = alert(0)
    room.queue(before)
    room.run(1)
    shown = slack.first_messages()[0]["ts"]
    away(slack, fault)
    for number in range(1, 25):
        room.queue(alert(number))
        if number % 2:
            room.queue(structs.replace(alert(number), seq=2, kind="updated"))
        room.run(2.5)
    room.queue(structs.replace(before, seq=2, kind="updated"), structs.replace(before, seq=3, kind="corroborated"))
    assert len(slack.first_messages()) == 1
    slack.faults.clear()
    room.run(10)
    messages = slack.first_messages()[1:]
    assert len(messages) <= 2  # where Slack was silent, what it was asked first is looked for, and told by itself
    told = str(messages)
    assert all(f"velgrad-{number}|" in told or f"velgrad-{number} " in told for number in range(1, 25))
    assert "alerts together" in messages[-1]["text"]
    assert [reply["text"].partition(":")[0] for reply in slack.replies(shown)] == ["Recalled"]
    assert set(room.outbox.states()) == {"sent", "withheld"}
    assert not room.outbox.waiting()


def test_the_store_tells_it_as_one_too(slack: FakeSlack, tmp_path: Path) -> None:
    """An hour's outage, over budget and snoozes, with what is queued kept in SQL."""
    clock = ManualClock()
    store = open_store(f"sqlite:///{tmp_path / 'velgrad.sqlite'}", create=True)
    try:
        sender = Sender(store.outbox, [SlackNotifier(TOKEN, slack.url)], clock, holder="one")
        queue = StoreStage(store, ("slack",), clock=clock).handle
        away(slack, Answer("service_unavailable"))
        for number in range(12):
            queue([Record(alert(number, channel="C0000000001", digest=number >= 10))])
            sender.drain_once()
            clock.advance(300)
        act = Act(id="1", alert_id="velgrad-3", kind="dismissed", by="ana", at=clock.now(), via="desk", verdict="known")
        store.acts.record(act)
        slack.faults.clear()
        assert sender.drain_once(wait_up_to=120) == 1
        (digest,) = slack.first_messages()
        assert digest["text"].startswith("11 alerts together")
        assert "velgrad-3|" not in str(digest)
        queue([Record(alert(5, channel="C0000000001", seq=2, kind="corroborated"))])
        assert sender.drain_once(wait_up_to=120) == 1
        assert slack.first_messages()[1]["text"].startswith("Recalled")
        states = Counter(row["state"] for row in store.dump("outbox"))
        assert states == {"sent": 12, "withheld": 1}
    finally:
        store.close()


def test_over_budget_there_is_a_digest_a_quarter_of_an_hour(slack: FakeSlack, room: Room) -> None:
    room.queue(alert(1), *(alert(number, digest=True) for number in range(2, 6)))
    room.run(14)
    assert len(slack.first_messages()) == 1
    room.queue(alert(6, digest=True))
    room.run(2)
    (_, digest) = slack.first_messages()
    assert digest["text"].startswith("5 alerts together, from velgrad.")
    assert "told of as many alerts this hour as it may" in digest["text"]
    room.run(60)
    assert len(slack.first_messages()) == 2


def test_a_recall_of_an_alert_of_a_digest_gets_a_message_of_its_own(slack: FakeSlack, room: Room) -> None:
    opened = [alert(number, digest=True) for number in range(3)]
    room.queue(*opened)
    room.run(16)
    room.queue(
        structs.replace(opened[0], seq=2, kind="updated"),
        structs.replace(opened[1], seq=2, kind="corroborated"),
        structs.replace(opened[2], seq=2, kind="escalated", digest=False),
    )
    room.run(1)
    texts = [message["text"].partition(":")[0] for message in slack.first_messages()[1:]]
    assert sorted(texts) == ["Escalated", "Recalled"]
    assert slack.first_messages()[0]["text"].startswith("3 alerts together")


def test_words_that_were_removed_leave_the_digest(slack: FakeSlack, room: Room) -> None:
    ids = room.queue(*(alert(number, digest=True) for number in range(3)))
    room.run(16)
    assert CLAIM[:24] in str(slack.first_messages())
    for delivery_id, number in zip(ids, range(3), strict=True):
        room.outbox.remove_words(delivery_id, scrubbing.event(alert(number, digest=True), {"x:100"}))
    room.run(1)
    (digest,) = slack.first_messages()
    assert CLAIM[:24] not in str(digest)
    assert "3 alerts together" in digest["text"]


def test_a_crash_between_asking_and_hearing_makes_no_second_digest(slack: FakeSlack, room: Room) -> None:
    slack.fail("chat.postMessage", Dropped(after=True))
    room.queue(*(alert(number, digest=True) for number in range(3)))
    room.run(20)
    assert len(slack.first_messages()) == 1
    assert [outcome.kind for outcome in room.outcomes] == ["doubtful", "found"]


def test_a_dismissed_alert_is_heard_of_again_only_when_it_is_recalled(slack: FakeSlack, room: Room) -> None:
    room.queue(alert(1))
    room.run(1)
    room.act("velgrad-1", kind="dismissed", verdict="noise")
    room.queue(structs.replace(alert(1), seq=2, kind="escalated"))
    room.run(5)
    (message,) = slack.first_messages()
    assert slack.replies(message["ts"]) == []
    room.queue(structs.replace(alert(1), seq=3, kind="corroborated"))
    room.run(1)
    assert [reply["text"].partition(":")[0] for reply in slack.replies(message["ts"])] == ["Recalled"]


def test_a_snoozed_alert_is_told_of_once_when_the_snooze_is_over(slack: FakeSlack, room: Room) -> None:
    room.queue(alert(1))
    room.run(1)
    room.act("velgrad-1", kind="snoozed", until=room.clock.now() + timedelta(minutes=30))
    for seq in (2, 3, 4):
        room.queue(structs.replace(alert(1), seq=seq, kind="updated"))
        room.run(5)
    room.queue(alert(2))  # another alert is not held up
    room.run(1)
    message, _ = slack.first_messages()
    assert slack.replies(message["ts"]) == []
    room.run(15)
    assert [reply["text"].partition(":")[0] for reply in slack.replies(message["ts"])] == ["Updated"]


@given(st.lists(hostile.events(), min_size=1, max_size=60), st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_digest_is_within_slacks_limits(events: list[AlertEvent], digest: bool) -> None:
    message = slack_digest.digest([structs.replace(each, digest=digest) for each in events], "key")
    with running() as slack:
        body = {"channel": "C0000000001", "text": message.text, "blocks": message.blocks}
        answer = slack.answer("chat.postMessage", TOKEN, body)
    assert answer is not None
    assert b'"ok": true' in answer[2]
