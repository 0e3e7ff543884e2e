"""What was collected comes back as it came, in the order it was observed, on both databases."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from secondsource.contracts.messages import Counts, Coverage, Engagement, Post
from store.store import Store
from tests.store import velgrad as v


def test_messages_come_back_in_the_order_they_were_observed(store: Store) -> None:
    early = v.enriched(1, seconds=10, counts=Counts(reposts=1))
    late = v.enriched(2, seconds=20, author=2, watches=("flood", "velgrad"))
    other = v.enriched(3, seconds=15, watches=("flood",))
    told = v.engagement(2, seconds=40, reposts=7)
    v.keep(store, late, told, other, early)
    messages = list(store.recorded.messages("velgrad", None, None))
    assert [type(each) for each in messages] == [Post, Post, Engagement]
    assert messages[0] == early.post
    assert messages[1] == late.post
    assert isinstance(messages[2], Engagement)
    assert (messages[2].uid, messages[2].observed_at, messages[2].counts.reposts) == ("x:2", v.at(40), 7)
    assert [each.uid for each in store.recorded.messages("", None, None) if isinstance(each, Post)] == [
        "x:1", "x:3", "x:2",
    ]  # fmt: skip


def test_a_post_knows_nothing_of_counts_that_came_later(store: Store) -> None:
    v.keep(store, v.enriched(1, counts=Counts(reposts=2)), v.engagement(1, seconds=60, reposts=500))
    post, told = store.recorded.messages("velgrad", None, None)
    assert isinstance(post, Post)
    assert post.counts is None
    assert isinstance(told, Engagement)
    assert told.counts.reposts == 500


def test_since_is_in_and_until_is_not(store: Store) -> None:
    v.keep(store, *(v.enriched(number, seconds=number) for number in range(1, 6)))
    found = store.recorded.messages("velgrad", v.at(2), v.at(4))
    assert [each.uid for each in found if isinstance(each, Post)] == ["x:2", "x:3"]
    assert store.recorded.bounds("velgrad") == (v.at(1), v.at(5))
    assert store.recorded.bounds("velgra") is None
    assert store.recorded.bounds("vel%") is None


def test_blind_times_are_told_of_bit_by_bit(store: Store) -> None:
    blind = Coverage(
        collector="x", watches=("velgrad",), start=v.at(0), end=v.at(150), state="blind", reason="401",
    )  # fmt: skip
    found_later = msgspec.structs.replace(blind, state="seen", reason="asked again", end=v.at(100))
    elsewhere = msgspec.structs.replace(blind, watches=("flood",))
    seen = msgspec.structs.replace(blind, state="seen", reason="", end=v.at(300))
    v.keep(store, blind, found_later, elsewhere, seen)
    told = [each for each in store.recorded.messages("velgrad", None, None) if isinstance(each, Coverage)]
    spans = [((each.start - v.NOON).total_seconds(), (each.end - v.NOON).total_seconds(), each.state) for each in told]
    assert spans == [(0, 60, "blind"), (0, 100, "seen"), (60, 120, "blind"), (120, 150, "blind")]
    only = [each for each in store.recorded.messages("velgrad", v.at(61), v.at(121)) if isinstance(each, Coverage)]
    assert [each.end for each in only] == [v.at(100), v.at(120)]


def test_a_year_of_blindness_is_a_thousand_messages(store: Store) -> None:
    year = Coverage(
        collector="x", watches=("velgrad",), start=v.at(0), end=v.NOON + timedelta(days=365), state="blind",
    )  # fmt: skip
    v.keep(store, year)
    assert len(list(store.recorded.messages("velgrad", None, None))) == 1000


def test_pictures_are_those_seen_when_the_post_came(store: Store) -> None:
    first, second = v.picture("bridge", "0f" * 32), v.picture("river")
    v.keep(store, v.enriched(1, pictures=(first, second)), v.enriched(2, pictures=(second,)), v.enriched(3))
    found = store.recorded.pictures(["x:1", "x:2", "x:3", "x:9"])
    assert found == {"x:1": (first, second), "x:2": (second,)}


def test_what_was_taken_down_is_counted(store: Store) -> None:
    v.keep(store, v.enriched(1), v.enriched(2, seconds=1), v.takedown(1, seconds=30))
    assert [each.uid for each in store.recorded.messages("velgrad", None, None) if isinstance(each, Post)] == ["x:2"]
    assert store.recorded.removed(v.at(0), v.at(31)) == 1
    assert store.recorded.removed(v.at(31), None) == 0
