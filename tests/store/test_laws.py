"""The order in which messages come, how often, and in what batches, decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secondsource.contracts.messages import Counts, Coverage, Message, Tick
from store.store import Store
from tests.store import velgrad as v

BRIDGE = "0123456789abcdef" * 4
PICTURES = (
    v.picture("bridge", BRIDGE),
    v.picture("bridge, smaller", v.flipped(BRIDGE, 20)),
    v.picture("bridge, cropped", v.flipped(BRIDGE, 31)),
    v.picture("market", v.flipped(BRIDGE, 128)),
    v.picture("wall", BRIDGE, quality=49),
    v.picture("gone"),
)
NUMBERS = st.integers(1, 4)
SECONDS = st.integers(0, 3)
SMALL = st.one_of(st.none(), st.integers(0, 2))

posts = st.builds(
    lambda number, seconds, text, author, watches, pictures, counts, followers: v.enriched(
        number,
        seconds=seconds,
        text=text,
        author=author,
        watches=watches,
        pictures=tuple(pictures),
        counts=counts,
        repost_of="x:4" if number == 3 else "",  # what a post reposts never changes
        followers=followers,
    ),
    NUMBERS,
    SECONDS,
    st.sampled_from(["The bridge", "The bridge, edited", "null \x00 byte", "half \ud83d pair"]),
    st.integers(1, 2),
    st.sampled_from([("velgrad",), ("flood", "velgrad"), ("dolnograd",)]),
    st.lists(st.sampled_from(PICTURES), max_size=3),
    st.one_of(st.none(), st.builds(Counts, reposts=SMALL, likes=SMALL)),
    SMALL,
)
stories = st.builds(
    lambda version, name, members, claim: v.story(version, name=name, members=members, claim_uid=claim),
    st.integers(1, 3),
    st.sampled_from(["velgrad/1", "velgrad/2"]),
    st.lists(NUMBERS, max_size=3),
    st.sampled_from(["x:1", "x:4"]),
)
alerts = st.builds(v.alert, st.integers(1, 3))
ticks = st.builds(
    lambda name, seconds, final: Tick(collector=name, at=v.at(seconds), final=final),
    st.sampled_from(["x", "replay"]),
    SECONDS,
    st.booleans(),
)
coverage = st.builds(
    lambda start, length, state, watches: Coverage(
        collector="x", watches=watches, start=v.at(start), end=v.at(start + length), state=state, reason="away"
    ),
    st.integers(0, 20),
    st.integers(0, 5),
    st.sampled_from(["seen", "blind"]),
    st.sampled_from([(), ("velgrad",), ("velgrad", "flood")]),
)
messages = st.lists(
    st.one_of(
        posts,
        posts,
        st.builds(v.engagement, NUMBERS, SECONDS, st.integers(0, 3)),
        st.builds(v.takedown, NUMBERS, SECONDS),
        stories,
        alerts,
        ticks,
        coverage,
        st.builds(v.letter, st.sampled_from("ab"), SECONDS, st.sampled_from(["not JSON", "no uid"])),
    ),
    min_size=1,
    max_size=14,
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Message], list[list[Message]]]:
    """Messages, and the same in another order, some of them twice, cut into batches."""
    sent: list[Message] = draw(messages)
    again: list[Message] = draw(st.lists(st.sampled_from(sent), max_size=5))
    shuffled: list[Message] = list(draw(st.permutations([*sent, *again])))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    edges = [0, *cuts, len(shuffled)]
    return sent, [shuffled[start:end] for start, end in pairwise(edges)]


def _kept(store: Store, batches: Sequence[Sequence[Message]]) -> dict[str, list[dict[str, object]]]:
    v.emptied(store)
    for batch in batches:
        v.keep(store, *batch)
    return v.everything(store)


@given(case=deliveries())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_order_repetition_and_batching_leave_the_same_rows(
    store: Store, case: tuple[list[Message], list[list[Message]]]
) -> None:
    sent, batches = case
    assert _kept(store, batches) == _kept(store, [sent])


def test_many_rows_take_the_same_way_as_few(store: Store) -> None:
    """PostgreSQL copies large batches and inserts small ones."""
    sent: list[Message] = [
        v.enriched(number % 90, seconds=number % 7, author=number % 40, pictures=(PICTURES[number % 6],))
        for number in range(300)
    ]
    more: list[Message] = [v.engagement(number % 90, number % 11, number) for number in range(300)]
    whole = _kept(store, [[*sent, *more]])
    assert _kept(store, [[message] for message in reversed([*sent, *more])]) == whole
    assert len(whole["posts"]) == 90
    assert len(whole["sightings"]) == 90


def test_the_newest_counts_win_whether_they_rise_or_fall(store: Store) -> None:
    v.keep(store, v.enriched(1, counts=Counts(reposts=50)), v.engagement(1, 10, 40), v.engagement(1, 5, 60))
    (post,) = store.dump("posts")
    assert (post["reposts"], post["likes"], post["counts_at"]) == (40, 80, v.at(10))
    assert [row["reposts"] for row in store.dump("engagement")] == [60, 40]


def test_an_older_story_never_overwrites_a_newer_one(store: Store) -> None:
    v.keep(store, v.story(3, members=[1]))
    v.keep(store, v.story(2, members=[2]))
    (story,) = store.dump("stories")
    assert story["version"] == 3
    assert [row["uid"] for row in store.dump("story_posts")] == ["x:1", "x:2"]


def test_watches_of_all_observers_are_kept(store: Store) -> None:
    v.keep(store, v.enriched(1, watches=("velgrad",)))
    v.keep(store, v.enriched(1, watches=("Überflutung", "flood")))
    (post,) = store.dump("posts")
    assert post["watches"] == ["flood", "velgrad", "Überflutung"]
