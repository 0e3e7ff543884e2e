"""Saying something to whoever pressed, at the `response_url` that came with the press."""

from __future__ import annotations

from http.client import HTTPException
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from slack_sdk.webhook import WebhookClient

from alerts.notifiers.slack_blocks import escaped
from secondsource.contracts.errors import BadRecord, SourceAway

SLACK = "https://hooks.slack.com"


def answering_place(api: str) -> str:
    """Scheme and host of the addresses that come with presses, for a Web API at this address.

    Slack's own are at hooks.slack.com (GovSlack's at hooks.slack-gov.com); a stand-in answers for itself.
    """
    parts = urlsplit(api)
    hooks = "hooks." if parts.netloc in {"slack.com", "slack-gov.com"} else ""
    return f"{parts.scheme}://{hooks}{parts.netloc}"


class Answers:
    """Posts to addresses of Slack's and to no others: a press names the address, and may name any.

    `place` is the scheme and host those addresses begin with; `timeout` is in seconds.
    """

    def __init__(self, place: str = SLACK, timeout: int = 4) -> None:
        self._place = urlsplit(place)
        self._timeout = timeout

    def __call__(self, address: str, sentence: str) -> None:
        """Show a sentence to that one person, below the message.

        Raises:
            BadRecord: the address is not Slack's.
            SourceAway: it did not answer, or not well.
        """
        try:
            parts = urlsplit(address)
        except ValueError as error:
            raise BadRecord("expected an address of Slack's to answer to, came none") from error
        if (parts.scheme, parts.netloc) != (self._place.scheme, self._place.netloc):
            raise BadRecord(f"expected an address of {self._place.netloc} to answer to, came {parts.netloc[:80]!r}")
        client = WebhookClient(address, timeout=self._timeout, retry_handlers=[])
        if proxy_bypass(parts.hostname or ""):
            client.proxy = None
        try:
            answer = client.send(text=escaped(sentence), response_type="ephemeral", replace_original=False)
        except (URLError, HTTPException, OSError, ValueError) as error:
            raise SourceAway(f"expected Slack to take an answer, came {type(error).__name__}") from error
        if answer.status_code != 200:
            raise SourceAway(f"expected Slack to take an answer, came HTTP {answer.status_code}")
