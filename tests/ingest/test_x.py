"""The X collector against a local X that fails in every way the real one does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from ingest.collectors.x import X, XSettings
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Coverage, Post, Tick
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.fakes.x import TOKEN, FakeX
from tests.ingest.payloads import FIRST_ID, Json, v2_line, v2_post

WATCHES = [Watch(name="velgrad", hashtags=("Velgrad",)), Watch(name="mill", any_of=("mill",))]


@pytest.fixture
def fake() -> Iterator[FakeX]:
    with FakeX() as one:
        yield one


def settings(fake: FakeX, **more: Any) -> XSettings:
    return XSettings(approved_use_case="testing", base_url=fake.url, **{"stall_seconds": 5.0, **more})


def collector(fake: FakeX, clock: ManualClock | None = None, **more: Any) -> X:
    return X(settings(fake, **more), WATCHES, clock or ManualClock(), token=TOKEN)


def run(x: X, until: Callable[[list[Batch]], bool], cursor: str = "") -> list[Batch]:
    """Batches until there is enough; very many without is a failure."""
    stop = Event()
    seen: list[Batch] = []
    for batch in x.batches(cursor, stop):
        seen.append(batch)
        if until(seen):
            stop.set()
        assert len(seen) < 20_000, seen[-5:]
    return seen


def posts(batches: list[Batch]) -> list[Post]:
    return [message for batch in batches for message in batch.messages if isinstance(message, Post)]


def coverage(batches: list[Batch]) -> list[Coverage]:
    return [message for batch in batches for message in batch.messages if isinstance(message, Coverage)]


def arrived(*numbers: int) -> Callable[[list[Batch]], bool]:
    """Whether all these posts have come."""
    missing = {f"x:{FIRST_ID + number}" for number in numbers}
    looked_at = 0

    def enough(seen: list[Batch]) -> bool:
        nonlocal looked_at
        missing.difference_update(post.uid for post in posts(seen[looked_at:]))
        looked_at = len(seen)
        return not missing

    return enough


def line(number: int, **more: Any) -> Json:
    """A post brought by a rule X gave no tag for: whose it is, its words must tell."""
    return v2_line(number, **more) | {"matching_rules": [{"id": "4"}]}


def test_it_stays_off_until_the_use_case_is_stated(fake: FakeX) -> None:
    with pytest.raises(BadConfiguration, match="approved"):
        X(XSettings(approved_use_case=" "), WATCHES, ManualClock(), token=TOKEN)
    with pytest.raises(BadConfiguration, match="token"):
        X(settings(fake), WATCHES, ManualClock(), token="")


def test_rules_are_brought_in_step(fake: FakeX) -> None:
    fake.page_size = 1
    fake.rules = [
        {"id": "1", "value": "#gone", "tag": "secondsource:gone:0:12345678"},
        {"id": "2", "value": "#theirs", "tag": "theirs"},
        {"id": "3", "value": "#untagged"},
    ]
    fake.send(line(1))
    run(collector(fake), arrived(1))
    assert [rule["value"] for rule in fake.rules] == ["#theirs", "#untagged", "#Velgrad", "mill"]
    assert fake.dry_runs == 1
    assert fake.deserted()
    fake.send(line(2))
    run(collector(fake), arrived(2))
    assert fake.dry_runs == 1, "a second start finds nothing to change"


def test_a_rule_x_refuses_names_its_watch(fake: FakeX) -> None:
    fake.rules_cap = 1
    fake.rules = [{"id": "2", "value": "#theirs", "tag": "theirs"}]
    with pytest.raises(BadConfiguration, match="X refuses the rule"):
        run(collector(fake), lambda seen: False)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_for_good(fake: FakeX, status: int) -> None:
    fake.refuse(status)
    with pytest.raises(BadConfiguration, match=str(status)):
        run(collector(fake), lambda seen: False)


def test_a_wrong_token_is_never_shown(fake: FakeX, caplog: pytest.LogCaptureFixture) -> None:
    secret = "a-very-secret-token"
    x = X(settings(fake), WATCHES, ManualClock(), token=secret)
    with caplog.at_level(logging.DEBUG), pytest.raises(BadConfiguration) as caught:
        run(x, lambda seen: False)
    assert secret not in caplog.text + str(caught.value) + repr(x.settings)


@pytest.mark.parametrize(
    ("status", "body", "wait"),
    [
        (402, {"title": "CreditsDepleted", "detail": "no credits"}, 4 * 3600.0),
        (409, {"connection_issue": "RuleConfigurationIssue"}, 5.0),
        (429, {"connection_issue": "TooManyConnections"}, 60.0),
        (503, None, 5.0),
    ],
)
def test_refused_for_now(fake: FakeX, status: int, body: Json | None, wait: float) -> None:
    fake.refuse(status, body, {"x-rate-limit-reset": "0"})
    fake.send(line(1))
    clock = ManualClock()
    seen = run(collector(fake, clock), arrived(1))
    assert fake.connects == 2
    assert sum(clock.waits) == pytest.approx(wait)
    blind = next(one for one in coverage(seen) if one.state == "blind")
    assert str(status) in blind.reason
    assert (blind.end - blind.start).total_seconds() >= wait - 1 or wait > 3600, "long pauses are told minute by minute"
    ticks = [message.at for batch in seen for message in batch.messages if isinstance(message, Tick)]
    assert len(ticks) >= wait, "ticks go on while there is nothing to see"
    assert ticks == sorted(ticks)


def test_rules_that_vanished_are_set_again(fake: FakeX) -> None:
    fake.send(line(1))
    fake.send({"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}]})
    fake.end()
    x = collector(fake)
    stop = Event()
    seen = []
    for batch in x.batches("", stop):
        seen.append(batch)
        if arrived(1)(seen) and fake.connects == 1 and fake.rules:
            fake.rules = []
            fake.send(line(2))
        if arrived(2)(seen):
            stop.set()
    assert [rule["value"] for rule in fake.rules] == ["#Velgrad", "mill"]
    assert any("operational-disconnect" in one.reason for one in coverage(seen)) or x.seen["problem"] == 1


@pytest.mark.parametrize("break_off", [FakeX.end, FakeX.abort, FakeX.stall])
def test_a_broken_connection_is_taken_up_and_its_gap_searched(fake: FakeX, break_off: Callable[[FakeX], None]) -> None:
    fake.page_size = 2
    fake.archive = [{"data": v2_post(number)} for number in (1, 2, 3, 4, 5, 6)]
    fake.send(line(1))
    break_off(fake)
    fake.send(line(7))
    seen = run(collector(fake, stall_seconds=0.3), arrived(1, 2, 3, 4, 5, 6, 7))
    assert {search["since_id"] for search in fake.searches} == {str(FIRST_ID + 1)}
    assert {search["query"] for search in fake.searches} == {"#Velgrad", "mill"}
    told = [(one.state, bool(one.reason)) for one in coverage(seen)][1:]
    assert told == [("seen", False), ("blind", True), ("seen", True)]
    _, before, gap, closed = coverage(seen)[:4]
    assert before.end == gap.start == closed.start
    assert "no reposts" in closed.reason


def test_a_gap_too_large_to_search_stays_blind(fake: FakeX) -> None:
    fake.page_size = 1
    fake.archive = [{"data": v2_post(number)} for number in (2, 3, 4)]
    fake.send(line(1))
    fake.end()
    fake.send(line(7))
    seen = run(collector(fake, recovery_pages=2), arrived(7))
    assert [one.state for one in coverage(seen)] == ["blind", "seen", "blind"]


def test_endless_closing_keeps_the_limit_of_connections(fake: FakeX) -> None:
    for _ in range(60):
        fake.end()
    fake.send(line(1))
    clock = ManualClock()
    run(collector(fake, clock), arrived(1))
    assert fake.connects == 61
    assert sum(clock.waits) >= 900


def test_lines_split_coalesced_and_of_every_kind(fake: FakeX, caplog: pytest.LogCaptureFixture) -> None:
    one, two, three = (json.dumps(line(number), ensure_ascii=False).encode() for number in (1, 2, 3))
    fake.raw(one[:50])
    fake.raw(one[50:] + b"\r\n" + two + b"\r\n\r\n" + three)
    fake.raw(b"\r\n" + one + b"\r\n")
    fake.raw(b'{"data":{"id":"12\r\n')
    fake.raw(b'{"data":{"id":"12","text":"\xff"}}\r\n')
    fake.raw(b'{"surprise":{"secret":"words"}}\r\n')
    fake.raw(b'{"data":{"delete":{"tweet":{"id":"1"},"event_at":"2026-11-20T10:00:00Z"}}}\r\n')
    fake.send(v2_line(4, "of another program") | {"matching_rules": [{"id": "77", "tag": "theirs"}]})
    fake.send({"data": v2_post(5, "by the mill")})
    x = collector(fake)
    seen = run(x, arrived(1, 2, 3, 5))
    got = posts(seen)
    assert [post.uid[-1] for post in got] == ["1", "2", "3", "1", "5"]
    assert got[-1].watches == ("velgrad", "mill"), "no rules at all: by hashtag and words"
    rejected = [record for batch in seen for record in batch.rejected]
    assert [record.reason.split(" (")[0].split(",")[0] for record in rejected] == ["truncated JSON", "expected UTF-8"]
    assert x.seen["unknown"] == 2
    assert x.seen["nobody's"] == 1
    assert "surprise" in caplog.text
    assert "secret" not in caplog.text


def test_rules_say_whose_a_post_is(fake: FakeX) -> None:
    fake.rules = [{"id": "9", "value": "mill", "tag": "theirs"}]
    fake.send(v2_line(1, "no word of it") | {"matching_rules": [{"id": "9", "tag": "theirs"}]})
    fake.send(v2_line(2, "no word of it") | {"matching_rules": [{"id": "5", "tag": "secondsource:mill:3:99999999"}]})
    seen = posts(run(collector(fake), arrived(1, 2)))
    assert [post.watches for post in seen] == [("mill",), ("mill",)], (
        "a foreign rule of our text; a tag of an older set"
    )


def test_the_cursor_takes_up_where_it_was(fake: FakeX) -> None:
    fake.send(line(1))
    first = run(collector(fake), arrived(1))
    assert fake.deserted()
    fake.archive = [{"data": v2_post(2)}]
    fake.send(line(3))
    second = run(collector(fake), arrived(2, 3), first[-1].cursor)
    assert "not running" in coverage(second)[0].reason
    with pytest.raises(BadConfiguration, match="cursor"):
        next(iter(collector(fake).batches("nonsense", Event())))


def test_mapping_again(fake: FakeX) -> None:
    x = collector(fake)
    assert len(x.remap(json.dumps(line(1)).encode())) == 1
    with pytest.raises(BadRecord, match="nobody's"):
        x.remap(json.dumps(v2_line(1, "x", entities=None) | {"matching_rules": [{"id": "1", "tag": "t"}]}).encode())


def test_what_is_asked_of_x(fake: FakeX) -> None:
    fake.send(line(1))
    run(collector(fake, user_agent="velgrad-desk/1"), arrived(1))
    assert {agent for _, _, agent in fake.seen} == {"velgrad-desk/1"}
    (stream,) = [path for method, path, _ in fake.seen if path.startswith("/2/tweets/search/stream?")]
    assert "referenced_tweets.id.attachments.media_keys" in stream
