"""The fake is only worth what it shares with Slack: tried here with Slack's own client."""

from __future__ import annotations

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.fakes.slack import TOKEN, Answer, Dropped, FakeSlack, Html, RateLimited

CHANNEL = "C0000000001"


@pytest.fixture
def client(slack: FakeSlack) -> WebClient:
    return WebClient(TOKEN, base_url=slack.url, timeout=5, retry_handlers=[])


def test_posts_by_name_and_answers_with_the_channels_id(client: WebClient) -> None:
    answer = client.chat_postMessage(channel="#alerts", text="one")
    assert answer["channel"] == CHANNEL
    assert isinstance(answer["ts"], str)
    assert answer["ts"] != client.chat_postMessage(channel=CHANNEL, text="two")["ts"]


def test_updates_by_id_only(slack: FakeSlack, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="before")["ts"]
    client.chat_update(channel=CHANNEL, ts=ts, text="after")
    assert slack.first_messages()[0]["text"] == "after"
    with pytest.raises(SlackApiError, match="channel_not_found"):
        client.chat_update(channel="#alerts", ts=ts, text="again")
    with pytest.raises(SlackApiError, match="message_not_found"):
        client.chat_update(channel=CHANNEL, ts="1.000001", text="again")


def test_threads_stay_out_of_history_and_come_oldest_first(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    for text in ("first", "second"):
        client.chat_postMessage(channel=CHANNEL, text=text, thread_ts=ts)
    client.chat_postMessage(channel=CHANNEL, text="newer")
    history = client.conversations_history(channel=CHANNEL)
    assert [message["text"] for message in history["messages"]] == ["newer", "parent"]
    replies = client.conversations_replies(channel=CHANNEL, ts=ts)
    assert [message["text"] for message in replies["messages"]] == ["parent", "first", "second"]


def test_metadata_comes_back_when_asked_for(client: WebClient) -> None:
    metadata = {"event_type": "alert", "event_payload": {"key": "k1"}}
    client.chat_postMessage(channel=CHANNEL, text="one", metadata=metadata)
    assert "metadata" not in client.conversations_history(channel=CHANNEL)["messages"][0]
    told = client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"][0]
    assert told["metadata"] == metadata


def test_pages_by_cursor(slack: FakeSlack, client: WebClient) -> None:
    slack.page_limit = 2
    for n in range(5):
        client.chat_postMessage(channel=CHANNEL, text=str(n))
    pages = [[m["text"] for m in page["messages"]] for page in client.conversations_history(channel=CHANNEL, limit=100)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


def test_refuses_as_slack_does(slack: FakeSlack, client: WebClient) -> None:
    with pytest.raises(SlackApiError, match="no_text"):
        client.chat_postMessage(channel=CHANNEL, text="", blocks=[])
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section])
    section["text"] = {"type": "mrkdwn", "text": "x" * 2900}
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section] * 5)
    slack.channels[CHANNEL].archived = True
    with pytest.raises(SlackApiError, match="is_archived"):
        client.chat_postMessage(channel=CHANNEL, text="x")
    slack.scopes = ("chat:write",)
    with pytest.raises(SlackApiError, match="missing_scope"):
        client.conversations_history(channel=CHANNEL)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        WebClient("xoxb-other", base_url=slack.url, retry_handlers=[]).auth_test()


def test_fails_on_request(slack: FakeSlack, client: WebClient) -> None:
    slack.fail("chat.postMessage", RateLimited(7), Answer("is_archived"), Html(), Dropped(), Html(after=True))
    with pytest.raises(SlackApiError) as limited:
        client.chat_postMessage(channel=CHANNEL, text="limited")
    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "7"
    with pytest.raises(SlackApiError, match="is_archived"):
        client.chat_postMessage(channel=CHANNEL, text="archived")
    with pytest.raises(SlackApiError) as page:
        client.chat_postMessage(channel=CHANNEL, text="page")
    assert page.value.response.status_code == 502
    with pytest.raises(OSError, match="closed connection"):
        client.chat_postMessage(channel=CHANNEL, text="dropped")
    with pytest.raises(SlackApiError):
        client.chat_postMessage(channel=CHANNEL, text="taken, but a proxy failed")
    assert [m["text"] for m in slack.first_messages()] == ["dropped", "taken, but a proxy failed"]


def test_slacks_default_retry_posts_twice(slack: FakeSlack) -> None:
    """Why our notifier turns the retry handlers off."""
    slack.fail("chat.postMessage", Dropped(after=True))
    WebClient(TOKEN, base_url=slack.url).chat_postMessage(channel=CHANNEL, text="once")
    assert [m["text"] for m in slack.first_messages()] == ["once", "once"]
