"""X asked again for the counts of posts, 100 a call, and told by it which posts are gone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ingest.collectors.x.backoff import failure_of
from ingest.collectors.x.budget import Purse
from ingest.collectors.x.client import XRefused, asked, rest
from ingest.collectors.x.settings import XSettings
from ingest.formats.x_v2 import PLATFORM
from ingest.ports import Spending
from ingest.refreshing import Asked
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import EDITED, Counts

BATCH = 100
_ID = re.compile(r"[0-9]{1,19}")  # X answers a call in which one id is of another form with 400, for all of them
_GONE = {"resource-not-found": "not found", "not-authorized-for-resource": "protected"}


class XCounts:
    """Satisfies `ingest.refreshing.Counter`. It reads from the same budget as the stream.

    Raises:
        BadConfiguration: settings that are `off`.
    """

    platform: ClassVar[str] = PLATFORM
    batch: ClassVar[int] = BATCH

    def __init__(self, settings: XSettings, spending: Spending, clock: Clock, user_agent: str) -> None:
        off = settings.off()
        if off or settings.token is None:
            raise BadConfiguration(f"x: {off}")
        self._clock = clock
        self._purse = Purse(settings.limits(), spending, clock)
        self._client = rest(settings.base_url, settings.token.reveal().strip(), user_agent)

    def ask(self, uids: Sequence[str]) -> Asked:
        """One call, for up to 100 posts ("x:ID"). `gone` says "not found", "protected", or by which version its author
        replaced it. Of ids that X has not given, as posts from elsewhere have them, nothing is asked.

        Raises:
            SourceAway: no answer, or none now (`retry_after` says until when); or the budget holds no more.
            BadConfiguration: X refuses the token or the access.
        """
        by_id = {id_: uid for uid in uids[:BATCH] if (id_ := numbered(uid))}
        if not by_id:
            return Asked({}, {}, explicit=True)
        self._afford(len(by_id))
        try:
            answer = asked(self._client.get_tweets, ids=list(by_id), tweet_fields="public_metrics")
        except XRefused as error:
            now = self._clock.now()
            failure = failure_of(error.status, error.body, error.reset, now)
            if failure.kind == "fatal":
                raise BadConfiguration(f"x: {failure.reason}") from error
            wait = (failure.until - now).total_seconds() if failure.until else 60.0
            raise SourceAway(failure.reason, retry_after=max(wait, 1.0)) from error
        counts = {by_id[id_]: read for id_, read in _counts(answer).items() if id_ in by_id}
        self._purse.take(uid.partition(":")[2] for uid in counts)
        self._purse.settle(now=True)
        gone = {by_id[id_]: why for id_, why in (_gone(answer) | _replaced(answer)).items() if id_ in by_id}
        return Asked({uid: read for uid, read in counts.items() if uid not in gone}, gone, explicit=True)

    def _afford(self, posts: int) -> None:
        self._purse.open()
        if self._purse.room() < posts:
            pace = self._purse.pace()
            why = pace.why or "budget: too little is left"
            raise SourceAway(f"x: {why}", retry_after=max(pace.seconds, 3600.0))


def numbered(uid: str) -> str:
    """X's number of a post; "" where its name holds none."""
    platform, _, id_ = uid.partition(":")
    return id_ if platform == PLATFORM and _ID.fullmatch(id_) else ""


def _counts(answer: Mapping[str, Any]) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for post in answer.get("data") or ():
        metrics = post.get("public_metrics") or {}
        found[str(post.get("id"))] = Counts(
            reposts=_number(metrics, "retweet_count", "repost_count"),
            quotes=_number(metrics, "quote_count"),
            replies=_number(metrics, "reply_count"),
            likes=_number(metrics, "like_count"),
            views=_number(metrics, "impression_count"),
        )
    return found


def _replaced(answer: Mapping[str, Any]) -> dict[str, str]:
    """Versions that are not the last: the stream does not bring a later one that no longer meets a watch."""
    found: dict[str, str] = {}
    for post in answer.get("data") or ():
        history = post.get("edit_history_tweet_ids") or post.get("edit_history_post_ids") or ()
        versions = [str(id_) for id_ in history]
        if str(post.get("id")) in versions[:-1]:
            found[str(post.get("id"))] = f"{EDITED}: its author replaced it by {PLATFORM}:{versions[-1]}"
    return found


def _number(metrics: Mapping[str, Any], *names: str) -> int | None:
    return next((metrics[name] for name in names if isinstance(metrics.get(name), int)), None)


def _gone(answer: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in answer.get("errors") or ():
        why = _GONE.get(str(problem.get("type", "")).rsplit("/", 1)[-1])
        if why is not None and problem.get("resource_type", "tweet") in {"tweet", "post"}:
            found[str(problem.get("resource_id") or problem.get("value"))] = why
    return found
