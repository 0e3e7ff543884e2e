"""The X collector against a local X that fails in every way the real one does."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from threading import Event
from typing import Any

import pytest

from ingest.collectors.x import X, forecast
from ingest.collectors.x.settings import Rhythm, XSettings
from secondsource.contracts.errors import BadConfiguration, BadRecord, SourceAway
from secondsource.contracts.messages import Coverage, Post, Takedown, Tick
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.fakes.surroundings import MemorySpending, surroundings
from tests.fakes.x import RULES, SEARCH, TOKEN, FakeX
from tests.ingest.payloads import FIRST_ID, NOW, Json, v2_line, v2_post

WATCHES = [Watch(name="velgrad", hashtags=("Velgrad",)), Watch(name="mill", any_of=("mill",))]


HANG_SECONDS = 60.0
RHYTHM: Json = {"stall": 5.0, "rules_apply": 0.0, "search_delay": -1.0}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def fake(clock: ManualClock) -> Iterator[FakeX]:
    with FakeX(now=clock.now) as one:
        yield one


@pytest.fixture
def spending() -> MemorySpending:
    return MemorySpending()


@pytest.fixture
def made(fake: FakeX, clock: ManualClock, spending: MemorySpending) -> Callable[..., X]:
    """Makes a collector of the fake: keywords are settings, or a Rhythm's."""

    def collector(**more: Any) -> X:
        rhythm = Rhythm(**RHYTHM | {name: more.pop(name) for name in list(more) if name in Rhythm.__slots__})
        return X(settings(fake, **more), WATCHES, surroundings(clock, spending=spending), rhythm=rhythm)

    return collector


Made = Callable[..., X]


def settings(fake: FakeX, **more: Any) -> XSettings:
    asked: Json = {
        "enabled": True,
        "approved_use_case": "testing",
        "base_url": fake.url,
        "token": Secret(TOKEN),
        "posts_per_month": 100_000,
    }
    return XSettings(**asked | more)


def run(x: X, until: Callable[[list[Batch]], bool], cursor: str = "") -> list[Batch]:
    """Batches until there is enough; waiting for ever is a failure."""
    stop = Event()
    seen: list[Batch] = []
    hung = time.monotonic() + HANG_SECONDS
    for batch in x.batches(cursor, stop):
        seen.append(batch)
        if until(seen):
            stop.set()
        assert time.monotonic() < hung, [told([batch]) for batch in seen[-3:]]
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


def line(number: int, text: str = "", **more: Any) -> Json:
    """A post brought by a rule X gave no tag for: whose it is, its words must tell."""
    return v2_line(number, text, **more) | {"matching_rules": [{"id": "4"}]}


def told(batches: list[Batch]) -> list[tuple[str, str]]:
    return [(one.state, one.reason) for one in coverage(batches)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"enabled": False}, "enabled: true"),
        ({"approved_use_case": " "}, "approved"),
        ({"token": None}, "bearer token"),
        ({"token": Secret(" ")}, "bearer token"),
        ({"posts_per_day": 20}, "500 or more"),
    ],
)
def test_it_stays_off_until_all_is_stated(fake: FakeX, clock: ManualClock, more: Json, said: str) -> None:
    off = settings(fake, **more)
    assert said in off.off()
    with pytest.raises(BadConfiguration, match=said):
        X(off, WATCHES, surroundings(clock))
    assert settings(fake).off() == ""


def test_the_approved_use_is_in_the_log(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        made(approved_use_case="Checking pictures of Velgrad")
    assert "Checking pictures of Velgrad" in caplog.text


# --- rules


def test_rules_are_brought_in_step(fake: FakeX, made: Made) -> None:
    fake.page_size = 1
    fake.rules = [
        {"id": "1", "value": "#gone", "tag": "secondsource:gone:0:12345678"},
        {"id": "2", "value": "#theirs", "tag": "theirs"},
        {"id": "3", "value": "#untagged"},
    ]
    fake.send(line(1))
    run(made(), arrived(1))
    assert [rule["value"] for rule in fake.rules] == ["#theirs", "#untagged", "#Velgrad", "mill"]
    assert fake.dry_runs == 1
    assert fake.deserted()
    fake.send(line(2))
    run(made(), arrived(2))
    assert fake.dry_runs == 1, "a second start finds nothing to change"


def test_rules_x_refuses_are_named_with_their_watches_and_nothing_is_changed(fake: FakeX, clock: ManualClock) -> None:
    stale = {"id": "1", "value": "#gone", "tag": "secondsource:gone:0:12345678"}
    fake.rules = [stale]
    fake.invalid = {"#Velgrad": "a reason of X's", "mill": "another reason"}
    x = X(settings(fake), WATCHES, surroundings(clock), rhythm=Rhythm(**RHYTHM))
    with pytest.raises(BadConfiguration, match=r"(?s)#Velgrad.*velgrad.*a reason of X's.*mill.*another reason"):
        run(x, lambda seen: False)
    assert fake.rules == [stale], "a dry run found it first"


def test_x_may_allow_fewer_rules_than_the_settings(fake: FakeX, made: Made) -> None:
    fake.rules_cap = 1
    with pytest.raises(BadConfiguration, match="X allows 1"):
        run(made(), lambda seen: False)


def test_no_room_for_a_rule_says_so(fake: FakeX, made: Made) -> None:
    fake.refuse(404, path=f"{RULES}/counts")
    fake.rules_cap = 1
    with pytest.raises(BadConfiguration, match="no room for more rules"):
        run(made(), lambda seen: False)


def test_until_new_rules_apply_it_does_not_claim_to_see(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.send(line(1))

    def enough(seen: list[Batch]) -> bool:
        clock.advance(1)
        return arrived(1)(seen) and any(one.state == "seen" for one in coverage(seen))

    seen = coverage(run(made(rules_apply=20.0), enough))
    waited = [one for one in seen if "20 s to apply" in one.reason][-1]
    assert (waited.end - waited.start).total_seconds() >= 18
    assert next(one for one in seen if one.state == "seen").start >= waited.end


# --- what X refuses


@pytest.mark.parametrize("status", [401, 403])
def test_refused_for_good_says_so_and_stops(fake: FakeX, made: Made, status: int) -> None:
    fake.refuse(status)
    seen: list[Batch] = []
    with pytest.raises(BadConfiguration, match=str(status)):
        seen.extend(made().batches("", Event()))
    fake.refuse(status, path=RULES)
    with pytest.raises(BadConfiguration, match=str(status)):
        run(made(), lambda seen: False)


def test_a_token_revoked_while_it_streams(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.send(line(1))
    fake.end()
    seen: list[Batch] = []
    batches = made().batches("", Event())

    def take() -> None:
        for batch in batches:
            seen.append(batch)
            clock.advance(1)
            if posts([batch]):
                fake.refuse(401, {"title": "Unauthorized", "detail": "Unauthorized"})

    with pytest.raises(BadConfiguration, match="401"):
        take()
    assert "401" in coverage(seen)[-1].reason
    assert coverage(seen)[-1].state == "blind"


def test_a_wrong_token_is_never_shown(fake: FakeX, made: Made, caplog: pytest.LogCaptureFixture) -> None:
    secret = "a-very-secret-token"
    x = made(token=Secret(secret))
    with caplog.at_level(logging.DEBUG), pytest.raises(BadConfiguration) as caught:
        run(x, lambda seen: False)
    assert secret not in caplog.text + str(caught.value) + repr(settings(fake, token=Secret(secret)))


@pytest.mark.parametrize(
    ("status", "body", "headers", "wait"),
    [
        (402, {"title": "CreditsDepleted", "detail": "no credits"}, {}, 4 * 3600.0),
        (409, {"connection_issue": "RuleConfigurationIssue"}, {}, 5.0),
        (429, {"title": "Too Many Requests"}, {}, 60.0),
        (429, {"title": "Too Many Requests"}, {"x-rate-limit-reset": str(int(NOW.timestamp()) + 300)}, 300.0),
        (429, {"title": "UsageCapExceeded", "period": "Daily", "type": "https://x/usage-capped"}, {}, 12 * 3600.0),
        (503, None, {}, 5.0),
    ],
)
def test_refused_for_now(
    fake: FakeX, made: Made, clock: ManualClock, status: int, body: Json | None, headers: Json, wait: float
) -> None:
    fake.refuse(status, body, {"x-rate-limit-reset": "0", **headers})
    fake.send(line(1))
    seen = run(made(), arrived(1))
    assert fake.connects == 2
    assert sum(clock.waits) == pytest.approx(wait, rel=1e-3)
    blind = max((one for one in coverage(seen) if str(status) in one.reason), key=lambda one: one.end - one.start)
    assert (blind.end - blind.start).total_seconds() >= wait - 1
    ticks = [message.at for batch in seen for message in batch.messages if isinstance(message, Tick)]
    assert len(ticks) >= wait, "ticks go on while there is nothing to see"
    assert ticks == sorted(ticks)


def test_a_connection_a_crash_left_behind_is_ended(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.ghosts = 1
    fake.send(line(1))
    run(made(), arrived(1))
    assert ("DELETE", "/2/connections/all") in {(method, path) for method, path, _ in fake.seen}
    assert sum(clock.waits) == 5.0


def test_another_program_that_holds_the_stream_is_not_fought(fake: FakeX, made: Made, clock: ManualClock) -> None:
    for _ in range(4):
        fake.refuse(429, {"connection_issue": "TooManyConnections", "title": "ConnectionException"})
    fake.send(line(1))
    run(made(), arrived(1))
    assert len([path for method, path, _ in fake.seen if method == "DELETE"]) == 1
    assert sum(clock.waits) == 5 + 120 + 240 + 480


def test_rules_that_vanished_are_set_again(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.send(line(1))
    fake.disconnect()
    stop = Event()
    seen: list[Batch] = []
    for batch in made().batches("", stop):
        seen.append(batch)
        clock.advance(1)
        if arrived(1)(seen) and fake.connects == 1 and fake.rules:
            fake.rules = []
            fake.send(line(2))
        if arrived(2)(seen):
            stop.set()
    assert [rule["value"] for rule in fake.rules] == ["#Velgrad", "mill"]
    assert any("operational reasons" in one.reason for one in coverage(seen))


def test_endless_closing_keeps_the_limit_of_connections(fake: FakeX, made: Made, clock: ManualClock) -> None:
    for _ in range(60):
        fake.end()
    fake.send(line(1))
    run(made(), arrived(1))
    assert fake.connects == 61, "the fake answers 429 beyond 50 in a quarter of an hour"
    assert sum(clock.waits) >= 900


def test_connections_of_an_earlier_run_count_too(fake: FakeX, made: Made, clock: ManualClock) -> None:
    for _ in range(50):
        fake.spend("GET /2/tweets/search/stream")
    fake.send(line(1))
    run(made(), arrived(1))
    assert fake.connects == 1
    assert sum(clock.waits) >= 900


# --- gaps


@pytest.mark.parametrize("break_off", [FakeX.end, FakeX.abort, FakeX.stall, FakeX.disconnect])
def test_a_broken_connection_is_taken_up_and_its_gap_searched(
    fake: FakeX, made: Made, break_off: Callable[[FakeX], None]
) -> None:
    fake.page_size = 2
    fake.archive = [{"data": v2_post(number)} for number in (1, 2, 3, 4, 5, 6)]
    fake.send(line(1))
    break_off(fake)
    fake.send(line(7))
    seen = run(made(stall=0.3), arrived(1, 2, 3, 4, 5, 6, 7))
    assert {search["query"] for search in fake.searches} <= {"#Velgrad", "mill"}
    ten_seconds = 10_000 << 22
    assert {search["since_id"] for search in fake.searches} == {str(FIRST_ID + 1 - ten_seconds)}
    assert all(one.start <= one.end for one in coverage(seen))


@pytest.mark.parametrize("new_names", [False, True])
def test_what_was_edited_in_a_gap_replaces_what_it_was(fake: FakeX, made: Made, *, new_names: bool) -> None:
    fake.new_names = new_names
    history = [str(FIRST_ID + number) for number in (1, 2, 3)]
    fake.archive = [{"data": v2_post(3, "The bridge stands #Velgrad", edit_history_tweet_ids=history)}]
    fake.send(line(1, "The bridge has fallen #Velgrad"))
    fake.end()
    fake.send(line(7))
    seen = run(made(), arrived(1, 3, 7))
    gone = [message for batch in seen for message in batch.messages if isinstance(message, Takedown)]
    assert [(one.uid, one.watches) for one in gone] == [(f"x:{id_}", ("velgrad",)) for id_ in history[:2]]
    assert all(one.reason == f"edited: its author replaced it by x:{history[2]}" for one in gone)


def test_the_stream_is_read_while_the_gap_is_searched(fake: FakeX, made: Made) -> None:
    """A search that never answers keeps nothing waiting, and what comes is sent on."""
    fake.send(line(1))
    fake.end()
    for _ in range(3):
        fake.refuse(503, path=SEARCH)
    fake.send(line(2))
    fake.archive = [{"data": v2_post(3)}]
    seen: list[Batch] = []
    stop = Event()
    for batch in made().batches("", stop):
        seen.append(batch)
        if arrived(2)(seen):
            assert not arrived(3)(seen)
            stop.set()
    assert stop.is_set()


def test_a_search_that_is_limited_waits_and_goes_on(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.archive = [{"data": v2_post(2)}]
    fake.send(line(1))
    fake.end()
    fake.refuse(429, {"title": "Too Many Requests"}, {"x-rate-limit-reset": "0"}, path=SEARCH)
    stop = Event()
    seen: list[Batch] = []
    for batch in made().batches("", stop):
        seen.append(batch)
        clock.advance(1)
        if arrived(2)(seen):
            stop.set()
    assert len(fake.searches) >= 1


@pytest.mark.parametrize(("status", "why"), [(403, "403"), (402, "402"), (400, "400")])
def test_a_search_x_does_not_allow_leaves_the_gap_and_goes_on(fake: FakeX, made: Made, status: int, why: str) -> None:
    fake.archive = [{"data": v2_post(2)}]
    fake.send(line(1))
    fake.end()
    fake.refuse(status, path=SEARCH)
    fake.send(line(3))
    open_gap: list[Coverage] = []

    def enough(seen: list[Batch]) -> bool:
        open_gap[:] = [one for one in coverage(seen) if one.reason.startswith("not recovered")]
        return bool(open_gap) and arrived(3)(seen)

    run(made(), enough)
    assert why in open_gap[0].reason
    assert open_gap[0].state == "blind"


def test_a_query_that_search_does_not_take_leaves_the_others(fake: FakeX, made: Made) -> None:
    fake.archive = [{"data": v2_post(2, "The mill stands")}]
    fake.send(line(1))
    fake.end()
    fake.refuse(400, {"title": "Invalid Request", "detail": "no viable alternative"}, path=SEARCH)
    fake.send(line(3))
    seen = run(
        made(), lambda seen: arrived(2, 3)(seen) and any(reason.startswith("not recovered") for _, reason in told(seen))
    )
    (gap,) = [one for one in coverage(seen) if one.reason.startswith("not recovered")]
    assert gap.reason == "not recovered: X answered 400: no viable alternative (watch velgrad)"
    assert [search["query"] for search in fake.searches] == ["mill"]


def test_a_gap_too_large_to_search_stays_blind(fake: FakeX, made: Made) -> None:
    fake.page_size = 1
    fake.archive = [{"data": v2_post(number)} for number in (2, 3, 4)]
    fake.send(line(1))
    fake.end()
    fake.send(line(7))
    seen = run(made(recovery_pages=2), lambda seen: any("recovery_pages" in one.reason for one in coverage(seen)))
    assert not any("recovered by search" in one.reason for one in coverage(seen) if one.state == "seen")


def test_a_gap_longer_than_seven_days_is_said(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.send(line(1))
    first = run(made(), arrived(1))
    assert fake.deserted()
    clock.advance(9 * 86400)
    seen = run(
        made(), lambda seen: any(one.reason.startswith("not recovered") for one in coverage(seen)), first[-1].cursor
    )
    (gap,) = [one for one in coverage(seen) if one.reason.startswith("not recovered")]
    assert "seven days" in gap.reason
    assert 2 * 86400 < (gap.end - gap.start).total_seconds() < 2 * 86400 + 3600
    (closed,) = [one for one in coverage(seen) if "recovered by search" in one.reason]
    assert closed.start == gap.end
    assert all("since_id" not in search for search in fake.searches), "an id older than seven days is refused"


def test_a_watch_too_long_to_search_is_said_and_the_others_are_searched(fake: FakeX, clock: ManualClock) -> None:
    long = Watch(name="long", any_of=("x",), none_of=tuple(f"word{n}" for n in range(70)))
    x = X(settings(fake), [*WATCHES, long], surroundings(clock), rhythm=Rhythm(**RHYTHM))
    fake.archive = [{"data": v2_post(2)}]
    fake.send(line(1))
    fake.end()

    def enough(seen: list[Batch]) -> bool:
        clock.advance(1)
        return any("the watch long" in one.reason for one in coverage(seen)) and arrived(2)(seen)

    run(x, enough)


def test_the_cursor_takes_up_where_it_was(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.send(line(1))
    first = run(made(), arrived(1))
    assert fake.deserted()
    clock.advance(3600)
    fake.archive = [{"data": v2_post(2)}]
    fake.send(line(3))
    second = run(made(), arrived(2, 3), first[-1].cursor)
    assert "not running" in coverage(second)[0].reason
    with pytest.raises(BadConfiguration, match="cursor"):
        next(iter(made().batches("nonsense", Event())))


def test_a_gap_is_searched_from_its_start_where_posts_came_before_it_was_over(
    fake: FakeX, made: Made, clock: ManualClock
) -> None:
    """Rules that stood bring posts while new ones do not apply yet: what is newer than those is not all of the gap."""
    fake.send(line(1))
    first = run(made(), arrived(1))
    assert fake.deserted()
    fake.rules.clear()
    clock.advance(3600)
    missed, early = ((minutes * 60_000) << 22 for minutes in (150, 180))
    fake.archive = [{"data": v2_post(2, id=str(FIRST_ID + missed), created_at="2026-11-20T12:30:00.000Z")}]
    fake.send(line(3, id=str(FIRST_ID + early), created_at="2026-11-20T13:00:00.000Z"))

    def enough(seen: list[Batch]) -> bool:
        clock.advance(1)
        return any(reason.startswith("recovered") for _, reason in told(seen)) and arrived(missed, early)(seen)

    run(made(rules_apply=20.0), enough, first[-1].cursor)
    assert all("since_id" not in search for search in fake.searches)


def test_a_gap_that_was_not_searched_yet_is_in_the_cursor(fake: FakeX, made: Made, clock: ManualClock) -> None:
    fake.archive = [{"data": v2_post(2)}]
    fake.send(line(1))
    fake.end()
    fake.send(line(3))
    first = run(made(search_delay=1e9), arrived(1, 3))
    assert fake.searches == []
    assert fake.deserted()
    run(made(), arrived(2), first[-1].cursor)


# --- what comes


def test_lines_split_coalesced_and_of_every_kind(fake: FakeX, made: Made, caplog: pytest.LogCaptureFixture) -> None:
    one, two, three = (json.dumps(line(number), ensure_ascii=False).encode() for number in (1, 2, 3))
    fake.raw(one[:50])
    fake.raw(one[50:] + b"\r\n" + two + b"\r\n\r\n" + three)
    fake.raw(b"\r\n" + one + b"\r\n")
    fake.raw(b'{"data":{"id":"12\r\n')
    fake.raw(b'{"data":{"id":"12","text":"\xff"}}\r\n')
    fake.raw(b'{"surprise":{"secret":"words"}}\r\n')
    fake.raw(b'{"data":{"delete":{"tweet":{"id":"1"},"event_at":"2026-11-20T10:00:00Z"}}}\r\n')
    fake.send(v2_line(4, "of another program") | {"matching_rules": [{"id": "77", "tag": "theirs"}]})
    fake.raw(b'{"data":' + b"[" * 100_000 + b"\r\n")
    fake.send({"data": v2_post(5, "by the mill")})
    x = made()
    seen = run(x, arrived(1, 2, 3, 5))
    got = posts(seen)
    assert [int(post.uid[2:]) - FIRST_ID for post in got] == [1, 2, 3, 1, 5]
    assert got[-1].watches == ("velgrad", "mill"), "no rules at all: by hashtag and words"
    rejected = [record for batch in seen for record in batch.rejected]
    assert [record.reason.split(" (")[0].split(",")[0] for record in rejected] == [
        "truncated JSON",
        "expected UTF-8",
        "malformed JSON",
    ]
    assert x.seen["unknown"] == 2
    assert x.seen["nobody's"] == 1
    assert "surprise" in caplog.text
    assert "secret" not in caplog.text


def test_both_spellings_by_the_stream(fake: FakeX, made: Made) -> None:
    fake.new_names = True
    original = v2_post(1, "cut …", note_tweet={"text": "The whole long text #Velgrad"})
    reposted = [{"type": "retweeted", "id": original["id"]}]
    fake.send(line(2, "RT …", referenced_tweets=reposted, includes={"tweets": [original]}))
    first, second = posts(run(made(), arrived(1, 2)))
    assert second.repost_of == first.uid
    assert second.text == "The whole long text #Velgrad"


@pytest.mark.parametrize("hours", [-30, -3, 3, 30])
def test_a_clock_that_is_hours_off(fake: FakeX, made: Made, clock: ManualClock, hours: int) -> None:
    """Ours is off, not X's: nothing is refused as from the future, and searches ask by X's time."""
    fake.now = lambda: clock.now() + timedelta(hours=hours)
    x_now = fake.now()
    wrote = {"created_at": x_now.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    fake.send(line(1, **wrote))
    fake.end()
    fake.archive = [{"data": v2_post(2, **wrote)}]
    seen = run(made(), arrived(1, 2))
    assert [record for batch in seen for record in batch.rejected] == []
    assert fake.searches


@pytest.mark.parametrize(
    "created", ["1970-01-01T00:00:00.000Z", "2026-11-20T12:05:01.000Z", "2126-11-20T12:00:00.000Z"]
)
def test_a_time_that_cannot_be_is_refused(fake: FakeX, made: Made, created: str) -> None:
    fake.send(line(1, created_at=created))
    fake.send(line(2, created_at="2026-11-20T12:04:59.000Z"))
    seen = run(made(), arrived(2))
    (rejected,) = [record for batch in seen for record in batch.rejected]
    assert "created_at" in rejected.reason


def test_markup_and_right_to_left_marks_stay_text(fake: FakeX, made: Made) -> None:
    text = "<script>alert(1)</script> \u202eegdirb\u202c \u200fجسر #Velgrad &lt;b&gt;"
    fake.send(line(1, text))
    (post,) = posts(run(made(), arrived(1)))
    assert post.text == text.replace("&lt;", "<").replace("&gt;", ">")


def test_rules_say_whose_a_post_is(fake: FakeX, made: Made) -> None:
    fake.rules = [{"id": "9", "value": "mill", "tag": "theirs"}]
    fake.send(v2_line(1, "no word of it") | {"matching_rules": [{"id": "9", "tag": "theirs"}]})
    fake.send(v2_line(2, "no word of it") | {"matching_rules": [{"id": "5", "tag": "secondsource:mill:3:99999999"}]})
    both = [{"id": "6", "tag": "secondsource:velgrad:0:99999999"}, {"id": "7", "tag": "others"}, {"id": "9"}]
    fake.send(v2_line(3, "no word of it") | {"matching_rules": both})
    seen = posts(run(made(), arrived(1, 2, 3)))
    assert [post.watches for post in seen] == [("mill",), ("mill",), ("velgrad", "mill")], (
        "a foreign rule of our text; a tag of an older set; several rules, which bring a post once"
    )


def test_mapping_again(made: Made) -> None:
    x = made()
    assert len(x.remap(json.dumps(line(1)).encode())) == 1
    with pytest.raises(BadRecord, match="nobody's"):
        x.remap(json.dumps(v2_line(1, "x", entities=None) | {"matching_rules": [{"id": "1", "tag": "t"}]}).encode())


def test_what_is_asked_of_x(fake: FakeX, made: Made) -> None:
    fake.send(line(1))
    run(made(profiles=False), arrived(1))
    assert {agent for _, _, agent in fake.seen} == {"second-source-tests/1"}
    (stream,) = [path for method, path, _ in fake.seen if path.startswith("/2/tweets/search/stream?")]
    assert "referenced_tweets.id.attachments.media_keys" in stream
    assert "expansions=attachments.media_keys%2Creferenced_tweets.id%2C" in stream
    assert "referenced_tweets.id.author_id" not in stream, "profiles cost"


# --- the budget


def test_every_read_is_counted_once_a_day(fake: FakeX, made: Made, spending: MemorySpending) -> None:
    quoted = v2_post(9, "quoted", author_id="43")
    users = [{"id": "42", "username": "a"}, {"id": "43", "username": "b"}]
    fake.send(
        line(
            1, referenced_tweets=[{"type": "quoted", "id": quoted["id"]}], includes={"tweets": [quoted], "users": users}
        )
    )
    fake.send(line(1))
    fake.raw(b'{"data":{"id":"12\r\n')
    fake.send(v2_line(4, "of another program") | {"matching_rules": [{"id": "77", "tag": "theirs"}]})
    fake.send(line(2))
    run(made(), arrived(1, 2))
    today = NOW.date()
    assert spending.units["x-posts", today] == 5, "1 and 9; the one cut off; another program's; 2"
    assert spending.units["x-profiles", today] == 2


def test_the_budget_is_never_passed_and_the_ledger_says_so(
    fake: FakeX, made: Made, clock: ManualClock, spending: MemorySpending, caplog: pytest.LogCaptureFixture
) -> None:
    fake.endless = map(line, count(1))
    seen: list[Batch] = []
    stop = Event()
    for batch in made(posts_per_month=2000, flush_lines=50, tick=600.0).batches("", stop):
        seen.append(batch)
        # how much of the stream is lost in buffers with each connection is the machine's affair
        if "budget" in "".join(reason for _, reason in told(seen)[-1:]) and clock.monotonic() > 2 * 86400:
            stop.set()
        assert len(seen) < 20_000
    assert spending.spent("x-posts", NOW.date().replace(day=1), NOW.date().replace(day=30)) <= 2000
    assert any(one.reason.startswith("budget: slowed") for one in coverage(seen))
    assert "by the end of the month" in caplog.text
    assert fake.searches == [], "a gap that was made to save money is not bought back"


def test_what_others_spent_counts(fake: FakeX, made: Made, clock: ManualClock, spending: MemorySpending) -> None:
    spending.spend("x-posts", NOW.date(), 99_900)
    seen = run(made(), lambda seen: bool(coverage(seen)) and "are used" in coverage(seen)[-1].reason)
    assert fake.connects == 0
    assert posts(seen) == []
    (said, *_) = forecast(settings(fake), spending, clock)
    assert said.spent == 99_900
    assert said.expected > said.cap


def test_a_ledger_that_does_not_answer_keeps_it_from_reading(fake: FakeX, clock: ManualClock) -> None:
    class Away(MemorySpending):
        away = True

        def spent(self, budget: str, first: date, last: date) -> int:
            if self.away:
                raise SourceAway("the store is away")
            return super().spent(budget, first, last)

    spending = Away()
    x = X(settings(fake), WATCHES, surroundings(clock, spending=spending), rhythm=Rhythm(**RHYTHM))
    fake.send(line(1))
    stop = Event()
    seen: list[Batch] = []
    for batch in x.batches("", stop):
        seen.append(batch)
        if len(seen) == 20:
            assert fake.connects == 0
            spending.away = False
        if arrived(1)(seen):
            stop.set()
    assert "the store is away" in coverage(seen)[0].reason or any("away" in one.reason for one in coverage(seen))
