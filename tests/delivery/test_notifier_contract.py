"""What every notifier in NOTIFIERS keeps to. A new one is added to `places` with how to build it and read it back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from alerts.notifiers import (
    NOTIFIERS,
    ConsoleNotifier,
    MailNotifier,
    Notifier,
    SlackNotifier,
    WebhookNotifier,
)
from alerts.notifiers.mail import Relay
from alerts.notifiers.webhook import Receiver
from alerts.ports import Delivery
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.secret import Secret
from store.leaving import scrubbing
from tests.delivery.stories import CLAIM, STATES, Kind, event, life
from tests.fakes import mail_server
from tests.fakes import receiver as hooks
from tests.fakes.slack import TOKEN, running


class Place(NamedTuple):
    """`shown` reads back all that was posted; `looks_back` is whether it can find its own posts."""

    notifier: Notifier
    destination: str
    shown: Callable[[], str]
    looks_back: bool


def words(part: object) -> Iterator[str]:
    """All texts in a piece of JSON."""
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from words(each)
    elif isinstance(part, str):
        yield part


@contextmanager
def terminal() -> Iterator[Place]:
    stream = io.StringIO()
    yield Place(ConsoleNotifier(stream, 100), "console", stream.getvalue, looks_back=False)


@contextmanager
def workspace() -> Iterator[Place]:
    with running() as slack:

        def shown() -> str:
            return "\n".join(words(slack.channels["C0000000001"].messages))

        yield Place(SlackNotifier(TOKEN, slack.url), "slack:C0000000001", shown, looks_back=True)


@contextmanager
def receiver() -> Iterator[Place]:
    """What it is told replaces what it was told before of the same step."""
    with hooks.running("whsec_c2VjcmV0") as fake:
        receivers = {"desk": Receiver(Secret(fake.url), Secret("whsec_c2VjcmV0"), inside=True)}

        def shown() -> str:
            return "\n".join(words({str(body["alert"]["step"]): body for body in fake.taken}))

        yield Place(WebhookNotifier(receivers, SystemClock()), "webhook:desk", shown, looks_back=False)


@contextmanager
def mailbox() -> Iterator[Place]:
    with mail_server.running() as server:
        relay = Relay("127.0.0.1", server.port, "none", "alerts@velgrad.example")
        notifier = MailNotifier(relay, {"night": ["ana@velgrad.example"]}, SystemClock())

        def shown() -> str:
            return "\n".join(
                part.get_content() for each in server.taken for part in each.mail.walk() if not part.is_multipart()
            )

        yield Place(notifier, "email:night", shown, looks_back=False)


places = {ConsoleNotifier: terminal, SlackNotifier: workspace, WebhookNotifier: receiver, MailNotifier: mailbox}


@pytest.fixture(params=NOTIFIERS, ids=lambda kind: kind.__name__)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with places[request.param]() as made:
        yield made


def deliveries(place: Place) -> list[Delivery]:
    return [Delivery(f"{step.id}>{place.destination}", place.destination, step, False, "", 0) for step in life()]


def test_its_name_is_its_destinations(place: Place) -> None:
    assert place.destination.partition(":")[0] == place.notifier.name


def test_one_reference_for_an_alerts_whole_life(place: Place) -> None:
    reference = ""
    for delivery in deliveries(place):
        given = place.notifier.post(delivery._replace(reference=reference))
        assert given
        assert reference in {"", given}
        reference = given


def test_finds_what_it_posted_and_nothing_else(place: Place) -> None:
    opened, updated, _ = deliveries(place)
    assert place.notifier.find(opened) is None
    reference = place.notifier.post(opened)
    if place.looks_back:
        assert place.notifier.find(opened) == reference
    assert place.notifier.find(updated._replace(reference=reference)) is None


def test_what_can_be_read_back_is_corrected_and_may_be_twice(place: Place) -> None:
    reference = ""
    steps = deliveries(place)
    for delivery in steps:
        reference = place.notifier.post(delivery._replace(reference=reference))
    for delivery in steps:
        cleaned = scrubbing.event(delivery.event, {delivery.event.story.claim_uid})
        stale = delivery._replace(event=cleaned, reference=reference, stale=1, newest=delivery is steps[-1])
        for _ in range(2):
            place.notifier.correct(stale)
    if place.looks_back:
        assert CLAIM[:24] not in place.shown()
        assert "removed at the source" in place.shown()


@pytest.mark.parametrize("kind", list(STATES))
def test_shows_every_step_of_an_alerts_life(place: Place, kind: Kind) -> None:
    place.notifier.post(deliveries(place)[0]._replace(event=event(kind)))
    assert "482 interactions in 38 min" in place.shown()
    assert "http://desk.example/alerts/velgrad-1" in place.shown()


@pytest.mark.parametrize("kind", list(STATES))
def test_a_digest_shows_all_that_is_in_it(place: Place, kind: Kind) -> None:
    if not place.notifier.digests:
        return
    events = tuple(event(kind, alert_id=f"velgrad-{number}", interactions=480 + number) for number in range(9))
    digest = Delivery(f"digest:1>{place.destination}", place.destination, events[-1], False, "", 0, together=events)
    reference = place.notifier.post(digest)
    assert reference
    for number in range(9):
        assert f"{480 + number} interactions" in place.shown()
    place.notifier.correct(digest._replace(reference=reference, stale=1))


def test_paces_are_possible(place: Place) -> None:
    pace = place.notifier.pace
    assert pace is None or (pace.per_second > 0 and pace.burst >= 1)


def test_names_differ() -> None:
    with terminal() as console, workspace() as slack, receiver() as hook, mailbox() as mail:
        names = [place.notifier.name for place in (console, slack, hook, mail)]
    assert len(set(names)) == len(names)


def test_every_notifier_is_tried_here() -> None:
    assert set(places) == set(NOTIFIERS)
