"""What a press in Slack comes to, whichever way it comes in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from alerts.interactions.answers import Answers
from alerts.interactions.endpoint import MOST_BYTES, PATH, create_endpoint
from alerts.interactions.presses import Pressed, pressed
from alerts.interactions.receiver import MOST_WAITING, Outcome, Receiver
from alerts.interactions.signature import why_not_signed
from alerts.notifiers.slack import Look, SlackNotifier
from alerts.notifiers.slack_buttons import Press, read
from alerts.ports import Delivery
from secondsource.contracts.acts import VERDICTS, Act
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.secret import Secret
from tests.delivery.stories import event
from tests.fakes.acts import FakeActs
from tests.fakes.clock import ManualClock
from tests.fakes.slack import SIGNING_SECRET, TOKEN, FakeSlack
from tests.fakes.slack_interactions import signed

NOON = datetime(2030, 1, 1, tzinfo=UTC)
AT = NOON.timestamp()
ALERT = event().alert_id
SECRET = Secret(SIGNING_SECRET)


@pytest.fixture
def slack(slack: FakeSlack) -> FakeSlack:
    """With one alert in its channel, with buttons."""
    post(slack)
    return slack


def post(slack: FakeSlack, *acts: Act, channel: str = "C0000000001") -> str:
    opened = event()
    delivery = Delivery(f"{opened.id}>slack:{channel}", f"slack:{channel}", opened, False, "", 0)
    notifier = SlackNotifier(TOKEN, slack.url, look=Look(buttons=True))
    return notifier.post(delivery._replace(acts=tuple(acts)))


class Analysts:
    """A receiver with all it is connected to."""

    def __init__(self, slack: FakeSlack, alerts: tuple[str, ...] = (ALERT,)) -> None:
        self.acts = FakeActs(alerts)
        self.clock = ManualClock(NOON)
        self.told: list[Outcome] = []
        self.receiver = Receiver(
            self.acts, self.clock, Answers(slack.place), lambda outcome, _pressed: self.told.append(outcome)
        )

    def endpoint(self) -> TestClient:
        return TestClient(create_endpoint(SECRET, self.receiver, self.clock), raise_server_exceptions=False)

    def work(self) -> int:
        return self.receiver.work(Event())


@pytest.fixture
def analysts(slack: FakeSlack) -> Analysts:
    return Analysts(slack)


# --- what a payload means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Acknowledge", {"kind": "acknowledged"}),
        ("Snooze 1 h", {"kind": "snoozed", "until": NOON + timedelta(hours=1)}),
        ("Snooze 24 h", {"kind": "snoozed", "until": NOON + timedelta(hours=24)}),
        ("Dismiss: useful", {"kind": "dismissed", "verdict": "useful"}),
        ("Dismiss: known", {"kind": "dismissed", "verdict": "known"}),
        ("Dismiss: noise", {"kind": "dismissed", "verdict": "noise"}),
    ],
)
def test_every_button_says_what_it_does(slack: FakeSlack, label: str, expected: dict[str, Any]) -> None:
    (found,) = pressed(slack.pressed(label, at=AT), NOON)
    act = found.act
    assert (act.alert_id, act.by, act.at, act.via, act.note) == (ALERT, "ana (U0000000007)", NOON, "slack", "")
    assert {"kind": act.kind} | {name: getattr(act, name) for name in expected} == expected
    assert found.answer_to.startswith(slack.place)


def test_a_second_press_of_the_same_card_is_the_same_press(slack: FakeSlack) -> None:
    first, second = (pressed(slack.pressed("Acknowledge", at=AT + n), NOON)[0].act for n in range(2))
    assert first.id == second.id
    others = [
        slack.pressed("Acknowledge", user="U0000000008", name="oleg", at=AT),
        slack.pressed("Dismiss: noise", at=AT),
        slack.pressed("Dismiss: known", at=AT),
    ]
    assert len({first.id, *(pressed(other, NOON)[0].act.id for other in others)}) == 4


def test_a_press_on_a_later_card_is_another_press(slack: FakeSlack) -> None:
    (first,) = pressed(slack.pressed("Dismiss: known", at=AT), NOON)
    reopened = Act(id="x", alert_id=ALERT, kind="reopened", by="oleg", at=NOON, via="slack")
    ts = post(slack, first.act, reopened).partition(":")[2]
    (again,) = pressed(slack.pressed("Dismiss: known", ts=ts, at=AT), NOON)
    assert again.act.id != first.act.id


@pytest.mark.parametrize("ts", ["", "x", "1.5e9", "9999999999999", "-1", "1893542401.000000", "1893369500.000000", "٣"])
def test_a_time_that_cannot_be_is_now(slack: FakeSlack, ts: str) -> None:
    told = slack.pressed("Acknowledge")
    told["actions"][0]["action_ts"] = ts
    assert pressed(told, NOON)[0].act.at == NOON


def test_what_is_no_press_of_ours_is_none(slack: FakeSlack) -> None:
    told = slack.pressed("Acknowledge", at=AT)
    link = {"type": "button", "action_id": "evidence", "url": "http://desk.example", "action_ts": "1.2"}
    assert pressed({**told, "actions": [link]}, NOON) == ()
    assert pressed({**told, "actions": []}, NOON) == ()
    assert pressed({"type": "view_submission", "view": {}}, NOON) == ()
    assert len(pressed({**told, "actions": [link, *told["actions"]]}, NOON)) == 1


@pytest.mark.parametrize("wrong", [None, [], "x", {}, {"type": 7}, {"type": "block_actions", "actions": 3}])
def test_what_slack_never_sends_is_refused(wrong: Any) -> None:
    with pytest.raises(BadRecord, match="interaction payload"):
        pressed(wrong, NOON)


def test_a_press_without_a_presser_is_refused(slack: FakeSlack) -> None:
    with pytest.raises(BadRecord, match="user"):
        pressed({**slack.pressed("Acknowledge"), "user": None}, NOON)


@pytest.mark.parametrize(
    "value",
    [
        "ss1|",
        "ss1|deleted|0||a",
        "ss1|dismissed|0||a",
        "ss1|dismissed|0|so|a",
        "ss1|snoozed|0|9999|a",
        "ss1|snoozed|0||a",
        "ss1|acknowledged|x||a",
        "ss1|acknowledged|²||a",
        "ss1|acknowledged|0||",
        "ss1|acknowledged|0|known|a",
        "ss1|acknowledged|0",
    ],
)
def test_a_value_of_another_version_is_said(value: str) -> None:
    with pytest.raises(BadRecord, match="another version"):
        read(value)


presses = st.builds(
    lambda kind, alert_id, shown: Press(
        kind, alert_id, shown, "known" if kind == "dismissed" else None, 4 if kind == "snoozed" else 0
    ),
    st.sampled_from(["acknowledged", "snoozed", "dismissed", "reopened"]),
    st.text(min_size=1),
    st.integers(0, 10**8),
)


@given(presses)
def test_what_a_button_says_is_read_back(press: Press) -> None:
    assert read(press.value()) == press


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda below: st.lists(below) | st.dictionaries(st.text(), below)
    )
)
def test_whatever_comes_is_understood_or_refused(payload: Any) -> None:
    for told in (payload, {"type": "block_actions", "user": {"id": "U1"}, "actions": [payload]}):
        try:
            assert pressed(told, NOON) == ()
        except BadRecord:
            continue


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_name_of_any_kind_is_made_safe(name: str, user: str) -> None:
    payload = {
        "type": "block_actions",
        "user": {"id": user or "U1", "username": name},
        "actions": [{"value": Press("acknowledged", ALERT, 0).value()}],
    }
    (found,) = pressed(payload, NOON)
    assert 0 < len(found.act.by) <= 80
    assert "\n" not in found.act.by


# --- signatures ------------------------------------------------------------------------------------------------------


def test_slacks_own_example_is_taken() -> None:
    """From the page that describes the signature."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id="
        b"398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    given = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    secret, at = Secret("8f742231b10e8888abcd99yyyzzz85a5"), "1531420618"
    now = datetime.fromtimestamp(1531420618, UTC)
    assert why_not_signed(secret, at, given, body, now) == ""
    assert "forged" in why_not_signed(secret, at, given, body + b" ", now)


@given(st.text(), st.text(), st.binary(max_size=50))
def test_nothing_else_is(timestamp: str, signature: str, body: bytes) -> None:
    assert why_not_signed(SECRET, timestamp, signature, body, NOON) != ""


@pytest.mark.parametrize(("seconds", "taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_window_is_five_minutes(slack: FakeSlack, analysts: Analysts, seconds: int, taken: bool) -> None:
    headers, body = signed(SIGNING_SECRET, slack.pressed("Acknowledge"), AT + seconds)
    assert (analysts.endpoint().post(PATH, content=body, headers=headers).status_code == 200) is taken
    assert analysts.work() == taken


# --- over HTTP -------------------------------------------------------------------------------------------------------


def test_a_press_is_answered_at_once_and_worked_off_later(slack: FakeSlack, analysts: Analysts) -> None:
    analysts.acts.away = 1
    headers, body = signed(SIGNING_SECRET, slack.pressed("Dismiss: known", at=AT), AT)
    answer = analysts.endpoint().post(PATH, content=body, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert analysts.acts.recorded == []
    analysts.work()
    (act,) = analysts.acts.recorded
    assert (act.kind, act.verdict) == ("dismissed", "known")
    assert analysts.told == ["recorded"]


def test_a_replayed_request_and_a_double_click_are_recorded_once(slack: FakeSlack, analysts: Analysts) -> None:
    endpoint = analysts.endpoint()
    same = signed(SIGNING_SECRET, slack.pressed("Acknowledge", at=AT), AT)
    again = signed(SIGNING_SECRET, slack.pressed("Acknowledge", at=AT + 0.2), AT)
    for headers, body in (same, same, again):
        assert endpoint.post(PATH, content=body, headers=headers).status_code == 200
    assert analysts.work() == 3
    assert len(analysts.acts.recorded) == 1
    assert analysts.told == ["recorded", "repeated", "repeated"]


def test_a_forged_request_is_turned_away_and_nothing_told(slack: FakeSlack, analysts: Analysts, caplog: Any) -> None:
    headers, body = signed("another app's secret", slack.pressed("Acknowledge"), AT)
    forgeries: tuple[Any, ...] = (headers, {**headers, "X-Slack-Signature": b"v0=\xc3\xa9"}, {})
    for forged in forgeries:
        answer = analysts.endpoint().post(PATH, content=body, headers=forged)
        assert (answer.status_code, answer.text) == (401, "not signed by Slack\n")
    assert analysts.work() == 0
    assert "forged" in str([record.__dict__.get("reason") for record in caplog.records])
    assert SIGNING_SECRET not in caplog.text + str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    "body",
    [b"", b"payload=", b"payload=%7B", b"payload=1&payload=2", b"\xff\xfe", b"x=1", b"payload=" + b"[" * 50_000],
)
def test_what_is_signed_and_no_payload_is_said(analysts: Analysts, body: bytes) -> None:
    from alerts.interactions.signature import sign

    headers = {"X-Slack-Request-Timestamp": str(int(AT)), "X-Slack-Signature": sign(SECRET, str(int(AT)), body)}
    assert analysts.endpoint().post(PATH, content=body, headers=headers).status_code == 400


def test_a_body_without_end_is_cut_off(analysts: Analysts) -> None:
    assert analysts.endpoint().post(PATH, content=b"x" * (MOST_BYTES + 1)).status_code == 413


def test_other_payloads_are_taken_and_mean_nothing(analysts: Analysts) -> None:
    headers, _ = signed(SIGNING_SECRET, {}, AT)
    for told in (
        {"type": "shortcut"},
        {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"type": "button"}]},
    ):
        headers, body = signed(SIGNING_SECRET, told, AT)
        assert analysts.endpoint().post(PATH, content=body, headers=headers).status_code == 200
    assert analysts.work() == 0


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", "/"), ("GET", "/docs"), ("GET", "/openapi.json")])
def test_there_is_nothing_else_there(analysts: Analysts, method: str, path: str) -> None:
    assert analysts.endpoint().request(method, path).status_code in {404, 405}


# --- the work --------------------------------------------------------------------------------------------------------


def test_a_store_that_is_away_is_waited_for(slack: FakeSlack, analysts: Analysts) -> None:
    analysts.acts.away = 3
    analysts.receiver.take(slack.pressed("Acknowledge"))
    analysts.work()
    assert len(analysts.acts.recorded) == 1
    assert analysts.clock.waits == [0.2, 1.0, 5.0]
    assert slack.answers == []


def test_one_that_stays_away_is_told_to_whoever_pressed(slack: FakeSlack, analysts: Analysts) -> None:
    analysts.acts.away = 1_000
    analysts.receiver.take(slack.pressed("Acknowledge"))
    analysts.work()
    ((_, said),) = slack.answers
    assert said["response_type"] == "ephemeral"
    assert said["replace_original"] in {False, "false"}
    assert "Press again" in said["text"]
    assert analysts.told == ["refused"]
    assert sum(analysts.clock.waits) <= 600


def test_an_alert_that_is_gone_is_told_to_whoever_pressed(slack: FakeSlack) -> None:
    analysts = Analysts(slack, alerts=())
    analysts.receiver.take(slack.pressed("Acknowledge"))
    analysts.work()
    assert "no such alert any more" in slack.answers[0][1]["text"]


def test_an_answer_that_does_not_arrive_stops_nothing(slack: FakeSlack) -> None:
    analysts = Analysts(slack, alerts=())
    slack.answer_status = 410
    for _ in range(2):
        analysts.receiver.take(slack.pressed("Acknowledge"))
    assert analysts.work() == 2
    assert len(slack.answers) == 2


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/actions", "file:///etc/passwd", "http://[", "", "https://hooks.slack.com.evil.example/"],
)
def test_answers_go_to_slack_and_nowhere_else(address: str) -> None:
    with pytest.raises(BadRecord, match="address of"):
        Answers()(address, "hello")


def test_too_many_presses_are_not_taken(slack: FakeSlack, analysts: Analysts) -> None:
    told = slack.pressed("Acknowledge")
    for _ in range(MOST_WAITING):
        analysts.receiver.take(told)
    with pytest.raises(SourceAway, match="wait already"):
        analysts.receiver.take(told)
    headers, body = signed(SIGNING_SECRET, told, AT)
    assert analysts.endpoint().post(PATH, content=body, headers=headers).status_code == 503
    assert analysts.work() == MOST_WAITING
    assert analysts.told.count("recorded") == 1


def test_what_was_taken_is_worked_off_before_it_ends(slack: FakeSlack, analysts: Analysts) -> None:
    stop = Event()
    stop.set()
    analysts.receiver.take(slack.pressed("Acknowledge"))
    analysts.receiver.run(stop)
    assert len(analysts.acts.recorded) == 1


def test_both_ways_come_to_the_same_act(slack: FakeSlack) -> None:
    told = slack.pressed("Dismiss: noise", at=AT)
    found: list[Pressed] = []
    for _ in range(2):
        by = Analysts(slack)
        headers, body = signed(SIGNING_SECRET, told, AT)
        by.endpoint().post(PATH, content=body, headers=headers)
        by.receiver.take(json.loads(json.dumps(told)))
        by.work()
        assert by.told == ["recorded", "repeated"]
        found += [Pressed(act, "") for act in by.acts.recorded]
    assert found[0] == found[1]
    assert found[0].act.verdict in VERDICTS
