"""What analysts press in Slack reaches the store and comes back on the message, in a process as it runs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.newsroom import Newsroom
from tests.app.processes import PATIENCE, until
from tests.fakes.slack import APP_TOKEN, SIGNING_SECRET, TOKEN, FakeSlack
from tests.fakes.slack_interactions import ACK_WITHIN, deliver, signed
from tests.store import velgrad as v

CHANNEL = "C0000000001"
ALERT = "velgrad/1/spike"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Night:
    """A newsroom with one alert, a Slack, and a process that notifies."""

    def __init__(self, folder: Path, slack: FakeSlack, **environ: str) -> None:
        self.slack = slack
        self.port = free_port()
        settings = (
            "notify:\n  console: false\n  runbook_url: https://wiki.example/{rule}\n  slack:\n"
            f"    token_env: T\n    app_token_env: A\n    signing_secret_env: S\n"
            f"    base_url: {slack.url}\n    port: {self.port}\n"
        )
        self.newsroom = Newsroom(folder, settings=settings, environ={"T": TOKEN, **environ})
        assert self.newsroom.run("migrate").code == 0
        with self.newsroom.store() as store:
            v.keep(store, v.enriched(1), v.alert(1, channel=CHANNEL), notifiers=("slack",))

    @contextmanager
    def on(self) -> Iterator[str]:
        """The process; what it logs is given back once it has ended."""
        log: list[str] = []
        process = self.newsroom.start("run", "notify")
        try:
            until(lambda: self.slack.first_messages() or process.poll() is not None, "the alert to be posted")
            yield ""
        finally:
            process.terminate()
            out, err = process.communicate(timeout=PATIENCE)
            log += [out, err]
            self.log = "".join(log)
        assert process.returncode == 0, self.log

    def acts(self) -> list[str]:
        with self.newsroom.store() as store:
            return [act.kind for act in store.acts.of(ALERT)]

    def shown(self) -> str:
        return str(self.slack.first_messages()[0]["blocks"])


def test_a_press_over_a_socket_changes_the_message(tmp_path: Path, slack: FakeSlack) -> None:
    night = Night(tmp_path, slack, A=APP_TOKEN)
    with night.on():
        slack.sockets.wait_open()
        told = slack.pressed("Acknowledge", at=time.time())
        for _ in range(2):
            assert slack.sockets.acked(slack.sockets.send(told)) < ACK_WITHIN
        until(lambda: "Acknowledged by ana (U0000000007)" in night.shown(), "the message to say so")
    assert night.acts() == ["acknowledged"]
    assert "https://wiki.example/uncorroborated_spike|Runbook" in night.shown()
    assert "slack buttons" in night.log
    assert APP_TOKEN not in night.log
    assert "ticket" not in night.log


def test_a_signed_request_does_the_same_and_a_forged_one_nothing(tmp_path: Path, slack: FakeSlack) -> None:
    night = Night(tmp_path, slack, S=SIGNING_SECRET)
    address = f"http://127.0.0.1:{night.port}/slack/interactions"
    with night.on():
        until(lambda: socket.socket().connect_ex(("127.0.0.1", night.port)) == 0, "the endpoint to listen")
        told = slack.pressed("Dismiss: noise", at=time.time())
        assert deliver(address, *signed("not ours", told, time.time()))[0] == 401
        for _ in range(2):
            assert deliver(address, *signed(SIGNING_SECRET, told, time.time())) == (200, b"")
        until(lambda: "Dismissed as noise by ana" in night.shown(), "the message to say so")
    assert night.acts() == ["dismissed"]
    assert SIGNING_SECRET not in night.log


def test_a_token_that_slack_refuses_ends_the_socket_and_no_alert(tmp_path: Path, slack: FakeSlack) -> None:
    slack.app_scopes = ()
    night = Night(tmp_path, slack, A=APP_TOKEN)
    with night.on():
        until(lambda: slack.called("apps.connections.open"), "a socket to be asked for")
        with night.newsroom.store() as store:
            v.keep(store, v.alert(2, channel=CHANNEL), notifiers=("slack",))
        until(lambda: slack.replies(slack.first_messages()[0]["ts"]), "the next event to be told")
    assert "connections:write" in night.log


def test_without_a_secret_nothing_listens_and_there_are_no_buttons(tmp_path: Path, slack: FakeSlack) -> None:
    night = Night(tmp_path, slack)
    with night.on(), pytest.raises(OSError, match="refused"):
        deliver(f"http://127.0.0.1:{night.port}/slack/interactions", {}, b"")
    assert "'actions'" not in night.shown()
    assert "to turn them on: export A=xapp-" in night.log
