"""What a terminal shows."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from alerts.notifiers.console import ConsoleNotifier
from alerts.ports import Delivery
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent
from tests.delivery import hostile
from tests.delivery.stories import event


def shown(*steps: AlertEvent, in_doubt: bool = False, width: int = 88) -> str:
    """What is printed of the last of these steps."""
    stream = io.StringIO()
    notifier = ConsoleNotifier(stream, width)
    for step in steps:
        stream.seek(0)
        stream.truncate()
        notifier.post(Delivery("d", "console", step, in_doubt, "", 0))
    return stream.getvalue()


def test_reads_from_what_happened_to_what_it_rests_on() -> None:
    assert shown(event()) == (
        "OPEN  2030-03-04 02:49 UTC ─────────────────────────────────────────────────────────────\n"
        "One origin, and its picture was first seen 2014-03-02\n"
        "Claim        “The old bridge in Velgrad has just collapsed, people in the river\n"
        "             #velgrad”\n"
        "Spread       482 interactions in 38 min, 21.4 expected\n"
        "             chance of that much: 1 in 3,200,000, from 120 earlier stories\n"
        "Sources      1 origin; 57 posts by 49 accounts\n"
        "             @mira_k from 2030-03-04 02:10 UTC: 57 posts by 49 accounts\n"
        "Why          482 interactions in 38 min where 21.4 were expected.\n"
        "             57 posts trace back to one origin, @mira_k.\n"
        "             Its picture was first seen 2014-03-02, near Osmar.\n"
        "Seen before  2014-03-02 14:05 UTC, @osmar_daily in archive: river floods: “Flood takes\n"
        "             the bridge at Osmar”\n"
        "Clears it    One more independent origin.\n"
        "Evidence     http://desk.example/alerts/velgrad-1\n"
        "Rules        uncorroborated spike\n"
        "Alert        velgrad-1#1 in watch velgrad\n"
        "\n"
    )


def test_a_further_step_tells_what_has_changed() -> None:
    assert shown(event(), event("updated", 2, interactions=900)) == (
        "UPDATED  2030-03-04 02:50 UTC ──────────────────────────────────────────────────────────\n"
        "One origin, and its picture was first seen 2014-03-02\n"
        "Now       It still spreads without independent confirmation.\n"
        "Claim     “The old bridge in Velgrad has just collapsed, people in the river #velgrad”\n"
        "Spread    900 interactions in 38 min, 21.4 expected\n"
        "          before: 482 interactions in 38 min, 21.4 expected\n"
        "Sources   1 origin; 57 posts by 49 accounts\n"
        "Evidence  http://desk.example/alerts/velgrad-1\n"
        "Rules     uncorroborated spike\n"
        "Alert     velgrad-1#2 in watch velgrad\n"
        "\n"
    )


def test_a_further_step_tells_new_reasons_new_origins_and_older_sightings() -> None:
    first = event(found=replace(event().finding, reasons=event().finding.reasons[:1], earlier=()))
    text = shown(first, event("corroborated", 2, found=event().finding))
    assert "482 interactions in 38 min where 21.4 were expected." not in text
    assert "57 posts trace back to one origin, @mira_k." in text
    assert "Seen before  2014-03-02 14:05 UTC" in text
    assert "@harbour_watch from 2030-03-04 02:27 UTC" in text
    assert "@mira_k from" not in text


def test_each_alert_and_a_step_again_are_told_in_full() -> None:
    for again in (event("updated", 2, alert_id="velgrad-2"), event()):
        assert shown(event(), again) == shown(again)


def test_a_recalled_alert_names_its_origins() -> None:
    text = shown(event("corroborated", 3))
    assert text.startswith("RECALLED  2030-03-04 02:51 UTC")
    assert "@harbour_watch from 2030-03-04 02:27 UTC" in text
    assert "Clears it" not in text


def test_says_when_it_may_be_repeating_itself() -> None:
    assert "printed again" in shown(event(), in_doubt=True)
    assert "printed again" not in shown(event())


@settings(max_examples=40, deadline=None)
@given(hostile.events(), hostile.events())
def test_prints_anything_and_sends_nothing_to_the_terminal(first: AlertEvent, then: AlertEvent) -> None:
    stream = io.StringIO()
    notifier = ConsoleNotifier(stream, 60)
    for of in (first, replace(then, alert_id=first.alert_id, seq=first.seq + 1)):
        notifier.post(Delivery("d", "console", of, False, "", 0))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", stream.getvalue())


def test_a_closed_terminal_is_a_source_away() -> None:
    class Gone(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError

    with pytest.raises(SourceAway, match="terminal is gone"):
        ConsoleNotifier(Gone(), 80).post(Delivery("d", "console", event(), False, "", 0))


def test_a_terminal_without_unicode_still_gets_the_numbers() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    ConsoleNotifier(stream, 80).post(Delivery("d", "console", event(claim="جسر"), False, "", 0))
    assert b"482 interactions in 38 min, 21.4 expected" in raw.getvalue()
