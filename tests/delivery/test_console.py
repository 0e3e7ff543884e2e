"""What a terminal shows."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings

from alerts.notifiers.console import ConsoleNotifier
from alerts.ports import Delivery
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent
from tests.delivery import hostile
from tests.delivery.stories import event


def shown(of: AlertEvent, *, in_doubt: bool = False, width: int = 88) -> str:
    stream = io.StringIO()
    ConsoleNotifier(stream, width).post(Delivery("d", "console", of, in_doubt, "", 0))
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


def test_a_recalled_alert_names_its_origins() -> None:
    text = shown(event("corroborated", 3))
    assert text.startswith("RECALLED  2030-03-04 02:51 UTC")
    assert "@harbour_watch from 2030-03-04 02:27 UTC" in text
    assert "Clears it" not in text


def test_says_when_it_may_be_repeating_itself() -> None:
    assert "printed again" in shown(event(), in_doubt=True)
    assert "printed again" not in shown(event())


@settings(max_examples=40, deadline=None)
@given(hostile.events())
def test_prints_anything_and_sends_nothing_to_the_terminal(of: AlertEvent) -> None:
    stream = io.StringIO()
    ConsoleNotifier(stream, 60).post(Delivery("d", "console", of, False, "", 0))
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
