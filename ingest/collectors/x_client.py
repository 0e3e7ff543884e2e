"""X's REST calls by tweepy, with three things of our own: the host, the token's keeping, and errors in our kinds.

tweepy 4.17 has api.twitter.com written into it and writes its request headers to the debug log. So an adapter sends
its requests to `base_url`, and the token is put in below tweepy, which never learns it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import requests
import tweepy
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from ingest.collectors.x_rules import Rule, Standing, standing_rules
from secondsource.contracts.errors import BadConfiguration, SourceAway

_TWEEPY_HOST = "https://api.twitter.com"
_TIMEOUT = (10.0, 30.0)
_ADDED_AT_ONCE = 100
TWEET_FIELDS = (
    "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,"
    "matched_media_notes,note_tweet,public_metrics,referenced_tweets"
)
EXPANSIONS = "attachments.media_keys,referenced_tweets.id,referenced_tweets.id.attachments.media_keys"
AUTHORS = ",author_id,referenced_tweets.id.author_id"
MEDIA_FIELDS = "media_key,type,url,preview_image_url,alt_text,variants"
USER_FIELDS = "username,name,created_at,public_metrics"


class Bearer(AuthBase):
    """Puts the token on a request; printing it shows nothing."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "Bearer(…)"


class XRefused(SourceAway):
    """X answered, with a status that is neither success nor a matter of configuration."""

    def __init__(self, message: str, status: int, body: bytes, *, reset: datetime | None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.reset = reset


class XClient:
    """Rules and recent search.

    Every call raises BadConfiguration where X refuses token or access (401, 403), XRefused for any other refusal,
    and SourceAway where X cannot be reached.
    """

    def __init__(self, base_url: str, token: str, user_agent: str, *, authors: bool = True) -> None:
        self._authors = authors
        self._rules = tweepy.StreamingClient("", return_type=dict)
        self._search = tweepy.Client("", return_type=dict)
        for client in (self._rules, self._search):
            client.user_agent = user_agent
            client.session.auth = Bearer(token)
            client.session.mount(_TWEEPY_HOST, _Host(base_url))

    def rules(self) -> list[Standing]:
        """All rules that stand, whoever made them."""
        found: list[Standing] = []
        after: dict[str, str] = {}
        while True:
            answer = self._call(self._rules.get_rules, **after)
            found.extend(standing_rules(answer))
            token = (answer.get("meta") or {}).get("next_token")
            if not token:
                return found
            after = {"pagination_token": str(token)}

    def add(self, rules: Sequence[Rule], *, dry_run: bool) -> list[Standing]:
        """The rules as X keeps them, those it had already among them.

        Raises:
            BadConfiguration: X finds a rule invalid, or has no room for it.
        """
        made: list[Standing] = []
        for first in range(0, len(rules), _ADDED_AT_ONCE):
            some = rules[first : first + _ADDED_AT_ONCE]
            asked = [tweepy.StreamRule(value=rule.value, tag=rule.tag) for rule in some]
            answer = self._call(self._rules.add_rules, asked, **({"dry_run": "true"} if dry_run else {}))
            made.extend(standing_rules(answer))
            made.extend(_duplicates_or_raise(answer, some, room=not dry_run))
        return made

    def delete(self, ids: Sequence[str]) -> None:
        for first in range(0, len(ids), _ADDED_AT_ONCE):
            self._call(self._rules.delete_rules, list(ids[first : first + _ADDED_AT_ONCE]))

    def search(self, query: str, since_id: str, next_token: str) -> dict[str, Any]:
        """One page of the last seven days' posts after `since_id`, newest first. Reposts are not found so."""
        more = {"next_token": next_token} if next_token else {}
        return self._call(
            self._search.search_recent_tweets,
            query,
            since_id=since_id,
            max_results=100,
            tweet_fields=TWEET_FIELDS,
            expansions=EXPANSIONS + (AUTHORS if self._authors else ""),
            media_fields=MEDIA_FIELDS,
            user_fields=USER_FIELDS,
            **more,
        )

    def _call(self, method: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        try:
            return cast("dict[str, Any]", method(*arguments, **options))
        except tweepy.HTTPException as error:
            response = error.response
            # invalid rules come as 400 with the same body as with 200
            if response.status_code == 400 and method == self._rules.add_rules:
                with contextlib.suppress(requests.JSONDecodeError):
                    return cast("dict[str, Any]", response.json())
            raise refused(response.status_code, response.content, response.headers) from error
        except (requests.RequestException, tweepy.TweepyException) as error:
            raise SourceAway(f"X cannot be reached: {type(error).__name__}") from error


class _Host(HTTPAdapter):
    """Sends what is addressed to tweepy's host to ours."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/")
        super().__init__()

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        request.url = self._base + (request.url or "").removeprefix(_TWEEPY_HOST)
        if options.get("timeout") is None:
            options["timeout"] = _TIMEOUT
        return super().send(request, *arguments, **options)


def refused(status: int, body: bytes, headers: Any) -> BadConfiguration | XRefused:
    """X's refusal in one of our kinds."""
    said = body[:500].decode(errors="replace")
    if status == 401:
        return BadConfiguration(f"X does not know the bearer token (401); give a valid one. It says: {said}")
    if status == 403:
        return BadConfiguration(
            f"X does not allow this (403): the plan, the spending limit or the app's access. Ask X. It says: {said}"
        )
    reset = None
    with contextlib.suppress(KeyError, ValueError, OverflowError):
        reset = datetime.fromtimestamp(int(headers["x-rate-limit-reset"]), UTC)
    return XRefused(f"X answered {status}: {said}", status, body, reset=reset)


def _duplicates_or_raise(answer: dict[str, Any], asked: Sequence[Rule], *, room: bool) -> list[Standing]:
    """`room` False: a cap that is reached is no error, because stale rules are still to go."""
    duplicates: list[Standing] = []
    for problem in answer.get("errors") or ():
        kind = str(problem.get("type", "")).rsplit("/", 1)[-1]
        if kind == "duplicate-rules" or problem.get("title") == "DuplicateRule":
            duplicates.append(Standing(str(problem.get("id", "")), str(problem.get("value", "")), ""))
            continue
        if kind == "rule-cap" and not room:
            continue
        value = str(problem.get("value", ""))
        watches = next((rule.watches for rule in asked if rule.value == value), ())
        said = (
            "; ".join(map(str, problem.get("details") or ())) or problem.get("detail") or problem.get("title") or kind
        )
        whose = ", ".join(watches) or "unknown"
        raise BadConfiguration(f"x: X refuses the rule {value[:200]!r} of watch {whose}: {said}; change the watch")
    return duplicates
