"""Google's Fact Check Tools, as the fake answers for them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from ingest.collectors.feeds import Feeds
from ingest.collectors.feeds.fact_checks import queries, to_posts
from ingest.collectors.feeds.settings import FeedsSettings
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Coverage, Post, Review
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Rejected
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.fakes.feeds import KEY, FakeFeeds, claim, plainly, slow, status
from tests.fakes.surroundings import surroundings

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
WATCH = Watch(name="velgrad", any_of=("Velgrad", "old bridge"), none_of=("soap",))


@pytest.fixture
def fake() -> Iterator[FakeFeeds]:
    with FakeFeeds() as fake:
        yield fake


class Asking:
    def __init__(self, fake: FakeFeeds, watch: Watch = WATCH, key: str = KEY, cursor: str = "") -> None:
        self.clock = ManualClock()
        settings = FeedsSettings(
            feeds=(),
            private_hosts=(fake.host,),
            fact_check_key=Secret(key),
            fact_check_url=fake.url,
            fact_check_seconds=100.0,
            timeout_seconds=1.0,
        )
        self.posts: list[Post] = []
        self.rejected: list[Rejected] = []
        self.coverage: list[str] = []
        self.cursor = cursor
        self.collector = Feeds(settings, [watch], surroundings(self.clock))
        self._batches = self.collector.batches(cursor, Event())

    def until(self, reached: Callable[[], bool]) -> None:
        for _ in range(20_000):
            if reached():
                return
            batch = next(self._batches)
            self.cursor = batch.cursor
            self.rejected += batch.rejected
            self.coverage += [message.state for message in batch.messages if isinstance(message, Coverage)]
            self.posts += [message for message in batch.messages if isinstance(message, Post)]
        raise AssertionError("it never came")


def test_a_review_is_a_post_of_its_publisher() -> None:
    (post,) = to_posts(claim(7), NOW, "feeds")
    assert post == Post(
        uid="feed:https://checks.example/7",
        platform="feed",
        author=Account(uid="feed:@checks.example", handle="checks.example", name="Velgrad Checks"),
        text="Velgrad bridge, check 7\nA picture shows the bridge of Velgrad, 7",
        created_at=datetime(2029, 12, 30, tzinfo=UTC),
        observed_at=NOW,
        collector="feeds",
        watches=(),
        url="https://checks.example/7",
        links=("https://checks.example/7",),
        lang_hint="en",
        reviews=(
            Review(
                claim="A picture shows the bridge of Velgrad, 7",
                publisher="Velgrad Checks",
                url="https://checks.example/7",
                reviewed_at=datetime(2029, 12, 30, tzinfo=UTC),
                rating="Taken elsewhere",
            ),
        ),
    )


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"text": "A claim"},
        {"text": 7, "claimReview": []},
        {"text": "A claim", "claimReview": "none"},
        claim(1, url="javascript:alert(1)"),
        claim(1, url=""),
        claim(1, publisher=[]),
    ],
)
def test_what_is_no_claim(raw: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        to_posts(raw, NOW, "feeds")


@pytest.mark.parametrize("date", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "", "soon"])
def test_a_date_that_cannot_be_is_not_believed(date: str) -> None:
    (post,) = to_posts(claim(1, reviewDate=date), NOW, "feeds")
    assert post.created_at == NOW


def test_a_watch_is_asked_by_its_words() -> None:
    assert queries(WATCH) == ["Velgrad", "old bridge"]
    both = Watch(name="w", any_of=("a", "b"), hashtags=("c",), phrases=("d e",), all_of=("f",))
    assert queries(both) == ["d e f", "a f", "b f", "c f"]
    assert queries(Watch(name="w", all_of=("f", "g"))) == ["f g"]
    assert queries(Watch(name="w", accounts=("somebody",))) == []
    assert len(queries(Watch(name="w", any_of=tuple(map(str, range(100)))))) == 5


def test_all_pages_are_read_and_each_review_is_sent_once(fake: FakeFeeds) -> None:
    fake.claims = [claim(number) for number in range(5)] + [
        claim(9, title="Velgrad soap"),
        claim(10, title="Elsewhere"),
    ]
    fake.claims[-1]["text"] = "Nothing of it"
    asking = Asking(fake)
    asking.until(lambda: len(asking.posts) == 5)
    assert {post.watches for post in asking.posts} == {("velgrad",)}
    asked = fake.times("/v1alpha1/claims:search")
    assert asked == 5, "four pages of Velgrad and the empty answer for the bridge"
    asking.until(lambda: fake.times("/v1alpha1/claims:search") > 2 * asked)
    after = Asking(fake, cursor=asking.cursor)
    fake.claims.append(claim(11))
    after.until(lambda: bool(after.posts))
    assert len(asking.posts) == 5
    assert [post.uid for post in after.posts] == ["feed:https://checks.example/11"]


def test_nothing_found_is_an_empty_object_and_seen(fake: FakeFeeds) -> None:
    asking = Asking(fake)
    asking.until(lambda: fake.times("/v1alpha1/claims:search") == 4)
    assert asking.posts == []
    asking.until(lambda: "seen" in asking.coverage)


def test_a_claim_that_cannot_be_read_is_handed_over_once(fake: FakeFeeds) -> None:
    fake.claims = [claim(1), claim(2, url="")]
    asking = Asking(fake)
    asking.until(lambda: fake.times("/v1alpha1/claims:search") >= 6)
    (rejected,) = asking.rejected
    assert rejected.source == "fact check tools 'Velgrad'"
    with pytest.raises(BadRecord, match="a review with an address"):
        asking.collector.remap(rejected.body)
    (post,) = asking.collector.remap(json.dumps({"claim": claim(3)}).encode())
    assert isinstance(post, Post)
    assert post.watches == ("velgrad",)


@pytest.mark.parametrize(
    ("refusal", "pause"),
    [
        (status(429, b'{"error":{"message":"Quota exceeded"}}', Retry_After="700"), 600),
        (status(429, b'{"error":{"message":"Quota exceeded"}}'), 150),
        (status(403, b'{"error":{"message":"Daily limit"}}'), 70_000),
        (status(500), 150),
        (plainly(b"<html>", "text/html"), 150),
        (plainly(b'{"claims":7}'), 150),
        (plainly(b'{"a":' * 50_000), 150),
        (slow, 150),
    ],
)
def test_a_refusal_pauses_and_what_was_found_stays(fake: FakeFeeds, refusal: Any, pause: float) -> None:
    fake.refusal = refusal
    asking = Asking(fake)
    asking.until(lambda: fake.times("/v1alpha1/claims:search") == 1)
    if refusal is slow:
        return
    asking.until(lambda: asking.clock.now() > datetime(2030, 1, 1, 0, 0, 5, tzinfo=UTC))
    asking.clock.advance(pause - 30)
    next(asking._batches)
    assert fake.times("/v1alpha1/claims:search") == 1


def test_the_key_is_nowhere_to_be_read(fake: FakeFeeds, caplog: pytest.LogCaptureFixture) -> None:
    key = "AIza-not-to-be-seen"
    fake.claims = [claim(1)]
    with caplog.at_level(logging.DEBUG):
        asking = Asking(fake, key=key)
        asking.until(lambda: "Fact Check Tools for velgrad: HTTP 400" in caplog.text)
    assert key not in caplog.text
    assert key not in asking.cursor
    assert all(key not in path for path, _ in fake.asked)
    assert fake.asked[0][1]["x-goog-api-key"] == key
