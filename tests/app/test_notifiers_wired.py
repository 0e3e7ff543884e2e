"""Configuration reaches the notifiers: a watch's alert arrives at whom it names, signed and known, and nowhere else."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from msgspec import structs

from secondsource.app import configuring, running, wiring
from secondsource.contracts.stage import Record
from tests.app.newsroom import ALL_OFF, Newsroom
from tests.app.processes import PATIENCE, until
from tests.delivery.stories import event, life
from tests.fakes import mail_server, receiver
from tests.fakes import slack as slacks

SECRET = "whsec_c2VjcmV0"
WATCHES = """
watches:
  - {name: velgrad, hashtags: [Velgrad], slack_channel: C0000000001, notify: ["webhook:desk", "email:night"]}
  - {name: mill, hashtags: [Mill]}
"""


class Town:
    """A receiver, a mail server, a Slack, and a house that is configured to tell them."""

    def __init__(
        self, folder: Path, desk: receiver.FakeReceiver, mail: mail_server.FakeMailServer, slack: slacks.FakeSlack
    ) -> None:
        self.desk, self.mail, self.slack = desk, mail, slack
        settings = f"""
notify:
  console: false
  slack: {{token_env: SLACK, base_url: "{slack.url}"}}
  webhooks:
    desk: {{url_env: DESK_URL, secret_env: DESK_SECRET, inside: true}}
  email:
    host: 127.0.0.1
    port: {mail.port}
    security: none
    address: alerts@velgrad.example
    lists: {{night: [ana@velgrad.example]}}
"""
        self._newsroom = Newsroom(folder, settings=settings)
        (self._newsroom.config / "watches" / "velgrad.yaml").write_text(WATCHES, "utf-8")

    @contextmanager
    def house(self, token: str = slacks.TOKEN) -> Iterator[wiring.House]:
        environ = {"DESK_URL": self.desk.url, "DESK_SECRET": SECRET, "SLACK": token}
        environ["SECONDSOURCE_STORE_URL"] = self._newsroom.store_url
        with wiring.house(configuring.load(self._newsroom.config, environ)) as at:
            yield at


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with receiver.running(SECRET) as desk, mail_server.running() as mail, slacks.running() as slack:
        yield Town(tmp_path, desk, mail, slack)


def judged(at: wiring.House, watch: str = "velgrad", channel: str = "C0000000001") -> None:
    """What the alerts stage says, on its way through the store."""
    steps = [structs.replace(step, watch=watch, channel=channel) for step in life()]
    steps.append(structs.replace(event("expired", 4), watch=watch, channel=channel))
    wiring.store_stage(at).handle([Record(step) for step in steps])


def test_whom_a_watch_names_is_told(town: Town) -> None:
    with town.house() as at:
        judged(at)
        by = wiring.notifiers(at, io.StringIO())
        wiring.sender(at, by, "one").drain_once(wait_up_to=30)
        assert at.store.outbox.waiting() == []
        told = {"destination_kind": "slack", "destination": "slack:C0000000001", "outcome": "sent"}
        assert at.registry.get_sample_value("secondsource_deliveries_total", told)
    assert [taken["alert"]["kind"] for taken in town.desk.taken] == ["opened", "updated", "corroborated", "expired"]
    assert len(town.mail.taken) == 3  # nobody is written to because a story is over
    assert {taken.to for taken in town.mail.taken} == {("ana@velgrad.example",)}
    assert len(town.slack.first_messages()) == 1


def test_a_watch_that_names_nobody_tells_nobody(town: Town) -> None:
    with town.house() as at:
        judged(at, "mill", "")
        assert at.store.outbox.waiting() == []


def test_one_whose_token_is_refused_holds_up_nobody_else(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    stop = Event()
    with town.house(token="xoxb-revoked") as at, caplog.at_level(logging.ERROR):
        judged(at)
        thread = Thread(target=running.notify, args=(at, stop))
        thread.start()
        until(lambda: len(town.desk.taken) == 4 and len(town.mail.taken) == 3 and caplog.records, "all to be told")
        stop.set()
        thread.join(PATIENCE)
        assert at.store.outbox.waiting() == ["slack:C0000000001"]  # it waits for a token that works
    assert any("token" in str(record.__dict__.get("reason")) for record in caplog.records)


def test_a_token_that_slack_refuses_is_told_of_before_the_first_alert(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    stop = Event()
    with town.house(token="xoxb-revoked") as at, caplog.at_level(logging.ERROR):
        thread = Thread(target=running.notify, args=(at, stop))
        thread.start()
        until(lambda: caplog.records, "a record in the log")
        assert thread.is_alive(), "the others go on"
        stop.set()
        thread.join(PATIENCE)
        halted = {"destination_kind": "slack", "destination": "slack", "outcome": "halted"}
        assert at.registry.get_sample_value("secondsource_deliveries_total", halted) == 1
    assert "xoxb-" in str(caplog.records[0].__dict__["reason"])


def test_a_slack_that_is_away_at_the_start_is_asked_again(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    stop = Event()
    town.slack.fail("auth.test", slacks.Dropped(), slacks.Html())
    with town.house() as at, caplog.at_level(logging.INFO):
        thread = Thread(target=running.notify, args=(at, stop))
        thread.start()
        until(lambda: any("standing" in record.__dict__ for record in caplog.records), "what stands to be told")
        stop.set()
        thread.join(PATIENCE)


def test_all_off_is_said(tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path, settings="notify: {console: false}\n" + ALL_OFF)
    found = configuring.load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url})
    with wiring.house(found) as at:
        assert at.sends == ()
