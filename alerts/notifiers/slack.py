"""Slack, through a bot token: one message an alert, kept up to date in place, each change told in its thread.

Scopes: `chat:write`, and `channels:history` (`groups:history` for private channels) to look whether a message whose
answer never came is there after all. The bot must be in the channel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any, NamedTuple, TypeVar
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from alerts.notifiers import slack_blocks, slack_digest
from alerts.notifiers.contract import Pace, Refused
from alerts.notifiers.slack_errors import answer_of, failure, unheard
from alerts.ports import Delivery, StoryTrail, Trails
from alerts.spread.course import chart_path
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import AlertEvent

SLACK_API = "https://slack.com/api/"
EVENT_TYPE = "secondsource_alert"
PAGE = 100
#: How far back to look for a message in doubt, in pages: further up is older than any sender waits.
MOST_PAGES = 10

#: What slack_sdk lets through when the connection fails, before or after Slack heard us.
_LINE_FAILURES = (URLError, HTTPException, OSError, UnicodeDecodeError)
_GONE = {"thread_not_found", "message_not_found"}
_UNREADABLE = {"missing_scope", "channel_not_found", "not_in_channel", "is_archived", "not_allowed_token_type"}

Call = Callable[..., SlackResponse]
T = TypeVar("T")


class Standing(NamedTuple):
    """What Slack says of our token. `missing` are scopes that would be needed for what `without` says."""

    team: str
    bot: str
    missing: tuple[str, ...]
    without: str

    def __str__(self) -> str:
        lacks = f"; add the scope {' or '.join(self.missing)}: {self.without}" if self.missing else ""
        return f"Slack: on, as {self.bot} in {self.team}{lacks}"


class Look(NamedTuple):
    """What cards show beside their events, and where from.

    `trails`: how stories went; None for cards without. `charts`: the desk's public address, where Slack fetches
    pictures of spread; "" for bars of text. `links`: labels and addresses for an event. `buttons`: whether somebody
    hears them when they are pressed.
    """

    trails: Trails | None = None
    charts: str = ""
    links: Callable[[AlertEvent], tuple[tuple[str, str], ...]] = lambda _event: ()
    buttons: bool = False


PLAIN = Look()


class SlackNotifier:
    """Serves "slack:CHANNEL". A reference is "channel id:ts" of the alert's first message.

    `timeout` in seconds bounds each wait for an answer, so that a stopping sender stops. `per_second` is how fast one
    channel takes messages.
    """

    name = "slack"
    digests = True

    def __init__(
        self,
        token: str,
        base_url: str = SLACK_API,
        timeout: int = 4,
        per_second: float = 1.0,
        *,
        look: Look = PLAIN,
    ) -> None:
        self.pace: Pace | None = Pace(per_second)
        self._look = look
        # No retry handlers: the default one posts again after a dropped connection, whether or not it was heard.
        self._client = WebClient(token, base_url=base_url, timeout=timeout, retry_handlers=[])
        if proxy_bypass(urlsplit(base_url).hostname or ""):
            self._client.proxy = None  # slack_sdk reads HTTPS_PROXY but not NO_PROXY

    def check(self) -> Standing:
        """Ask Slack who we are.

        Raises:
            BadConfiguration: the token does not work.
            SourceAway: Slack did not answer.
        """
        answer = self._ask(self._client.auth_test)
        scopes = {name.lower(): str(value) for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
        granted = {scope.strip() for scope in scopes.split(",")}
        bot, team = str(answer.get("user", "")), str(answer.get("team", ""))
        if scopes and "chat:write" not in granted:
            msg = f"expected a Slack token with the scope chat:write, came {scopes}; add it and reinstall the app"
            raise BadConfiguration(msg)
        reading = ("channels:history", "groups:history")
        missing = () if not scopes or granted.intersection(reading) else reading
        return Standing(team, bot, missing, "a message whose answer is lost cannot be looked up, and is left unsent")

    def post(self, delivery: Delivery) -> str:
        if not delivery.reference:
            return self._first(delivery)
        channel, _, ts = delivery.reference.partition(":")
        # The update comes first: it may be repeated freely, so a thread reply that is found means that both are done.
        if not self._updated(delivery, channel, ts):
            return self._first(delivery)
        message = slack_blocks.change(delivery.event, mark(delivery))
        self._say(delivery, channel, message, thread_ts=ts)
        return delivery.reference

    def correct(self, delivery: Delivery) -> None:
        channel, _, ts = delivery.reference.partition(":")
        if delivery.newest:
            card, plain = self._cards(delivery, f"{mark(delivery)}:card")
            edit = self._edit if delivery.stale else self._freshen
            _first_that_is_taken(lambda message: edit(channel, ts, message), card, plain)
        if not delivery.stale:
            return
        try:
            replies = [
                reply["ts"]
                for reply in self._pages(self._client.conversations_replies, channel, ts=ts, oldest=ts)
                if reply["ts"] != ts and _marked(reply, delivery)
            ]
        except Refused as error:
            msg = (
                f"a reply to the message {ts} in {channel} may quote a post that was removed, and the channel cannot "
                "be read; look there, and give the token the scope channels:history (groups:history)"
            )
            raise Refused(msg) from error
        for reply in replies:
            self._edit(channel, reply, slack_blocks.change(delivery.event, mark(delivery)))

    def _edit(self, channel: str, ts: str, message: slack_blocks.Message) -> None:
        """Say this instead; what may no longer be edited is deleted."""
        edited = self._change(self._client.chat_update, channel, ts, text=message.text, blocks=message.blocks)
        if edited or self._change(self._client.chat_delete, channel, ts):
            return
        msg = (
            f"the message {ts} in {channel} quotes a post that was removed, and Slack lets us neither edit nor delete "
            "it; delete it there by hand"
        )
        raise Refused(msg)

    def _freshen(self, channel: str, ts: str, message: slack_blocks.Message) -> None:
        """Say what was done about it. A message that may not be edited says the same as before, which is no harm."""
        self._change(self._client.chat_update, channel, ts, text=message.text, blocks=message.blocks)

    def _change(self, call: Call, channel: str, ts: str, **to: Any) -> bool:
        """False where Slack does not let us; a message that is gone needs no change."""
        try:
            call(channel=channel, ts=ts, **to)
        except SlackApiError as error:
            answer = answer_of(error)
            if answer in {"edit_window_closed", "cant_update_message", "cant_delete_message"}:
                return False
            if answer not in _GONE:
                raise _nothing_posted(failure(error)) from error
        except _LINE_FAILURES as error:
            raise _nothing_posted(unheard(error)) from error
        return True

    def find(self, delivery: Delivery) -> str | None:
        if delivery.reference:
            channel, _, ts = delivery.reference.partition(":")
            replies = self._pages(self._client.conversations_replies, channel, ts=ts, oldest=ts)
            if any(_marked(message, delivery) for message in replies):
                return delivery.reference
        else:
            channel = _channel(delivery)
        for message in self._pages(self._client.conversations_history, channel):
            if _marked(message, delivery):
                return f"{channel}:{message['ts']}"
        return None

    def _first(self, delivery: Delivery) -> str:
        channel = _channel(delivery)
        card, plain = self._cards(delivery, mark(delivery))
        answer = _first_that_is_taken(lambda message: self._say(delivery, channel, message), card, plain)
        return f"{answer['channel']}:{answer['ts']}"

    def _cards(self, delivery: Delivery, key: str) -> tuple[slack_blocks.Message, slack_blocks.Message | None]:
        """The card, and the same without its picture, if it has one: Slack refuses what it cannot fetch.

        Raises:
            SourceAway: the store did not say how the story went.
        """
        if delivery.together:
            return slack_digest.digest(delivery.together, key), None
        event, look = delivery.event, self._look
        trail = look.trails.trail(event.story.id, event.at) if look.trails else StoryTrail()
        chart = f"{look.charts.rstrip('/')}{chart_path(event)}" if look.charts else ""
        beside = slack_blocks.Beside(delivery.acts, trail, chart, look.links(event), look.buttons)
        card = slack_blocks.card(event, key, beside)
        return card, slack_blocks.without_picture(card, event, trail)

    def _say(self, delivery: Delivery, channel: str, message: slack_blocks.Message, **thread: str) -> SlackResponse:
        return self._ask(
            self._client.chat_postMessage,
            channel=channel,
            text=message.text,
            blocks=message.blocks,
            metadata={
                "event_type": EVENT_TYPE,
                "event_payload": {"key": delivery.id, "alert": delivery.event.alert_id},
            },
            unfurl_links=False,
            unfurl_media=False,
            link_names=False,
            **thread,
        )

    def _updated(self, delivery: Delivery, channel: str, ts: str) -> bool:
        """True if the alert's message now shows this event, or stands but may not be edited; False if it is gone."""
        card, plain = self._cards(delivery, f"{mark(delivery)}:card")
        return _first_that_is_taken(lambda message: self._shows(channel, ts, message), card, plain)

    def _shows(self, channel: str, ts: str, message: slack_blocks.Message) -> bool:
        try:
            self._client.chat_update(channel=channel, ts=ts, text=message.text, blocks=message.blocks, link_names=False)
        except SlackApiError as error:
            answer = answer_of(error)
            if answer == "message_not_found":
                return False
            if answer not in {"edit_window_closed", "cant_update_message"}:
                raise _nothing_posted(failure(error)) from error
        except _LINE_FAILURES as error:
            raise _nothing_posted(unheard(error)) from error
        return True

    def _pages(self, call: Call, channel: str, **asked: Any) -> Iterator[dict[str, Any]]:
        """Messages of a channel (newest first) or a thread (oldest first), with metadata, page by page."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            answer = self._read(call, channel=channel, limit=PAGE, include_all_metadata=True, cursor=cursor, **asked)
            if answer is None:
                return
            yield from answer.get("messages") or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return

    def _read(self, call: Call, **asked: Any) -> SlackResponse | None:
        """One page, None where the thread is gone. A channel that may not be read leaves the delivery in doubt."""
        try:
            return call(**asked)
        except SlackApiError as error:
            word = answer_of(error)
            if word in _GONE:
                return None
            if word not in _UNREADABLE:
                raise failure(error) from error
            msg = (
                f"in doubt: it may have been posted, and the channel cannot be read to find out ({word}); look there, "
                "give the token the scope channels:history (groups:history), and the watch a channel id, not a name"
            )
            raise Refused(msg) from error
        except _LINE_FAILURES as error:
            raise unheard(error) from error

    def _ask(self, call: Call, **asked: Any) -> SlackResponse:
        try:
            return call(**asked)
        except SlackApiError as error:
            raise failure(error) from error
        except _LINE_FAILURES as error:
            raise unheard(error) from error


def _first_that_is_taken(
    send: Callable[[slack_blocks.Message], T], message: slack_blocks.Message, plain: slack_blocks.Message | None
) -> T:
    """Send the message, or the plain one where Slack refuses the blocks of the first."""
    try:
        return send(message)
    except Refused as error:
        refused = error.__cause__
        if plain is None or not isinstance(refused, SlackApiError) or answer_of(refused) != "invalid_blocks":
            raise
    return send(plain)


def mark(delivery: Delivery) -> str:
    """A block id that tells our message apart even where metadata may not be read."""
    return f"secondsource:{hashlib.sha256(delivery.id.encode()).hexdigest()[:40]}"


def _marked(message: dict[str, Any], delivery: Delivery) -> bool:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if payload.get("key") == delivery.id:
        return True
    return any(block.get("block_id") == mark(delivery) for block in message.get("blocks") or [])


def _channel(delivery: Delivery) -> str:
    channel = delivery.destination.partition(":")[2]
    if not channel:
        msg = f"expected a destination like slack:C0123456789, came {delivery.destination}; give its watch a channel"
        raise Refused(msg)
    return channel


def _nothing_posted(error: Exception) -> Exception:
    """An update that went unheard has posted nothing new: it can simply be made again."""
    return SourceAway(str(error), retry_after=error.retry_after) if isinstance(error, SourceAway) else error
