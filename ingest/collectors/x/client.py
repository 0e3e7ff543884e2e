"""X's REST calls by tweepy, with three things of our own: the host, the token's keeping, and errors in our kinds.

tweepy 4.17 has api.twitter.com written into it and writes its request headers to the debug log. So an adapter sends
its requests to `base_url`, and the token is put in below tweepy, which never learns it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import requests
import tweepy
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from ingest.collectors.x.rules import Rule, Standing, standing_rules
from secondsource.contracts.errors import BadConfiguration, SourceAway

_TWEEPY_HOST = "https://api.twitter.com"
_TIMEOUT = (10.0, 30.0)
_ADDED_AT_ONCE = 100
PAGE = 100  #: posts a search returns at most
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
    """X answered, and not with success. `failure_of` says what that means."""

    def __init__(self, message: str, status: int, body: bytes, *, reset: datetime | None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.reset = reset


class Within(NamedTuple):
    """What a search looks through: after `since_id` or, where that is "", after `start`; up to `end` if given."""

    since_id: str = ""
    start: datetime | None = None
    end: datetime | None = None


class XClient:
    """Rules, connections and recent search. Every call raises XRefused, or SourceAway where X cannot be reached."""

    def __init__(self, base_url: str, token: str, user_agent: str, *, profiles: bool = True) -> None:
        self._profiles = profiles
        self._rules = tweepy.StreamingClient("", return_type=dict)
        prepare(self._rules, base_url, token, user_agent)
        self._search = rest(base_url, token, user_agent)

    def rules(self) -> list[Standing]:
        """All rules that stand, whoever made them."""
        found: list[Standing] = []
        after: dict[str, str] = {}
        while True:
            answer = asked(self._rules.get_rules, **after)
            found.extend(standing_rules(answer))
            token = (answer.get("meta") or {}).get("next_token")
            if not token:
                return found
            after = {"pagination_token": str(token)}

    def add(self, rules: Sequence[Rule], *, dry_run: bool) -> list[Standing]:
        """The rules as X keeps them, those it had already among them. A dry run changes nothing.

        Raises:
            BadConfiguration: X finds a rule invalid, or has no room for it.
        """
        made: list[Standing] = []
        for first in range(0, len(rules), _ADDED_AT_ONCE):
            some = rules[first : first + _ADDED_AT_ONCE]
            given = [tweepy.StreamRule(value=rule.value, tag=rule.tag) for rule in some]
            answer = asked(self._add, given, **({"dry_run": "true"} if dry_run else {}))
            made.extend(standing_rules(answer))
            made.extend(_duplicates_or_raise(answer, some, room=not dry_run))
        return made

    def delete(self, ids: Sequence[str]) -> None:
        for first in range(0, len(ids), _ADDED_AT_ONCE):
            asked(self._rules.delete_rules, list(ids[first : first + _ADDED_AT_ONCE]))

    def cap(self, otherwise: int) -> int:
        """How many rules this app may have, as far as X tells; never more than `otherwise`."""
        try:
            counts = asked(_json, self._search, "GET", "/2/tweets/search/stream/rules/counts").get("data") or {}
        except XRefused:
            return otherwise
        told = [counts.get(name) for name in ("cap_per_client_app", "cap_per_project")]
        return min([otherwise, *(int(str(one)) for one in told if str(one).isdigit() and str(one) != "0")])

    def hang_up_all(self) -> int:
        """Ends every stream this app has open, as one that a crash left behind; how many X says there were."""
        standing = asked(_json, self._search, "GET", "/2/connections", params={"status": "active"})
        asked(_json, self._search, "DELETE", "/2/connections/all")
        return len(standing.get("data") or ())

    def search(self, query: str, span: Within, next_token: str) -> dict[str, Any]:
        """One page of the last seven days' posts, newest first. Reposts are not found so."""
        more: dict[str, Any] = {"since_id": span.since_id} if span.since_id else {"start_time": _second(span.start)}
        if span.end is not None:
            more["end_time"] = _second(span.end)
        if next_token:
            more["next_token"] = next_token
        return asked(
            self._search.search_recent_tweets,
            query,
            max_results=PAGE,
            tweet_fields=TWEET_FIELDS,
            expansions=EXPANSIONS + (AUTHORS if self._profiles else ""),
            media_fields=MEDIA_FIELDS,
            user_fields=USER_FIELDS,
            **more,
        )

    def _add(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        try:
            return cast("dict[str, Any]", self._rules.add_rules(*arguments, **options))
        except tweepy.BadRequest as error:
            # invalid rules come as 400 with the same body as with 200
            with contextlib.suppress(requests.JSONDecodeError):
                answer = error.response.json()
                if isinstance(answer, dict) and answer.get("errors"):
                    return cast("dict[str, Any]", answer)
            raise


def rest(base_url: str, token: str, user_agent: str) -> tweepy.Client:
    """A client of tweepy's, sent to `base_url`, its answers as dictionaries."""
    return cast("tweepy.Client", prepare(tweepy.Client("", return_type=dict), base_url, token, user_agent))


def prepare(client: Any, base_url: str, token: str, user_agent: str) -> Any:
    """The three things of our own put on a client of tweepy's; the client."""
    client.user_agent = user_agent
    client.session.auth = Bearer(token)
    client.session.mount(_TWEEPY_HOST, _Host(base_url))
    return client


def asked(method: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
    """A call of tweepy's, its errors in our kinds.

    Raises:
        XRefused: any answer but success.
        SourceAway: X cannot be reached, or its answer cannot be read.
    """
    try:
        answer = method(*arguments, **options)
    except tweepy.HTTPException as error:
        response = error.response
        raise refused(response.status_code, response.content, response.headers) from error
    except (requests.RequestException, tweepy.TweepyException, ValueError, RecursionError) as error:
        raise SourceAway(f"X cannot be reached: {type(error).__name__}") from error
    if not isinstance(answer, dict):
        raise SourceAway(f"expected an object from X, came {type(answer).__name__}")
    return answer


def _json(client: tweepy.Client, method: str, route: str, **options: Any) -> Any:
    """What tweepy has no method for."""
    return client.request(method, route, **options).json()


def _second(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


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


def refused(status: int, body: bytes, headers: Mapping[str, str]) -> XRefused:
    """X's refusal, with the time it gives in its header."""
    reset = None
    with contextlib.suppress(KeyError, ValueError, OverflowError, OSError):
        reset = datetime.fromtimestamp(int(headers["x-rate-limit-reset"]), UTC)
    return XRefused(f"X answered {status}: {body[:500].decode(errors='replace')}", status, body, reset=reset)


def _duplicates_or_raise(answer: dict[str, Any], given: Sequence[Rule], *, room: bool) -> list[Standing]:
    """`room` False: a cap that is reached is no error, because stale rules are still to go."""
    duplicates: list[Standing] = []
    faults: list[str] = []
    for problem in answer.get("errors") or ():
        kind = str(problem.get("type", "")).rsplit("/", 1)[-1]
        if kind == "duplicate-rules" or problem.get("title") == "DuplicateRule":
            duplicates.append(Standing(str(problem.get("id", "")), str(problem.get("value", "")), ""))
        elif kind != "rule-cap" or room:
            faults.append(_fault(problem, kind, given))
    if faults:
        raise BadConfiguration("x: " + "; ".join(faults))
    return duplicates


def _fault(problem: dict[str, Any], kind: str, given: Sequence[Rule]) -> str:
    said = "; ".join(map(str, problem.get("details") or ())) or problem.get("detail") or problem.get("title") or kind
    if kind == "rule-cap":
        return f"X has no room for more rules ({said}); use fewer words or watches"
    value = str(problem.get("value", ""))
    watches = next((rule.watches for rule in given if rule.value == value), ())
    whose = ", ".join(watches) or "unknown"
    return f"X refuses the rule {value[:200]!r} of watch {whose}: {said}; change the watch"
