"""Replays: order, pace, places, and ticks that say only what is true."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Timer
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.collectors.replay import STDIN, Replay, ReplaySettings
from ingest.formats.delimited import ColumnMapping
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import (
    Account,
    Counts,
    Coverage,
    Engagement,
    Message,
    Post,
    Takedown,
    Tick,
    encode,
)
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.ingest.payloads import FIRST_ID, body, v1_status, v2_line, v2_post

TEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
WATCHES = [Watch(name="velgrad", hashtags=("Velgrad",)), Watch(name="mill", any_of=("mill",))]
MAPPING = ColumnMapping(platform="f", id="id", text="text", author_id="who", created_at="when", delimiter="\t")


def post(number: int, second: float, text: str = "#Velgrad", **more: Any) -> Post:
    at = TEN + timedelta(seconds=second)
    return Post(
        **{
            "uid": f"f:{number}",
            "platform": "f",
            "author": Account(uid="f:a", handle="mira"),
            "text": text,
            "created_at": at,
            "observed_at": at,
            "collector": "recorder",
            "watches": ("recorded",),
            "hashtags": ("Velgrad",),
            **more,
        }
    )


def lines(path: Path, *records: bytes | Message) -> Path:
    path.write_bytes(b"".join((one if isinstance(one, bytes) else encode(one)) + b"\n" for one in records))
    return path


def replay(*paths: Path, clock: ManualClock | None = None, **more: Any) -> Replay:
    chosen = ReplaySettings(**{"paths": paths, "assign": "all", **more})
    return Replay(chosen, WATCHES, clock or ManualClock())


def run(one: Replay, cursor: str = "") -> list[Batch]:
    return list(one.batches(cursor, Event()))


def sent(batches: list[Batch]) -> list[Message]:
    return [message for batch in batches for message in batch.messages if not isinstance(message, Tick)]


def uids(batches: list[Batch]) -> list[str]:
    return [message.uid for message in sent(batches) if isinstance(message, Post)]


def numbers(batches: list[Batch]) -> list[int]:
    """Of invented posts of X."""
    return [int(uid.removeprefix("x:")) - FIRST_ID for uid in uids(batches)]


def ticks(batches: list[Batch]) -> list[Tick]:
    return [message for batch in batches for message in batch.messages if isinstance(message, Tick)]


def assert_truthful(batches: list[Batch]) -> None:
    promised = None
    for batch in batches:
        for message in batch.messages:
            if isinstance(message, Tick):
                assert promised is None or message.at >= promised
                promised = message.at
            elif isinstance(message, Post) and promised is not None:
                assert message.observed_at > promised


TIMES = st.lists(st.integers(0, 6), min_size=1, max_size=30)


@settings(deadline=None)
@given(seconds=TIMES, size=st.integers(1, 7), order=st.sampled_from(["time", "file"]), stop_after=st.integers(0, 10))
def test_any_stream_comes_whole_in_order_with_true_ticks_and_resumes(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], size: int, order: str, stop_after: int
) -> None:
    path = lines(tmp_path_factory.mktemp("replay") / "a.jsonl", *(post(n, s) for n, s in enumerate(seconds)))
    one = replay(path, batch_size=size, order=order)
    batches = run(one)
    assert_truthful(batches)
    expected = sorted(range(len(seconds)), key=seconds.__getitem__) if order == "time" else list(range(len(seconds)))
    assert uids(batches) == [f"f:{number}" for number in expected]
    assert [tick.final for tick in ticks(batches)] == [False] * (len(batches) - 1) + [True]
    assert ticks(batches)[-1].at == TEN + timedelta(seconds=max(seconds))
    cut = min(stop_after, len(batches) - 1)
    assert uids(batches[:cut]) + uids(run(one, batches[cut - 1].cursor if cut else "")) == uids(batches)


def test_a_time_cut_in_two_is_not_yet_promised(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", post(1, 0), post(2, 5), post(3, 5), post(4, 6))
    at = [tick.at for tick in ticks(run(replay(path, batch_size=2)))]
    five, six = TEN + timedelta(seconds=5), TEN + timedelta(seconds=6)
    assert at == [five - timedelta(microseconds=1), six - timedelta(microseconds=1), six]


def test_file_order_never_goes_back(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", post(1, 5), post(2, 1), post(3, 7))
    got = [message for message in sent(run(replay(path, order="file"))) if isinstance(message, Post)]
    assert [one.observed_at - TEN for one in got] == [timedelta(seconds=s) for s in (5, 5, 7)]
    assert got[1].created_at == TEN + timedelta(seconds=1)


def test_bad_records_stand_where_they_stood(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "a.jsonl",
        b'{"broken',
        post(1, 9),
        b'{"type":"post","uid":"f:9"}',
        b"",
        encode(post(2, 1)).replace(b"2026-11-20T10", b"2090-11-20T10"),
        post(3, 0, text="no\x00null"),
        b"\xff",
    )
    batches = run(replay(path, batch_size=1))
    told = [
        (record.source, record.reason.split(":")[0].split(" (")[0]) for batch in batches for record in batch.rejected
    ]
    assert told == [
        ("a.jsonl:1", "truncated JSON"),
        ("a.jsonl:7", "malformed JSON"),
        ("a.jsonl:3", "Object missing required field `author`"),
        ("a.jsonl:5", "created_at is 2090-11-20T10"),
    ]
    assert uids(batches) == ["f:3", "f:1"]
    assert_truthful(batches)
    got = sent(batches)[0]
    assert isinstance(got, Post)
    assert got.text == "no\ufffdnull"


def test_our_own_messages_pass_and_recorded_ticks_only_move_time(tmp_path: Path) -> None:
    at = TEN + timedelta(seconds=1)
    snapshot = Engagement(uid="f:1", observed_at=at, collector="r", watches=("old",), counts=Counts(likes=1))
    gone = Takedown(uid="f:1", observed_at=at, collector="r", watches=("old",), reason="deleted")
    seen = Coverage(collector="r", watches=("old",), start=TEN, end=at, state="seen")
    later = Tick(collector="r", at=TEN + timedelta(hours=1))
    path = lines(tmp_path / "a.jsonl", post(1, 0), snapshot, gone, seen, later)
    kept = run(replay(path, assign="keep"))
    # under the replay's name: nobody would ever hear a promise of the collector that recorded them
    now = [msgspec.structs.replace(message, collector="replay") for message in (post(1, 0), snapshot, gone)]
    assert sent(kept) == [*now, seen]
    assert ticks(kept) == [Tick(collector="replay", at=later.at, final=True)]
    names = ("velgrad", "mill")
    assert sent(run(replay(path))) == [replaced(one, names) for one in (*now, seen)]


def replaced(message: Post | Engagement | Takedown | Coverage, names: tuple[str, ...]) -> Message:
    return msgspec.structs.replace(message, watches=names)


def test_which_watches(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", post(1, 0), post(2, 1, "the mill", hashtags=()), post(3, 2, "else", hashtags=()))
    matched = [(one.uid, one.watches) for one in sent(run(replay(path, assign="match"))) if isinstance(one, Post)]
    assert matched == [("f:1", ("velgrad",)), ("f:2", ("mill",))]
    kept = [one.watches for one in sent(run(replay(path, assign="keep"))) if isinstance(one, Post)]
    assert kept == [("recorded",)] * 3


def test_a_post_written_by_hand(tmp_path: Path) -> None:
    hand = {
        "uid": "f:1",
        "author": {"uid": "f:a", "handle": "m"},
        "text": "t",
        "created_at": "2026-11-20T10:00:00Z",
        "extra": 1,
    }
    (got,) = sent(run(replay(lines(tmp_path / "a.jsonl", body(hand)))))
    assert isinstance(got, Post)
    assert (got.observed_at, got.collector, got.platform) == (TEN, "replay", "f")


@pytest.mark.parametrize("printed", [False, True])
def test_files_of_x_are_recognised(tmp_path: Path, printed: bool) -> None:
    indent = 1 if printed else None
    v1, v2, page = tmp_path / "1.json", tmp_path / "2.json", tmp_path / "3.json"
    v1.write_text(json.dumps([v1_status(3), v1_status(1)], indent=indent))
    v2.write_text("\n".join(json.dumps(v2_line(number), indent=indent) for number in (5, 2)))
    page.write_text(json.dumps({"data": [v2_post(6), v2_post(4)], "meta": {}}, indent=indent))
    batches = run(replay(v1, v2, page))
    assert numbers(batches) == [1, 2, 3, 4, 5, 6]
    assert_truthful(batches)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", [b"notes to self", b"null", b"[1, 2]", b'{"uid":', b"[" * 100_000, b'{"x":' * 100_000])
def test_no_line_vanishes_wherever_it_stands(tmp_path: Path, bad: bytes, place: int) -> None:
    records: list[bytes | Message] = [post(1, 1), post(2, 2)]
    records.insert(place, bad)
    (batch,) = run(replay(lines(tmp_path / "a.jsonl", *records)))
    if place == 0 and bad[:1] == b"[":
        return  # the file is read as an array, as far as it is one
    assert [one.body for one in batch.rejected] == [bad]
    assert uids([batch]) == ["f:1", "f:2"]


def test_an_array_cut_off_keeps_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(body([v1_status(1), v1_status(2, text='braces } ] in \\" words'), v1_status(3)])[:-100])
    batches = run(replay(path))
    assert numbers(batches) == [1, 2]
    assert [record.reason.split(" (")[0] for batch in batches for record in batch.rejected] == ["truncated JSON"]


def test_packed_files_and_byte_order_marks(tmp_path: Path) -> None:
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(encode(post(2, 1)) + b"\n" + encode(post(1, 0))))
    marked = lines(tmp_path / "b.jsonl", b"\xef\xbb\xbf" + encode(post(3, 2)))
    assert uids(run(replay(packed, marked))) == ["f:1", "f:2", "f:3"]
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(BadConfiguration, match=r"a\.jsonl\.gz"):
        run(replay(packed))


def test_tables_with_line_breaks_and_quotes_never_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        b'\xef\xbb\xbfid,text,who,when\n1,"two\nlines, ""so""",a,2026-11-20T10:00:00Z\n'
        b'2,"never closed,a,2026-11-20T10:00:01Z\n3,last,a,2026-11-20T10:00:02Z\n'
    )
    batches = run(replay(path, format=replace(MAPPING, delimiter=",")))
    texts = [one.text for one in sent(batches) if isinstance(one, Post)]
    assert texts == ['two\nlines, "so"', "last"]
    assert [record.source for batch in batches for record in batch.rejected] == ["a.csv:4"]


def test_a_table_without_header_row(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.tsv", b"1\tt\ta\t2026-11-20T10:00:00Z")
    mapping = replace(MAPPING, header=("id", "text", "who", "when"), quoting="none")
    one = replay(path, format=mapping)
    assert uids(run(one)) == ["f:1"]
    assert len(one.remap(b"1\tt\ta\t2026-11-20T10:00:00Z")) == 1
    with pytest.raises(BadRecord, match="columns"):
        one.remap(b"1\tt")


def test_remapping_with_the_files_header(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.tsv", b"id\ttext\twho\twhen", b"1\tt\ta\t2026-11-20T10:00:00Z")
    assert len(replay(path, format=MAPPING).remap(b"1\tt\ta\t2026-11-20T10:00:00Z")) == 1
    assert len(replay(path).remap(body(v2_line(1)))) == 1


@pytest.mark.parametrize("order", ["time", "file"])
@pytest.mark.parametrize("cut_off", [0, 20])
@pytest.mark.parametrize("batches", [1, 2, 99])
def test_a_file_that_was_appended_to_goes_on_with_what_is_new(
    tmp_path: Path, order: str, cut_off: int, batches: int
) -> None:
    whole = lines(tmp_path / "whole.jsonl", *(post(n, n) for n in (3, 1, 4, 2, 6, 5))).read_bytes()
    day, beside = tmp_path / "day.jsonl", lines(tmp_path / "beside.jsonl", post(7, 7))
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(lines(tmp_path / "p.jsonl", post(8, 8), post(9, 0)).read_bytes()))
    day.write_bytes(b"".join(whole.splitlines(keepends=True)[:4])[: -cut_off or None])
    paths = (day, beside, packed)
    got = run(replay(*paths, order=order, batch_size=2))[:batches]
    day.write_bytes(whole)
    more = run(replay(*paths, order=order, batch_size=2), got[-1].cursor)
    sent = Counter(message.uid for batch in (*got, *more) for message in batch.messages if isinstance(message, Post))
    assert set(sent) == {f"f:{n}" for n in range(1, 10)}
    if batches == 99 and not cut_off:
        assert set(sent.values()) == {1}
    ticks = [message for batch in more for message in batch.messages if isinstance(message, Tick)]
    assert [tick.final for tick in ticks] == [False] * (len(ticks) - 1) + [True]
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)
    again = run(replay(*paths, order=order, batch_size=2), more[-1].cursor)
    assert not [message for batch in again for message in batch.messages if isinstance(message, Post)]


def test_a_file_that_changed_is_not_taken_up(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", post(1, 0), post(2, 1))
    cursor = run(replay(path, batch_size=1))[0].cursor
    with pytest.raises(BadConfiguration, match="order has changed"):
        run(replay(path, order="file"), cursor)
    lines(path, post(1, 0), post(3, 1))
    with pytest.raises(BadConfiguration, match="file has changed"):
        run(replay(path), cursor)
    with pytest.raises(BadConfiguration, match="cursor"):
        run(replay(path), "nonsense")


def test_nothing_to_read(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl")
    (batch,) = run(replay(path))
    assert [type(message) for message in batch.messages] == [Tick]
    with pytest.raises(BadConfiguration, match=r"absent\.jsonl"):
        run(replay(tmp_path / "absent.jsonl"))
    with pytest.raises(BadConfiguration, match="at least one"):
        replay()


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 100.0), (10.0, 10.0), (0.0, 0.0)])
def test_pace(tmp_path: Path, speed: float, seconds: float) -> None:
    path = lines(tmp_path / "a.jsonl", post(1, 0), post(2, 0.1), post(3, 60), post(4, 100))
    clock = ManualClock()
    batches = run(replay(path, speed=speed, clock=clock))
    assert sum(clock.waits) == pytest.approx(seconds)
    assert_truthful(batches)
    assert uids(batches) == ["f:1", "f:2", "f:3", "f:4"]
    if speed == 1.0:
        assert [len(sent([batch])) for batch in batches if sent([batch])] == [2, 1, 1]
        assert len(batches) > 90, "time passes visibly while nothing comes"


def test_stopping_while_it_waits(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", post(1, 0), post(2, 3600))
    stop = Event()
    seen = []
    for batch in replay(path, speed=1.0).batches("", stop):
        seen.append(batch)
        stop.set()
    assert uids(seen) == ["f:1"]
    assert not any(tick.final for tick in ticks(seen))


def test_standing_in_a_pipe() -> None:
    read, write = os.pipe()
    stop = Event()
    with os.fdopen(write, "wb", buffering=0) as feeding, os.fdopen(read, "rb") as pipe:
        one = Replay(ReplaySettings(paths=(STDIN,), assign="all"), WATCHES, ManualClock(), stdin=pipe)
        feeding.write(encode(post(1, 0)) + b"\n" + encode(post(2, 1))[:20])
        batches = one.batches("", stop)
        first = next(batches)
        assert uids([first]) == ["f:1"], "a silent pipe holds nothing back"
        feeding.write(encode(post(2, 1))[20:] + b"\n" + body(v2_line(3)) + b"\n")
        second = next(batches)
        assert len(uids([second])) == 2
        Timer(0.05, stop.set).start()
        assert list(batches) == [], "stopped, though the pipe is open"


def test_standard_input_resumes_by_place() -> None:
    data = b"".join(encode(post(number, number)) + b"\n" for number in range(5))
    chosen = ReplaySettings(paths=(STDIN,), assign="all", batch_size=2)
    whole = run(Replay(chosen, WATCHES, ManualClock(), stdin=io.BytesIO(data)))
    again = run(Replay(chosen, WATCHES, ManualClock(), stdin=io.BytesIO(data)), whole[0].cursor)
    assert uids(again) == ["f:2", "f:3", "f:4"]


def test_a_line_too_long_costs_itself_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.collectors.replay.records.MAX_RECORD", 1000)
    path = lines(tmp_path / "a.jsonl", post(1, 0), encode(post(2, 1, "x" * 5000)), post(3, 2))
    batches = run(replay(path))
    assert uids(batches) == ["f:1", "f:3"]
    assert ["longer than" in record.reason for batch in batches for record in batch.rejected] == [True]
