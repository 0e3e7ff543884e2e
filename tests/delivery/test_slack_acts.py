"""What was done about an alert, and how its story went, on its Slack message."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery.sending import Sender
from alerts.notifiers import slack_blocks
from alerts.notifiers.slack import Look, SlackNotifier
from alerts.notifiers.slack_blocks import MOST_ALTOGETHER, Beside, card
from alerts.notifiers.slack_buttons import buttons
from alerts.ports import Delivery
from secondsource.contracts.acts import Act, ActKind, Verdict
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.evidence import Step, StoryTrail
from secondsource.contracts.messages import AlertEvent
from store.leaving import scrubbing
from tests.delivery import hostile
from tests.delivery.stories import CLAIM, START, event, life
from tests.delivery.test_interactions import Analysts
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox
from tests.fakes.slack import TOKEN, Answer, Dropped, FakeSlack, RateLimited, _check_content

CHANNEL = "C0000000001"
ALERT = event().alert_id


class Trails:
    def __init__(self, trail: StoryTrail) -> None:
        self._trail = trail
        self.away = False

    def trail(self, story_id: str, until: datetime) -> StoryTrail:
        if self.away:
            raise SourceAway("no database")
        return self._trail if story_id == event().story.id and until == event().at else StoryTrail()


def steps(number: int = 482) -> tuple[Step, ...]:
    began = event().story.as_of - timedelta(minutes=38)
    return tuple(Step(began + timedelta(seconds=n * 2280 / number), "x:100", f"x:b{n}") for n in range(number))


TRAIL = StoryTrail(steps(), (("en", 41), ("ar", 12), ("und", 4)), (("x", 44), ("bluesky", 13)))


def act(kind: ActKind = "acknowledged", number: int = 0, verdict: Verdict | None = None, by: str = "ana (U1)") -> Act:
    at = START + timedelta(minutes=45 + number)
    until = at + timedelta(hours=4) if kind == "snoozed" else None
    return Act(id=str(number), alert_id=ALERT, kind=kind, by=by, at=at, via="slack", until=until, verdict=verdict)


def words(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(slack_blocks._held(blocks))


def labels(acts: tuple[Act, ...]) -> list[str]:
    rows = buttons(ALERT, acts)
    told = [element for row in rows for element in row["elements"]]
    more = [option["text"]["text"] for element in told for option in element.get("options", ())]
    return [element["text"]["text"] for element in told if "text" in element] + more


# --- the card --------------------------------------------------------------------------------------------------------

DISMISSALS = ["Dismiss: useful", "Dismiss: known", "Dismiss: noise"]


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ((), ["Acknowledge", "Snooze 1 h", *DISMISSALS, "Snooze 4 h", "Snooze 24 h"]),
        ((act(),), ["Snooze 1 h", *DISMISSALS, "Snooze 4 h", "Snooze 24 h"]),
        ((act("snoozed"),), ["Acknowledge", "End the snooze", *DISMISSALS, "Snooze 4 h", "Snooze 24 h"]),
        ((act("dismissed", verdict="known"),), ["Reopen"]),
        (
            (act("dismissed", verdict="known"), act("reopened", 1)),
            ["Acknowledge", "Snooze 1 h", *DISMISSALS, "Snooze 4 h", "Snooze 24 h"],
        ),
    ],
)
def test_buttons_are_those_that_do_something(acts: tuple[Act, ...], expected: list[str]) -> None:
    assert labels(acts) == expected


def test_buttons_are_there_only_where_somebody_hears_them() -> None:
    assert all(block["type"] != "actions" for block in card(event(), "key").blocks)
    assert card(event(), "key", Beside(buttons=True)).blocks[-2]["type"] == "actions"


def test_a_card_shows_how_the_story_went_and_where() -> None:
    told = words(card(event(), "key", Beside(trail=TRAIL)).blocks)
    for each in (
        "▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇████  in 38 min   expected by now ▁",
        "Languages: en 41, ar 12, not told 4 · Platforms: x 44, bluesky 13",
        "*Picture first seen*",
        "*The origin*",
        "@mira_k from 2030-03-04 02:10 UTC: 57 posts by 49 accounts",
    ):
        assert each in told


def test_a_chart_stands_for_the_bars_and_says_the_same() -> None:
    shown = card(event(), "key", Beside(trail=TRAIL, chart="https://desk.example/charts/velgrad-1/1.png"))
    (image,) = (block for block in shown.blocks if block["type"] == "image")
    assert image == {
        "type": "image",
        "image_url": "https://desk.example/charts/velgrad-1/1.png",
        "alt_text": "482 interactions in 38 min, 21.4 expected",
    }
    assert "▁" not in words(shown.blocks)
    plain = slack_blocks.without_picture(shown, event(), TRAIL)
    assert plain is not None
    assert "expected by now ▁" in words(plain.blocks)


def test_links_lead_to_the_page_the_board_and_the_runbook() -> None:
    links = (("Board", "https://grafana.example/d/newsroom?var-watch=velgrad"), ("Runbook", "https://wiki.example/1"))
    foot = words(card(event(), "key", Beside(links=links)).blocks[-1:])
    assert "<http://desk.example/alerts/velgrad-1|Evidence page>" in foot
    assert "<https://grafana.example/d/newsroom?var-watch=velgrad|Board> · <https://wiki.example/1|Runbook>" in foot


def test_a_card_says_who_did_what_and_when_the_last_first() -> None:
    done = (act("acknowledged", 0, by="ana"), act("dismissed", 9, "noise", by="*oleg* <!here>"))
    section = card(event(), "key", Beside(done)).blocks[1]["text"]["text"]
    assert section == (
        "*Dismissed as noise by ∗oleg∗ &lt;!here&gt;, 2030-03-04 03:04 UTC*\nAcknowledged by ana, 2030-03-04 02:55 UTC"
    )


def test_a_recalled_card_names_the_sources_and_keeps_its_buttons() -> None:
    shown = card(life()[2], "key", Beside((act(),), buttons=True))
    told = words(shown.blocks)
    assert "~It spreads without independent confirmation~" in told
    assert "• @mira_k from" in told
    assert "• @harbour_watch from" in told
    assert "Acknowledged by ana" in told
    assert shown.blocks[-2]["type"] == "actions"


@settings(max_examples=60, deadline=None)
@given(hostile.events(), hostile.long_text, st.integers(0, 5), st.lists(hostile.text, max_size=8))
def test_every_card_is_within_slacks_limits(of: AlertEvent, name: str, done: int, shares: list[str]) -> None:
    acts = tuple(act("dismissed" if n % 2 else "reopened", n, "known", by=name) for n in range(done))
    trail = StoryTrail(steps(5), tuple((each, 3) for each in shares), tuple((each, 1) for each in shares))
    links = tuple((each, f"https://x.example/{each}") for each in shares[:3])
    for chart in ("", "https://desk.example/charts/" + "a" * 400, "https://desk.example/" + "a" * 4000):
        shown = card(of, "key", Beside(acts, trail, chart, links, buttons=True))
        body = {"text": shown.text, "blocks": shown.blocks}
        _check_content(body)
        assert sum(map(slack_blocks._size, shown.blocks)) <= MOST_ALTOGETHER
        assert "<!" not in words([block for block in shown.blocks if block["type"] != "actions"])
        row = [block for block in shown.blocks if block["type"] == "actions"]
        assert row or len(of.alert_id) > 1800


def test_a_name_too_long_for_a_menu_keeps_its_buttons() -> None:
    (row,) = buttons("v" * 200, ())
    assert [element["type"] for element in row["elements"]] == ["button"] * 5
    assert buttons("v" * 2000, ()) == []


# --- in the channel --------------------------------------------------------------------------------------------------


def notifier(slack: FakeSlack, **look: Any) -> SlackNotifier:
    return SlackNotifier(TOKEN, slack.url, look=Look(**look))


def delivery(of: AlertEvent, reference: str = "", *acts: Act) -> Delivery:
    return Delivery(f"{of.id}>slack:{CHANNEL}", f"slack:{CHANNEL}", of, False, reference, 0, acts=acts)


def test_a_press_changes_the_message_and_says_nothing_else(slack: FakeSlack) -> None:
    outbox, analysts = FakeOutbox(), Analysts(slack)
    analysts.acts._outbox = outbox
    outbox.add(event(), f"slack:{CHANNEL}")
    sender = Sender(outbox, [notifier(slack, buttons=True)], ManualClock(), holder="a")
    assert sender.drain_once(wait_up_to=5) == 1
    for label in ("Acknowledge", "Dismiss: known"):
        for _ in range(2):
            analysts.receiver.take(slack.pressed(label))
        analysts.work()
        assert sender.drain_once(wait_up_to=5) == 1
    (message,) = slack.first_messages()
    told = words(message["blocks"])
    assert "*Dismissed as known by ana (U0000000007), 2030-01-01 00:00 UTC*" in told
    assert "Acknowledged by ana (U0000000007)" in told
    assert [e["text"]["text"] for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]] == ["Reopen"]
    assert slack.replies(message["ts"]) == []
    assert len(slack.called("chat.postMessage")) == 1
    assert outbox.states() == ["sent"]


def test_an_act_needs_no_right_to_read_the_channel(slack: FakeSlack) -> None:
    reference = notifier(slack).post(delivery(event()))
    slack.scopes = ("chat:write",)
    notifier(slack).correct(delivery(event(), reference, act())._replace(acted=1))
    assert "Acknowledged by ana" in words(slack.first_messages()[0]["blocks"])


def test_a_message_that_may_not_be_edited_is_left_alone_for_an_act(slack: FakeSlack) -> None:
    reference = notifier(slack).post(delivery(event()))
    for word in ("edit_window_closed", "cant_update_message", "message_not_found"):
        slack.fail("chat.update", Answer(word))
        notifier(slack).correct(delivery(event(), reference, act())._replace(acted=1))
    assert len(slack.first_messages()) == 1
    assert slack.called("chat.delete") == []


def test_an_act_on_an_older_event_asks_slack_nothing(slack: FakeSlack) -> None:
    reference = notifier(slack).post(delivery(event()))
    before = len(slack.calls)
    notifier(slack).correct(delivery(event(), reference, act())._replace(acted=1, newest=False))
    assert len(slack.calls) == before


def test_a_takedown_and_an_act_together_lose_neither(slack: FakeSlack) -> None:
    reference = notifier(slack).post(delivery(event()))
    cleaned = scrubbing.event(event(), {event().story.claim_uid})
    notifier(slack).correct(delivery(cleaned, reference, act())._replace(acted=1, stale=1))
    told = words(slack.first_messages()[0]["blocks"])
    assert CLAIM[:24] not in told
    assert "Acknowledged by ana" in told


@pytest.mark.parametrize("fault", [RateLimited(3), Dropped(), Answer("ratelimited")])
def test_an_act_that_slack_does_not_take_now_is_shown_later(slack: FakeSlack, fault: Any) -> None:
    outbox = FakeOutbox()
    outbox.add(event(), f"slack:{CHANNEL}")
    clock = ManualClock()
    sender = Sender(outbox, [notifier(slack)], clock, holder="a")
    sender.drain_once(wait_up_to=5)
    outbox.act(act())
    slack.fail("chat.update", fault)
    clock.advance(2)
    sender.drain_once()
    assert len(slack.called("chat.update")) == 1
    assert outbox.rows[0].acted == 1
    clock.advance(120)
    sender.drain_once(Event(), wait_up_to=5)
    assert outbox.rows[0].acted == 0
    assert "Acknowledged by ana" in words(slack.first_messages()[0]["blocks"])


@pytest.mark.parametrize("word", ["is_archived", "channel_not_found"])
def test_an_act_in_an_archived_channel_is_refused_once_and_said(slack: FakeSlack, word: str) -> None:
    outbox = FakeOutbox()
    outbox.add(event(), f"slack:{CHANNEL}")
    sender = Sender(outbox, [notifier(slack)], ManualClock(), holder="a")
    sender.drain_once(wait_up_to=5)
    outbox.act(act())
    slack.fail("chat.update", Answer(word))
    sender.drain_once(wait_up_to=5)
    assert outbox.states() == ["sent"], "the message is still there"
    assert word in outbox.rows[0].reason
    assert sender.drain_once(wait_up_to=5) == 0


def test_a_revoked_token_stops_and_the_act_waits(slack: FakeSlack) -> None:
    outbox = FakeOutbox()
    outbox.add(event(), f"slack:{CHANNEL}")
    clock = ManualClock()
    sender = Sender(outbox, [notifier(slack)], clock, holder="a")
    sender.drain_once(wait_up_to=5)
    outbox.act(act())
    slack.token_error = "token_revoked"
    with pytest.raises(BadConfiguration, match=r"token_revoked.*new bot token"):
        sender.drain_once(wait_up_to=5)
    assert outbox.rows[0].acted == 1
    slack.token_error = ""
    clock.advance(120)
    Sender(outbox, [notifier(slack)], clock, holder="b").drain_once(wait_up_to=5)
    assert "Acknowledged by ana" in words(slack.first_messages()[0]["blocks"])


def test_a_chart_that_slack_cannot_fetch_gives_way_to_bars(slack: FakeSlack) -> None:
    slack.pictures_away = True
    by = notifier(slack, trails=Trails(TRAIL), charts="https://desk.example")
    reference = by.post(delivery(event()))
    asked = slack.called("chat.postMessage")
    assert [any(block["type"] == "image" for block in each["blocks"]) for each in asked] == [True, False]
    assert "expected by now ▁" in words(slack.first_messages()[0]["blocks"])
    by.correct(delivery(event(), reference, act())._replace(acted=1))
    assert by.post(delivery(life()[1], reference)) == reference
    assert len(slack.called("chat.update")) == 4


def test_a_chart_is_asked_for_where_the_desk_is_public(slack: FakeSlack) -> None:
    notifier(slack, trails=Trails(TRAIL), charts="https://desk.example/").post(delivery(event(alert_id="velgrad:1/2")))
    (asked,) = slack.called("chat.postMessage")
    (image,) = (block for block in asked["blocks"] if block["type"] == "image")
    assert image["image_url"] == "https://desk.example/charts/velgrad%3A1%2F2/1.png"


def test_a_store_that_is_away_posts_nothing(slack: FakeSlack) -> None:
    trails = Trails(TRAIL)
    trails.away = True
    with pytest.raises(SourceAway):
        notifier(slack, trails=trails).post(delivery(event()))
    assert slack.calls == []
