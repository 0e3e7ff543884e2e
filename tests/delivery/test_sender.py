"""The sender: in order, at the destination's pace, and once, whenever and wherever it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from itertools import count, pairwise
from typing import Any

import msgspec
import pytest

from alerts.delivery.sending import Outcome, Patience, Sender
from alerts.notifiers.contract import Pace, Refused, Unheard
from alerts.notifiers.slack import SlackNotifier
from alerts.ports import AsItStands, Delivery
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadConfiguration, SourceAway
from store.leaving import scrubbing
from tests.delivery.stories import CLAIM, event, life
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox
from tests.fakes.slack import TOKEN, Answer, Dropped, FakeSlack, Html, RateLimited

ONE, TWO = "slack:C0000000001", "slack:C0000000002"
LEASE = Patience().lease


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Fuse:
    """Burns one step at a time; kills at the last."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.blown = False

    def step(self) -> None:
        if self.blown or self.left == 0:
            self.blown = True
            raise Killed
        self.left -= 1


class Sleepy(Fuse):
    """Lets something happen at the last step, while the process does nothing, and goes on."""

    def __init__(self, steps: int, meanwhile: Callable[[], object]) -> None:
        super().__init__(steps)
        self._meanwhile = meanwhile

    def step(self) -> None:
        if self.left == 0 and not self.blown:
            self.blown = True
            self._meanwhile()
        self.left -= 1


class Mortal:
    """Calls pass through to `inner`; the process may die just before one, or just after."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)

        def call(*args: Any, **named: Any) -> Any:
            self._fuse.step()
            result = method(*args, **named)
            self._fuse.step()
            return result

        return call


class FakeNotifier:
    """Remembers what it was given; `script` are the errors it raises first, one a call."""

    name = "fake"
    digests = True

    def __init__(self, *script: Exception, pace: Pace | None = None) -> None:
        self.pace = pace
        self.script = list(script)
        self.posted: list[str] = []
        self.corrected: list[tuple[str, bool]] = []
        self.looked: list[str] = []
        self.there: dict[str, str] = {}

    def post(self, delivery: Delivery) -> str:
        if self.script:
            raise self.script.pop(0)
        self.posted.append(delivery.id)
        return "r1"

    def correct(self, delivery: Delivery) -> None:
        if self.script:
            raise self.script.pop(0)
        self.corrected.append((delivery.id, delivery.newest))

    def find(self, delivery: Delivery) -> str | None:
        self.looked.append(delivery.id)
        return self.there.get(delivery.id)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def outbox() -> FakeOutbox:
    return FakeOutbox()


def filled(outbox: FakeOutbox, destination: str = "fake:a") -> list[str]:
    return [outbox.add(step, destination) for step in life()]


def sender(outbox: Any, notifier: Any, clock: Any, holder: str = "one", **more: Any) -> Sender:
    return Sender(outbox, [notifier], clock, holder=holder, **more)


def slack_notifier(slack: FakeSlack, per_second: float = 1.0) -> SlackNotifier:
    return SlackNotifier(TOKEN, slack.url, per_second=per_second)


def assert_told_once(slack: FakeSlack) -> None:
    """One message, recalled, and one reply for each change."""
    messages = slack.first_messages()
    assert len(messages) == 1
    assert messages[0]["text"].startswith("Recalled")
    told = [reply["text"].partition(":")[0] for reply in slack.replies(messages[0]["ts"])]
    assert told == ["Updated", "Recalled"]


def test_sends_in_order_and_gives_the_lease_back(outbox: FakeOutbox, clock: ManualClock) -> None:
    ids = filled(outbox)
    notifier = FakeNotifier()
    assert sender(outbox, notifier, clock).drain_once() == 3
    assert notifier.posted == ids
    assert outbox.states() == ["sent"] * 3
    assert outbox.leases == {}


def test_keeps_a_destinations_pace(outbox: FakeOutbox, clock: ManualClock) -> None:
    filled(outbox)
    notifier = FakeNotifier(pace=Pace(per_second=0.5))
    one = sender(outbox, notifier, clock)
    assert one.drain_once() == 1
    assert one.drain_once(wait_up_to=60) == 2
    sent = [row.sent_at for row in outbox.rows if row.sent_at is not None]
    assert [later - earlier for earlier, later in pairwise(sent)] == [timedelta(seconds=2)] * 2


def test_obeys_retry_after_and_keeps_the_order(outbox: FakeOutbox, clock: ManualClock) -> None:
    ids = filled(outbox)
    heard: list[Outcome] = []
    notifier = FakeNotifier(SourceAway("slow down", retry_after=30))
    one = sender(outbox, notifier, clock, on_outcome=heard.append)
    assert one.drain_once() == 0
    clock.advance(29.9)
    assert one.drain_once() == 0
    clock.advance(0.2)
    assert one.drain_once() == 3
    assert notifier.posted == ids
    assert notifier.looked == []
    assert [outcome.kind for outcome in heard] == ["postponed", "sent", "sent", "sent"]


def test_backs_off_twice_as_long_each_time(outbox: FakeOutbox, clock: ManualClock) -> None:
    outbox.add(event(), "fake:a")
    one = sender(outbox, FakeNotifier(*[SourceAway("away")] * 4), clock)
    start = clock.monotonic()
    assert one.drain_once(wait_up_to=100) == 1
    assert clock.monotonic() - start == 1 + 2 + 4 + 8


def test_a_refusal_does_not_stop_what_comes_after(outbox: FakeOutbox, clock: ManualClock) -> None:
    filled(outbox)
    assert sender(outbox, FakeNotifier(Refused("archived")), clock).drain_once() == 2
    assert outbox.states() == ["refused", "sent", "sent"]
    assert outbox.rows[0].reason == "archived"


def test_one_destination_away_does_not_hold_up_another(outbox: FakeOutbox, clock: ManualClock) -> None:
    outbox.add(event(), "fake:a")
    outbox.add(event(), "fake:b")
    assert sender(outbox, FakeNotifier(SourceAway("away", retry_after=99)), clock).drain_once() == 1
    assert outbox.states() == ["waiting", "sent"]


def test_bad_credentials_stop_the_sender_and_lose_nothing(outbox: FakeOutbox, clock: ManualClock) -> None:
    filled(outbox)
    with pytest.raises(BadConfiguration, match="token"):
        sender(outbox, FakeNotifier(BadConfiguration("a new token is needed")), clock).run(threading.Event())
    assert outbox.states() == ["waiting"] * 3
    assert outbox.leases == {}
    clock.advance(61)
    assert sender(outbox, FakeNotifier(), clock).drain_once() == 3


def test_looks_before_it_asks_again(outbox: FakeOutbox, clock: ManualClock) -> None:
    (first, *_) = filled(outbox)
    notifier = FakeNotifier(Unheard("dropped"))
    notifier.there[first] = "r1"
    heard: list[Outcome] = []
    assert sender(outbox, notifier, clock, on_outcome=heard.append).drain_once(wait_up_to=10) == 3
    assert first not in notifier.posted
    assert [outcome.kind for outcome in heard] == ["doubtful", "found", "sent", "sent"]


def test_asks_again_when_it_is_not_there(outbox: FakeOutbox, clock: ManualClock) -> None:
    (first, *_) = filled(outbox)
    notifier = FakeNotifier(Unheard("dropped"))
    assert sender(outbox, notifier, clock).drain_once(wait_up_to=10) == 3
    assert notifier.looked == [first]
    assert notifier.posted[0] == first


def test_a_failed_look_leaves_the_doubt(outbox: FakeOutbox, clock: ManualClock) -> None:
    class Blind(FakeNotifier):
        def find(self, delivery: Delivery) -> str | None:
            raise SourceAway("still away")

    outbox.add(event(), "fake:a")
    outbox.sending(outbox.rows[0].id)
    notifier = Blind()
    assert sender(outbox, notifier, clock).drain_once(wait_up_to=20) == 0
    assert outbox.states() == ["sending"]
    assert notifier.posted == []


def test_says_once_what_nobody_serves(outbox: FakeOutbox, clock: ManualClock) -> None:
    filled(outbox, "pager:a")
    heard: list[Outcome] = []
    one = sender(outbox, FakeNotifier(), clock, on_outcome=heard.append)
    assert one.drain_once() + one.drain_once() == 0
    assert [(outcome.kind, outcome.destination) for outcome in heard] == [("unserved", "pager:a")]
    assert outbox.states() == ["waiting"] * 3


def test_a_held_destination_is_left_to_its_holder(outbox: FakeOutbox, clock: ManualClock) -> None:
    filled(outbox)
    assert outbox.hold("fake:a", "other", clock.now() + timedelta(seconds=LEASE), clock.now())
    one = sender(outbox, FakeNotifier(), clock)
    assert one.drain_once() == 0
    clock.advance(LEASE + 1)
    assert one.drain_once() == 3


def test_two_notifiers_of_one_name_are_a_mistake(outbox: FakeOutbox, clock: ManualClock) -> None:
    with pytest.raises(BadConfiguration, match="different names"):
        Sender(outbox, [FakeNotifier(), FakeNotifier()], clock, holder="one")


def test_survives_the_database_being_away(outbox: FakeOutbox, clock: ManualClock) -> None:
    class Flaky(FakeOutbox):
        away = 3

        def waiting(self) -> list[str]:
            if self.away:
                self.away -= 1
                raise SourceAway("no database")
            return super().waiting()

    flaky = Flaky()
    filled(flaky)
    stop = threading.Event()

    def told(outcome: Outcome) -> None:
        if flaky.states()[-1] == "sent":
            stop.set()

    sender(flaky, FakeNotifier(), clock, on_outcome=told).run(stop)
    assert flaky.states() == ["sent"] * 3
    assert clock.waits[:3] == [1, 2, 4]


def test_stops_at_once_when_asked(outbox: FakeOutbox) -> None:
    stop = threading.Event()
    one = sender(outbox, FakeNotifier(), SystemClock(), patience=Patience(poll=60))
    thread = threading.Thread(target=one.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_corrects_what_it_sent_before_it_sends_more(outbox: FakeOutbox, clock: ManualClock) -> None:
    first, second, third = filled(outbox)
    notifier = FakeNotifier()
    outbox.rows[2].not_before = clock.now() + timedelta(days=1)
    assert sender(outbox, notifier, clock).drain_once() == 2
    outbox.rows[2].not_before = None
    for delivery_id, step in zip((first, second, third), life(), strict=True):
        outbox.remove_words(delivery_id, step)
    notifier.script = [SourceAway("busy", retry_after=7.0), Refused("not yours to edit")]
    outcomes: list[Outcome] = []
    assert sender(outbox, notifier, clock, on_outcome=outcomes.append).drain_once(wait_up_to=30) == 2
    assert [outcome.kind for outcome in outcomes] == ["postponed", "refused", "corrected", "sent"]
    assert outbox.states() == ["sent", "sent", "sent"], "what was shown is still there"
    assert outbox.rows[0].reason == "not yours to edit"


def test_what_is_removed_just_before_it_is_sent_is_not_sent(outbox: FakeOutbox, clock: ManualClock) -> None:
    (first, *_) = filled(outbox)
    removed = msgspec.structs.replace(life()[0], link="https://desk.example/removed")

    class Late(FakeOutbox):
        def sending(self, delivery_id: str) -> AsItStands:
            if delivery_id == first:
                self.remove_words(first, removed)
            return super().sending(delivery_id)

    late = Late(outbox.rows)
    given: list[Delivery] = []

    class Looking(FakeNotifier):
        def post(self, delivery: Delivery) -> str:
            given.append(delivery)
            return super().post(delivery)

    sender(late, Looking(), clock).drain_once()
    assert given[0].event == removed


def test_what_is_let_go_of_just_before_it_is_sent_is_not_sent(outbox: FakeOutbox, clock: ManualClock) -> None:
    first, *_ = filled(outbox)

    class Late(FakeOutbox):
        def sending(self, delivery_id: str) -> AsItStands:
            self.rows = [row for row in self.rows if row.id != first]
            return super().sending(delivery_id)

    late, notifier = Late(outbox.rows), FakeNotifier()
    assert sender(late, notifier, clock).drain_once() == len(late.rows)
    assert first not in {row.id for row in late.rows}


def test_a_correction_is_made_once(outbox: FakeOutbox, clock: ManualClock) -> None:
    first, second, third = filled(outbox)
    notifier = FakeNotifier()
    sender(outbox, notifier, clock).drain_once()
    for delivery_id, step in zip((first, third), life()[::2], strict=True):
        outbox.remove_words(delivery_id, step)
    one = sender(outbox, notifier, clock)
    assert (one.drain_once(), one.drain_once()) == (2, 0)
    assert notifier.corrected == [(first, False), (third, True)]
    assert notifier.posted == [first, second, third]


def test_bad_credentials_stop_a_correction_too(outbox: FakeOutbox, clock: ManualClock) -> None:
    (delivery_id, *_) = filled(outbox)
    notifier = FakeNotifier()
    sender(outbox, notifier, clock).drain_once()
    outbox.remove_words(delivery_id, life()[0])
    notifier.script = [BadConfiguration("token revoked")]
    with pytest.raises(BadConfiguration):
        sender(outbox, notifier, clock).drain_once()
    clock.advance(120)
    assert sender(outbox, notifier, clock).drain_once() == 1


# Against Slack's wire.


def test_a_removed_quotation_leaves_slack(slack: FakeSlack, outbox: FakeOutbox, clock: ManualClock) -> None:
    ids = filled(outbox, ONE)
    one = sender(outbox, slack_notifier(slack), clock)
    one.drain_once(wait_up_to=10)
    assert CLAIM[:24] in str(slack.channels["C0000000001"].messages)
    for delivery_id, step in zip(ids, life(), strict=True):
        outbox.remove_words(delivery_id, scrubbing.event(step, {step.story.claim_uid}))
    assert one.drain_once(wait_up_to=10) == 3
    assert CLAIM[:24] not in str(slack.channels["C0000000001"].messages)
    assert_told_once(slack)


def test_one_message_kept_up_to_date(slack: FakeSlack, outbox: FakeOutbox, clock: ManualClock) -> None:
    filled(outbox, ONE)
    assert sender(outbox, slack_notifier(slack), clock).drain_once(wait_up_to=10) == 3
    assert_told_once(slack)
    assert [method for method, _ in slack.calls if method.startswith("conversations")] == []


def test_slack_channels_take_turns(slack: FakeSlack, outbox: FakeOutbox, clock: ManualClock) -> None:
    filled(outbox, ONE)
    filled(outbox, TWO)
    slack.fail("chat.postMessage", RateLimited(45))
    one = sender(outbox, slack_notifier(slack), clock)
    assert one.drain_once(wait_up_to=10) == 3
    assert slack.first_messages("C0000000001") == []
    assert one.drain_once(wait_up_to=50) == 3
    assert_told_once(slack)


@pytest.mark.parametrize(
    "fault", [Dropped(after=True), Dropped(after=False), Html(after=True), Html(), Answer("fatal_error")]
)
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
@pytest.mark.parametrize("place", [0, 1])
def test_no_answer_is_no_second_message(slack: FakeSlack, fault: Any, method: str, place: int) -> None:
    outbox, clock = FakeOutbox(), ManualClock()
    filled(outbox, ONE)
    one = sender(outbox, slack_notifier(slack), clock)
    for _ in range(place):
        one.drain_once()
        clock.advance(5)
    slack.fail(method, fault)
    one.drain_once(wait_up_to=60)
    assert outbox.states() == ["sent"] * 3
    assert_told_once(slack)


def test_killed_anywhere_and_started_again(slack: FakeSlack) -> None:
    """Killed before or after every change of the outbox and every call to Slack, in turn: the same messages."""
    for steps in count():
        slack.channels["C0000000001"].messages.clear()
        outbox, clock, fuse = FakeOutbox(), ManualClock(), Fuse(steps)
        filled(outbox, ONE)
        mortal = slack_notifier(slack)
        mortal._client.api_call = Mortal(mortal._client, fuse).api_call  # type: ignore[method-assign]
        try:
            sender(Mortal(outbox, fuse), mortal, clock, holder="first").drain_once(wait_up_to=30)
        except Killed:
            assert len(slack.first_messages()) <= 1
            assert sender(outbox, slack_notifier(slack), clock, "second").drain_once() == 0 or not outbox.leases
            clock.advance(LEASE + 1)
            sender(outbox, slack_notifier(slack), clock, "second").drain_once(wait_up_to=30)
        assert outbox.states() == ["sent"] * 3
        assert_told_once(slack)
        if not fuse.blown:
            break
    assert steps > 30


def test_paused_anywhere_for_longer_than_its_lease(slack: FakeSlack) -> None:
    """Before or after every change of the outbox, in turn, while another sends what there is: the same messages."""
    for steps in count():
        slack.channels["C0000000001"].messages.clear()
        slack.calls.clear()
        outbox, clock = FakeOutbox(), ManualClock()
        filled(outbox, ONE)

        def meanwhile(outbox: FakeOutbox = outbox, clock: ManualClock = clock) -> None:
            clock.advance(LEASE + 1)
            sender(outbox, slack_notifier(slack), clock, "second").drain_once(wait_up_to=30)

        fuse = Sleepy(steps, meanwhile)
        sender(Mortal(outbox, fuse), slack_notifier(slack), clock, "first").drain_once(wait_up_to=30)
        assert outbox.states() == ["sent"] * 3
        assert len(slack.called("chat.postMessage")) == 3
        assert_told_once(slack)
        if not fuse.blown:
            break
    assert steps > 30


def test_a_correction_made_by_another_meanwhile_is_not_made_over_it(outbox: FakeOutbox, clock: ManualClock) -> None:
    first, *_ = filled(outbox)
    sender(outbox, FakeNotifier(), clock).drain_once()
    outbox.remove_words(first, life()[0])
    other = FakeNotifier()

    class Slow(FakeOutbox):
        def next(self, destination: str, now: datetime, leaving: Collection[str] = ()) -> Delivery | None:
            found = super().next(destination, now, leaving)
            if found is not None and not other.corrected and destination in self.leases:
                clock.advance(LEASE + 1)
                assert sender(outbox, other, clock, "other").drain_once() == 1
            return found

    late = FakeNotifier()
    assert sender(Slow(outbox.rows, outbox.leases), late, clock).drain_once() == 0
    assert (late.corrected, other.corrected) == ([], [(first, False)])


def test_two_senders_at_once_send_one_message(slack: FakeSlack, outbox: FakeOutbox) -> None:
    for n in range(5):
        for step in life(f"velgrad-{n}"):
            outbox.add(step, ONE)
    stop = threading.Event()
    done = threading.Event()

    def told(_: Outcome) -> None:
        if set(outbox.states()) == {"sent"}:
            done.set()

    quick = Patience(poll=0.005)
    threads = [
        threading.Thread(
            target=sender(
                outbox, slack_notifier(slack, 10_000), SystemClock(), name, patience=quick, on_outcome=told
            ).run,
            args=(stop,),
        )
        for name in ("one", "two", "three")
    ]
    for thread in threads:
        thread.start()
    assert done.wait(timeout=60)
    stop.set()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert len(slack.first_messages()) == 5
    assert len(slack.called("chat.postMessage")) == 15
    assert len(slack.called("chat.update")) == 10
