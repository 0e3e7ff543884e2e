"""Counts asked of the instances posts were written on."""

from __future__ import annotations

import json

import pytest

from ingest.collectors.mastodon import Instance, MastodonSettings
from ingest.collectors.mastodon.counts import MastodonCounts, counter
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Counts
from tests.fakes.clock import ManualClock
from tests.fakes.mastodon import FakeMastodon
from tests.fakes.surroundings import surroundings
from tests.ingest.payloads_mastodon import Json, account, status


def asking(*fakes: FakeMastodon, clock: ManualClock | None = None, elsewhere: bool = True) -> MastodonCounts:
    settings = MastodonSettings(
        instances=tuple(Instance(base_url=one.url) for one in fakes), counts_elsewhere=elsewhere
    )
    return counter(settings, surroundings(clock or ManualClock()))


def uid(one: Json) -> str:
    return f"mastodon:{one['uri']}"


def test_counts_and_what_is_gone() -> None:
    with FakeMastodon() as left, FakeMastodon() as right:
        rising = status(1, home=left.url, reblogs_count=5, quotes_count=1, replies_count=2, favourites_count=3)
        here, there, gone = status(2, home=left.url), status(3, home=right.url), status(4, home=right.url)
        shy = status(5, home=left.url, account=account(noindex=True))
        private = status(6, home=left.url, visibility="private")
        left.add(rising, here, shy, private)
        right.add(there)
        told = asking(left, right).ask([uid(one) for one in (rising, here, there, gone, shy, private)])
        assert told.counts[uid(rising)] == Counts(reposts=5, quotes=1, replies=2, likes=3)
        assert set(told.counts) == {uid(rising), uid(here), uid(there)}
        assert set(told.gone) == {uid(gone), uid(shy), uid(private)}
        assert all(told.gone.values())
        assert (left.asked("/api/v1/statuses"), right.asked("/api/v1/statuses")) == (1, 1)
        assert "Authorization" not in left.seen[0][2]


def test_what_cannot_be_asked_for_is_left_open() -> None:
    """Names of other programs; instances inside, which a stranger's post names; and others where that is not wanted."""
    others = ["mastodon:https://a.example/objects/1", "mastodon:http://127.0.0.1:9/users/m/statuses/1", "x:1"]
    with FakeMastodon() as fake:
        assert asking(fake).ask(others) == ({}, {}, False)
        elsewhere = "mastodon:https://a.example/users/m/statuses/1"
        assert asking(fake, elsewhere=False).ask([elsewhere]) == ({}, {}, False)
        assert fake.seen == []


def test_no_more_at_once_than_an_instance_takes() -> None:
    with FakeMastodon() as fake:
        statuses = [status(number, home=fake.url) for number in range(30)]
        fake.add(*statuses)
        told = asking(fake).ask([uid(one) for one in statuses])
        assert len(told.counts) == MastodonCounts.batch == 20


def test_an_instance_that_does_not_know_the_question_is_left_alone_for_a_day() -> None:
    clock = ManualClock()
    with FakeMastodon() as fake:
        one = status(1, home=fake.url)
        fake.add(one)
        fake.refuse("/api/v1/statuses", 404)
        client = asking(fake, clock=clock)
        assert client.ask([uid(one)]) == ({}, {}, False)
        assert client.ask([uid(one)]) == ({}, {}, False)
        assert fake.asked("/api/v1/statuses") == 1
        clock.advance(86_401)
        assert uid(one) in client.ask([uid(one)]).counts


@pytest.mark.parametrize(
    ("code", "body", "headers"),
    [
        (429, b"{}", {"Retry-After": "30"}),
        (503, b"<html>", {"Content-Type": "text/html"}),
        (200, b"<html>", {"Content-Type": "text/html"}),
        (200, json.dumps([status(1)]).encode()[:-20], {}),
        (200, b"[" * 100_000, {}),
    ],
)
def test_no_usable_answer(code: int, body: bytes, headers: dict[str, str]) -> None:
    with FakeMastodon() as fake:
        one = status(1, home=fake.url)
        fake.add(one)
        fake.refuse("/api/v1/statuses", code, body, headers)
        with pytest.raises(SourceAway) as raised:
            asking(fake).ask([uid(one)])
        assert raised.value.retry_after == (30.0 if code == 429 else None)


def test_one_instance_that_is_away_does_not_keep_back_another() -> None:
    with FakeMastodon() as away, FakeMastodon() as fake:
        away.away = True
        here, there = status(1, home=fake.url), status(2, home=away.url)
        fake.add(here)
        told = asking(away, fake).ask([uid(here), uid(there)])
        assert set(told.counts) == {uid(here)}
        assert told.gone == {}


def test_one_instance_that_asks_us_to_wait_long_does_not_hold_up_the_others() -> None:
    """Of the posts that are due all may be of one instance, and that is a stranger's."""
    clock = ManualClock()
    with FakeMastodon() as slow, FakeMastodon() as fake:
        here, there = status(1, home=fake.url), status(2, home=slow.url)
        fake.add(here)
        slow.add(there)
        slow.refuse("/api/v1/statuses", 429, b"{}", {"Retry-After": "80000"})
        client = asking(slow, fake, clock=clock)
        with pytest.raises(SourceAway) as raised:
            client.ask([uid(there)])
        assert raised.value.retry_after == 60
        assert set(client.ask([uid(here), uid(there)]).counts) == {uid(here)}
        clock.advance(80_000)
        assert set(client.ask([uid(there)]).counts) == {uid(there)}


def test_a_budget_of_its_own() -> None:
    with FakeMastodon() as fake:
        one = status(1, home=fake.url)
        fake.add(one)
        client = asking(fake)
        for _ in range(60):
            client.ask([uid(one)])
        assert fake.asked("/api/v1/statuses") == 50
