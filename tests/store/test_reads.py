"""Evidence, dead letters, status, coverage, reports: what people look at."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from alerts.ports import Evidence
from secondsource.contracts.evidence import Blind, Overview
from secondsource.contracts.messages import AlertEvent, Counts, Coverage, StoryUpdate, Tick
from store.coverage import union
from store.reads.standing import Standing
from store.reads.status import CollectorStatus, Gap
from store.reports import posts_per_hour
from store.store import Store
from tests.store import velgrad as v

SMALL = st.integers(0, 30)


def test_a_post_comes_back_as_it_went_in(store: Store) -> None:
    evidence: Evidence = store.evidence
    sent = v.enriched(1, pictures=(v.picture("gone"),), counts=Counts(reposts=3, views=9), watches=("flood", "velgrad"))
    bare = v.enriched(2, seconds=-5, text="", followers=None, author=2)
    v.keep(store, sent, bare, v.story(1, members=[1, 2, 3]))
    second, first = evidence.story_posts("velgrad/1", 9)
    assert (first.post, second.post) == (sent.post, bare.post)
    assert (first.stance, first.tie, first.tied_to, first.evidence) == ("asserts", "text", "x:1", "9 of 11 words")
    assert first.cue == "see"
    assert [each.post.uid for each in evidence.story_posts("velgrad/1", 1)] == ["x:2"]
    assert evidence.story_posts("velgrad/2", 9) == []


def test_alerts_come_back_as_they_went_in(store: Store) -> None:
    evidence: Evidence = store.evidence
    other = v.alert(5, name="velgrad/2/spike")
    v.keep(store, v.alert(2), other, v.alert(1))
    assert evidence.latest_alerts(9) == [other, v.alert(2)]
    assert evidence.latest_alerts(1) == [other]
    assert evidence.alert_events("velgrad/1/spike") == [v.alert(1), v.alert(2)]
    assert evidence.alert_events("unknown") == []
    (alert,) = [row for row in store.dump("alerts") if row["id"] == "velgrad/1/spike"]
    assert (alert["opened_at"], alert["at"], alert["seq"]) == (v.at(1), v.at(2), 2)


def test_what_stands_is_shown_however_much_was_over_since(store: Store) -> None:
    evidence: Evidence = store.evidence
    assert evidence.overview(9, 9) == Overview()
    standing = [v.alert(1, name=f"velgrad/{n}/spike") for n in (1, 2)]
    over = [_of_kind(v.alert(n, name=f"velgrad/{n}/spike"), v.story(1)) for n in range(3, 9)]
    blind = Coverage(collector="x", watches=("velgrad",), start=v.at(3), end=v.at(5), state="blind", reason="429")
    v.keep(store, v.enriched(1, seconds=7), *standing, *over, blind, Tick(collector="x", at=v.at(6)))
    assert evidence.overview(9, 2) == Overview(
        open=tuple(standing),
        open_in_all=2,
        closed=(over[-1], over[-2]),
        last_post=v.at(7),
        told_until=v.at(6),
        blind=(Blind("x", "velgrad", v.at(3), v.at(5), "429"),),
    )
    assert (evidence.overview(1, 0).open, evidence.overview(1, 0).open_in_all) == ((standing[0],), 2)


def test_text_that_no_database_holds_is_replaced_everywhere(store: Store) -> None:
    dirty = "null \x00 and half \ud83d"
    story = v.story(1, members=[1], claim=dirty)
    v.keep(store, v.enriched(1, text=dirty), story, v.alert(1, of=story), v.letter("a", reason=dirty))
    clean = "null \ufffd and half \ufffd"
    assert store.dump("posts")[0]["text"] == clean
    assert store.dump("stories")[0]["claim"] == clean
    assert store.evidence.latest_alerts(1)[0].story.claim == clean
    assert store.dump("dead_letters")[0]["reason"] == clean
    assert store.dump("dead_letters")[0]["body"] == b"\x00\xff{"


def test_a_text_of_a_hundred_thousand_characters(store: Store) -> None:
    v.keep(store, v.enriched(1, text="م" * 100_000))
    assert len(store.dump("posts")[0]["text"]) == 100_000


def test_dead_letters(store: Store) -> None:
    v.keep(store, v.letter("a", 1), v.letter("b", 2))
    assert [each.letter for each in store.letters.listed(9)] == [v.letter("b", 2), v.letter("a", 1)]
    assert [each.letter.id for each in store.letters.listed(1)] == ["b"]
    store.letters.mark_resent("a", v.at(10))
    assert [each.letter.id for each in store.letters.listed(9)] == ["b"]
    assert [each.resent_at for each in store.letters.listed(9, resent=True)] == [None, v.at(10)]
    assert store.letters.waiting() == 1
    v.keep(store, v.letter("a", 1))
    assert store.letters.waiting() == 1
    v.keep(store, v.letter("a", 11, reason="failed again"))
    found = store.letters.one("a")
    assert found is not None
    assert (found.letter.reason, found.resent_at) == ("failed again", None)
    store.letters.mark_resent("a", v.at(10))
    assert store.letters.waiting() == 2, "it failed before that was noted"
    assert store.letters.one("c") is None


def test_status(store: Store) -> None:
    empty = store.status()
    assert (empty.last_event, empty.collectors, empty.open_alerts, empty.dead_letters) == (None, (), 0, 0)
    blind = Coverage(collector="x", watches=("velgrad",), start=v.at(3), end=v.at(5), state="blind", reason="429")
    closed = _of_kind(v.alert(1, name="velgrad/2/spike"), v.story(1))
    v.keep(
        store,
        v.enriched(1, seconds=7),
        v.alert(1),
        closed,
        v.letter("a"),
        blind,
        Tick(collector="x", at=v.at(6)),
        Tick(collector="x", at=v.at(2)),
        Tick(collector="replay", at=v.at(8), final=True),
    )
    found = store.status()
    assert found.rows["posts"] == found.rows["accounts"] == 1
    assert found.last_event == v.at(7)
    assert found.collectors == (
        CollectorStatus(name="replay", first_at=v.at(8), last_at=v.at(8), ended=True),
        CollectorStatus(name="x", first_at=v.at(2), last_at=v.at(6), ended=False),
    )
    assert found.gaps == (Gap(collector="x", watch="velgrad", start=v.at(3), end=v.at(5), reason="429"),)
    assert found.open_alerts == 1
    assert found.waiting == {"console": 2, "slack:#desk": 2}
    assert found.dead_letters == 1


def test_standing_says_who_sees_what_since_when(store: Store) -> None:
    def told(
        collector: str, start: int, end: int, reason: str = "", state: Literal["seen", "blind"] = "seen"
    ) -> Coverage:
        watches = ("velgrad",)
        return Coverage(
            collector=collector, watches=watches, start=v.at(start), end=v.at(end), state=state, reason=reason
        )

    def seeing(collector: str, since: int, until: int) -> Standing:
        return Standing(collector=collector, watch="velgrad", state="seeing", since=v.at(since), until=v.at(until))

    assert store.status().standing == ()
    sent = [
        told("bluesky", 0, 60),
        told("mastodon", 0, 60),
        told("mastodon", 30, 70, "silent for 40 s", "blind"),
        told("x", 0, 20),
        told("x", 20, 50, "429", "blind"),
        told("x", 50, 80),
        told("feeds", 0, 20),
        told("feeds", 20, 50, "away", "blind"),
        told("feeds", 20, 50, "read later"),
        told("feeds", 50, 80),
    ]
    v.keep(store, *sent)
    expected = (
        seeing("bluesky", 0, 60),
        seeing("feeds", 50, 80),
        Standing(
            collector="mastodon",
            watch="velgrad",
            state="blind",
            since=v.at(30),
            until=v.at(70),
            reason="silent for 40 s",
        ),
        seeing("x", 50, 80),
    )
    assert store.status().standing == expected
    v.emptied(store)
    for one in reversed(sent):
        v.keep(store, one)
    assert store.status().standing == expected


def _of_kind(event: AlertEvent, story: StoryUpdate) -> AlertEvent:
    return AlertEvent(
        alert_id=event.alert_id,
        seq=event.seq,
        kind="corroborated",
        at=event.at,
        watch=event.watch,
        story=story,
        finding=event.finding,
        channel=event.channel,
    )


def test_coverage_that_touches_becomes_one(store: Store) -> None:
    def seen(start: int, end: int) -> Coverage:
        return Coverage(collector="x", watches=("velgrad",), start=v.at(start), end=v.at(end), state="seen")

    v.keep(store, seen(0, 5), seen(20, 30))
    v.keep(store, seen(5, 9))
    assert [(row["start_at"], row["end_at"]) for row in store.dump("coverage")] == [
        (v.at(0), v.at(9)),
        (v.at(20), v.at(30)),
    ]
    v.keep(store, seen(8, 25))
    assert [(row["start_at"], row["end_at"]) for row in store.dump("coverage")] == [(v.at(0), v.at(30))]


def test_a_platforms_long_excuse_is_cut_so_that_every_database_keeps_the_gap(store: Store) -> None:
    excuse = "".join(f"{number:x}" for number in range(20_000))
    v.keep(
        store, Coverage(collector="x", watches=("velgrad",), start=v.at(1), end=v.at(2), state="blind", reason=excuse)
    )
    (gap,) = store.status().gaps
    assert gap.reason == excuse[:300]


@given(st.lists(st.tuples(SMALL, SMALL)))
def test_a_union_covers_the_same_moments_in_as_few_intervals_as_can_be(pairs: list[tuple[int, int]]) -> None:
    intervals = [(v.at(min(pair)), v.at(max(pair))) for pair in pairs]
    merged = union(intervals)
    half_seconds = [v.at(n / 2) for n in range(-2, 64)]

    def covered(by: list[tuple[object, object]]) -> list[bool]:
        return [any(start <= moment <= end for start, end in by) for moment in half_seconds]  # type: ignore[operator]

    assert covered(list(merged)) == covered(list(intervals))
    assert all(earlier[1] < later[0] for earlier, later in pairwise(merged))
    assert union(merged) == merged


def test_posts_per_hour(store: Store) -> None:
    assert posts_per_hour(store, v.at(0), v.at(1)).empty
    hour = timedelta(hours=1)
    v.keep(
        store,
        v.enriched(1, seconds=0, watches=("velgrad", "flood")),
        v.enriched(2, seconds=3599),
        v.enriched(3, seconds=3600),
        v.enriched(4, seconds=9999),
    )
    frame = posts_per_hour(store, v.NOON, v.NOON + 2 * hour)
    assert list(frame.index) == [v.NOON, v.NOON + hour]
    assert frame["velgrad"].tolist() == [2, 1]
    assert frame["flood"].tolist() == [1, 0]
