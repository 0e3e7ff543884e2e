"""Bluesky's stream, followed: places kept, gaps told, deletions carried out, whatever comes."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from atproto import AsyncJetstreamClient
from websockets.server import ServerProtocol

from ingest.collectors.bluesky import Bluesky
from ingest.collectors.bluesky.memory import Handles, Sent
from ingest.collectors.bluesky.pace import Pace
from ingest.collectors.bluesky.settings import BlueskySettings
from ingest.collectors.bluesky.stream import Closed, Inlet, Opened, Stream
from ingest.formats.reading import microseconds
from secondsource.contracts.clock import Clock, SystemClock
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.messages import Coverage, Message, Post, Takedown
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch
from tests.fakes.bluesky import THEN, FakeBluesky, dumped, post_record, v1_frame, v2_frame
from tests.fakes.clock import ManualClock
from tests.fakes.surroundings import MemoryKnown, surroundings

MIRA = "did:plc:mira2velgrad3example4aa"
TOMAS = "did:plc:tomas2velgrad3example4b"
WATCHES = (Watch(name="flood", any_of=("flood",)), Watch(name="mira", accounts=(MIRA,)))
HANG_SECONDS = 60.0


def uid(rkey: str, did: str = TOMAS) -> str:
    return f"bluesky:{did}/{rkey}"


@pytest.fixture
def fake() -> Iterator[FakeBluesky]:
    with FakeBluesky(from_start=True) as fake:
        yield fake


class Following:
    """A collector at work."""

    def __init__(self, collector: Bluesky, cursor: str = "") -> None:
        self.collector = collector
        self.stop = Event()
        self.batches: list[Batch] = []
        self._source = collector.batches(cursor, self.stop)

    def until(self, reached: Callable[[], object]) -> None:
        hung = time.monotonic() + HANG_SECONDS
        while not reached():
            assert time.monotonic() < hung, [type(one).__name__ for one in self.messages]
            self.batches.append(next(self._source))

    def until_posts(self, *rkeys: str) -> None:
        self.until(lambda: {uid(rkey) for rkey in rkeys} <= {post.uid for post in self.posts})

    def end(self) -> str:
        self.stop.set()
        self.batches.extend(self._source)
        return self.batches[-1].cursor if self.batches else ""

    @property
    def messages(self) -> list[Message]:
        return [message for batch in self.batches for message in batch.messages]

    @property
    def posts(self) -> list[Post]:
        return [message for message in self.messages if isinstance(message, Post)]

    @property
    def takedowns(self) -> list[Takedown]:
        return [message for message in self.messages if isinstance(message, Takedown)]

    @property
    def coverage(self) -> list[Coverage]:
        return [message for message in self.messages if isinstance(message, Coverage)]

    @property
    def rejected(self) -> list[Rejected]:
        return [one for batch in self.batches for one in batch.rejected]

    def blind(self) -> list[str]:
        return [one.reason for one in self.coverage if one.state == "blind"]


@contextmanager
def following(
    *fakes: FakeBluesky,
    cursor: str = "",
    clock: Clock | None = None,
    known: MemoryKnown | None = None,
    watches: tuple[Watch, ...] = WATCHES,
    wire: str = "v2",
    max_frame_bytes: int = 500_000,
    ping_seconds: float = 10.0,
) -> Iterator[Following]:
    settings = BlueskySettings(
        hosts=tuple(fake.stream for fake in fakes),
        wire=wire,
        max_frame_bytes=max_frame_bytes,
        ping_seconds=ping_seconds,
    )
    run = Following(Bluesky(settings, watches, surroundings(clock or SystemClock(), known=known)), cursor)
    try:
        yield run
    finally:
        run.end()


# --- what is taken


def test_only_what_a_watch_takes(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood at the quay")
    fake.post(TOMAS, "3b", "nothing to see")
    fake.post(MIRA, "3c", "nothing to see")
    fake.happen(
        "commit", {"did": TOMAS, "rev": "3", "operation": "create", "collection": "app.bsky.feed.like", "rkey": "3"}
    )
    fake.happen("sync", {"did": TOMAS})
    fake.post(TOMAS, "3d", "the flood again")
    with following(fake) as run:
        run.until_posts("3a", "3d")
    assert [(post.uid, post.watches) for post in run.posts] == [
        (uid("3a"), ("flood",)),
        (uid("3c", MIRA), ("mira",)),
        (uid("3d"), ("flood",)),
    ]
    assert run.rejected == []


def test_handles_as_far_as_the_stream_told_them(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood")
    fake.identity(TOMAS, "tomas.velgrad.example")
    fake.post(TOMAS, "3b", "at home")
    fake.identity(TOMAS, "handle.invalid")
    fake.post(TOMAS, "3c", "a flood")
    with following(fake, watches=(*WATCHES, Watch(name="t", accounts=("@Tomas.velgrad.example",)))) as run:
        run.until_posts("3a", "3b", "3c")
    assert [post.author.handle for post in run.posts] == [TOMAS, "tomas.velgrad.example", TOMAS]
    assert run.posts[1].watches == ("t",)


@pytest.mark.parametrize("wire", ["v1", "v2"])
def test_on_both_wires(fake: FakeBluesky, wire: str) -> None:
    fake.post(TOMAS, "3a", "a flood")
    fake.account(MIRA, active=True)
    fake.identity(MIRA, "mira.velgrad.example")
    fake.delete(TOMAS, "3a")
    fake.post(TOMAS, "3b", "a flood")
    with following(fake, wire=wire) as run:
        run.until_posts("3a", "3b")
        fake.abort()
        fake.post(TOMAS, "3c", "a flood")
        run.until_posts("3c")
    assert [post.uid for post in run.posts] == [uid("3a"), uid("3b"), uid("3c")], "nothing twice"
    assert [gone.uid for gone in run.takedowns] == [uid("3a")]
    assert run.rejected == []
    path, query = fake.asked[-1]
    assert path == ("/subscribe" if wire == "v1" else "/xrpc/network.bsky.jetstream.subscribeEvents")
    assert query["cursor"] == [str(fake.log[4].seq if wire == "v2" else fake.log[4].micros)]


def test_a_clock_that_is_hours_off(fake: FakeBluesky) -> None:
    seen = THEN + timedelta(seconds=1)
    for hours in (-7, 7):
        with FakeBluesky(from_start=True) as other:
            other.post(TOMAS, "3a", record=post_record("a flood", createdAt="2099-01-01T00:00:00Z"))
            other.post(TOMAS, "3b", record=post_record("a flood", createdAt="1970-01-01T00:00:00Z"))
            clock = ManualClock(THEN + timedelta(hours=hours))
            with following(other, clock=clock) as run:
                run.until_posts("3a", "3b")
            cursor = run.end()
            assert run.posts[0].created_at == seen, "the stream's time, not ours"
            with following(other, cursor=cursor, clock=ManualClock(THEN), ping_seconds=0.3) as run:
                other.post(TOMAS, "3c", "a flood")
                run.until_posts("3c")
                run.until(lambda: any(one.state == "seen" for one in run.coverage))


# --- going on


def test_the_place_is_kept_and_what_is_there_is_not_sent_again(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood")
    last = fake.post(TOMAS, "3b", "a flood")
    with following(fake) as run:
        run.until_posts("3a", "3b")
    fake.post(TOMAS, "3c", "a flood")
    with following(fake, cursor=run.end()) as run:
        run.until_posts("3c")
        run.until(lambda: any(one.state == "seen" for one in run.coverage))
    assert fake.asked[-1][1]["cursor"] == [str(last.seq)], "the cursor is inclusive"
    assert [post.uid for post in run.posts] == [uid("3c")]


def test_what_was_missed_is_told_blind_and_then_recovered(fake: FakeBluesky) -> None:
    clock = ManualClock(THEN)
    fake.post(TOMAS, "3a", "a flood")
    with following(fake, clock=clock) as run:
        run.until_posts("3a")
    cursor = run.end()
    good = datetime.fromisoformat(json.loads(cursor)["at"])
    clock.advance(3600)
    for number in range(20):
        fake.post(TOMAS, f"3b{number}", "a flood")
    with following(fake, cursor=cursor, clock=clock) as run:
        run.until(lambda: any("read afterwards" in one.reason for one in run.coverage))
        recovered = next(one for one in run.coverage if "read afterwards" in one.reason)
        assert len(run.posts) == 20, "only once all of it has been read"
    assert recovered.state == "seen"
    assert recovered.start == good
    assert recovered.end >= THEN + timedelta(hours=1)
    blind = [one for one in run.coverage if one.state == "blind" and one.reason == "not running"]
    assert {(one.start, one.watches) for one in blind} == {(good, ("flood", "mira"))}


def test_another_host_is_told_from_when_on(fake: FakeBluesky) -> None:
    with FakeBluesky() as other:
        fake.post(TOMAS, "3a", "a flood", rev="3a")
        last = fake.post(TOMAS, "3b", "a flood", rev="3b")
        other.skip(5000)  # numbers are not shared
        for one in (fake.log[0], fake.log[1]):
            other.happen("commit", one.v2, at=one.at + timedelta(seconds=1))
        other.happen("commit", {**last.v2, "rkey": "3c", "rev": "3c"}, at=last.at + timedelta(seconds=2))
        with following(fake, other) as run:
            run.until_posts("3a", "3b")
            fake.go_away()
            run.until_posts("3c")
        assert [post.uid for post in run.posts] == [uid("3a"), uid("3b"), uid("3c")], "the overlap is recognised"
        assert other.asked[0][1]["cursor"] == [str(last.micros - 5_000_000)]
        assert json.loads(run.end())["seq"] == 5003


def test_a_place_that_is_no_longer_kept_is_a_gap(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood")
    with following(fake, clock=ManualClock(THEN)) as run:
        run.until_posts("3a")
    cursor = json.dumps(json.loads(run.end()) | {"seen_us": 0})
    fake.post(TOMAS, "3b", "a flood")
    fake.keeps_from = 100
    fake.from_start = False
    clock = ManualClock(THEN + timedelta(days=9))
    with following(fake, cursor=cursor, clock=clock) as run:
        run.until(lambda: len(fake.asked) == 3 and fake.connections)
        fake.post(TOMAS, "3c", "a flood")
        run.until_posts("3c")
    assert "cursor" not in fake.asked[2][1]
    gap = next(one for one in run.coverage if "CursorTooOld" in one.reason)
    assert gap.state == "blind"
    assert gap.end - gap.start >= timedelta(days=8)
    assert [post.uid for post in run.posts] == [uid("3c")]
    assert not any("read afterwards" in one.reason for one in run.coverage)
    assert clock.waits == [], "at once"


def test_of_a_place_that_is_no_longer_kept_what_there_is_after_it_is_read_by_time(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood")
    with following(fake, clock=ManualClock(THEN)) as run:
        run.until_posts("3a")
    cursor = json.loads(run.end())
    fake.post(TOMAS, "3b", "a flood")
    kept = fake.happen("commit", {**fake.log[0].v2, "rkey": "3c"}, at=THEN + timedelta(days=8))
    fake.keeps_from = kept.seq
    clock = ManualClock(THEN + timedelta(days=9))
    with following(fake, cursor=json.dumps(cursor), clock=clock) as run:
        run.until(lambda: any("read afterwards" in one.reason for one in run.coverage))
    assert [post.uid for post in run.posts] == [uid("3c")]
    assert fake.asked[-1][1]["cursor"] == [str(cursor["seen_us"] - 5_000_000)]
    (recovered,) = (one for one in run.coverage if "read afterwards" in one.reason)
    assert recovered.start == kept.at
    blind = next(one for one in run.coverage if "CursorTooOld" in one.reason)
    assert blind.state == "blind"
    assert blind.start == datetime.fromisoformat(cursor["at"])


@pytest.mark.parametrize("says", [True, False])
def test_a_host_that_counts_anew_is_asked_by_time(fake: FakeBluesky, *, says: bool) -> None:
    """One that was built anew, or another behind the same name: some say so, some just send what comes."""
    fake.post(TOMAS, "3a", "a flood")
    fake.post(TOMAS, "3b", "a flood")
    with following(fake, clock=ManualClock(THEN)) as run:
        run.until_posts("3a", "3b")
    cursor = json.loads(run.end()) | {"seq": 9_000}
    fake.says_future = says
    fake.post(TOMAS, "3c", "a flood")
    with following(fake, cursor=json.dumps(cursor), clock=ManualClock(THEN + timedelta(hours=1))) as run:

        def noticed() -> bool:
            fake.post(TOMAS, f"3d{len(fake.log)}", "a flood")
            return any("does not know our place" in reason for reason in run.blind())

        run.until(noticed)
        run.until_posts("3c", *(one.v2["rkey"] for one in fake.log[3:]))
        run.until(lambda: any("read afterwards" in one.reason for one in run.coverage))
    assert len({post.uid for post in run.posts}) == len(run.posts)


def test_a_host_whose_numbers_are_of_another_time_is_asked_by_time(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood")
    with following(fake, clock=ManualClock(THEN)) as run:
        run.until_posts("3a")
    missed = fake.post(TOMAS, "3b", "a flood")
    later = fake.happen("commit", {**missed.v2, "rkey": "3c"}, at=THEN + timedelta(days=1))
    cursor = json.loads(run.end()) | {"seq": later.seq}
    with following(fake, cursor=json.dumps(cursor), clock=ManualClock(THEN + timedelta(days=2))) as run:
        run.until_posts("3b", "3c")
    assert fake.asked[-1][1]["cursor"] == [str(cursor["seen_us"] - 5_000_000)]


def test_a_host_that_begins_later_and_does_not_say_so(fake: FakeBluesky) -> None:
    """As hosts of the older wire do."""
    fake.post(TOMAS, "3a", "a flood")
    with following(fake, wire="v1", clock=ManualClock(THEN)) as run:
        run.until_posts("3a")
    cursor = run.end()
    kept = fake.happen("commit", {**fake.log[0].v2, "rkey": "3c"}, at=THEN + timedelta(days=2))
    fake.keeps_from = kept.seq
    with following(fake, wire="v1", cursor=cursor, clock=ManualClock(THEN + timedelta(days=3))) as run:
        run.until(lambda: any("read afterwards" in one.reason for one in run.coverage))
    (recovered,) = (one for one in run.coverage if "read afterwards" in one.reason)
    assert recovered.start == kept.at
    assert any("no longer keeps what passed: it begins later" in reason for reason in run.blind())


def test_a_time_that_is_no_longer_kept_is_a_gap_up_to_what_is(fake: FakeBluesky) -> None:
    with FakeBluesky() as other:
        clock = ManualClock(THEN)
        fake.post(TOMAS, "3a", "a flood")
        with following(fake, clock=clock) as run:
            run.until_posts("3a")
        for second in range(40):
            other.happen("commit", {**fake.log[0].v2, "rkey": f"3b{second}"}, at=THEN + timedelta(seconds=100 + second))
        clock.advance(200)
        with following(other, cursor=run.end(), clock=clock) as run:
            run.until(lambda: any("read afterwards" in one.reason for one in run.coverage))
        gap = next(one for one in run.coverage if "OutdatedCursor" in one.reason)
        assert gap.state == "blind"
        recovered = next(one for one in run.coverage if "read afterwards" in one.reason)
        assert recovered.start == THEN + timedelta(seconds=100), "from the oldest event there was"
        assert len(run.posts) == 40


def test_a_place_from_elsewhere_is_given_up(fake: FakeBluesky) -> None:
    cursor = json.dumps({"host": fake.stream, "seq": 9_000, "seen_us": 1, "at": THEN.isoformat()})
    with following(fake, cursor=cursor, clock=ManualClock(THEN + timedelta(hours=1))) as run:
        run.until(lambda: fake.connections)
        fake.post(TOMAS, "3a", "a flood")
        run.until_posts("3a")
        run.until(lambda: any("FutureCursor" in reason for reason in run.blind()))
    assert json.loads(run.end())["seq"] == 1


@pytest.mark.parametrize("cursor", ["7", "[]", "{", '{"seq":"x"}', '{"at":3}'])
def test_a_cursor_that_is_not_ours(fake: FakeBluesky, cursor: str) -> None:
    with pytest.raises(BadConfiguration, match="cursor"):
        next(
            Bluesky(BlueskySettings(hosts=(fake.stream,)), WATCHES, surroundings(SystemClock())).batches(
                cursor, Event()
            )
        )


# --- what goes wrong


def test_what_cannot_be_read_is_handed_over_and_nothing_stops(fake: FakeBluesky) -> None:
    good = v2_frame(fake.post(TOMAS, "3a", "a flood"))
    bomb = b'{"$type":"message","payload":{"record":{"embed":' + b"[" * 200_000
    deep = b'{"$type":"message","payload":' + b'{"a":' * 50_000
    frames = [
        good[:100],
        good.replace(b"a flood", b"a \xff flood"),
        bomb,
        deep,
        b"[]",
        b"null",
        b"",
        good.replace(b'"a flood"', b"3"),
        good.replace(b'"seq":1,', b'"seq":[],'),
        good.replace(TOMAS.encode(), b"nobody").replace(b'"seq":1,', b'"seq":2,'),
        good.replace(b'"record":', b'"nothing":').replace(b'"seq":1,', b'"seq":3,'),
    ]
    for frame in frames:
        fake.raw(frame)
    fake.raw(b'{"$type":"surprise"}')
    fake.raw(b'{"$type":"message","payload":{"$type":"x#unheardOf","seq":4}}')
    fake.raw(b'{"$type":"message","payload":{"$type":"x#info","name":"Whatever"}}')
    fake.post(TOMAS, "3b", "a flood")
    with following(fake) as run:
        run.until_posts("3a", "3b")
    assert [one.body for one in run.rejected] == frames
    for one in run.rejected:
        assert one.reason
        assert one.source == "bluesky stream"
        with pytest.raises(BadRecord):
            run.collector.remap(one.body)
    assert len(fake.asked) == 1, "on one connection"


def test_frames_that_are_too_large_are_not_kept_whole(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "flood " * 40_000)
    fake.post(TOMAS, "3b", "a flood")
    with following(fake, max_frame_bytes=100_000) as run:
        run.until_posts("3b")
    (rejected,) = run.rejected
    assert len(rejected.body) == 65_536
    assert "more than the 100,000" in rejected.reason
    assert fake.asked[0][1]["maxMessageSizeBytes"] == ["100000"]


def test_a_frame_that_is_not_even_read_is_passed_by(fake: FakeBluesky) -> None:
    fake.from_start = False
    clock = ManualClock(THEN)
    with following(fake, clock=clock, ping_seconds=0.3) as run:
        run.until(lambda: fake.connections)
        fake.post(TOMAS, "3a", "a flood")
        run.until_posts("3a")
        fake.raw(b'"' + b"x" * 17_000_000 + b'"')
        run.until(lambda: len(fake.asked) >= 3 and fake.connections and "cursor" not in fake.asked[-1][1])
        fake.post(TOMAS, "3b", "a flood")
        run.until_posts("3b")
    assert any("1009" in reason for reason in run.blind())


@pytest.mark.parametrize(
    ("error", "reason"),
    [("ConsumerTooSlow", "consumer too slow"), ("InternalServerError", "ended the stream: InternalServerError")],
)
def test_the_hosts_last_words_are_told(fake: FakeBluesky, error: str, reason: str) -> None:
    fake.post(TOMAS, "3a", "a flood")
    with following(fake) as run:
        run.until_posts("3a")
        fake.end(error, "sorry")
        run.until(lambda: len(fake.asked) == 2)
        fake.post(TOMAS, "3b", "a flood")
        run.until_posts("3b")
        run.until(lambda: any(reason in told for told in run.blind()))
    assert [post.uid for post in run.posts] == [uid("3a"), uid("3b")]


def test_it_comes_back_at_once_and_then_ever_later(fake: FakeBluesky) -> None:
    fake.away = True
    clock = ManualClock()
    with following(fake, clock=clock) as run:
        run.until(lambda: len(fake.asked) >= 12)
        assert any("503" in reason for reason in run.blind())
    waits = _waits(clock.waits)
    assert len(waits) >= 9
    for number, wait in enumerate(waits[:9]):
        longest = min(60.0, 2.0**number)
        assert longest / 2 <= wait <= longest
    assert len(fake.asked) > len(waits), "the first time without waiting"
    fake.away = False


def _waits(pieces: list[float]) -> list[float]:
    """Waits are taken a second at a time, so that ticks go on; a shorter piece ends one."""
    waits = [0.0]
    for piece in pieces:
        waits[-1] += piece
        if piece < 1.0:
            waits.append(0.0)
    return waits[:-1]


def test_a_host_that_says_how_long_is_left_alone_for_so_long(fake: FakeBluesky) -> None:
    fake.refusal = (429, {"error": "RateLimitExceeded"}, {"Retry-After": "42"})
    clock = ManualClock()
    with following(fake, clock=clock) as run:
        run.until(lambda: len(fake.asked) >= 2)
    assert sum(clock.waits) >= 42
    fake.refusal = None


def test_a_host_that_answers_nothing_is_left() -> None:
    with mute_host() as url:
        inlet = Inlet(time.monotonic, 10)
        stream = Stream(url, subprotocols=(), user_agent="t", ping_seconds=0.1, inlet=inlet)
        said = [*inlet.take(5.0), *inlet.take(5.0)]
        assert said[0] == Opened()
        assert isinstance(said[-1], Closed)
        assert "not even the answer to a ping" in said[-1].reason
        stream.close()


@contextmanager
def mute_host() -> Iterator[str]:
    """It shakes hands, and then says nothing, nor answers anything."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            taken, _ = listening.accept()
            protocol = ServerProtocol()
            while not (events := protocol.events_received()):
                protocol.receive_data(taken.recv(4096))
            response = protocol.accept(events[0])  # type: ignore[arg-type] # the first event is the request
            protocol.send_response(response)
            taken.sendall(b"".join(protocol.data_to_send()))
            while taken.recv(4096):
                pass

    Thread(target=serve, daemon=True).start()
    yield f"ws://127.0.0.1:{listening.getsockname()[1]}/"
    listening.close()


def test_a_stream_that_is_open_and_mute_is_told_from_calm(fake: FakeBluesky) -> None:
    history = [[5760, 3000.0, 3000.0], [720, 24000.0, 24000.0], [0, 0.0, 0.0], [0, 0.0, 0.0]]
    clock = ManualClock(THEN)
    cursor = json.dumps({"at": THEN.isoformat(), "silence": history})
    settings = BlueskySettings(hosts=(fake.stream,), ping_seconds=0.1)
    run = Following(Bluesky(settings, WATCHES, surroundings(clock)), cursor)
    run.until(lambda: fake.connections)
    fake.post(TOMAS, "3a", "a flood")
    run.until_posts("3a")
    clock.advance(600)
    run.until(lambda: any("connected but silent" in reason for reason in run.blind()))
    fake.post(TOMAS, "3b", "a flood")
    run.until_posts("3b")
    run.until(lambda: any(one.state == "seen" and one.end > THEN + timedelta(seconds=600) for one in run.coverage))
    run.end()


def test_a_consumer_that_is_cut_off_loses_nothing(fake: FakeBluesky) -> None:
    for number in range(6_000):
        fake.post(TOMAS, f"3{number}", "flood " * 100)
    fake.too_slow = 1_000
    with following(fake) as run:
        run.until(lambda: any("consumer too slow" in reason for reason in run.blind()))
        fake.too_slow = None
        run.until(lambda: len(run.posts) >= 6_000)
    assert len({post.uid for post in run.posts}) == len(run.posts) == 6_000


def test_what_waits_is_bounded_in_frames_and_in_bytes() -> None:
    for frames, size, body in ((10, 10**9, b"x"), (10**9, 1_000, b"x" * 100)):
        inlet = Inlet(lambda: 0.0, frames, size)

        def fill(inlet: Inlet = inlet, body: bytes = body) -> None:
            for _ in range(200):
                inlet.put(body)

        thread = Thread(target=fill, daemon=True)
        thread.start()
        taken: list[object] = []
        while len(taken) < 200:
            some = inlet.take(1.0)
            assert len(some) <= 10
            taken += some
        thread.join(60)
        assert inlet.most_held <= 10 * len(body)
        assert inlet.behind() == 0


# --- takedowns


def test_a_deletion_of_what_is_stored(fake: FakeBluesky) -> None:
    known = MemoryKnown()
    known.stored = {uid("3old"): ("flood",)}
    fake.delete(TOMAS, "3old")
    fake.delete(TOMAS, "3strange")
    with following(fake, known=known) as run:
        run.until(lambda: run.takedowns)
    assert [(gone.uid, gone.watches) for gone in run.takedowns] == [(uid("3old"), ("flood",))]


def test_deletions_wait_for_a_store_that_is_away_also_over_a_restart(fake: FakeBluesky) -> None:
    known = MemoryKnown()
    known.stored = {uid("3old"): ("flood",), uid("3b", MIRA): ("flood",)}
    known.authors = {uid("3b", MIRA): f"bluesky:{MIRA}"}
    known.away = True
    fake.delete(TOMAS, "3old")
    fake.account(MIRA, active=False, status="deleted")
    fake.post(TOMAS, "3a", "a flood")
    with following(fake, known=known) as run:
        run.until_posts("3a")
        run.until(lambda: len(run.batches) > 3)
        assert run.takedowns == []
    known.away = False
    with following(fake, known=known, cursor=run.end()) as run:
        run.until(lambda: len(run.takedowns) == 2)
    assert {gone.uid for gone in run.takedowns} == {uid("3old"), uid("3b", MIRA)}
    assert json.loads(run.end()).get("deleted", {}) == {}


def test_deletions_do_not_pile_up_without_end(fake: FakeBluesky) -> None:
    known = MemoryKnown()
    known.away = True
    for number in range(5_001):
        fake.delete(TOMAS, f"3{number}")
    with pytest.raises(SourceAway), following(fake, known=known) as run:
        run.until(lambda: False)


@pytest.mark.parametrize("status", ["deleted", "takendown", "suspended", "deactivated", None])
def test_an_account_that_is_gone_takes_its_posts_along(fake: FakeBluesky, status: str | None) -> None:
    known = MemoryKnown()
    known.stored = {uid("3old", MIRA): ("mira",), uid("3x"): ("flood",)}
    known.authors = {uid("3old", MIRA): f"bluesky:{MIRA}", uid("3x"): f"bluesky:{TOMAS}"}
    fake.post(MIRA, "3new", "a flood")
    fake.account(MIRA, active=False, status=status)
    with following(fake, known=known) as run:
        run.until(lambda: len(run.takedowns) == 2)
    assert {(gone.uid, gone.watches) for gone in run.takedowns} == {
        (uid("3new", MIRA), ("flood", "mira")),
        (uid("3old", MIRA), ("mira",)),
    }
    assert all("account" in gone.reason for gone in run.takedowns)


def test_an_account_whose_server_has_trouble_is_not_gone(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood")
    for status in ("desynchronized", "throttled"):
        fake.account(TOMAS, active=False, status=status)
    fake.account(TOMAS, active=True)
    fake.post(TOMAS, "3b", "a flood")
    with following(fake) as run:
        run.until_posts("3b")
    assert run.takedowns == []


def test_new_words_come_under_the_same_name_to_whoever_has_the_old_ones(fake: FakeBluesky) -> None:
    known = MemoryKnown()
    known.stored = {uid("3old"): ("flood",)}
    fake.post(TOMAS, "3a", "a flood")
    fake.update(TOMAS, "3a", "no, a burst pipe", rev="3later")
    fake.update(TOMAS, "3old", "no, a burst pipe", rev="3later")
    fake.update(TOMAS, "3strange", "a burst pipe", rev="3later")
    fake.update(TOMAS, "3b", "a flood", rev="3later")
    with following(fake, known=known) as run:
        run.until_posts("3b")
    assert [(post.uid, post.text, post.watches) for post in run.posts] == [
        (uid("3a"), "a flood", ("flood",)),
        (uid("3a"), "no, a burst pipe", ("flood",)),
        (uid("3old"), "no, a burst pipe", ("flood",)),
        (uid("3b"), "a flood", ("flood",)),
    ]


def test_what_was_sent_is_remembered_within_bounds() -> None:
    sent = Sent(2)
    for rkey in ("a", "b", "c"):
        sent.add(rkey, "who", ("w",), "1")
    assert sent.watches("a") == ()
    assert sent.of("who") == {"b": ("w",), "c": ("w",)}
    assert sent.repeated("c", "1")
    assert not sent.repeated("c", "2")
    sent.forget("b")
    sent.forget("c")
    assert sent.of("who") == {}
    handles = Handles(1)
    handles.put("a", "x")
    handles.put("b", "y")
    assert (handles.of("a"), handles.of("b")) == ("", "y")


# --- has the present been reached?


def test_a_stream_that_runs_faster_than_time_is_of_the_past() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    pace, seen = Pace(), now
    for second in range(60):
        seen = now - timedelta(hours=5) + timedelta(seconds=60 * second)
        pace.looked(second, 10, microseconds(seen))
        assert not pace.live(now + timedelta(seconds=second))
    for second in range(60, 70):  # it goes with time now, though its clock is hours behind ours
        pace.looked(second, 10, microseconds(seen + timedelta(seconds=second - 60)))
    assert pace.live(now + timedelta(seconds=70))


def test_a_stream_that_has_nothing_more_has_reached_the_present() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    pace = Pace()
    assert not pace.live(now)
    for _ in range(15):
        pace.looked(0, 0, 0)
    assert pace.live(now), "there was nothing at all"
    pace = Pace()
    pace.looked(0, 1, 0)
    assert not pace.live(now)
    for _ in range(3):
        pace.looked(0, 0, 0)
    assert pace.live(now)
    pace = Pace()
    pace.looked(0, 1, microseconds(now))
    assert pace.live(now), "it is of this moment"


# --- the fake


def test_the_atproto_client_reads_what_the_fake_serves(fake: FakeBluesky) -> None:
    fake.post(TOMAS, "3a", "a flood")
    fake.identity(MIRA, "mira.velgrad.example")
    fake.account(MIRA, active=False, status="deleted")
    fake.delete(TOMAS, "3a")
    said: list[tuple[str, int]] = []

    async def listen() -> None:
        client = AsyncJetstreamClient(
            {"kinds": ["commit", "identity", "account"], "collections": ["app.bsky.feed.post"], "cursor": 1},
            base_uri=f"{fake.stream}/xrpc",
            compress=False,
        )

        async def heard(message: object) -> None:
            said.append((type(message).__name__, message.seq))  # type: ignore[attr-defined] # each of the kinds asked for
            if len(said) == 2:
                fake.abort()
            if len(said) == 4:
                await client.stop()

        await asyncio.wait_for(client.start(heard), 15)

    asyncio.run(listen())
    assert said == [("Commit", 1), ("Identity", 2), ("Account", 3), ("Commit", 4)], "also over a broken connection"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("wantedCollections=app.bsky.feed.post", "InvalidRequest"),
        ("kinds=reposts", "InvalidRequest"),
        ("cursor=1", "CursorTooOld"),
    ],
)
def test_the_fake_refuses_before_the_upgrade(fake: FakeBluesky, path: str, error: str) -> None:
    fake.keeps_from = 50
    inlet = Inlet(time.monotonic, 10)
    url = f"{fake.stream}/xrpc/network.bsky.jetstream.subscribeEvents?{path}"
    stream = Stream(url, subprotocols=("xrpc.v1.json",), user_agent="t", ping_seconds=5, inlet=inlet)
    (said,) = inlet.take(5.0)
    assert isinstance(said, Closed)
    assert (said.status, said.error) == (400, error)
    stream.close()


def test_whoever_speaks_to_the_fake_is_closed(fake: FakeBluesky) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with connect(f"{fake.stream}/xrpc/network.bsky.jetstream.subscribeEvents") as connection:
        connection.send("hello")
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)


def test_settings() -> None:
    assert BlueskySettings().off() == ""
    assert "enabled" in BlueskySettings(enabled=False).off()
    with pytest.raises(BadConfiguration):
        Bluesky(BlueskySettings(enabled=False), WATCHES, surroundings(ManualClock()))
    assert Bluesky(BlueskySettings(), WATCHES, surroundings(ManualClock())).hosts[0].startswith("wss://jetstream.")
    v1 = Bluesky(BlueskySettings(wire="v1"), WATCHES, surroundings(ManualClock()))
    assert len(v1.hosts) == 4
    with FakeBluesky() as fake:
        one = fake.post(TOMAS, "3a", "a flood")
        for frame in (v1_frame(one), v2_frame(one)):
            (post,) = v1.remap(frame)
            assert isinstance(post, Post)
            assert post.watches == ("flood",)
        with pytest.raises(BadRecord, match="no watch"):
            v1.remap(v2_frame(fake.post(TOMAS, "3b", "calm")))
        with pytest.raises(BadRecord, match="delete"):
            v1.remap(v2_frame(fake.delete(TOMAS, "3b")))
        with pytest.raises(BadRecord):
            v1.remap(dumped({"$type": "error", "error": "x"}))
