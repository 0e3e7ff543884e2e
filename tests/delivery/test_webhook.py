"""A webhook on the wire: signed, told apart, tried again, kept from leading inside, and silent about its secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from msgspec import structs

from alerts.delivery.sending import Outcome, Sender
from alerts.notifiers.contract import Refused, Unheard
from alerts.notifiers.webhook import Receiver, WebhookNotifier
from alerts.notifiers.webhook_body import body, message_id, signature
from alerts.ports import Delivery
from secondsource.contracts.acts import Act
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.secret import Secret
from store.leaving import scrubbing
from tests.delivery import hostile
from tests.delivery.stories import CLAIM, START, event, life
from tests.fakes.certificate import certificate
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox
from tests.fakes.receiver import Answer, Dripping, Dropped, FakeReceiver, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of Standard Webhooks
DESK = "webhook:desk"


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with running(SECRET) as fake:
        yield fake


def notifier(receiver: FakeReceiver, total: float = 15.0) -> WebhookNotifier:
    to = Receiver(Secret(receiver.url), Secret(SECRET), inside=True)
    return WebhookNotifier({"desk": to}, SystemClock(), total=total)


def delivery(of: AlertEvent | None = None, **more: object) -> Delivery:
    of = of or event()
    return Delivery(f"{of.id}>{DESK}", DESK, of, False, "", 0)._replace(**more)  # type: ignore[arg-type]


def test_says_what_happened_signed_and_once(receiver: FakeReceiver) -> None:
    for _ in range(2):
        assert notifier(receiver).post(delivery()) == "velgrad-1"
    (taken,) = receiver.taken
    assert (taken["version"], taken["type"]) == (1, "alert.opened")
    assert taken["alert"]["evidence"] == "http://desk.example/alerts/velgrad-1"
    assert taken["story"]["spread"]["interactions"] == 482
    assert taken["story"]["claim"] == CLAIM
    first, second = receiver.requests
    assert first.path == "/hook/t0ken?team=a"
    assert first.body == second.body
    assert first.headers["idempotency-key"] == first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["content-type"] == "application/json"


def test_signs_as_standard_webhooks_does() -> None:
    """The specification's own example."""
    content, at = b'{"test": 2432232314}', 1614265330
    assert signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, content) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert signature("plain words", "msg_1", at, content).startswith("v1,")


def test_another_secret_is_not_taken(receiver: FakeReceiver) -> None:
    wrong = WebhookNotifier({"desk": Receiver(Secret(receiver.url), Secret("other"), inside=True)}, SystemClock())
    with pytest.raises(SourceAway, match="not as configured: HTTP 401") as raised:
        wrong.post(delivery())
    assert raised.value.retry_after == 300
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("fault", "error", "wait"),
    [
        (Answer(429, "7"), SourceAway, 7.0),
        (Answer(503), SourceAway, None),
        (Answer(500), Unheard, None),
        (Answer(502, "30", after=True), Unheard, 30.0),
        (Answer(404), SourceAway, 300.0),
        (Answer(302, location="http://127.0.0.1/else"), SourceAway, 300.0),
        (Answer(400), Refused, None),
        (Answer(410), Refused, None),
        (Answer(413), Refused, None),
        (Dropped(after=False), Unheard, None),
        (Dropped(after=True), Unheard, None),
    ],
    ids=str,
)
def test_what_an_answer_means(
    receiver: FakeReceiver, fault: Answer | Dropped, error: type[Exception], wait: float | None
) -> None:
    receiver.faults.append(fault)
    with pytest.raises(error) as raised:
        notifier(receiver).post(delivery())
    assert type(raised.value) is error
    assert getattr(raised.value, "retry_after", None) == wait
    assert len(receiver.requests) == 1  # nobody is followed to where a redirect leads


def test_a_date_to_wait_for_is_understood(receiver: FakeReceiver) -> None:
    now = datetime.now(UTC)
    receiver.faults.append(Answer(429, (now + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")))
    with pytest.raises(SourceAway) as raised:
        notifier(receiver).post(delivery())
    assert 80 < (raised.value.retry_after or 0) <= 90


def test_an_answer_that_never_ends_is_broken_off(receiver: FakeReceiver) -> None:
    receiver.faults.append(Dripping(0.02))
    with pytest.raises(Unheard):
        notifier(receiver, total=0.3).post(delivery())


def test_nobody_there(receiver: FakeReceiver) -> None:
    receiver.stop()
    with pytest.raises(SourceAway) as raised:
        notifier(receiver).post(delivery())
    assert not isinstance(raised.value, Unheard)


@pytest.mark.parametrize(
    ("addresses", "reached"),
    [
        (["127.0.0.1"], False),
        (["10.0.0.7"], False),
        (["169.254.169.254"], False),
        (["93.184.215.14", "192.168.1.1"], False),
        (["::ffff:10.0.0.7"], False),
    ],
)
def test_no_name_leads_inside_unless_it_may(receiver: FakeReceiver, addresses: list[str], reached: bool) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    outside = Receiver(Secret(receiver.url), Secret(SECRET))
    with pytest.raises(SourceAway, match="not a public address") as raised:
        WebhookNotifier({"desk": outside}, SystemClock(), resolve=resolve).post(delivery())
    assert "inside: true" in str(raised.value)
    assert bool(receiver.requests) is reached


def test_over_tls_the_certificate_must_be_trusted(tmp_path: Path) -> None:
    ours = certificate(tmp_path)
    with running(SECRET, ours) as receiver:
        to = Receiver(Secret(receiver.url), Secret(SECRET), inside=True)
        with pytest.raises(SourceAway, match="ca_file") as raised:
            WebhookNotifier({"desk": to}, SystemClock()).post(delivery())
        assert raised.value.retry_after == 300
        WebhookNotifier({"desk": to._replace(ca_file=str(ours.public))}, SystemClock()).post(delivery())
        assert len(receiver.taken) == 1


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path) -> None:
    other = certificate(tmp_path, "elsewhere.example")
    with running(SECRET, other) as receiver:
        to = Receiver(Secret(receiver.url), Secret(SECRET), inside=True, ca_file=str(other.public))
        with pytest.raises(SourceAway, match="not trusted"):
            WebhookNotifier({"desk": to}, SystemClock()).post(delivery())
        assert receiver.requests == []


@pytest.mark.parametrize(
    "fault", [Answer(401), Answer(500), Answer(400), Dropped(), Answer(302, location="/x")], ids=str
)
def test_no_secret_is_told(receiver: FakeReceiver, fault: Answer | Dropped) -> None:
    receiver.faults.append(fault)
    with pytest.raises((SourceAway, Refused)) as raised:
        notifier(receiver).post(delivery())
    shown: list[BaseException | None] = [raised.value, raised.value.__cause__]
    assert not any(word in str(each) for each in shown for word in ("t0ken", SECRET, SECRET[6:]))
    assert "t0ken" not in repr(Receiver(Secret(receiver.url), Secret(SECRET)))


def test_a_receiver_that_is_no_longer_configured_is_named(receiver: FakeReceiver) -> None:
    with pytest.raises(Refused, match="no webhook named gone"):
        notifier(receiver).post(delivery()._replace(destination="webhook:gone"))


def test_in_doubt_it_is_told_again_and_taken_once(receiver: FakeReceiver) -> None:
    outbox, clock, outcomes = FakeOutbox(), ManualClock(datetime.now(UTC)), list[Outcome]()
    for step in life():
        outbox.add(step, DESK, clock.now())
    receiver.faults.extend([Dropped(after=True), Answer(500, after=True), Answer(429, "3")])
    to = {"desk": Receiver(Secret(receiver.url), Secret(SECRET), inside=True)}
    sender = Sender(outbox, [WebhookNotifier(to, clock)], clock, holder="one", on_outcome=outcomes.append)
    assert sender.drain_once(wait_up_to=60) == 3
    assert [taken["type"] for taken in receiver.taken] == ["alert.opened", "alert.updated", "alert.corroborated"]
    assert [outcome.kind for outcome in outcomes] == ["doubtful", "doubtful", "postponed", "sent", "sent", "sent"]


def test_after_an_outage_it_is_told_of_every_step(receiver: FakeReceiver) -> None:
    outbox, clock = FakeOutbox(), ManualClock(datetime.now(UTC))
    for number in range(20):
        outbox.add(event(alert_id=f"velgrad-{number}"), DESK, clock.now() - timedelta(hours=1))
    to = {"desk": Receiver(Secret(receiver.url), Secret(SECRET), inside=True)}
    assert Sender(outbox, [WebhookNotifier(to, clock)], clock, holder="one").drain_once(wait_up_to=60) == 20
    assert len(receiver.taken) == 20


def test_removed_words_are_told_anew_and_acts_as_well(receiver: FakeReceiver) -> None:
    one = notifier(receiver)
    one.post(delivery())
    cleaned = scrubbing.event(event(), {"x:100"})
    for _ in range(2):
        one.correct(delivery(cleaned, stale=1))
    noise = Act(id="1", alert_id="velgrad-1", kind="dismissed", by="ana", at=START, via="desk", verdict="noise")
    one.correct(delivery(cleaned, acts=(noise,), acted=1))
    opened, corrected, acted = receiver.taken
    assert (opened["type"], corrected["type"], acted["type"]) == ("alert.opened", "alert.corrected", "alert.acted")
    assert CLAIM[:24] not in json.dumps(corrected)
    assert [each["alert"]["standing"] for each in receiver.taken] == ["open", "open", "dismissed"]
    assert "ana" not in json.dumps(receiver.taken)


@given(hostile.events())
@settings(max_examples=60)
def test_any_event_is_json_of_bounded_length_without_hidden_characters(of: AlertEvent) -> None:
    content = body(delivery(of), "step", START)
    read = json.loads(content)
    assert len(content) < 1_000_000
    assert not any(bad in str(read) for bad in ("\u202e", "\x1b", "\x00", "\ufeff"))
    assert message_id(delivery(of), "step", content).isascii()


def test_the_same_event_gives_the_same_bytes() -> None:
    twice: list[Callable[[], bytes]] = [lambda: body(delivery(), "step", START)] * 2
    assert len({make() for make in twice}) == 1
    over = structs.replace(event(), digest=True)
    assert json.loads(body(delivery(over), "step", START))["alert"]["over_budget"] is True
