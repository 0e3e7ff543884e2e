"""Counts of Bluesky posts, from the network's public API: 25 posts a call, no key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from ingest.formats.bluesky import PLATFORM, uid_of, uri_of
from ingest.formats.reading import FAULTS
from ingest.refreshing import Asked
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Counts
from secondsource.outside.web import Answer, Limits, Web

METHOD: Final = "/xrpc/app.bsky.feed.getPosts"
MISSING: Final = "missing from the platform's answer"
_LIMITS = Limits(max_bytes=8_000_000, total_seconds=15.0)
_WAIT_SECONDS = 60.0  #: where a limit does not say until when


class _View(msgspec.Struct, gc=False, rename="camel"):
    uri: str
    reply_count: int | None = None
    repost_count: int | None = None
    like_count: int | None = None
    quote_count: int | None = None


class _Views(msgspec.Struct, gc=False):
    posts: list[_View]


_views = msgspec.json.Decoder(_Views)


class BlueskyCounts:
    """`base_url` is an API that serves `app.bsky.feed.getPosts`. Posts that are not in its answer are gone."""

    platform: ClassVar[str] = PLATFORM
    batch: ClassVar[int] = 25

    def __init__(self, base_url: str, user_agent: str, clock: Clock) -> None:
        self._url = base_url.rstrip("/") + METHOD
        self._clock = clock
        # an operator's own choice of host need not be public
        self._web = Web(clock, _LIMITS, user_agent, private=(urlsplit(base_url).netloc,))

    def ask(self, uids: Sequence[str]) -> Asked:
        """One call.

        Raises:
            SourceAway: no usable answer, or too many calls; `retry_after` where the API says when.
        """
        # one name that cannot be a post's, as posts from elsewhere may have it, and the API refuses the whole call
        asked = {uri: uid for uid in uids if uid_of(uri := uri_of(uid)) == uid}
        if not asked:
            return Asked({}, {})
        try:
            answer = self._web.get(f"{self._url}?{urlencode([('uris', uri) for uri in asked])}")
        except BadRecord as error:
            raise SourceAway(str(error)) from error
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            views = _views.decode(answer.body).posts
        except FAULTS as error:
            raise SourceAway(f"bluesky: expected posts with counts, came {answer.body[:80]!r}: {error}") from error
        counts = {uid_of(view.uri): _counts(view) for view in views}
        found = {uid: counts[uid] for uid in asked.values() if uid in counts}
        return Asked(found, {uid: MISSING for uid in asked.values() if uid not in found})

    def _refusal(self, answer: Answer) -> SourceAway:
        now = self._clock.now()
        after = answer.retry_after(now)
        if after is None and answer.status == 429:
            reset = answer.headers.get("ratelimit-reset", "")
            after = max(0.0, int(reset[:12]) - now.timestamp()) if reset.isdecimal() else _WAIT_SECONDS
        return SourceAway(f"bluesky: the API answered {answer.status} {answer.body[:200]!r}", retry_after=after)


def _counts(view: _View) -> Counts:
    return Counts(reposts=view.repost_count, quotes=view.quote_count, replies=view.reply_count, likes=view.like_count)
