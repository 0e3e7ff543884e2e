"""Slack's limits hold for every alert, and nobody's words act in a channel."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from alerts.notifiers import slack_blocks
from alerts.notifiers.slack_blocks import Message, card, change, mrkdwn, within_limits
from secondsource.contracts.messages import AlertEvent
from tests.delivery import hostile
from tests.delivery.stories import event, finding, life


def texts(message: Message) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in message.blocks:
        found += [block["text"]] if "text" in block else block.get("fields") or block.get("elements") or []
    return found


def whole(message: Message) -> str:
    return "\n".join(text["text"] for text in texts(message))


@settings(max_examples=40, deadline=None)
@given(hostile.events())
def test_within_limits_and_nothing_acts(of: AlertEvent) -> None:
    for message in (card(of, "key"), change(of, "key")):
        json.dumps(message.blocks, ensure_ascii=False).encode()
        assert 1 <= len(message.blocks) <= 50
        assert message.blocks[0]["block_id"] == "key"
        assert 1 <= len(message.text) <= 4000
        assert sum(len(text["text"]) for text in texts(message)) <= 10_000
        for block in message.blocks:
            assert len(block.get("fields", [])) <= 10
            assert len(block.get("elements", [])) <= 10
            most = 2000 if "fields" in block else 3000
            assert all(1 <= len(text["text"].encode("utf-16-le")) // 2 <= most for text in texts(Message("", [block])))
        for text in texts(message):
            assert text["type"] == "plain_text" or text["verbatim"] is True
        for words in (whole(message), message.text):
            links = re.findall(r"<[^>]*>", words)
            assert all(re.fullmatch(r"<https?://[^|<>\s]+\|Evidence page>", link) for link in links)
            assert "<!" not in words
            assert not re.search(r"&(?!amp;|lt;|gt;)", words)


def test_tells_what_there_is_to_know() -> None:
    message = card(event(), "key")
    words = whole(message)
    assert message.text.startswith("Open: One origin, and its picture was first seen 2014-03-02 (velgrad).")
    for told in (
        "482 interactions in 38 min, 21.4 expected",
        "1 origin; 57 posts by 49 accounts",
        "One more independent origin.",
        "57 posts trace back to one origin, @mira_k.",
        "2014-03-02 14:05 UTC, 16 y before, @osmar_daily in archive: river floods: “Flood takes the bridge at Osmar”",
        "<http://desk.example/alerts/velgrad-1|Evidence page>",
    ):
        assert told in words


def test_a_recalled_alert_strikes_what_it_said_and_names_the_origins() -> None:
    words = whole(card(life()[2], "key"))
    assert "~It spreads without independent confirmation~" in words
    assert "*Recalled. Corroborated: now 2 independent origins*" in words
    assert "• @mira_k from" in words
    assert "• @harbour_watch from" in words
    assert "~“" not in words  # the claim is never struck through


def test_a_recall_does_not_pass_over_that_it_is_disputed() -> None:
    recalled = life()[2]
    disputed = replace(recalled, story=replace(recalled.story, state="contested", disputes=3))
    assert "2 independent origins, contested; 57 posts by 49 accounts; 3 origins dispute it" in whole(
        card(disputed, "key")
    )
    assert "More than one independent origin now asserts it; it is disputed, too." in whole(change(disputed, "key"))
    assert "disputed" not in whole(change(recalled, "key"))


def test_the_claim_is_plain_text() -> None:
    claim = card(event(claim="*bold* <!channel> :fire:"), "key").blocks[1]["text"]
    expected = "“*bold* &lt;!channel&gt; :fire:”"
    assert claim == {"type": "plain_text", "text": expected, "emoji": False}


def test_formatting_of_others_is_taken_out() -> None:
    assert mrkdwn("*Recalled* ~no~ `x` _i_ snake_case", 100) == "∗Recalled∗ ∼no∼ ˋxˋ ˍiˍ snake_case"
    assert "*One" not in whole(card(event(found=finding("*One")), "key")).replace("*∗One*", "")


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "http://x.example/" + "a" * 2000])
def test_a_link_that_cannot_be_one_is_left_out(link: str) -> None:
    assert "Evidence page>" not in whole(card(event(link=link), "key"))


def test_a_cut_never_splits_an_entity() -> None:
    assert mrkdwn("&" * 100, 13) == "&amp;&amp;…"


def test_what_is_between_gives_way() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": str(n) * 2000}} for n in range(8)]
    kept = [block["text"]["text"][0] for block in within_limits(blocks)]
    assert kept == ["0", "1", "2", "3", "7"]
    assert len(within_limits([{"type": "divider"}] * 80)) == slack_blocks.MOST_BLOCKS
