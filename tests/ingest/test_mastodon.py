"""Hashtags on local Mastodon instances, as they are asked for and streamed, and all the ways that goes wrong."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event
from typing import Any

import pytest
from mastodon import Mastodon as ThirdParty
from mastodon import StreamListener

from ingest.collectors.mastodon import Instance, Mastodon, MastodonSettings, tags_of
from ingest.collectors.mastodon.asking import about
from ingest.collectors.mastodon.pace import Growing, Pace, until_reset
from secondsource.contracts.clock import Clock, SystemClock
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Coverage, Engagement, Post, Takedown, Tick
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.fakes.mastodon import TOKEN, FakeMastodon
from tests.fakes.surroundings import MemoryKnown, surroundings
from tests.ingest.payloads_mastodon import Json, account, body, status

WATCHES = [Watch(name="velgrad", hashtags=("Velgrad",))]
HOURS = 24 * 365 * 20.0
HANG_SECONDS = 60.0


class Run:
    """A collector at work against instances, a batch at a time."""

    def __init__(
        self,
        *fakes: FakeMastodon,
        token: bool = False,
        cursor: str = "",
        watches: list[Watch] = WATCHES,
        known: MemoryKnown | None = None,
        clock: Clock | None = None,
        **changed: Any,
    ) -> None:
        settings = MastodonSettings(
            instances=tuple(Instance(base_url=one.url, token=Secret(TOKEN) if token else None) for one in fakes),
            **{"poll_seconds": 0.05, "recheck_seconds": 0.5, "look_back_hours": HOURS, "stall_seconds": 0.4, **changed},
        )
        self.collector = Mastodon(settings, watches, surroundings(clock or SystemClock(), known=known))
        self.stop = Event()
        self.seen: list[Batch] = []
        self._batches = self.collector.batches(cursor, self.stop)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.seen += self._batches
        for batch in self.seen:
            assert isinstance(batch.messages[-1], Tick)

    def until(self, reached: Callable[[], bool], what: str) -> None:
        hung = time.monotonic() + HANG_SECONDS
        while not reached():
            self.seen.append(next(self._batches))
            assert time.monotonic() < hung, f"still waiting for: {what}"

    def until_posts(self, *statuses: Json) -> None:
        wanted = {uid(one) for one in statuses}
        self.until(lambda: wanted <= {post.uid for post in self.posts}, f"posts {wanted}")

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for batch in self.seen for message in batch.messages if isinstance(message, kind)]

    @property
    def posts(self) -> list[Post]:
        return self.of(Post)

    @property
    def blind(self) -> list[Coverage]:
        return [one for one in self.of(Coverage) if one.state == "blind"]

    @property
    def rejected(self) -> list[Rejected]:
        return [record for batch in self.seen for record in batch.rejected]

    @property
    def cursor(self) -> str:
        return self.seen[-1].cursor


def uid(one: Json) -> str:
    return f"mastodon:{one['uri']}"


def said_blind(run: Run, words: str) -> Callable[[], bool]:
    return lambda: any(words in one.reason for one in run.blind)


# --- by asking


def test_pages_until_all_are_there() -> None:
    statuses = [status(number) for number in range(130)]
    with FakeMastodon() as fake:
        fake.add(*statuses)
        with Run(fake) as run:
            run.until_posts(*statuses)
            more = [status(number) for number in range(130, 140)]
            fake.add(*more)
            run.until_posts(*more)
        assert [post.uid for post in run.posts] == [uid(one) for one in run_order(statuses, more)]
    assert fake.dials == 0
    assert {post.author.uid for post in run.posts} == {f"mastodon:@mira@{fake.host}"}


def run_order(statuses: list[Json], more: list[Json]) -> list[Json]:
    """The newest page first, which tells how far back to go; then forward from there."""
    return [*statuses[-40:], *statuses[:-40], *more]


def test_a_first_look_goes_back_so_far_and_no_further() -> None:
    now = datetime.now(UTC)
    old, young = status(1, at=now - timedelta(hours=3)), status(2, at=now - timedelta(minutes=20))
    with FakeMastodon() as fake:
        fake.add(old, young)
        with Run(fake, look_back_hours=1.0) as run:
            run.until_posts(young)
            later = status(3, at=now)
            fake.add(later)
            run.until_posts(later)
        assert uid(old) not in {post.uid for post in run.posts}


def test_going_on_after_a_restart_says_what_was_made_up_for() -> None:
    first, second = status(1), status(2)
    with FakeMastodon() as fake:
        fake.add(first)
        with Run(fake) as run:
            run.until_posts(first)
            run.until(lambda: any(one.state == "seen" for one in run.of(Coverage)), "coverage")
        fake.add(second)
        with Run(fake, cursor=run.cursor) as rest:
            rest.until_posts(second)
            rest.until(lambda: any("made up" in one.reason for one in rest.of(Coverage)), "recovered coverage")
        assert [post.uid for post in rest.posts] == [uid(second)]
        assert "not running" in rest.blind[0].reason


def test_what_arrives_late_is_found_by_looking_again() -> None:
    """A post from another instance is filed under the time it was written, before what came meanwhile."""
    now = datetime.now(UTC)
    early = status(1, at=now - timedelta(minutes=50))
    late = status(2, at=now - timedelta(minutes=5))
    newest = status(3, at=now)
    with FakeMastodon() as fake:
        fake.add(early)
        with Run(fake) as run:
            run.until_posts(early)
            fake.add(newest)
            run.until_posts(newest)
            fake.add(late)
            run.until_posts(late)
        assert len(run.posts) == 3


def test_looking_again_after_a_restart_sends_nothing_twice() -> None:
    known = MemoryKnown()
    one, other = status(1), status(2)
    known.stored[uid(one)] = ("velgrad",)
    with FakeMastodon() as fake:
        fake.add(one)
        with Run(fake) as run:
            run.until_posts(one)
        fake.add(other)
        with Run(fake, cursor=run.cursor, known=known) as rest:
            before = fake.asked("/api/v1/timelines")
            rest.until(lambda: fake.asked("/api/v1/timelines") > before + 3, "looks")
        assert [post.uid for post in rest.posts] == [uid(other)]
        known.away = True
        with Run(fake, cursor=run.cursor, known=known) as again:
            again.until_posts(other)


def test_an_edit_is_found_by_looking_again() -> None:
    now = datetime.now(UTC)
    one = status(1, at=now - timedelta(minutes=1))
    with FakeMastodon() as fake:
        fake.add(status(0, at=now - timedelta(minutes=2)), one)
        with Run(fake, cursor=cursor_before(fake, now)) as run:
            run.until_posts(one)
            fake.edit(one | {"content": "<p>Open again #Velgrad</p>", "edited_at": now.isoformat()})
            run.until(lambda: any(post.text == "Open again #Velgrad" for post in run.posts), "the edit")
        first, second = [post for post in run.posts if post.uid == uid(one)]
        assert first.observed_at < second.observed_at


def test_an_edit_that_was_not_looked_at_before_a_restart_is_found_after_it() -> None:
    now = datetime.now(UTC)
    known = MemoryKnown()
    one = status(1, at=now - timedelta(minutes=1))
    with FakeMastodon() as fake:
        fake.add(status(0, at=now - timedelta(minutes=2)), one)
        with Run(fake, cursor=cursor_before(fake, now), recheck_seconds=3600) as run:
            run.until_posts(one)
            fake.edit(one | {"content": "<p>Open again #Velgrad</p>", "edited_at": now.isoformat()})
            until_then = len(run.seen)
            run.until(lambda: len(run.seen) > until_then, "a cursor from after it")
        assert len({post.text for post in run.posts if post.uid == uid(one)}) == 1
        known.stored = {post.uid: post.watches for post in run.posts}
        with Run(fake, cursor=run.cursor, known=known) as rest:
            rest.until(lambda: bool(rest.posts), "the edit")
    assert [post.text for post in rest.posts] == ["Open again #Velgrad"]


def cursor_before(fake: FakeMastodon, now: datetime) -> str:
    """That of a run which ended some minutes ago."""
    id_ = str(int((now - timedelta(minutes=5)).timestamp() * 1000) << 16)
    place = {"newest": id_, "earlier": id_}
    return json.dumps({"at": now.isoformat(), "places": {f"{fake.url} velgrad": place}})


@pytest.mark.parametrize("answer", [401, 403, 404, 422])
def test_a_closed_timeline_blinds_the_watch_and_says_why(answer: int) -> None:
    with FakeMastodon() as fake:
        for _ in range(3):
            fake.refuse("/api/v1/timelines/tag/", answer, {"error": "This method requires an authenticated user"})
        with Run(fake) as run:
            run.until(said_blind(run, f"it answered {answer} for #velgrad: This method requires"), "blind coverage")
        assert run.blind[-1].watches == ("velgrad",)


def test_another_instance_sees_what_one_refuses() -> None:
    with FakeMastodon() as closed, FakeMastodon() as fake:
        closed.closed = True
        fake.add(status(1))
        with Run(closed, fake) as run:
            run.until_posts(status(1))
            run.until(lambda: any(one.state == "seen" for one in run.of(Coverage)), "seen coverage")


BAD_ANSWERS: list[tuple[str, bytes, dict[str, str]]] = [
    ("html page", b"<html><title>Are you human?</title></html>", {"Content-Type": "text/html"}),
    ("truncated", json.dumps([status(1)]).encode()[:-300], {}),
    ("bomb", b"[" * 200_000, {}),
    ("object", b'{"error":"x"}', {}),
    ("nothing", b"", {}),
    ("packed", b"not gzip", {"Content-Encoding": "gzip"}),
    ("huge", b"[" + b" " * 300_000 + b"]", {}),
]


@pytest.mark.parametrize(("name", "said", "headers"), BAD_ANSWERS, ids=[one[0] for one in BAD_ANSWERS])
def test_an_answer_that_is_none_is_asked_for_again(name: str, said: bytes, headers: dict[str, str]) -> None:
    with FakeMastodon() as fake:
        fake.add(status(1))
        fake.refuse("/api/v1/timelines/tag/", 200, said, headers)
        with Run(fake, max_answer_bytes=200_000) as run:
            run.until(lambda: bool(run.blind) and run.blind[-1].reason.startswith("127.0.0.1"), "the reason")
            run.until_posts(status(1))


def test_a_hundred_megabytes_are_not_read() -> None:
    """Its length alone refuses it; without one reading stops at the limit (tried in the fetching tests)."""
    with FakeMastodon() as fake:
        fake.refuse("/api/v1/timelines/tag/", 200, b"[]", {"Content-Length": "100000000"})
        fake.add(status(1))
        with Run(fake) as run:
            run.until(said_blind(run, "100,000,000 bytes"), "the reason")
            run.until_posts(status(1))


def test_one_bad_status_does_not_stop_the_others() -> None:
    bad = status(2, created_at="1970-01-01T00:00:00.000Z")
    with FakeMastodon() as fake:
        fake.add(status(1), bad, status(3))
        with Run(fake) as run:
            run.until_posts(status(1), status(3))
        assert {record.reason.partition(" is ")[0] for record in run.rejected} == {"created_at"}
        assert json.loads(run.rejected[0].body) == bad
        with pytest.raises(BadRecord):
            run.collector.remap(run.rejected[0].body)


def test_limits_are_kept() -> None:
    with FakeMastodon() as fake:
        fake.add(status(1))
        fake.left = 3  # who it is, a page, and one more: then nothing is asked until the window ends
        with Run(fake) as run:
            run.until_posts(status(1))
            begun = time.monotonic()
            run.until(lambda: time.monotonic() - begun > 1.0, "a while")
        assert len(fake.seen) == 3


def test_being_asked_to_wait() -> None:
    with FakeMastodon() as fake:
        fake.add(status(1))
        fake.refuse("/api/v1/timelines/tag/", 429, {"error": "Too many requests"}, {"Retry-After": "1"})
        with Run(fake) as run:
            run.until(said_blind(run, "429"), "the reason")
            run.until_posts(status(1))


def test_an_old_instance() -> None:
    """Without /api/v2/instance, or without any: timelines may be open all the same."""
    with FakeMastodon(domain="velgrad.example") as fake:
        fake.has_v2 = False
        fake.add(status(1))
        with Run(fake) as run:
            run.until_posts(status(1))
        assert run.posts[0].author.handle == "mira@velgrad.example"
    with FakeMastodon() as fake:
        fake.refuse("/api/v2/instance", 404)
        fake.refuse("/api/v1/instance", 403)
        fake.add(status(1))
        with Run(fake) as run:
            run.until_posts(status(1))


def test_a_watch_without_hashtags_is_blind_and_says_so() -> None:
    watches = [*WATCHES, Watch(name="words", any_of=("bridge",))]
    with FakeMastodon() as fake:
        fake.add(status(1))
        with Run(fake, watches=watches) as run:
            run.until_posts(status(1))
            run.until(said_blind(run, "names none"), "the reason")
        assert {one.watches for one in run.blind if "names none" in one.reason} == {("words",)}
        assert run.posts[0].watches == ("velgrad", "words")  # what comes is looked at all the same


def test_the_hashtags_of_a_watch() -> None:
    watch = Watch(name="x", hashtags=("#Velgrad", "سيل"), any_of=("#Flood", "bridge"), all_of=("＃Velgrad",))
    assert tags_of(watch) == ("velgrad", "سيل", "flood")


# --- several instances


def test_one_status_seen_on_several_instances_is_one_post() -> None:
    """Whatever order they come in: at last its counts are those of its own instance."""
    with FakeMastodon() as home, FakeMastodon() as far:
        own = status(1, home=home.url, account=account("mira"), reblogs_count=9, favourites_count=1)
        copy = own | {"id": "555", "account": account("mira", home.host), "reblogs_count": 2, "favourites_count": 4}
        home.add(own)
        far.add(copy, status(2))
        with Run(far, home) as run:
            run.until_posts(own, status(2))
            run.until(
                lambda: home.asked("/api/v1/timelines") > 2 and far.asked("/api/v1/timelines") > 2, "both were asked"
            )
            run.until(lambda: counts(run, own) == (9, 1), "the counts of its home")
        assert [post.uid for post in run.posts].count(uid(own)) == 1


def counts(run: Run, one: Json) -> tuple[int | None, int | None]:
    found = [said for said in run.of(Post | Engagement) if said.uid == uid(one)]  # type: ignore[arg-type] # isinstance takes it
    return found[-1].counts.reposts, found[-1].counts.likes


def test_counts_of_what_is_at_home_elsewhere_only_rise() -> None:
    one = status(1, home="https://elsewhere.example", reblogs_count=5, favourites_count=1)
    with FakeMastodon() as left, FakeMastodon() as right:
        left.add(one)
        right.add(one | {"id": "777", "reblogs_count": 2, "favourites_count": 3})
        with Run(left, right) as run:
            run.until_posts(one)
            run.until(lambda: counts(run, one) == (5, 3), "the highest of both")
        assert len(run.posts) == 1


# --- streams


def test_posts_come_at_once() -> None:
    with FakeMastodon() as fake, Run(fake, token=True, poll_seconds=3600.0) as run:
        fake.add(status(1))
        run.until_posts(status(1))
        live(run, fake)
        asked = fake.asked("/api/v1/timelines")
        fake.add(status(2))
        run.until_posts(status(2))
        fake.edit(status(2, content="<p>Open again</p>", tags=("Velgrad",), edited_at="2026-03-01T13:00:00.000Z"))
        run.until(lambda: run.posts[-1].text == "Open again", "the edit")
        assert run.posts[-1].watches == ("velgrad",)
        fake.delete(status(2)["id"])
        run.until(lambda: bool(run.of(Takedown)), "the takedown")
        assert fake.asked("/api/v1/timelines") == asked
        (gone,) = run.of(Takedown)
        assert gone.uid == uid(status(2))
        assert gone.watches == ("velgrad",)
        fake.add(status(2))  # a copy that comes late does not bring it back
        fake.add(status(3))
        run.until_posts(status(3))
        assert [post.uid for post in run.posts].count(uid(status(2))) == 2
        fake.event("delete", b"12345")
        fake.event("announcement", b"{}")
        run.until(lambda: run.collector.seen["unknown events"] == 1, "an unknown event")
        assert run.collector.seen["unknown deletes"] == 1


def live(run: Run, fake: FakeMastodon, times: int = 1) -> None:
    """Until a stream is open and what came before it has been asked for."""
    run.until(lambda: fake.dials >= times, "the stream")
    asked = fake.asked("/api/v1/timelines")
    run.until(lambda: fake.asked("/api/v1/timelines") > asked or run.collector.settings.poll_seconds > 60, "an answer")
    settled = time.monotonic() + 0.4
    run.until(lambda: time.monotonic() > settled, "rest")


def test_an_author_who_turns_away_is_taken_back() -> None:
    known = MemoryKnown()
    known.stored["mastodon:https://a.example/1"] = ("velgrad",)
    known.authors["mastodon:https://a.example/1"] = "mastodon:@mira@velgrad.example"
    with FakeMastodon(domain="velgrad.example") as fake, Run(fake, token=True, known=known) as run:
        fake.add(status(1), status(2))
        run.until_posts(status(1), status(2))
        assert fake.streaming()
        fake.add(status(1, account=account(noindex=True)))
        run.until(lambda: len(run.of(Takedown)) == 1, "the takedown")
        fake.add(status(2, account=account(suspended=True)))
        run.until(lambda: len(run.of(Takedown)) == 3, "the takedowns of all its posts")
    assert {gone.reason for gone in run.of(Takedown)} == {
        "now not to be indexed",
        "now account suspended",
        "account suspended",
    }


@pytest.mark.parametrize("how", ["end", "abort", "stall"])
def test_a_lost_stream_is_dialled_again_and_what_it_missed_is_asked_for(how: str) -> None:
    with FakeMastodon(heartbeat=0.05) as fake, Run(fake, token=True) as run:
        fake.add(status(1))
        run.until_posts(status(1))
        assert fake.streaming()
        getattr(fake, how)()
        fake.deserted()
        fake.add(status(2))
        run.until_posts(status(2))
        run.until(lambda: fake.dials >= 2, "a second dial")
        fake.add(status(3))
        run.until_posts(status(3))
    assert [post.uid for post in run.posts] == [uid(status(number)) for number in (1, 2, 3)]


def test_a_revoked_token_is_said_and_asking_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), FakeMastodon() as fake, Run(fake, token=True) as run:
        fake.add(status(1))
        run.until_posts(status(1))
        assert fake.streaming()
        fake.revoke()
        fake.add(status(2))
        run.until_posts(status(2))
        run.until(said_blind(run, "the token is refused; asking without it"), "the reason")
        run.until(lambda: run.of(Coverage)[-1].state == "seen", "seen again")
        dials = fake.dials
        fake.add(status(3))
        run.until_posts(status(3))
        assert fake.dials == dials
        assert TOKEN not in caplog.text
        assert "asking without it" in caplog.text


def test_a_stream_that_brings_nothing_is_found_out() -> None:
    """It beats, and what asking finds has not come by it."""
    clock = ManualClock()
    begun = clock.now()
    first = status(1, at=begun - timedelta(minutes=60))
    with FakeMastodon() as fake, Run(fake, token=True, clock=clock, poll_seconds=3600.0) as run:
        fake.add(first)
        run.until_posts(first)
        live(run, fake)
        fake.add(status(2, at=begun + timedelta(seconds=170)), stream=False)
        clock.advance(200)
        run.until_posts(status(2, at=begun + timedelta(seconds=170)))
        assert run.collector.seen["mute"] == 0  # it may still be on its way
        fake.add(status(3, at=begun + timedelta(seconds=180)), stream=False)
        clock.advance(400)
        run.until(said_blind(run, "connected but silent: 1 posts"), "the silence")
        clock.advance(10)
        run.until(lambda: fake.dials >= 2, "another dial")
        run.until(lambda: run.of(Coverage)[-1].state == "seen", "seen again")
    assert run.collector.seen["mute"] == 1


@pytest.mark.parametrize(
    ("status_code", "headers"),
    [(400, {}), (404, {}), (500, {}), (503, {"Content-Type": "text/html"}), (429, {"Retry-After": "0"})],
)
def test_without_a_stream_asking_goes_on(status_code: int, headers: dict[str, str]) -> None:
    with FakeMastodon() as fake:
        fake.refuse("/api/v1/streaming/hashtag", status_code, b"<html>", headers)
        with Run(fake, token=True) as run:
            fake.add(status(1))
            run.until_posts(status(1))
            run.until(lambda: fake.dials >= 1, "another dial")


@pytest.mark.parametrize("headers", [{"Retry-After": "999999999"}, {"X-RateLimit-Reset": "9999-01-01T00:00:00Z"}])
def test_a_stream_that_asks_us_to_wait_for_years_is_dialled_again(headers: dict[str, str]) -> None:
    clock = ManualClock()
    with FakeMastodon() as fake:
        fake.refuse("/api/v1/streaming/hashtag", 429, b"{}", headers)
        with Run(fake, token=True, clock=clock) as run:

            def dialled() -> bool:
                clock.advance(10)
                return fake.dials == 1

            run.until(dialled, "another dial")
    assert clock.monotonic() < 86_400


def test_a_stream_of_another_kind() -> None:
    with FakeMastodon() as fake:
        fake.refuse("/api/v1/streaming/hashtag", 200, b"<html>hello</html>", {"Content-Type": "text/html"})
        with Run(fake, token=True) as run:
            run.until(lambda: fake.dials >= 1, "another dial")


def test_bad_events_are_handed_over() -> None:
    with FakeMastodon() as fake, Run(fake, token=True) as run:
        bad = [
            b'{"id":"19',
            b"\xff\xfe",
            b'{"reblog":' * 5000,
            b"[]",
            body(status(9, created_at="2099-01-01T00:00:00Z")),
        ]
        for one in bad:
            fake.event("update", one)
        fake.event("update", b"\n".join(json.dumps(status(1), indent=1).encode().split(b"\n")))
        run.until_posts(status(1))
        run.until(lambda: len(run.rejected) >= len(bad), "the bad ones")
    assert [record.body for record in run.rejected] == bad
    assert all(record.source.startswith("mastodon stream 127.0.0.1") and record.reason for record in run.rejected)


def test_more_hashtags_than_streams() -> None:
    watches = [Watch(name="velgrad", hashtags=("Velgrad", "Flood", "Bridge"))]
    with FakeMastodon() as fake, Run(fake, token=True, watches=watches, streams=2) as run:
        statuses = [
            status(1, tags=("Bridge",)),
            status(2, tags=("Flood",)),
            status(3),
            status(4, tags=("Flood", "Bridge")),
        ]
        fake.add(*statuses)
        run.until_posts(*statuses)
        assert fake.streaming(2)
        assert fake.dials == 2
        run.until(lambda: any(one.state == "seen" for one in run.of(Coverage)), "all are followed")
    assert len(run.posts) == 4


# --- what it is made of


def test_off_says_how_to_turn_it_on() -> None:
    assert "instances" in MastodonSettings().off()
    assert "enabled" in MastodonSettings(enabled=False).off()
    assert MastodonSettings(instances=(Instance(base_url="https://velgrad.example"),)).off() == ""


@pytest.mark.parametrize(
    "addresses", [("",), ("ftp://x",), ("https://[x",), ("https://a.example", "https://A.example/")]
)
def test_instances_that_cannot_be(addresses: tuple[str, ...]) -> None:
    with pytest.raises(BadConfiguration, match="instances"):
        MastodonSettings(instances=tuple(Instance(base_url=one) for one in addresses))


def test_a_cursor_of_something_else() -> None:
    with FakeMastodon() as fake, pytest.raises(BadConfiguration, match="cursor"):
        Run(fake).collector.batches("{", Event())


def test_what_an_instance_says_of_itself() -> None:
    said = {"domain": "A.example", "configuration": {"urls": {"streaming": "wss://stream.a.example/"}}}
    found = about(json.dumps(said).encode(), "https://a.example")
    assert found == ("a.example", "https://stream.a.example")
    said["configuration"] = {"urls": {"streaming": "ws://stream.a.example"}}
    assert about(json.dumps(said).encode(), "https://a.example") == ("a.example", "")
    assert about(b'{"uri":"https://b.example"}', "https://b.example") == ("b.example", "")
    for bad in (b"", b"<html>", b"[]", b'{"domain":3}', b'{"a":' * 5000):
        assert about(bad, "https://a.example") is None


def test_a_pace() -> None:
    pace = Pace(3)
    for second in (0.0, 1.0, 2.0):
        assert pace.wait(second) == 0
        pace.asked(second)
    assert pace.wait(3.0) == 297.0
    assert pace.wait(300.0) == 0
    assert pace.interval(1, 30.0) == pytest.approx(125.0)
    assert Pace(240).interval(4, 30.0) == 30.0
    wall = datetime(2026, 3, 1, tzinfo=UTC)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01T00:01:00.000Z"}
    free = Pace(300)
    free.heard(headers, 10.0, wall)
    assert free.wait(10.0) == 60.0
    assert until_reset({"x-ratelimit-reset": "soon"}, wall) is None
    free.pause(10.0, 1e9)
    assert free.wait(10.0) == 900.0


def test_waits_grow_to_a_limit() -> None:
    growing = Growing(1.0, 300.0, Random(1))
    waits = [growing.next() for _ in range(40)]
    assert waits[0] < 1.26
    assert 300 <= waits[-1] <= 375
    growing.healthy()
    assert growing.next() < 1.26


# --- a third party reads the fake


class Listener(StreamListener):
    def __init__(self) -> None:
        self.updates: list[Any] = []
        self.deletes: list[str] = []
        self.edits: list[Any] = []
        self.beats = 0

    def on_update(self, status: Any) -> None:
        self.updates.append(status)

    def on_delete(self, status_id: Any) -> None:
        self.deletes.append(str(status_id))

    def on_status_update(self, status: Any) -> None:
        self.edits.append(status)

    def handle_heartbeat(self) -> None:
        self.beats += 1


def test_a_third_party_accepts_what_the_fake_serves() -> None:
    with FakeMastodon() as fake:
        client = ThirdParty(api_base_url=fake.url, access_token=TOKEN, request_timeout=10)
        assert client.instance_v2().domain == fake.host
        assert client.instance_v1().uri == fake.host
        fake.add(*(status(number) for number in range(50)))
        page = client.timeline_hashtag("Velgrad", limit=40)
        assert [one.id for one in page] == [status(number)["id"] for number in range(49, 9, -1)]
        assert page[0].account.acct == "mira"
        assert page[0].created_at.tzinfo is not None
        older = client.fetch_next(page)
        assert older is not None
        assert [one.id for one in older] == [status(number)["id"] for number in range(9, -1, -1)]
        newer = client.timeline_hashtag("Velgrad", min_id=status(3)["id"], limit=5)
        assert [one.id for one in newer] == [status(number)["id"] for number in range(8, 3, -1)]
        assert len(client.statuses([status(1)["id"], "1"])) == 1
        assert client.status(status(2)["id"]).uri == status(2)["uri"]
        assert client.stream_healthy()
        listener = Listener()
        handle = client.stream_hashtag("velgrad", listener, run_async=True, timeout=10)
        assert fake.streaming()
        fake.add(status(60))
        fake.edit(status(60, edited_at="2026-03-01T13:00:00.000Z"))
        fake.delete(status(60)["id"])
        hung = time.monotonic() + HANG_SECONDS
        while not (listener.deletes and listener.beats):
            assert time.monotonic() < hung
            time.sleep(0.01)
        assert listener.updates[0].id == status(60)["id"]
        assert listener.edits[0]["edited_at"]
        assert listener.deletes == [status(60)["id"]]
        handle.close()
