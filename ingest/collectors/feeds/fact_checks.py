"""Google's Fact Check Tools: published reviews of claims that speak of a watch's words. Optional, with a key.

The key travels in a header, so that no address that is logged can hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import msgspec

from ingest.collectors.feeds.polling import Memory, Polled, Unmapped
from ingest.formats.claim_review import published
from ingest.formats.feed import AHEAD, PLATFORM, canonical, domain_of, uid
from ingest.formats.html import plain
from ingest.formats.reading import EARLIEST, FAULTS, distinct, language, without_nul
from ingest.matching import Matcher
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Account, Post, Review, Struct
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Rejected
from secondsource.contracts.watch import Watch
from secondsource.outside.web import Answer, Web

_MOST_QUERIES = 5  #: words of a watch that are asked for
_MOST_PAGES = 5  #: of answers to one query
_PAGE = 50
_MOST_REMEMBERED = 1_000
_DAY = 86_400.0


class _Page(Struct, frozen=True, kw_only=True, rename="camel"):
    claims: tuple[dict[str, Any], ...] = ()
    next_page_token: str = ""


class _Publisher(Struct, frozen=True, kw_only=True):
    name: str = ""
    site: str = ""


class _ClaimReview(Struct, frozen=True, kw_only=True, rename="camel"):
    url: str = ""
    publisher: _Publisher = _Publisher()
    title: str = ""
    review_date: str = ""
    textual_rating: str = ""
    language_code: str = ""


class _Claim(Struct, frozen=True, kw_only=True, rename="camel"):
    text: str = ""
    claim_review: tuple[_ClaimReview, ...] = ()


class ClaimSearch:
    """What has been published about one watch's words."""

    counts = False

    def __init__(
        self,
        watch: Watch,
        web: Web,
        matcher: Matcher,
        clock: Clock,
        *,
        collector: str,
        base_url: str,
        key: Secret,
        seconds: float,
        days: int,
    ) -> None:
        self.key, self.label, self.seconds = f"fact-checks:{watch.name}", f"Fact Check Tools for {watch.name}", seconds
        self._queries = queries(watch)
        self._web, self._matcher, self._clock, self._collector = web, matcher, clock, collector
        self._url = f"{base_url.rstrip('/')}/v1alpha1/claims:search"
        self._secret = key
        self._days = days

    def poll(self, memory: Memory) -> Polled:
        before = frozenset(memory.sent)
        sent = dict.fromkeys(memory.sent)
        posts: list[Post] = []
        rejected: list[Rejected] = []
        failure: Polled | None = None
        for query in self._queries:
            found = self._search(query)
            if isinstance(found, Polled):
                failure = found
                break
            for claim in found:
                try:
                    made = to_posts(claim, self._clock.now(), self._collector)
                except BadRecord as error:
                    body = msgspec.json.encode(Unmapped(claim=claim))
                    digest = sha256(body).hexdigest()[:16]
                    if digest not in sent:
                        rejected.append(Rejected(body, f"fact check tools {query!r}", str(error)))
                        sent[digest] = None
                    continue
                for post in made:
                    watches = self._matcher.watches(post)
                    if watches and post.uid not in before:
                        posts.append(msgspec.structs.replace(post, watches=watches))
                        sent[post.uid] = None
        memory = Memory(sent=tuple(sent)[-_MOST_REMEMBERED:])
        posts = list({post.uid: post for post in posts}.values())
        if failure is not None:
            return failure._replace(memory=memory, posts=posts, rejected=rejected)
        return Polled("changed", memory, posts, rejected)

    def _search(self, query: str) -> list[dict[str, Any]] | Polled:
        """All claims of a query, or why there are none."""
        claims: list[dict[str, Any]] = []
        token = ""
        for _ in range(_MOST_PAGES):
            asked = {"query": query, "pageSize": _PAGE, "maxAgeDays": self._days}
            params = urlencode(asked | ({"pageToken": token} if token else {}))
            try:
                answer = self._web.get(f"{self._url}?{params}", {"X-Goog-Api-Key": self._secret.reveal()})
                if answer.status != 200:
                    return self._refused(answer)
                page = msgspec.json.decode(without_nul(answer.body), type=_Page)
            except (SourceAway, BadRecord) as error:
                return Polled("failed", Memory(), reason=str(error))
            except FAULTS as error:
                return Polled("failed", Memory(), reason=f"not the JSON expected: {error}")
            claims += page.claims
            token = page.next_page_token
            if not token:
                break
        return claims

    def _refused(self, answer: Answer) -> Polled:
        said = " ".join(answer.body[:300].decode("utf-8", "replace").split()).replace(self._secret.reveal(), "***")
        pause = answer.retry_after(self._clock.now())
        if answer.status in {400, 401, 403}:
            pause = pause or _DAY  # a key that is refused, or a day's quota: nothing to be gained by asking sooner
        return Polled("failed", Memory(), reason=f"HTTP {answer.status}: {said}", pause=pause)


def queries(watch: Watch) -> list[str]:
    """What is asked for a watch: each of its words with all those that must be there."""
    every = " ".join(watch.all_of)
    words = distinct([*watch.phrases, *watch.any_of, *(tag.lstrip("#＃") for tag in watch.hashtags)])
    return [f"{word} {every}".strip() for word in words[:_MOST_QUERIES]] or ([every] if every else [])


def to_posts(claim: dict[str, Any], now: datetime, collector: str) -> Sequence[Post]:
    """A claim's reviews, each a post of the fact-checker that published it, of no watch yet.

    Raises:
        BadRecord: not a claim as Fact Check Tools gives it, or one without a text or an address.
    """
    try:
        said = msgspec.convert(claim, _Claim, strict=False)
    except msgspec.ValidationError as error:
        raise BadRecord(f"expected a claim of Fact Check Tools: {error}") from error
    text = plain(said.text)
    if not text or not said.claim_review:
        raise BadRecord("expected a claim with a text and a review, found none")
    return [_post(text, review, now, collector) for review in said.claim_review]


def _post(claim: str, said: _ClaimReview, now: datetime, collector: str) -> Post:
    url = canonical(said.url)
    domain = domain_of(url)
    if not url or not domain:
        raise BadRecord(f"expected a review with an address, came {said.url[:100]!r}")
    site = said.publisher.site.lower().removeprefix("www.") or domain
    reviewed_at = published(said.review_date)
    believed = reviewed_at is not None and EARLIEST <= reviewed_at <= now + AHEAD
    title = plain(said.title)
    return Post(
        uid=uid("", url, domain),
        platform=PLATFORM,
        author=Account(uid=f"feed:@{site}"[:500], handle=site, name=said.publisher.name or site),
        text=f"{title}\n{claim}" if title and title != claim else claim,
        created_at=reviewed_at if believed and reviewed_at else now,
        observed_at=now,
        collector=collector,
        watches=(),
        url=url,
        links=(url,),
        lang_hint=language(said.language_code.partition("-")[0]),
        reviews=(
            Review(
                claim=claim,
                publisher=said.publisher.name or site,
                url=url,
                reviewed_at=reviewed_at,
                rating=plain(said.textual_rating),
            ),
        ),
    )
