"""Presses over Slack's Socket Mode, against its wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from alerts.interactions.socket_mode import LINGER, MOST, SocketMode
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.secret import Secret
from tests.delivery.test_interactions import Analysts, post
from tests.fakes.slack import APP_TOKEN, Answer, Dropped, FakeSlack, Html, RateLimited
from tests.fakes.slack_interactions import ACK_WITHIN


@pytest.fixture
def slack(slack: FakeSlack) -> FakeSlack:
    """With one alert in its channel, with buttons."""
    post(slack)
    return slack


@contextmanager
def listening(slack: FakeSlack, analysts: Analysts, token: str = APP_TOKEN) -> Iterator[SocketMode]:
    """A receiver on a socket; what ends it with an error is raised at the end."""
    mode = SocketMode(Secret(token), analysts.receiver, analysts.clock, slack.url)
    stop, failures = Event(), []

    def run() -> None:
        try:
            mode.run(stop)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            failures.append(error)

    thread = Thread(target=run)
    thread.start()
    try:
        slack.sockets.wait_open(opened=slack.sockets.opened or 1)
        yield mode
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()
        assert failures == []


def opened(slack: FakeSlack) -> int:
    return len(slack.called("apps.connections.open"))


def test_a_press_is_acknowledged_at_once_and_worked_off_later(slack: FakeSlack) -> None:
    analysts = Analysts(slack)
    analysts.acts.away = 1
    with listening(slack, analysts) as mode:
        assert slack.sockets.acked(slack.sockets.send(slack.pressed("Acknowledge"))) < ACK_WITHIN
        assert analysts.acts.recorded == []
        analysts.work()
        assert len(analysts.acts.recorded) == 1
        assert mode.listening.wait(60)
    assert not mode.listening.is_set()
    assert slack.sockets.texts == []


def test_an_envelope_that_is_sent_again_is_recorded_once(slack: FakeSlack) -> None:
    analysts = Analysts(slack)
    with listening(slack, analysts):
        told = slack.pressed("Dismiss: noise")
        envelope = slack.sockets.send(told)
        slack.sockets.acked(envelope)
        slack.sockets.resend(envelope, attempt=1)
        slack.sockets.acked(envelope)
        slack.sockets.acked(slack.sockets.send(told, attempt=2))
    assert analysts.work() == 3
    assert analysts.told == ["recorded", "repeated", "repeated"]


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_the_next_socket_is_open_before_the_old_one_closes(slack: FakeSlack, reason: str) -> None:
    analysts = Analysts(slack)
    with listening(slack, analysts):
        slack.sockets.disconnect(reason)
        slack.sockets.wait_open(sockets=2, opened=2)
        for socket in (0, 1):
            slack.sockets.acked(slack.sockets.send(slack.pressed("Acknowledge"), socket=socket))
        slack.sockets.close(0)
        slack.sockets.wait_open(sockets=1, opened=2)
        slack.sockets.acked(slack.sockets.send(slack.pressed("Acknowledge")))
    assert analysts.work() == 3
    assert opened(slack) == 2


def test_an_old_socket_that_stays_is_closed_by_us(slack: FakeSlack) -> None:
    analysts = Analysts(slack)
    with listening(slack, analysts):
        slack.sockets.disconnect("warning")
        slack.sockets.wait_open(sockets=2, opened=2)
        analysts.clock.advance(LINGER)
        slack.sockets.wait_open(sockets=1, opened=2)


def test_a_socket_that_breaks_is_followed_by_another(slack: FakeSlack) -> None:
    analysts = Analysts(slack)
    with listening(slack, analysts):
        for n in range(3):
            slack.sockets.close()
            slack.sockets.wait_open(opened=n + 2)
        slack.sockets.acked(slack.sockets.send(slack.pressed("Acknowledge")))
    assert analysts.clock.waits[:3] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("reason", ["too_many_websockets", "link_disabled"])
def test_where_slack_wants_none_it_is_asked_seldom(slack: FakeSlack, reason: str) -> None:
    analysts = Analysts(slack)
    with listening(slack, analysts):
        slack.sockets.disconnect(reason)
        slack.sockets.wait_open(sockets=2, opened=2)
    assert analysts.clock.waits[0] == MOST


@pytest.mark.parametrize(
    ("fault", "pause"),
    [(RateLimited(37), 37.0), (Html(503), 1.0), (Dropped(), 1.0), (Answer("internal_error"), 1.0)],
)
def test_slack_that_is_away_is_asked_again_later(slack: FakeSlack, fault: Any, pause: float) -> None:
    analysts = Analysts(slack)
    slack.fail("apps.connections.open", fault)
    with listening(slack, analysts):
        slack.sockets.acked(slack.sockets.send(slack.pressed("Acknowledge")))
    assert analysts.clock.waits[0] == pause


def test_a_socket_that_is_not_greeted_is_given_up(slack: FakeSlack) -> None:
    analysts = Analysts(slack)
    slack.sockets.greet = False
    with listening(slack, analysts) as mode:
        assert not mode.listening.is_set()
        slack.sockets.greet = True
        while slack.sockets.opened < 2:
            analysts.clock.advance(10)
            Event().wait(0.05)
        slack.sockets.wait_open(opened=2)
        assert mode.listening.wait(60)


@pytest.mark.parametrize(
    ("token", "word"), [("xoxb-test", "not_allowed_token_type"), ("xapp-of-another", "invalid_auth")]
)
def test_a_token_that_is_not_the_apps_is_said(slack: FakeSlack, token: str, word: str) -> None:
    analysts = Analysts(slack)
    mode = SocketMode(Secret(token), analysts.receiver, analysts.clock, slack.url)
    with pytest.raises(BadConfiguration, match=rf"{word}.*xapp-.*connections:write") as refused:
        mode.run(Event())
    assert token not in str(refused.value)


@pytest.mark.parametrize("prepare", [lambda slack: setattr(slack, "app_scopes", ()),
                                     lambda slack: setattr(slack, "token_error", "token_revoked")])  # fmt: skip
def test_a_token_without_the_scope_or_revoked_is_said(slack: FakeSlack, prepare: Callable[[FakeSlack], None]) -> None:
    prepare(slack)
    analysts = Analysts(slack)
    with pytest.raises(BadConfiguration, match="connections:write"):
        SocketMode(Secret(APP_TOKEN), analysts.receiver, analysts.clock, slack.url).run(Event())


@pytest.mark.parametrize(
    "frame",
    ["Ping from applink-1", "[]", "{}", '{"type": "hello"}', '{"envelope_id": 7}', "[" * 10_000, '{"type": "goodbye"}'],
)
def test_frames_that_mean_nothing_to_us_stop_nothing(slack: FakeSlack, frame: str) -> None:
    analysts = Analysts(slack)
    with listening(slack, analysts):
        slack.sockets.say(frame)
        slack.sockets.acked(slack.sockets.send(slack.pressed("Acknowledge")))
    assert opened(slack) == 1


@pytest.mark.parametrize(("kind", "body"), [("events_api", {"event": {}}), ("interactive", {"type": 7}), ("hm", {})])
def test_what_we_do_not_understand_is_acknowledged(slack: FakeSlack, kind: str, body: dict[str, Any]) -> None:
    analysts = Analysts(slack)
    with listening(slack, analysts):
        slack.sockets.acked(slack.sockets.send(body, kind=kind))
    assert analysts.work() == 0


def test_what_cannot_be_put_aside_is_left_for_slack_to_send_again(slack: FakeSlack) -> None:
    analysts = Analysts(slack)
    told = slack.pressed("Acknowledge")
    while True:
        try:
            analysts.receiver.take(told)
        except Exception:  # noqa: BLE001 - full is full
            break
    with listening(slack, analysts):
        envelope = slack.sockets.send(told)
        follow = slack.sockets.send({"type": "shortcut"})
        slack.sockets.acked(follow)
        assert envelope.acked_after is None
        analysts.work()
        slack.sockets.resend(envelope)
        slack.sockets.acked(envelope)


def test_tokens_and_tickets_are_never_told(slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    analysts = Analysts(slack)
    caplog.set_level("INFO")
    slack.fail("apps.connections.open", Dropped())
    with listening(slack, analysts):
        slack.sockets.close()
        slack.sockets.wait_open(opened=2)
    told = str([vars(record) for record in caplog.records if record.name.startswith(("alerts", "secondsource"))])
    assert "Socket Mode" in told
    assert APP_TOKEN not in told
    assert "ticket-" not in told
