"""Counts of Bluesky posts, and what the third-party client makes of the local API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from atproto import Client

from ingest.collectors.bluesky.counts import BlueskyCounts
from ingest.refreshing import Counter
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Counts
from tests.fakes.bluesky import FakeBluesky
from tests.fakes.clock import ManualClock

MIRA = "did:plc:mira2velgrad3example4aa"
ONE, TWO = (f"bluesky:{MIRA}/3mmoojp00000{number}" for number in (1, 2))
URI = f"at://{MIRA}/app.bsky.feed.post/3mmoojp000001"


@pytest.fixture
def fake() -> Iterator[FakeBluesky]:
    with FakeBluesky() as fake:
        fake.counts[URI] = {"replyCount": 3, "repostCount": 20, "likeCount": 70, "quoteCount": 4, "bookmarkCount": 1}
        yield fake


def counter(fake: FakeBluesky) -> Counter:
    return BlueskyCounts(fake.api, "second-source-tests/1", ManualClock())


def test_counts_of_what_is_there_and_what_is_missing(fake: FakeBluesky) -> None:
    asked = counter(fake).ask([ONE, TWO])
    assert asked.counts == {ONE: Counts(reposts=20, quotes=4, replies=3, likes=70)}
    assert list(asked.gone) == [TWO]
    assert not asked.explicit, "absence alone says it"


def test_a_whole_batch_fits(fake: FakeBluesky) -> None:
    uids = [f"bluesky:{MIRA}/{number}" for number in range(counter(fake).batch)]
    assert len(counter(fake).ask(uids).gone) == 25


def test_names_that_no_post_has_are_not_asked_for(fake: FakeBluesky) -> None:
    asked = counter(fake).ask(["bluesky:row-17", ONE, "bluesky:mira.example/3mmo", f"bluesky:{MIRA}/a b", TWO])
    assert list(asked.counts) == [ONE]
    assert list(asked.gone) == [TWO]
    assert counter(fake).ask(["bluesky:row-17"]) == ({}, {}, False)


def test_limits_say_for_how_long(fake: FakeBluesky) -> None:
    fake.limited = {"Retry-After": "17"}
    with pytest.raises(SourceAway) as told:
        counter(fake).ask([ONE])
    assert told.value.retry_after == 17
    reset = datetime(2030, 1, 1, 0, 0, 42, tzinfo=UTC)
    fake.limited = {
        "RateLimit-Limit": "3000",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": f"{reset.timestamp():.0f}",
    }
    with pytest.raises(SourceAway) as told:
        counter(fake).ask([ONE])
    assert told.value.retry_after == 42
    fake.limited = {}
    with pytest.raises(SourceAway) as told:
        counter(fake).ask([ONE])
    assert told.value.retry_after == 60


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"posts":3}', b'{"posts":[{"uri":3}]}', b'{"a":' * 50_000, b"\xff"]
)
def test_an_answer_that_is_none(fake: FakeBluesky, body: bytes) -> None:
    fake.garbled = body
    with pytest.raises(SourceAway):
        counter(fake).ask([ONE])


def test_an_api_that_is_away(fake: FakeBluesky) -> None:
    fake.away = True
    with pytest.raises(SourceAway, match="503"):
        counter(fake).ask([ONE])


def test_the_atproto_client_reads_what_the_fake_serves(fake: FakeBluesky) -> None:
    posts = Client(base_url=f"{fake.api}/xrpc").app.bsky.feed.get_posts({"uris": [URI, URI + "x"]}).posts
    (post,) = posts
    assert (post.uri, post.repost_count, post.like_count) == (URI, 20, 70)
    assert post.author.handle == "mira.velgrad.example"
