"""Reading one feed once: ask whether it changed, map its entries, keep those of a watch that have not been sent."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from ingest.formats.claim_review import reviews_in
from ingest.formats.feed import FACT_CHECKER, Entry, Feed, canonical, entries, to_post
from ingest.matching import Matcher
from secondsource.contracts.clock import Clock
from secondsource.contracts.credits import OURS, Credits
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Post, Review, Struct
from secondsource.contracts.stage import Rejected
from secondsource.outside.web import Answer, Web

log = logging.getLogger(__name__)

_MOST_REMEMBERED = 1_000
_PAGES = 20  #: articles of a fact-checker that are opened in one poll
_HOUR, _DAY = 3600.0, 86_400.0

Outcome = Literal["changed", "unchanged", "failed", "gone"]


class Memory(Struct, frozen=True, kw_only=True):
    """What is kept of a feed between polls, and in the cursor.

    `sent` are digests of entries that were sent on (or refused) and that it still lists; `waited` of those whose page
    did not answer the first time.
    """

    etag: str = ""
    modified: str = ""
    body: str = ""
    sent: tuple[str, ...] = ()
    waited: tuple[str, ...] = ()


class Polled(NamedTuple):
    """What came of a poll. `pause`: seconds that the server asks to wait; `reaches`: the date of the oldest entry."""

    outcome: Outcome
    memory: Memory
    posts: Sequence[Post] = ()
    rejected: Sequence[Rejected] = ()
    reason: str = ""
    pause: float | None = None
    reaches: float | None = None


class Polling(Protocol):
    """Something asked again and again. `counts`: whether coverage depends on it even beside others."""

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def counts(self) -> bool: ...

    def poll(self, memory: Memory) -> Polled:
        """May be called in any thread, once at a time. Raises nothing that it expects."""
        ...


class Unmapped(Struct, frozen=True, kw_only=True):
    """A record that could not be mapped, as `remap` gets it again: an entry of a feed, or a claim that was found."""

    feed: str = ""
    entry: Entry | None = None
    claim: dict[str, Any] | None = None


def asked(web: Web, url: str, memory: Memory, clock: Clock) -> Answer | Polled:
    """The document, or why there is none to read."""
    headers = {"If-None-Match": memory.etag, "If-Modified-Since": memory.modified}
    try:
        answer = web.get(url, {name: value for name, value in headers.items() if value})
    except SourceAway as error:
        return Polled("failed", memory, reason=str(error), pause=error.retry_after)
    except BadRecord as error:
        return Polled("failed", memory, reason=str(error), pause=_HOUR)
    if answer.status == 304:
        return Polled("unchanged", memory)
    if answer.status in {404, 410}:
        return Polled("gone", memory, reason=f"HTTP {answer.status}", pause=_DAY)
    if answer.status != 200:
        return Polled("failed", memory, reason=f"HTTP {answer.status}", pause=answer.retry_after(clock.now()))
    return answer


class FeedPolling:
    """One feed. Entries are sent once in each wording; those of fact-checkers with the reviews of their pages."""

    counts = True

    def __init__(
        self,
        feed: Feed,
        web: Web,
        matcher: Matcher,
        clock: Clock,
        collector: str,
        seconds: float,
        agencies: Credits = OURS,
    ) -> None:
        self.feed, self.key, self.label, self.seconds = feed, feed.url, feed.publisher or feed.url, seconds
        self._agencies = agencies
        self._web, self._matcher, self._clock, self._collector = web, matcher, clock, collector

    def poll(self, memory: Memory) -> Polled:
        answer = asked(self._web, self.feed.url, memory, self._clock)
        if isinstance(answer, Polled):
            return answer
        body = sha256(answer.body).hexdigest()[:16]
        now = Memory(
            etag=answer.headers.get("etag", "")[:300],
            modified=answer.headers.get("last-modified", "")[:100],
            body=body,
            sent=memory.sent,
            waited=memory.waited,
        )
        if body == memory.body:
            return Polled("unchanged", now)
        try:
            listed = entries(answer.body, answer.url, answer.headers.get("content-type", ""))
        except BadRecord as error:
            return Polled("failed", memory, reason=str(error))
        return self._sift(listed, now)

    def _sift(self, listed: Sequence[Entry], memory: Memory) -> Polled:
        before, waited = frozenset(memory.sent), frozenset(memory.waited)
        posts: list[Post] = []
        rejected: list[Rejected] = []
        sent: dict[str, None] = {}
        waiting: list[str] = []
        pages = _PAGES
        for entry in listed:
            digest = entry.digest()
            if digest in sent:
                continue
            if digest in before:
                sent[digest] = None
                continue
            try:
                post = self._wanted(entry)
                if post is not None and self.feed.kind == FACT_CHECKER and post.url:
                    pages -= 1
                    post = self._reviewed(post, last=digest in waited) if pages >= 0 else None
                    if post is None:
                        waiting.append(digest)
                        continue
            except BadRecord as error:
                body = msgspec.json.encode(Unmapped(feed=self.feed.url, entry=entry))
                rejected.append(
                    Rejected(body, f"{self.feed.url} {(entry.guid or entry.link)[:200]}".rstrip(), str(error))
                )
            else:
                if post is None:
                    continue
                posts.append(post)
            sent[digest] = None
        if waiting:  # asked for again although it may not have changed
            memory = msgspec.structs.replace(memory, etag="", modified="", body="")
        memory = msgspec.structs.replace(
            memory, sent=tuple(sent)[:_MOST_REMEMBERED], waited=tuple(waiting)[:_MOST_REMEMBERED]
        )
        dates = [entry.at for entry in listed if entry.at is not None]
        posts.reverse()  # feeds list the newest first
        posts.sort(key=lambda post: post.created_at)
        return Polled("changed", memory, posts, rejected, reaches=min(dates, default=None))

    def _wanted(self, entry: Entry) -> Post | None:
        post = to_post(entry, self.feed, self._clock.now(), self._collector, agencies=self._agencies)
        watches = self._matcher.watches(post)
        return msgspec.structs.replace(post, watches=watches) if watches else None

    def _reviewed(self, post: Post, *, last: bool) -> Post | None:
        """With the reviews of its page; None to wait for the page until the next poll."""
        try:
            answer = self._web.get(post.url)
            away = answer.status == 429 or answer.status >= 500
        except BadRecord as error:
            log.info("feeds: %s is not read for reviews: %s", post.url, error)
            return post
        except SourceAway as error:
            log.info("feeds: %s is not read for reviews now: %s", post.url, error)
            return post if last else None
        if away and not last:
            return None
        if answer.status != 200:
            return msgspec.structs.replace(post, reviews=())
        found = reviews_in(answer.body, answer.url, answer.headers.get("content-type", ""))
        return msgspec.structs.replace(post, reviews=tuple(of_page(found, answer.url)))


def of_page(reviews: Sequence[Review], url: str) -> list[Review]:
    """Those that a page holds of its own, where it also names those of other pages."""
    own = [review for review in reviews if canonical(review.url).rstrip("/") == canonical(url).rstrip("/")]
    return own or list(reviews)
