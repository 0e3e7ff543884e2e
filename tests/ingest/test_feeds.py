"""Following feeds against a local web: what is asked, how often, what is sent on and what is said of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from ingest.collectors.feeds import Feeds
from ingest.collectors.feeds.listed import LISTED
from ingest.collectors.feeds.settings import FeedsSettings
from ingest.formats.feed import Feed, within
from secondsource.contracts.clock import Clock, SystemClock
from secondsource.contracts.credits import OURS
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Coverage, Post
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.fakes.feeds import (
    FakeFeeds,
    Item,
    bomb,
    dated,
    document,
    huge,
    plainly,
    redirect,
    rss,
    slow,
    status,
)
from tests.fakes.surroundings import surroundings
from tests.ingest.test_claim_review import CHECK, REVIEW, page

WATCHES = [Watch(name="velgrad", any_of=("Velgrad",))]


@pytest.fixture
def fake() -> Iterator[FakeFeeds]:
    with FakeFeeds() as fake:
        yield fake


def feed(fake: FakeFeeds, path: str = "/rss", **fields: Any) -> Feed:
    given = {"publisher": f"The {path[1:].title()}", "domain": "gazette.example", **fields}
    return Feed(url=fake.url + path, **given)


class Reading:
    """A collector at work on a manual clock, a batch at a time."""

    def __init__(
        self,
        fake: FakeFeeds,
        *feeds: Feed,
        cursor: str = "",
        watches: list[Watch] = WATCHES,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        self.manual = ManualClock()
        self.clock = clock or self.manual
        self.stop = Event()
        self.posts: list[Post] = []
        self.coverage: list[Coverage] = []
        self.cursor = ""
        self.count = 0
        given = FeedsSettings(
            feeds=feeds or (feed(fake),), private_hosts=(fake.host,), **{"poll_seconds": 100.0, **settings}
        )
        self.collector = Feeds(given, watches, surroundings(self.clock))
        self._more = self.collector.batches(cursor, self.stop)

    def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            batch = next(self._more)
            self.cursor = batch.cursor
            self.posts += [message for message in batch.messages if isinstance(message, Post)]
            self.coverage += [message for message in batch.messages if isinstance(message, Coverage)]
            self.count += 1
            assert self.count < 60_000

    def for_seconds(self, seconds: float) -> None:
        until = self.clock.now() + timedelta(seconds=seconds)
        self.until(lambda: self.clock.now() >= until)

    def blind(self) -> list[str]:
        return [one.reason for one in self.coverage if one.state == "blind"]


def items(*numbers: int) -> list[Item]:
    return [Item(number=number) for number in numbers]


def test_an_article_is_sent_once_and_again_when_its_wording_changes(fake: FakeFeeds) -> None:
    fake.on("/rss", document(rss(items(1, 2))))
    reading = Reading(fake)
    reading.until(lambda: len(reading.posts) == 2)
    fake.on("/rss", document(rss([*items(1, 2, 3), Item(number=4, title="Elsewhere", summary="Nothing of it")])))
    reading.until(lambda: len(reading.posts) == 3)
    fake.on("/rss", document(rss([Item(number=1, title="Corrected: the bridge of Velgrad"), *items(2, 3)])))
    reading.until(lambda: len(reading.posts) == 4)
    reading.for_seconds(1_000)
    uids = [post.uid.rpartition("=")[2] for post in reading.posts]
    assert uids == ["1", "2", "3", "1"]
    assert reading.posts[-1].text.startswith("Corrected")
    assert {post.watches for post in reading.posts} == {("velgrad",)}


@pytest.mark.parametrize("answering", [document, dated])
def test_what_has_not_changed_is_asked_for_with_what_was_said_of_it(fake: FakeFeeds, answering: Any) -> None:
    fake.on("/rss", answering(rss(items(1))))
    reading = Reading(fake)
    reading.until(lambda: fake.times("/rss") == 3)
    assert {"if-none-match", "if-modified-since"} & set(fake.asked[-1][1])
    assert len(reading.posts) == 1


def test_a_feed_that_does_not_change_is_asked_less_often(fake: FakeFeeds) -> None:
    fake.on("/rss", plainly(rss(items(1))))
    reading = Reading(fake)
    reading.for_seconds(10_000)
    calm = fake.times("/rss")
    assert 25 <= calm <= 45, "about every 400 s in the end, not every 100 s"
    answers = [document(rss(items(number))) for number in range(1, 400)]
    fake.on("/rss", *answers)
    reading.for_seconds(10_000)
    assert fake.times("/rss") - calm > 80


def test_a_restart_goes_on_where_it_was(fake: FakeFeeds) -> None:
    fake.on("/rss", document(rss(items(1, 2))))
    before = Reading(fake)
    before.until(lambda: len(before.posts) == 2)
    asked = fake.times("/rss")
    after = Reading(fake, cursor=before.cursor)
    after.until(lambda: fake.times("/rss") == asked + 1)
    assert "if-none-match" in fake.asked[-1][1]
    fake.on("/rss", document(rss(items(1, 2, 3))))
    after.until(lambda: bool(after.posts))
    assert [post.uid for post in after.posts] == ["feed:https://gazette.example/?p=3"]


def test_other_watches_read_what_is_listed_anew(fake: FakeFeeds) -> None:
    fake.on("/rss", document(rss([*items(1), Item(number=2, title="The mayor of Brod", summary="speaks")])))
    before = Reading(fake)
    before.until(lambda: len(before.posts) == 1)
    after = Reading(fake, cursor=before.cursor, watches=[*WATCHES, Watch(name="brod", any_of=("Brod",))])
    after.until(lambda: bool(after.posts))
    assert [post.watches for post in after.posts] == [("brod",)]


def test_a_cursor_of_another_collector_is_refused(fake: FakeFeeds) -> None:
    with pytest.raises(BadConfiguration, match="a cursor of its own"):
        Reading(fake, cursor="not JSON").until(lambda: False)


@pytest.mark.parametrize(
    ("answering", "reason"),
    [
        (huge, "more than the 50,000 allowed"),
        (bomb, "more than the 50,000 allowed|more than the 50,000 bytes allowed"),
        (plainly(b"<!doctype html><p>Please log in</p>", "text/html"), "expected RSS or Atom"),
        (redirect("/rss"), "in a circle"),
        (redirect("http://127.0.0.1:9/"), "not a public address"),
        (redirect("file:///etc/passwd"), "only http and https"),
        (status(500), "HTTP 500"),
        (status(403), "HTTP 403"),
        (status(404), "HTTP 404"),
        (status(410), "HTTP 410"),
        (status(429, Retry_After="7200"), "HTTP 429"),
    ],
)
def test_a_feed_that_cannot_be_read_is_a_blind_spot_with_its_reason(
    fake: FakeFeeds, answering: Any, reason: str
) -> None:
    fake.on("/rss", answering)
    reading = Reading(fake, max_bytes=50_000)
    reading.until(lambda: any("cannot be read" in why for why in reading.blind()))
    said = reading.blind()[-1]
    assert said.startswith("1 of 1 feeds cannot be read: The Rss (")
    assert any(part in said for part in reason.split("|"))
    fake.on("/rss", document(rss(items(1))))
    reading.manual.advance(80_000)
    reading.until(lambda: bool(reading.posts) and any(one.state == "seen" for one in reading.coverage))


def test_a_server_that_drips_is_left_and_ticks_go_on(fake: FakeFeeds) -> None:
    fake.on("/rss", slow)
    reading = Reading(fake, clock=SystemClock(), timeout_seconds=0.5)
    reading.until(lambda: any("no complete answer" in why for why in reading.blind()))


@pytest.mark.parametrize(
    ("answering", "least"),
    [(status(503, Retry_After="7200"), 6_400), (status(410), 77_000), (status(404), 77_000), (status(500), 180)],
)
def test_how_long_a_feed_that_fails_is_left_alone(fake: FakeFeeds, answering: Any, least: float) -> None:
    fake.on("/rss", answering)
    reading = Reading(fake)
    reading.until(lambda: fake.times("/rss") == 1)
    reading.for_seconds(2)
    begun = reading.clock.now()
    reading.manual.advance(least - 20)
    reading.until(lambda: fake.times("/rss") == 2)
    assert least - 20 < (reading.clock.now() - begun).total_seconds() <= 1.3 * least


def test_a_feed_that_is_gone_is_told_once(fake: FakeFeeds, caplog: pytest.LogCaptureFixture) -> None:
    fake.on("/rss", status(410))
    reading = Reading(fake)
    with caplog.at_level(logging.WARNING):
        for times in (1, 2, 3):
            reading.until(lambda times=times: fake.times("/rss") == times)  # type: ignore[misc] # bound now
            reading.for_seconds(2)
            reading.manual.advance(100_000)
    assert [record.getMessage() for record in caplog.records] == ["feeds: The Rss: HTTP 410"]


def test_one_of_many_that_fails_is_no_blindness(fake: FakeFeeds) -> None:
    feeds = [feed(fake, f"/{number}") for number in range(5)]
    for number in range(5):
        fake.on(f"/{number}", document(rss(items(number))))
    fake.on("/0", status(500))
    fake.on("/1", status(500))
    reading = Reading(fake, *feeds)
    reading.until(lambda: len(reading.posts) == 3)
    reading.for_seconds(300)
    assert reading.coverage[-1].state == "seen"
    for number in range(2, 5):
        fake.on(f"/{number}", status(502))
    reading.until(lambda: reading.coverage[-1].state == "blind")
    assert "of 5 feeds cannot be read: The 0 (HTTP 500); The 1 (HTTP 500)" in reading.coverage[-1].reason


def test_a_gap_that_the_feeds_reach_back_over_is_closed(fake: FakeFeeds) -> None:
    fake.on("/rss", document(rss(items(1))))
    before = Reading(fake)
    before.until(lambda: bool(before.posts) and any(one.state == "seen" for one in before.coverage))
    before.for_seconds(200)
    late = ManualClock(before.clock.now() + timedelta(hours=5))
    after = Reading(fake, cursor=before.cursor, clock=late)
    after.until(lambda: any(one.state == "seen" for one in after.coverage))
    after.for_seconds(70)
    told = [(one.state, one.reason) for one in after.coverage]
    assert ("blind", "not running") in told
    assert ("seen", "read afterwards: the feeds reach back over it") in told
    much_later = ManualClock(before.clock.now() + timedelta(days=30))
    young = [Item(number=number, at=much_later.now() - timedelta(hours=1)) for number in range(3)]
    fake.on("/rss", document(rss(young)))
    last = Reading(fake, cursor=before.cursor, clock=much_later)
    last.until(lambda: any(one.state == "seen" for one in last.coverage))
    last.for_seconds(70)
    assert not any("read afterwards" in one.reason for one in last.coverage)


def test_a_clock_that_goes_back_breaks_no_promise(fake: FakeFeeds) -> None:
    clock = ManualClock()
    fake.on("/rss", document(rss(items(1))), document(rss(items(1, 2))))
    reading = Reading(fake, clock=clock)
    reading.until(lambda: len(reading.posts) == 1)
    clock._now -= timedelta(hours=3)
    reading.until(lambda: len(reading.posts) == 2)
    first, second = reading.posts
    assert second.observed_at > first.observed_at


# Fact-checkers


def checker(fake: FakeFeeds) -> Feed:
    return feed(fake, kind="fact-checker", publisher="Velgrad Checks", domain="checks.example")


def check(fake: FakeFeeds, number: int = 1) -> Item:
    return Item(number=number, link=f"{fake.url}/check/{number}")


def test_reviews_are_read_from_the_pages_of_what_matches(fake: FakeFeeds) -> None:
    other = Item(number=2, title="Elsewhere", summary="Nothing of it", link=f"{fake.url}/check/2")
    fake.on("/rss", document(rss([check(fake), other])))
    own = f"{fake.url}/check/1"
    related = {**CHECK, "claimReviewed": "Another", "url": f"{fake.url}/check/7"}
    fake.on("/check/1", plainly(page(json.dumps([{**CHECK, "url": own}, related])).encode(), "text/html"))
    reading = Reading(fake, checker(fake))
    reading.until(lambda: bool(reading.posts))
    (post,) = reading.posts
    assert [(review.claim, review.url, review.score) for review in post.reviews] == [(REVIEW.claim, own, REVIEW.score)]
    assert fake.times("/check/2") == 0


def test_a_page_is_read_in_the_charset_that_its_server_names(fake: FakeFeeds) -> None:
    fake.on("/rss", document(rss([check(fake)])))
    said = page(json.dumps({**CHECK, "claimReviewed": "Мост обрушился"}, ensure_ascii=False)).encode("windows-1251")
    fake.on("/check/1", plainly(said, "text/html; charset=windows-1251"))
    reading = Reading(fake, checker(fake))
    reading.until(lambda: bool(reading.posts))
    assert [review.claim for review in reading.posts[0].reviews] == ["Мост обрушился"]


def test_a_page_without_a_review_or_one_that_may_not_be_read_leaves_the_article(fake: FakeFeeds) -> None:
    inside = Item(number=2, link="http://10.0.0.7/check")
    lost = check(fake, 3)
    fake.on("/rss", document(rss([check(fake), inside, lost])))
    fake.on("/check/1", plainly(b"<p>Text</p>", "text/html"))
    reading = Reading(fake, checker(fake))
    reading.until(lambda: len(reading.posts) == 3)
    assert all(post.reviews == () for post in reading.posts)


def test_a_page_that_does_not_answer_is_tried_once_more(fake: FakeFeeds) -> None:
    fake.on("/rss", document(rss([check(fake, 1), check(fake, 2)])))
    found = plainly(page(json.dumps({**CHECK, "url": ""})).encode(), "text/html")
    fake.on("/check/1", status(503), found)
    fake.on("/check/2", status(503))
    reading = Reading(fake, checker(fake))
    reading.until(lambda: len(reading.posts) == 2)
    assert [len(post.reviews) for post in reading.posts] == [1, 0]
    reading.for_seconds(2_000)
    assert len(reading.posts) == 2
    assert (fake.times("/check/1"), fake.times("/check/2")) == (2, 2)


def test_pages_are_opened_a_few_at_a_time(fake: FakeFeeds) -> None:
    fake.on("/rss", document(rss([check(fake, number) for number in range(50)])))
    for number in range(50):
        fake.on(f"/check/{number}", plainly(b"<p>Text</p>", "text/html"))
    reading = Reading(fake, checker(fake))
    reading.until(lambda: bool(reading.posts))
    assert len(reading.posts) == 20
    reading.until(lambda: len(reading.posts) == 50)
    assert all(fake.times(f"/check/{number}") == 1 for number in range(50))


# Settings


def test_what_comes_with_the_product_can_be_read() -> None:
    assert FeedsSettings().off() == ""
    assert len({one.url for one in LISTED}) == len(LISTED) >= 40
    assert {one.kind for one in LISTED} == {"outlet", "agency", "fact-checker"}
    for one in LISTED:
        assert one.publisher
        assert not one.domain.startswith("www.")
        assert one.url.startswith("https://")
        assert one.kind != "agency" or OURS.agency(one.publisher)
    assert within("en.yna.co.kr", "yna.co.kr")


def test_what_is_off_says_how_to_turn_it_on() -> None:
    assert "enabled: true" in FeedsSettings(enabled=False).off()
    assert "collectors.feeds.feeds" in FeedsSettings(feeds=()).off()


def test_settings_that_cannot_work() -> None:
    with pytest.raises(BadConfiguration, match="twice under feeds:"):
        FeedsSettings(feeds=(LISTED[0], LISTED[0]))
    with pytest.raises(BadConfiguration, match="feeds: expected url"):
        Feeds(FeedsSettings(feeds=(Feed(url="https://a.example/rss"),)), WATCHES, surroundings(ManualClock()))
