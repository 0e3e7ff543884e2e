"""E-mail on the wire: threads, both forms of a mail, a server's every answer, and nobody's password in a message."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from alerts.delivery.sending import Outcome, Sender
from alerts.notifiers.contract import Refused, Unheard
from alerts.notifiers.mail import MailNotifier, Relay
from alerts.notifiers.mail_message import message
from alerts.ports import Delivery
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.secret import Secret
from store.leaving import scrubbing
from tests.delivery import hostile
from tests.delivery.stories import CLAIM, START, event, life
from tests.fakes.certificate import Certificate, certificate
from tests.fakes.clock import ManualClock
from tests.fakes.mail_server import Dropped, FakeMailServer, Fault, Reply, running
from tests.fakes.outbox import FakeOutbox

NIGHT = "email:night"
FROM = ("Second Source", "alerts@velgrad.example")
TO = ("ana@velgrad.example", "ben@velgrad.example")
PASSWORD = "s3cret words"


@pytest.fixture
def server() -> Iterator[FakeMailServer]:
    with running() as fake:
        yield fake


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"))


def relay(server: FakeMailServer) -> Relay:
    return Relay("localhost", server.port, "none", FROM[1])


def notifier(to: Relay, total: float = 30.0) -> MailNotifier:
    return MailNotifier(to, {"night": TO}, ManualClock(START), total=total)


def delivery(of: AlertEvent | None = None, reference: str = "", **more: object) -> Delivery:
    of = of or event()
    return Delivery(f"{of.id}>{NIGHT}", NIGHT, of, False, reference, 0)._replace(**more)  # type: ignore[arg-type]


def texts(mail: EmailMessage) -> tuple[str, str]:
    """As plain text and as HTML."""
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_an_alerts_mails_are_one_thread(server: FakeMailServer) -> None:
    one = notifier(relay(server))
    reference = ""
    for step in life():
        reference = one.post(delivery(step, reference))
    first, second, third = (taken.mail for taken in server.taken)
    assert first["Message-ID"] == reference
    assert first["In-Reply-To"] is None
    for later in (second, third):
        assert later["In-Reply-To"] == later["References"] == reference
        assert later["Subject"] == f"Re: {first['Subject']}"
    assert len({mail["Message-ID"] for mail in (first, second, third)}) == 3
    assert first["Subject"].startswith("[velgrad] “The old bridge")
    assert {str(mail["Auto-Submitted"]) for mail in (first, second, third)} == {"auto-generated"}
    assert server.taken[0].to == TO
    assert str(first["From"]) == "Second Source <alerts@velgrad.example>"


def test_says_the_same_in_both_forms(server: FakeMailServer) -> None:
    notifier(relay(server)).post(delivery())
    mail = server.taken[0].mail
    assert mail.get_content_type() == "multipart/alternative"
    for text in texts(mail):
        for said in (
            "Open: One origin",
            CLAIM,
            "482 interactions in 38 min",
            "velgrad-1",
            "One more independent origin",
        ):
            assert said in text


def test_a_delivery_tried_again_is_the_same_mail(server: FakeMailServer) -> None:
    server.fail("MAIL DATA", Dropped(after=True))
    one = notifier(relay(server))
    with pytest.raises(Unheard):
        one.post(delivery())
    assert one.find(delivery()) is None
    one.post(delivery())
    assert len({taken.mail["Message-ID"] for taken in server.taken}) == 1


@pytest.mark.parametrize(
    ("verb", "fault", "error", "wait"),
    [
        ("CONNECT", Reply(421), SourceAway, None),
        ("CONNECT", Dropped(), SourceAway, None),
        ("MAIL", Reply(451), SourceAway, None),
        ("MAIL", Reply(530), SourceAway, 300.0),
        ("MAIL", Reply(553), Refused, None),
        ("MAIL", Dropped(), SourceAway, None),
        ("DATA", Reply(451), SourceAway, None),
        ("DATA", Reply(554), Refused, None),
        ("MAIL DATA", Reply(452), SourceAway, None),
        ("MAIL DATA", Reply(554), Refused, None),
        ("MAIL DATA", Dropped(after=False), Unheard, None),
        ("MAIL DATA", Dropped(after=True), Unheard, None),
    ],
    ids=str,
)
def test_what_an_answer_means(
    server: FakeMailServer, verb: str, fault: Fault, error: type[Exception], wait: float | None
) -> None:
    server.fail(verb, fault)
    with pytest.raises(error) as raised:
        notifier(relay(server)).post(delivery())
    assert type(raised.value) is error
    assert getattr(raised.value, "retry_after", None) == wait


def test_who_is_on_the_list_is_told_though_another_address_is_refused(
    server: FakeMailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.unknown = {TO[1]}
    with caplog.at_level(logging.WARNING):
        notifier(relay(server)).post(delivery())
    assert server.taken[0].to == TO[:1]
    (record,) = caplog.records
    assert (record.__dict__["refused"], record.__dict__["codes"]) == (1, [550])
    assert TO[1] not in str(record.__dict__)
    server.unknown = set(TO)
    with pytest.raises(Refused, match="550"):
        notifier(relay(server)).post(delivery())


def test_greylisted_addresses_are_tried_again(server: FakeMailServer) -> None:
    server.fail("RCPT", Reply(450), Reply(450))
    with pytest.raises(SourceAway) as raised:
        notifier(relay(server)).post(delivery())
    assert not isinstance(raised.value, Unheard)
    notifier(relay(server)).post(delivery())
    assert len(server.taken) == 1


def test_nobody_there(server: FakeMailServer) -> None:
    server.stop()
    with pytest.raises(SourceAway) as raised:
        notifier(relay(server)).post(delivery())
    assert not isinstance(raised.value, Unheard)


@pytest.mark.parametrize("at_once", [False, True])
def test_over_tls_with_a_login(ours: Certificate, at_once: bool) -> None:
    with running(ours, at_once=at_once) as server:
        server.users = {"desk": PASSWORD}
        to = relay(server)._replace(
            security="tls" if at_once else "starttls", user="desk", password=Secret(PASSWORD), ca_file=str(ours.public)
        )
        notifier(to).post(delivery())
        assert (server.taken[0].secure, server.taken[0].user) == (True, "desk")
        with pytest.raises(SourceAway, match="not trusted") as raised:
            notifier(to._replace(ca_file="")).post(delivery())
        assert raised.value.retry_after == 300
        assert len(server.taken) == 1


def test_nothing_is_sent_in_the_clear_that_was_not_to_be(server: FakeMailServer) -> None:
    """Somebody in between may have taken the offer of STARTTLS away."""
    server.users = {"desk": PASSWORD}
    to = relay(server)._replace(security="starttls", user="desk", password=Secret(PASSWORD))
    with pytest.raises(SourceAway, match="STARTTLS") as raised:
        notifier(to).post(delivery())
    assert raised.value.retry_after == 300
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_a_wrong_password_is_told_of_without_it(ours: Certificate) -> None:
    with running(ours) as server:
        server.users = {"desk": "another"}
        to = relay(server)._replace(
            security="starttls", user="desk", password=Secret(PASSWORD), ca_file=str(ours.public)
        )
        with pytest.raises(SourceAway, match="535") as raised:
            notifier(to).post(delivery())
        assert raised.value.retry_after == 300
        assert PASSWORD not in f"{raised.value} {raised.value.__cause__} {to}"


def test_a_list_that_is_no_longer_configured_is_named(server: FakeMailServer) -> None:
    with pytest.raises(Refused, match="no list of addresses named day"):
        notifier(relay(server)).post(delivery()._replace(destination="email:day"))


def test_a_removed_post_is_asked_to_be_deleted_once(server: FakeMailServer) -> None:
    one = notifier(relay(server))
    reference = one.post(delivery())
    cleaned = scrubbing.event(event(), {"x:100"})
    one.correct(delivery(cleaned, reference, stale=1, newest=False))
    one.correct(delivery(cleaned, reference, acted=1))
    assert len(server.taken) == 1
    one.correct(delivery(cleaned, reference, stale=1))
    mail = server.taken[1].mail
    assert mail["In-Reply-To"] == reference
    for text in texts(mail):
        assert "delete the earlier mails" in text
        assert CLAIM[:24] not in text


def test_after_an_outage_there_is_one_digest(server: FakeMailServer) -> None:
    outbox, clock, outcomes = FakeOutbox(), ManualClock(datetime.now(UTC)), list[Outcome]()
    for number in range(20):
        outbox.add(event(alert_id=f"velgrad-{number}"), NIGHT, clock.now() - timedelta(hours=1))
    mails = MailNotifier(relay(server), {"night": TO}, clock)
    assert Sender(outbox, [mails], clock, holder="one", on_outcome=outcomes.append).drain_once(wait_up_to=60) == 1
    (taken,) = server.taken
    assert taken.mail["Subject"].startswith("20 alerts together, from velgrad")
    assert all(text.count("482 interactions") == 20 for text in texts(taken.mail))


class Tags(HTMLParser):
    """Every tag of a document, and the attributes that can act."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"} or name.startswith("on")]


_OURS = {"html", "head", "meta", "title", "body", "p", "strong", "table", "tr", "th", "td", "div", "a", "br", "small"}


@given(st.lists(hostile.events(), min_size=1, max_size=4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_nothing_quoted_acts_in_any_mail(events: list[AlertEvent], together: bool) -> None:
    told = delivery(events[-1], together=tuple(events) if together else ())
    raw = message(told, FROM, TO, START).as_bytes()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.isascii()
    head = raw.partition(b"\r\n\r\n")[0].decode()
    names = [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
    assert sorted(names) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    plain, html = texts(message(told, FROM, TO, START))
    tags = Tags(html)
    assert tags.names <= _OURS
    assert all(address.startswith(("http://", "https://")) for address in tags.addresses)
    assert not any(bad in plain + html for bad in ("\u202e", "\x1b", "\x00"))


def test_a_name_that_is_long_or_of_another_script_survives() -> None:
    of = structs.replace(event(claim="انهيار الجسر القديم في فيلغراد " * 8), watch="v" * 60)
    mail = message(delivery(of), ("نشرة", FROM[1]), TO, START)
    assert "انهيار الجسر" in str(mail["Subject"])
    assert mail.as_bytes().isascii()


def test_a_server_that_says_nothing_is_left(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        to = Relay("127.0.0.1", silent.getsockname()[1], "none", FROM[1])
        with pytest.raises(SourceAway):
            MailNotifier(to, {"night": TO}, ManualClock(START), timeout=0.2).post(delivery())
