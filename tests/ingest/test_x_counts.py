"""Counts asked of X again, and compliance jobs, against a local X; and tweepy's own clients against that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
import tweepy

from ingest.collectors.x.client import prepare, rest
from ingest.collectors.x.compliance import Gone, compliance, to_gone
from ingest.collectors.x.counts import XCounts
from ingest.collectors.x.settings import XSettings
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import Counts
from secondsource.contracts.secret import Secret
from tests.fakes.clock import ManualClock
from tests.fakes.surroundings import MemorySpending
from tests.fakes.x import JOBS, TOKEN, FakeX
from tests.ingest.payloads import FIRST_ID, NOW, v2_line, v2_post

ONE, TWO, THREE, FOUR = (f"x:{FIRST_ID + number}" for number in (1, 2, 3, 4))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def fake(clock: ManualClock) -> Iterator[FakeX]:
    with FakeX(now=clock.now) as one:
        one.archive = [{"data": v2_post(number)} for number in (1, 2, 3, 4)]
        yield one


def counter(fake: FakeX, clock: ManualClock, spending: MemorySpending | None = None, **more: Any) -> XCounts:
    settings = XSettings(
        enabled=True, approved_use_case="testing", base_url=fake.url, **{"token": Secret(TOKEN), **more}
    )
    return XCounts(settings, spending or MemorySpending(), clock, "second-source-tests/1")


def bare(uid: str) -> str:
    return uid.partition(":")[2]


@pytest.mark.parametrize("new_names", [False, True])
def test_counts_rise_and_the_gone_are_named(fake: FakeX, clock: ManualClock, *, new_names: bool) -> None:
    fake.new_names = new_names
    fake.deleted.add(bare(TWO))
    fake.protected.add(bare(THREE))
    asks = counter(fake, clock)
    first = asks.ask([ONE, TWO, THREE, "x:77"])
    assert first.counts == {ONE: Counts(reposts=1, quotes=0, replies=0, likes=10)}
    assert first.gone == {TWO: "not found", THREE: "protected", "x:77": "not found"}
    assert first.explicit
    assert asks.ask([ONE]).counts[ONE].likes == 20
    assert asks.ask([]).counts == {}
    assert (asks.platform, asks.batch) == ("x", 100)


@pytest.mark.parametrize("new_names", [False, True])
def test_a_version_that_was_replaced_is_gone(fake: FakeX, clock: ManualClock, *, new_names: bool) -> None:
    """X goes on giving it by its id, and the stream brings a later one only where that still meets a watch."""
    fake.new_names = new_names
    history = [bare(ONE), bare(TWO), bare(THREE)]
    fake.archive = [{"data": v2_post(number, edit_history_tweet_ids=history)} for number in (1, 2, 3)]
    found = counter(fake, clock).ask([ONE, TWO, THREE])
    assert list(found.counts) == [THREE]
    assert found.gone == dict.fromkeys((ONE, TWO), f"edited: its author replaced it by {THREE}")


def test_asking_is_charged_once_a_day(fake: FakeX, clock: ManualClock) -> None:
    spending = MemorySpending()
    asks = counter(fake, clock, spending)
    asks.ask([ONE, FOUR])
    asks.ask([ONE, FOUR])
    assert spending.units == {("x-posts", NOW.date()): 2}


def test_ids_that_x_has_not_given_are_not_asked_for(fake: FakeX, clock: ManualClock) -> None:
    """A table that was imported may name its posts as it likes; X refuses a call with one such id."""
    asked = counter(fake, clock).ask(["x:row-17", ONE, "x:1/2", "x:٣", f"x:{'9' * 20}", "x:"])
    assert list(asked.counts) == [ONE]
    assert asked.gone == {}
    assert counter(fake, clock).ask(["x:row-17"]) == ({}, {}, True)
    assert asked_for(fake, clock, ["x:row-17", ONE]) == []
    (job,) = fake.jobs.values()
    assert job["ids"] == [bare(ONE)]


def test_an_empty_budget_asks_nothing(fake: FakeX, clock: ManualClock) -> None:
    spending = MemorySpending()
    spending.spend("x-posts", NOW.date(), 20_000)
    with pytest.raises(SourceAway, match="budget") as caught:
        counter(fake, clock, spending).ask([ONE])
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 3600
    assert fake.seen == []


def test_limits_and_refusals(fake: FakeX, clock: ManualClock) -> None:
    asks = counter(fake, clock)
    reset = {"x-rate-limit-reset": str(int((NOW + timedelta(minutes=10)).timestamp()))}
    fake.refuse(429, {"title": "Too Many Requests"}, reset, path="/2/tweets")
    with pytest.raises(SourceAway) as caught:
        asks.ask([ONE])
    assert caught.value.retry_after == 600
    fake.refuse(402, {"title": "CreditsDepleted"}, path="/2/tweets")
    with pytest.raises(SourceAway, match="no credits"):
        asks.ask([ONE])
    fake.refuse(503, path="/2/tweets")
    with pytest.raises(SourceAway, match="503"):
        asks.ask([ONE])
    fake.refuse(403, path="/2/tweets")
    with pytest.raises(BadConfiguration, match="403"):
        asks.ask([ONE])
    with pytest.raises(BadConfiguration, match="off"):
        counter(fake, clock, token=None)


def asked_for(fake: FakeX, clock: ManualClock, uids: list[str], stop: Event | None = None) -> list[Gone]:
    return list(compliance(rest(fake.url, TOKEN, "tests"), uids, clock, stop or Event()))


def test_a_compliance_job_names_what_is_gone(fake: FakeX, clock: ManualClock) -> None:
    fake.deleted.add(bare(TWO))
    fake.protected.add(bare(THREE))
    gone = asked_for(fake, clock, [ONE, TWO, "bluesky:other", THREE])
    assert [(one.uid, one.reason) for one in gone] == [(TWO, "deleted"), (THREE, "protected")]
    assert all(one.at is not None and one.at >= NOW for one in gone)
    (job,) = fake.jobs.values()
    assert job["ids"] == [bare(ONE), bare(TWO), bare(THREE)]
    assert clock.waits[:1] == [5.0]


def test_an_interrupted_job_is_taken_up(fake: FakeX, clock: ManualClock) -> None:
    fake.deleted.add(bare(TWO))
    fake.polls_until_complete = 3
    stop = Event()
    stop.set()
    assert asked_for(fake, clock, [ONE, TWO], stop) == []
    assert [gone.uid for gone in asked_for(fake, clock, [ONE, TWO])] == [TWO]
    assert len(fake.jobs) == 1


def test_a_job_that_fails_is_said(fake: FakeX, clock: ManualClock) -> None:
    fake.job_ends = "failed"
    with pytest.raises(SourceAway, match="failed"):
        asked_for(fake, clock, [ONE])
    fake.refuse(403, path=JOBS)
    with pytest.raises(SourceAway, match="403"):
        asked_for(fake, clock, [ONE])


def test_lines_of_a_result() -> None:
    row = {"id": "5", "action": "delete", "created_at": "2026-11-01T00:00:00Z", "redacted_at": "2026-11-20T00:00:00Z"}
    for reason in ("deleted", "bounced", "protected", "suspended"):
        gone = to_gone(json.dumps(row | {"reason": reason}).encode())
        assert gone == Gone("x:5", reason, datetime(2026, 11, 20, tzinfo=UTC))
    assert to_gone(json.dumps(row | {"reason": "scrub_geo", "action": "scrub_geo"}).encode()) is None
    for bad in (b"", b"{", b"[]", b'{"reason":"deleted"}', b"\xff", b'{"id":"5"}'):
        assert to_gone(bad) is None


# --- a third party reads what the fake serves


def test_tweepys_client_reads_it(fake: FakeX) -> None:
    client = prepare(tweepy.Client(""), fake.url, TOKEN, "tests")
    fake.deleted.add(bare(TWO))
    answer = client.get_tweets(ids=[bare(ONE), bare(TWO)], tweet_fields="public_metrics")
    assert answer.data[0].public_metrics["like_count"] == 10
    assert answer.errors[0]["title"] == "Not Found Error"
    found = client.search_recent_tweets("#Velgrad", max_results=10)
    assert {tweet.id for tweet in found.data} == {FIRST_ID + number for number in (1, 2, 3, 4)}
    assert found.data[0].created_at.tzinfo is not None
    job = client.create_compliance_job("tweets").data
    assert client.get_compliance_job(job["id"]).data["status"] == "created"
    with pytest.raises(tweepy.Unauthorized):
        prepare(tweepy.Client(""), fake.url, "wrong", "tests").get_tweets(ids=[1])


def test_tweepys_stream_reads_it(fake: FakeX) -> None:
    got: list[Any] = []

    class Listener(tweepy.StreamingClient):  # type: ignore[misc]  # tweepy has no types
        def on_response(self, response: Any) -> None:
            got.append(response)
            self.disconnect()

        def _connect(self, method: str, endpoint: str, **options: Any) -> None:
            tweepy.streaming.BaseStream._connect(self, method, f"{fake.url}/2/tweets/{endpoint}/stream", **options)

    listener = prepare(Listener(TOKEN), fake.url, TOKEN, "tests")
    added = listener.add_rules(tweepy.StreamRule("#Velgrad", tag="t"))
    assert added.data[0].tag == "t"
    with pytest.raises(tweepy.BadRequest) as caught:
        listener.add_rules(tweepy.StreamRule("#Velgrad", tag="t"))
    assert caught.value.response.json()["errors"][0]["title"] == "DuplicateRule"
    assert [rule.value for rule in listener.get_rules().data] == ["#Velgrad"]
    fake.send(v2_line(1, includes={"tweets": [v2_post(2)]}))
    listener.filter()
    (response,) = got
    assert response.data.id == FIRST_ID + 1
    assert response.includes["users"][0].username == "mira_k"
    assert response.includes["tweets"][0].id == FIRST_ID + 2
    assert response.matching_rules[0].tag.startswith("secondsource:")
