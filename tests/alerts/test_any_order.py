"""The laws of the stage: the order of lanes, batching, duplication and crashes are not seen in what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.judging import stage
from alerts.judging.stage import AlertsStage
from alerts.memory import ledger
from alerts.origins.registry import Listed, Registry
from alerts.stories import book as story_book
from secondsource.contracts.messages import (
    Counts,
    Coverage,
    Earlier,
    Engagement,
    Enriched,
    Message,
    Picture,
    Review,
    StanceLabel,
    Takedown,
    Tick,
)
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import CLAIM, at, events, history, merged, picture, post, tick, updates, watch
from tests.fakes.archive import MemoryArchive

Sent = Enriched | Engagement | Takedown | Coverage

#: A watch that notices quickly, so that short streams have whole lives of alerts in them.
QUICK = watch(
    thresholds=Thresholds(
        min_interactions=3,
        min_history=3,
        max_surprise=0.2,
        story_hours=0.05,
        lateness_seconds=1,
        removed_share=0.01,
        alerts_per_hour=2,
    )
)
CHECKED = Review(claim=CLAIM, publisher="Gazette Checks", url="https://gazette.example/check", reviewed_at=at(-5_000))
OLD = Earlier(picture=picture("a").id, seen_at=at(-9e8), source="archive", handle="river", caption="Flood")
GAZETTE = Listed(
    "gazette", "The Gazette", "outlet", "press", "Velgrad Press", credit="VPA", reference="https://press.example"
)
BEHIND = Registry(
    [("x", "user1", GAZETTE), ("x", "user2", GAZETTE)],
    coordinated=[("x:a-user3", "x:a-user4"), ("x:a-user3", "x:a-user5")],
)

_TEXTS = (
    CLAIM,
    CLAIM + " please share",
    "A bus and cars in the river by the fallen stone bridge",
    "The orchestra of Velgrad plays in the park, bring chairs and an umbrella",
    "RT @user7: A bus hangs over the river of Velgrad where the stone bridge was",
    "pray velgrad",
    "",
)
_seconds = st.integers(0, 900).map(lambda tenths: tenths / 2)


@st.composite
def _posts(draw: st.DrawFn) -> Enriched:
    number = draw(st.integers(1, 60))
    other = draw(st.integers(1, 60).filter(lambda one: one != number))
    kind = draw(st.sampled_from(["own", "own", "own", "repost", "repost", "repost", "quote", "reply", "edit"]))
    stances: tuple[StanceLabel, ...] = ("asserts", "asserts", "asserts", "denies", "comments", "asks")
    return post(
        number,
        # a post has one time, however often it is sent
        (number * 7919) % 450 + draw(st.sampled_from([0.0, 0.0, 0.0, 0.25])),
        draw(st.sampled_from(_TEXTS)),
        by=f"user{draw(st.integers(1, 25))}",
        stance=draw(st.sampled_from(stances)),
        repost_of=other if kind == "repost" else 0,
        quote_of=other if kind == "quote" else 0,
        reply_to=other if kind == "reply" else 0,
        edit_of=other if kind == "edit" else 0,
        links=draw(st.sampled_from([(), (), ("https://gazette.example/bridge",)])),
        pictures=draw(st.sampled_from([(), (), (picture("a"),), (picture("b"), picture("a"))])),
        counts=draw(st.sampled_from([None, None, Counts(reposts=4)])),
        collector=draw(st.sampled_from(["x", "y"])),
        reviews=draw(st.sampled_from([(), (), (CHECKED,)])),
    )


_counts = st.builds(
    lambda number, seconds, count: Engagement(
        uid=f"x:{number}", observed_at=at(seconds), collector="x", watches=("velgrad",), counts=Counts(reposts=count)
    ),
    st.integers(1, 60), _seconds, st.integers(0, 40),
)  # fmt: skip
_takedowns = st.builds(
    lambda number, seconds: Takedown(
        uid=f"x:{number}", observed_at=at(seconds), collector="y", watches=("velgrad",), reason="deleted"
    ),
    st.integers(1, 60), _seconds,
)  # fmt: skip
_coverage = st.builds(
    lambda start, length: Coverage(
        collector="x", watches=("velgrad",), start=at(start), end=at(start + length), state="blind"
    ),
    _seconds, st.integers(1, 30),
)  # fmt: skip


def _first_of_each(sent: list[Sent]) -> list[Sent]:
    """A platform tells one thing of a post: duplicates come from crashes, and are drawn later."""
    known: set[str] = set()
    kept: list[Sent] = []
    for one in sent:
        name = one.post.uid if isinstance(one, Enriched) else repr(one)
        if name not in known:
            known.add(name)
            kept.append(one)
    return kept


_streams = st.lists(
    st.one_of(_posts(), _posts(), _posts(), _posts(), _counts, _counts, _takedowns, _coverage), min_size=1, max_size=70
).map(_first_of_each)


def observed(message: Sent) -> float:
    if isinstance(message, Enriched):
        return message.post.observed_at.timestamp()
    return (message.end if isinstance(message, Coverage) else message.observed_at).timestamp()


def lanes_of(sent: Sequence[Sent], lanes: int, *, tick_every: int) -> list[list[Message]]:
    """The lanes that enrichment would send: each thing in one lane, ticks of both collectors and coverage in all."""
    begun = sorted([*history(1_000, -120, stories=12), *sent], key=observed)
    out: list[list[Message]] = [[] for _ in range(lanes)]

    def promise(seconds: float, *, final: bool = False) -> None:
        for collector in ("x", "y"):
            for lane in range(lanes):
                moment = tick(seconds, collector=collector, lane=lane, lanes=lanes, final=final)
                out[lane].append(moment)

    promise(-1_000)
    for place, one in enumerate(begun):
        if isinstance(one, Coverage):
            for lane in out:
                lane.append(one)
        else:
            uid = one.post.root if isinstance(one, Enriched) else one.uid
            out[sum(map(ord, uid)) % lanes].append(one)
        if place % tick_every == tick_every - 1:
            promise(observed(one) - at(0).timestamp() - 0.5)
    promise(1_000, final=True)
    return out


def run(batches: Iterable[Sequence[Message]]) -> list[Out]:
    judged = AlertsStage({"velgrad": QUICK}, MemoryArchive([OLD]), registry=BEHIND)
    return [out for batch in batches for out in judged.handle([Record(message) for message in batch])]


def without(members: dict[str, set[str]], gone: set[str]) -> dict[str, set[str]]:
    return {
        story: {one for one in held if not any(f"uid='{uid}'" in one for uid in gone)}
        for story, held in members.items()
    }


def same(one: Sequence[Out], other: Sequence[Out], sent: Sequence[Sent]) -> None:
    gone = {message.uid for message in sent if isinstance(message, Takedown)}
    first, second = merged(one), merged(other)
    assert second[0] == first[0]
    assert second[1] == first[1]
    assert without(second[2], gone) == without(first[2], gone)


@given(_streams, st.integers(1, 3), st.integers(1, 9), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_neither_lanes_nor_batches_nor_duplicates_are_seen(
    sent: list[Sent], lanes: int, tick_every: int, data: st.DataObject
) -> None:
    expected = run([lanes_of(sent, 1, tick_every=10_000)[0]])
    queues = lanes_of(sent, lanes, tick_every=tick_every)
    arrived: list[Message] = []
    while any(queues):
        lane = data.draw(st.sampled_from([place for place, queue in enumerate(queues) if queue]))
        taken = data.draw(st.integers(1, 30))
        arrived += queues[lane][:taken]
        again = data.draw(st.integers(0, 12))
        arrived += queues[lane][:taken][-again:] if again else []
        del queues[lane][:taken]
    size = data.draw(st.integers(1, 50))
    same(expected, run([arrived[start : start + size] for start in range(0, len(arrived), size)]), sent)


@given(_streams, st.integers(1, 9), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_crash_after_any_record_is_not_seen(sent: list[Sent], tick_every: int, data: st.DataObject) -> None:
    (stream,) = lanes_of(sent, 1, tick_every=tick_every)
    expected = run([stream])
    outs: list[Out] = []
    saved: dict[str, bytes] = {}
    position = 0
    judged = AlertsStage({"velgrad": QUICK}, MemoryArchive([OLD]), registry=BEHIND)
    crashes = 0
    while position < len(stream):
        taken = data.draw(st.integers(1, 25))
        outs += judged.handle([Record(message) for message in stream[position : position + taken]])
        if crashes < 6 and data.draw(st.booleans()):
            crashes += 1
            judged = AlertsStage({"velgrad": QUICK}, MemoryArchive([OLD]), registry=BEHIND)
            judged.restore(0, dict(saved))
            continue
        position += taken
        for name, body in judged.changes(0).items():
            if body is None:
                del saved[name]
            else:
                saved[name] = body
    same(expected, outs, sent)


def test_a_crash_is_not_seen_where_memory_is_compacted_and_stories_are_frozen_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger, "_MOST_PARTS", 3)
    monkeypatch.setattr(ledger, "_SLACK", 2)
    monkeypatch.setattr(
        stage,
        "StoryBook",
        lambda watch, registry, **_: story_book.StoryBook(watch, registry, most_single=9, most=14, most_hot=0),
    )
    test_a_crash_after_any_record_is_not_seen()


def _blaze(first: int, seconds: float, text: str, *, pictures: tuple[Picture, ...] = ()) -> list[Sent]:
    reposts = (post(first + n, seconds + n / 10, text, repost_of=first) for n in range(1, 41))
    return [post(first, seconds, text, pictures=pictures), *reposts]


#: Four stories that take off at once, where two are told one by one: an old picture, a check, posts that go.
_CROWDED: list[Sent] = [
    *_blaze(100, 0, "Warehouse of Brinmoor burns since noon, smoke over all roofs", pictures=(picture("a"),)),
    post(90, 2, "What we found out", stance="comments", reviews=(CHECKED,)),
    *_blaze(200, 5, CLAIM),
    *_blaze(300, 10, "Harbour police chase a stolen yacht past three islands"),
    *_blaze(400, 15, "Orchard owners report hail as large as walnuts everywhere"),
    *(Takedown(uid=f"x:{n}", observed_at=at(20.5), collector="y", watches=("velgrad",), reason="deleted")
      for n in (300, 310)),
    *(post(500 + n, 25 + n / 10, "", repost_of=400) for n in range(40)),
    post(600, 30, "Quarry lake suddenly green, swimmers warned", pictures=(picture("a"),)),
]  # fmt: skip


def test_six_rules_a_digest_and_kin_are_the_same_after_a_crash_anywhere() -> None:
    (stream,) = lanes_of(_CROWDED, 1, tick_every=7)
    expected = run([stream])
    for every in (1, 17, 60):
        saved: dict[str, bytes] = {}
        outs: list[Out] = []
        for start in range(0, len(stream), every):
            judged = AlertsStage({"velgrad": QUICK}, MemoryArchive([OLD]), registry=BEHIND)
            judged.restore(0, dict(saved))
            outs += judged.handle([Record(message) for message in stream[start : start + every]])
            for name, body in judged.changes(0).items():
                if body is None:
                    del saved[name]
                else:
                    saved[name] = body
        same(expected, outs, _CROWDED)
    for lanes in (2, 3):
        queues = lanes_of(_CROWDED, lanes, tick_every=5)
        same(expected, run([message] for queue in reversed(queues) for message in queue), _CROWDED)


def test_the_stream_above_has_them() -> None:
    found = events(run([lanes_of(_CROWDED, 1, tick_every=7)[0]]))
    rules = {rule for event in found for rule in event.finding.rules}
    assert rules >= {"recycled_media", "matched_fact_check", "deleted_while_spreading", "uncorroborated_spike"}
    assert {event.kind for event in found} >= {"opened", "updated", "escalated"}
    assert {event.digest for event in found} == {True, False}


def test_the_streams_above_hold_whole_lives_of_alerts() -> None:
    """Should the strategies drift into streams where nothing happens, the laws would hold for nothing."""
    story = [post(1, 0), *[post(n, n, repost_of=1) for n in range(2, 30)], post(40, 60, _TEXTS[2])]
    outs = run([lanes_of(story, 1, tick_every=5)[0]])
    assert [event.kind for event in events(outs)] == ["opened", "updated", "updated", "updated", "corroborated"]
    assert updates(outs)[-1].state == "multi-origin"
    assert isinstance(lanes_of(story, 2, tick_every=5)[0][0], Tick)
