"""Numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from alerts import wording
from alerts.desk.pages import Pages
from alerts.notifiers import console, mail_message, slack_blocks, together
from alerts.ports import Delivery, Overview
from secondsource.contracts.messages import Corroboration, Earlier, Forecast, Reason, Spread
from tests.delivery.stories import earlier, event, finding, origin, spread


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (40, "40 s"),
        (38 * 60 + 59, "38 min"),
        (2 * 3600 + 5 * 60, "2 h 05 min"),
        (3 * 86400 + 4 * 3600, "3 d 4 h"),
        (2 * 365 * 86400 + 40 * 86400, "2 y 40 d"),
    ],
)
def test_duration(seconds: float, said: str) -> None:
    assert wording.duration(seconds) == said


@pytest.mark.parametrize(
    ("surprise", "said"),
    [
        (0.5, "1 in 2"),
        (0.00041, "1 in 2,400"),
        (3.1e-7, "1 in 3,200,000"),
        (0.0, "less than 1 in 1,000,000,000"),
        (1, "1 in 1"),
    ],
)
def test_chance(surprise: float, said: str) -> None:
    assert wording.chance(surprise) == said


def test_spread_says_when_it_cannot_say() -> None:
    assert wording.spread(spread()) == "482 interactions in 38 min, 21.4 expected"
    little = Spread(interactions=1, age_seconds=60, state="insufficient data", history=1)
    assert wording.spread(little) == "1 interaction in 1 min; insufficient data to say what to expect (1 earlier story)"
    assert wording.odds(little) == ""


@pytest.mark.parametrize(
    ("a_day", "said"), [(0.0, "0"), (0.0004, "under 0.01"), (0.04, "0.04"), (0.1, "0.1"), (4.25, "4.2"), (40.0, "40")]
)
def test_what_is_rare_is_not_told_as_never(a_day: float, said: str) -> None:
    assert wording.rate(a_day) == said


@pytest.mark.parametrize(
    ("low", "high", "at_seconds", "told"),
    [
        (40.0, 120.0, 4560.0, True),
        (40.0, 1_200.0, 4560.0, True),
        (2_586.0, 12_311_586.0, 4560.0, False),
        (0.0, 31.0, 4560.0, False),
        (20.0, 30.0, 4560.0, False),
        (40.0, 120.0, 2280.0, False),
    ],
)
def test_a_forecast_that_says_nothing_is_not_told(low: float, high: float, at_seconds: float, *, told: bool) -> None:
    """From little history it may be so wide that it frightens, and flattens the chart."""
    ahead = Forecast(at_seconds=at_seconds, low=low, middle=(low + high) / 2, high=high)
    assert (wording.foretold(replace(spread(30), forecast=ahead)) is not None) == told


def test_people_and_places() -> None:
    assert wording.handle("@mira\n_k") == "“@mira _k”"
    assert wording.handle("@mira_k") == "@mira_k"
    lying = "ana”: 900 posts by 900 accounts; “@ben"
    assert wording.handle(lying) == "“@ana: 900 posts by 900 accounts; @ben”"
    assert wording.handle("“”") == "unknown account"
    assert wording.handle("[removed at the source]") == "[removed at the source]", "nobody's name"
    assert wording.handle("\u200b") == "unknown account"
    assert wording.origin(origin(0, 57)) == "@mira_k from 2030-03-04 02:10 UTC: 57 posts by 49 accounts"
    assert wording.earlier(earlier("")) == "2014-03-02 14:05 UTC, @osmar_daily in archive: river floods"


@pytest.mark.parametrize(
    ("state", "independent", "said"),
    [
        ("none", 0.0, "no origin"),
        ("none", 1.0, "1 origin"),
        ("single-origin", 1.0, "1 origin"),
        ("single-origin", 0.5, "1 origin (weight 0.5)"),
        ("multi-origin", 2.4, "2.4 independent origins"),
        ("contested", 1.0, "1 origin, contested"),
        ("contested", 3.0, "3 independent origins, contested"),
        ("unknown", 1.0, "1 origin, and a collector was blind"),
    ],
)
def test_the_number_of_origins_is_always_said(state: Corroboration, independent: float, said: str) -> None:
    told = replace(event().story, state=state, independent=independent)
    assert wording.sources(told) == said
    assert wording.origins(told) == f"{said}; 57 posts by 49 accounts"


def test_several_origins_that_weigh_no_more_than_one_are_not_told_as_one() -> None:
    told = replace(event().story, independent=1.0, origins=(origin(0, 18), origin(1, 14)))
    assert wording.sources(told) == "2 origins (weight 1)"
    assert wording.sources(replace(told, independent=0.75, state="contested")) == "2 origins (weight 0.8), contested"


def test_disputes_are_told_as_origins_for_each_may_have_many_posts() -> None:
    told = replace(event("contested", 2).story, disputes=1)
    assert wording.origins(told) == "1 origin, contested; 57 posts by 49 accounts; 1 origin disputes it"
    assert wording.origins(replace(told, disputes=2)).endswith("; 2 origins dispute it")


def test_what_speaks_against_an_alert_is_among_what_is_shown() -> None:
    names = ("spread", "forecast", "disputes", "origins", "copies", "coverage")
    told = replace(finding(), reasons=tuple(Reason(name=name, value="", sentence=name) for name in names))
    for most, shown in ((6, names), (3, ("spread", "disputes", "coverage")), (1, ("disputes",))):
        ordered = [reason.name for reason in wording.reasons(told, most)]
        assert ordered[:most] == list(shown)
        assert sorted(ordered) == sorted(names)


def test_a_claim_that_was_edited_is_told_as_that_wherever_it_is_quoted() -> None:
    """Else a correction by its own author is read as what spreads."""
    first = event()
    said = replace(first, story=replace(first.story, claim="There was no collapse, sorry", claim_edited=True))
    told = "“There was no collapse, sorry” (edited since it was first posted)"
    assert dict(console.rows(said))["Claim"] == dict(console.changes(first, said))["Claim"] == told
    delivery = Delivery(f"{said.id}>email:night", "email:night", said, False, "", 0)
    assert dict(mail_message.letter(delivery).rows)["Claim"] == (told,)
    assert told in together.lines(said, 90)[1]
    blocks = slack_blocks.card(said, "key").blocks
    assert [block["text"]["text"] for block in blocks if block.get("text", {}).get("type") == "plain_text"] == [told]
    assert "edited since it was first posted" in Pages().alerts(Overview((said,), 1), said.at)
    assert wording.claim(first.story, 90).endswith("#velgrad”")


def test_summary_is_one_line() -> None:
    assert wording.summary(event(watch="velgrad\nnight")) == (
        "Open: One origin, and its picture was first seen 2014-03-02 (velgrad night). "
        "482 interactions in 38 min, 21.4 expected; 1 origin."
    )


@pytest.mark.parametrize(
    ("dated_by", "said"),
    [
        ("", "2014-03-31 23:59 UTC, unknown account in import:gazette/a.jpg: “Flood”"),
        ("exif", "2014-03-31 23:59 UTC (date by the picture's EXIF), in import:gazette/a.jpg: “Flood”"),
        ("file name, day", "2014-03-31 (date by the file's name), in import:gazette/a.jpg: “Flood”"),
        ("importer, month", "2014-03 (date by the importer), in import:gazette/a.jpg: “Flood”"),
        ("importer, year", "2014 (date by the importer), in import:gazette/a.jpg: “Flood”"),
    ],
)
def test_a_date_says_no_more_than_is_known(dated_by: str, said: str) -> None:
    seen = Earlier(
        picture="p",
        seen_at=datetime(2014, 3, 31, 23, 59, 59, tzinfo=UTC),
        source="import:gazette/a.jpg",
        handle="",
        caption="Flood",
        dated_by=dated_by,
    )
    plain = wording.earlier(seen).replace("\u2068", "").replace("\u2069", "")
    assert plain == said
