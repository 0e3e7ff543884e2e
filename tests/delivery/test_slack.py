"""The Slack notifier against Slack's wire."""

from __future__ import annotations

from urllib.error import URLError

import pytest

from alerts.notifiers.contract import Refused, Unheard
from alerts.notifiers.slack import SlackNotifier, mark
from alerts.notifiers.slack_errors import unheard
from alerts.ports import Delivery
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import AlertEvent
from store.leaving import scrubbing
from tests.delivery.stories import CLAIM, event, life
from tests.fakes.slack import TOKEN, Answer, Dropped, FakeSlack, Html, RateLimited, running

CHANNEL = "C0000000001"


@pytest.fixture
def notifier(slack: FakeSlack) -> SlackNotifier:
    return SlackNotifier(TOKEN, slack.url)


def delivery(of: AlertEvent, reference: str = "", channel: str = CHANNEL) -> Delivery:
    return Delivery(f"{of.id}>slack:{channel}", f"slack:{channel}", of, False, reference, 0)


def test_posts_once_then_edits_and_threads(slack: FakeSlack, notifier: SlackNotifier) -> None:
    opened, updated, recalled = life()
    reference = notifier.post(delivery(opened))
    assert reference.startswith(f"{CHANNEL}:")
    for step in (updated, recalled):
        assert notifier.post(delivery(step, reference)) == reference
    (message,) = slack.first_messages()
    assert "~It spreads" in message["blocks"][0]["text"]["text"]
    assert [reply["blocks"][0]["block_id"] for reply in slack.replies(message["ts"])] == [
        mark(delivery(updated)),
        mark(delivery(recalled)),
    ]


def test_nothing_is_unfurled_or_linked(slack: FakeSlack, notifier: SlackNotifier) -> None:
    notifier.post(delivery(event()))
    (asked,) = slack.called("chat.postMessage")
    assert (asked["unfurl_links"], asked["unfurl_media"], asked["link_names"]) == (False, False, False)
    assert asked["metadata"]["event_payload"]["key"] == delivery(event()).id


def test_takes_a_channel_by_name_and_keeps_its_id(slack: FakeSlack, notifier: SlackNotifier) -> None:
    reference = notifier.post(delivery(event(), channel="#alerts"))
    assert notifier.post(delivery(life()[1], reference, "#alerts")) == reference
    assert slack.called("chat.update")[0]["channel"] == CHANNEL


@pytest.mark.parametrize("how", ["metadata", "block id"])
def test_finds_what_was_posted(slack: FakeSlack, notifier: SlackNotifier, how: str) -> None:
    slack.strip_metadata = how == "block id"
    opened, updated, _ = life()
    assert notifier.find(delivery(opened)) is None
    reference = notifier.post(delivery(opened))
    assert notifier.find(delivery(opened)) == reference
    assert notifier.find(delivery(updated, reference)) is None
    notifier.post(delivery(updated, reference))
    assert notifier.find(delivery(updated, reference)) == reference


def test_finds_it_pages_back(slack: FakeSlack, notifier: SlackNotifier) -> None:
    slack.page_limit = 2
    reference = notifier.post(delivery(event()))
    for n in range(7):
        notifier.post(delivery(event(alert_id=f"other-{n}")))
    assert notifier.find(delivery(event())) == reference
    assert len(slack.called("conversations.history")) == 4


def test_a_lookup_that_is_not_allowed_leaves_it_in_doubt(slack: FakeSlack, notifier: SlackNotifier) -> None:
    slack.scopes = ("chat:write",)
    with pytest.raises(Refused, match=r"in doubt.*missing_scope.*channels:history"):
        notifier.find(delivery(event()))


def test_a_lookup_by_name_says_what_to_write(notifier: SlackNotifier) -> None:
    with pytest.raises(Refused, match=r"in doubt.*channel_not_found.*channel id"):
        notifier.find(delivery(event(), channel="#alerts"))


def test_a_deleted_message_is_followed_by_another(slack: FakeSlack, notifier: SlackNotifier) -> None:
    opened, updated, _ = life()
    old = notifier.post(delivery(opened))
    slack.delete(old.partition(":")[2])
    new = notifier.post(delivery(updated, old))
    assert new != old
    assert len(slack.first_messages()) == 1
    assert notifier.find(delivery(updated, old)) == new


def test_a_message_that_may_not_be_edited_still_gets_its_reply(slack: FakeSlack, notifier: SlackNotifier) -> None:
    opened, updated, _ = life()
    reference = notifier.post(delivery(opened))
    slack.fail("chat.update", Answer("edit_window_closed"))
    assert notifier.post(delivery(updated, reference)) == reference
    assert len(slack.replies(reference.partition(":")[2])) == 1


@pytest.mark.parametrize("word", ["channel_not_found", "is_archived", "not_in_channel", "invalid_blocks", "new_error"])
def test_refused_for_good(slack: FakeSlack, notifier: SlackNotifier, word: str) -> None:
    slack.fail("chat.postMessage", Answer(word))
    with pytest.raises(Refused, match=word):
        notifier.post(delivery(event()))


def test_no_channel_is_refused_before_slack_is_asked(slack: FakeSlack, notifier: SlackNotifier) -> None:
    with pytest.raises(Refused, match="give its watch a channel"):
        notifier.post(delivery(event(), channel=""))
    assert slack.calls == []


@pytest.mark.parametrize("word", ["invalid_auth", "token_revoked", "account_inactive", "missing_scope"])
def test_a_token_that_does_not_work_stops(slack: FakeSlack, notifier: SlackNotifier, word: str) -> None:
    slack.fail("chat.postMessage", Answer(word))
    with pytest.raises(BadConfiguration, match=word):
        notifier.post(delivery(event()))


@pytest.mark.parametrize(("says", "wait"), [(37, 37.0), (0, 0.0), (10**15, 3600.0), (-5, None)])
def test_waits_as_long_as_slack_says(slack: FakeSlack, notifier: SlackNotifier, says: int, wait: float | None) -> None:
    """Ten to the fifteen seconds are no time that a row could be postponed to: they ended the sender."""
    slack.fail("chat.postMessage", RateLimited(says))
    with pytest.raises(SourceAway, match="wait") as limited:
        notifier.post(delivery(event()))
    assert limited.value.retry_after == wait
    assert not isinstance(limited.value, Unheard)


@pytest.mark.parametrize("fault", [Dropped(after=True), Dropped(after=False), Html(500), Html(503, after=True)])
def test_no_answer_is_not_a_no(slack: FakeSlack, notifier: SlackNotifier, fault: Dropped | Html) -> None:
    slack.fail("chat.postMessage", fault)
    with pytest.raises(Unheard):
        notifier.post(delivery(event()))


def test_an_unheard_update_has_posted_nothing(slack: FakeSlack, notifier: SlackNotifier) -> None:
    reference = notifier.post(delivery(event()))
    slack.fail("chat.update", Dropped(after=True))
    with pytest.raises(SourceAway) as away:
        notifier.post(delivery(life()[1], reference))
    assert not isinstance(away.value, Unheard)


def test_nobody_there_is_surely_not_posted(slack: FakeSlack) -> None:
    with running() as other:
        closed = other.url
    with pytest.raises(SourceAway) as away:
        SlackNotifier(TOKEN, closed).post(delivery(event()))
    assert not isinstance(away.value, Unheard)


@pytest.mark.parametrize(
    "error", [TimeoutError("read"), URLError(TimeoutError("slow")), URLError(ConnectionResetError())]
)
def test_a_timeout_may_have_been_heard(error: Exception) -> None:
    assert isinstance(unheard(error), Unheard)


def test_check_tells_who_we_are(slack: FakeSlack, notifier: SlackNotifier) -> None:
    assert str(notifier.check()) == "Slack: on, as secondsource in Newsroom"
    slack.scopes = ("chat:write",)
    assert "add the scope channels:history or groups:history" in str(notifier.check())
    slack.scopes = ("users:read",)
    with pytest.raises(BadConfiguration, match="chat:write"):
        notifier.check()
    slack.token_error = "token_revoked"
    with pytest.raises(BadConfiguration, match="set a new bot token"):
        notifier.check()


def test_the_token_is_never_told(slack: FakeSlack) -> None:
    slack.fail("chat.postMessage", Html(), Answer("invalid_auth"), Dropped())
    for _ in range(3):
        with pytest.raises((SourceAway, BadConfiguration)) as error:
            SlackNotifier(TOKEN, slack.url).post(delivery(event()))
        assert TOKEN not in str(error.value)


def cleaned(of: AlertEvent) -> AlertEvent:
    return scrubbing.event(of, {of.story.claim_uid})


def test_a_removed_quotation_leaves_the_message_and_its_thread(slack: FakeSlack, notifier: SlackNotifier) -> None:
    opened, updated, recalled = life()
    reference = notifier.post(delivery(opened))
    for step in (updated, recalled):
        notifier.post(delivery(step, reference))
    before = len(slack.called("chat.postMessage"))
    notifier.correct(delivery(cleaned(opened), reference)._replace(stale=1, newest=False))
    notifier.correct(delivery(cleaned(updated), reference)._replace(stale=1, newest=False))
    (message,) = slack.first_messages()
    assert CLAIM[:24] in str(message), "the message shows the newest event, whose turn comes last"
    notifier.correct(delivery(cleaned(recalled), reference)._replace(stale=1))
    assert CLAIM[:24] not in str(slack.channels[CHANNEL].messages)
    assert "~It spreads" in message["blocks"][0]["text"]["text"]
    assert len(slack.replies(message["ts"])) == 2
    assert len(slack.called("chat.postMessage")) == before


def test_what_may_no_longer_be_edited_is_deleted(slack: FakeSlack, notifier: SlackNotifier) -> None:
    reference = notifier.post(delivery(event()))
    slack.fail("chat.update", Answer("edit_window_closed"))
    notifier.correct(delivery(cleaned(event()), reference)._replace(stale=1))
    assert slack.channels[CHANNEL].messages == []
    notifier.correct(delivery(cleaned(event()), reference)._replace(stale=1))


def test_what_can_neither_be_edited_nor_deleted_is_said(slack: FakeSlack, notifier: SlackNotifier) -> None:
    reference = notifier.post(delivery(event()))
    slack.fail("chat.update", Answer("cant_update_message"))
    slack.fail("chat.delete", Answer("cant_delete_message"))
    with pytest.raises(Refused, match="delete it there by hand"):
        notifier.correct(delivery(cleaned(event()), reference)._replace(stale=1))


def test_a_thread_that_cannot_be_read_is_said(slack: FakeSlack, notifier: SlackNotifier) -> None:
    reference = notifier.post(delivery(event()))
    slack.scopes = ("chat:write",)
    with pytest.raises(Refused, match="may quote a post that was removed"):
        notifier.correct(delivery(cleaned(event()), reference)._replace(stale=1))
    assert CLAIM[:24] not in str(slack.channels[CHANNEL].messages)


@pytest.mark.parametrize("fault", [RateLimited(3), Html(502), Dropped()])
def test_a_correction_that_goes_unheard_is_made_later(
    slack: FakeSlack, notifier: SlackNotifier, fault: RateLimited | Html | Dropped
) -> None:
    reference = notifier.post(delivery(event()))
    slack.fail("chat.update", fault)
    with pytest.raises(SourceAway) as caught:
        notifier.correct(delivery(cleaned(event()), reference)._replace(stale=1))
    assert not isinstance(caught.value, Unheard)
