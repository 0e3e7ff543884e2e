"""Copies, however they are tied and in whatever order they come, never add an origin."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from alerts.memory.times import moment
from alerts.origins.union import FRESH, grouped
from alerts.stories.tokens import owner_token, pair_token, post_token
from tests.alerts.invented import START, at

Note = tuple[tuple[int, ...], int, float, str, str, int]

_tokens = st.lists(st.integers(1, 30), min_size=1, max_size=4, unique=True).map(tuple)
_posts = st.lists(
    st.tuples(_tokens, st.integers(1, 12), st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=40
).map(
    lambda drawn: [
        (tokens, account, place + days * 86_400.0, f"x:{place}", f"user{account}", doubt)
        for place, (tokens, account, days, doubt) in enumerate(drawn)
    ]
)


@given(_posts, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(posts: list[Note], pick: random.Random) -> None:
    shuffled = list(posts)
    pick.shuffle(shuffled)
    assert len(grouped([], shuffled)) == len(grouped([], posts))
    assert grouped([], shuffled).strongest(50) == grouped([], posts).strongest(50)
    assert grouped([], shuffled).value == grouped([], posts).value
    assert grouped([], shuffled).independence() == grouped([], posts).independence()


@given(_posts, st.data())
def test_a_copy_however_tied_never_adds_an_origin(posts: list[Note], data: st.DataObject) -> None:
    copied = data.draw(st.sampled_from(posts))[0]
    shared = data.draw(st.lists(st.sampled_from(copied), min_size=1, unique=True))
    others = data.draw(st.lists(st.integers(1, 60), max_size=4))
    copy = (tuple(shared + others), 99, 1e6, "x:copy", "copier", data.draw(st.integers(0, 2)))
    before = grouped([], posts)
    after = grouped([], [*posts, copy])
    assert len(after) <= len(before)
    assert after.value <= before.value
    assert after.posts == before.posts + 1


@given(_posts)
def test_origins_account_for_every_post(posts: list[Note]) -> None:
    origins = grouped([], posts)
    found = origins.strongest(100)
    assert len(found) == len(origins)
    assert sum(origin.weight for origin in found) == origins.value == origins.independence().value
    assert sum(origin.posts for origin in found) == len(posts)


@given(_posts, st.data())
def test_a_takedown_never_adds_an_origin(posts: list[Note], data: st.DataObject) -> None:
    taken = data.draw(st.sampled_from(posts))
    left = [post for post in posts if post is not taken]
    anew = grouped([taken[0]], left)
    origins = grouped([], posts)
    before = len(origins)
    if origins.remove(taken[0], taken[1], taken[3], leaves_ties=True):
        assert origins.strongest(100) == anew.strongest(100)
        assert (len(origins), origins.posts, origins.value) == (len(anew), anew.posts, anew.value)
    assert len(anew) <= before
    assert anew.posts == len(left)


def test_who_reposts_two_origins_does_not_make_them_one() -> None:
    origins = grouped(
        [],
        [
            ((1, 11), 1, 0.0, "x:1", "ana", 0),
            ((2, 12), 2, 1.0, "x:2", "boris", 0),
            ((1,), 3, 2.0, "x:3", "reader", 0),
            ((2,), 3, 3.0, "x:4", "reader", 0),
        ],
    )
    assert len(origins) == 2


def test_the_derivation_can_be_checked() -> None:
    origins = grouped(
        [], [((1,), 1, 0.0, "x:1", "ana", 0), ((1,), 2, 1.0, "x:2", "boris", 0), ((2,), 3, 2.0, "x:3", "carla", 0)]
    )
    assert origins.independence() == (2.0, "3 asserting posts trace back to 2 origins")
    assert (
        grouped([], [((1,), 1, 0.0, "x:1", "ana", 0)]).independence()[1] == "1 asserting post traces back to 1 origin"
    )
    first = origins.strongest(1)[0]
    assert (first.first_handle, first.posts, first.accounts) == ("ana", 2, 2)


@given(st.integers(-(10**15), 4 * 10**15))
def test_a_moment_is_the_same_after_having_been_seconds(microseconds: int) -> None:
    there = at(microseconds / 1e6)
    assert moment(there.timestamp()) == there
    assert moment(START.timestamp()) == START


def test_answers_hearsay_and_latecomers_weigh_less() -> None:
    origins = grouped(
        [],
        [
            ((1,), 1, 0.0, "x:1", "ana", 0),
            ((2,), 2, 1.0, "x:2", "boris", 1),
            ((3,), 3, 1.0 + 2 * FRESH, "x:3", "carla", 0),
        ],
    )
    assert origins.independence() == (
        1.75,
        (
            "3 asserting posts trace back to 3 origins, which weigh 1 × 1 + "
            "1 × 0.25 (96 h or more after the story began) + "
            "1 × 0.5 (at second hand, in answer to the story, or alike in few words) = 1.75"
        ),
    )


def test_what_one_origin_weighs_is_said_of_one() -> None:
    heard = grouped([], [((1,), 1, 0.0, "x:1", "ana", 1)])
    assert heard.independence().derivation.startswith("1 asserting post traces back to 1 origin, which weighs 1 × 0.5 ")


def test_merges_say_by_what() -> None:
    origins = grouped(
        [],
        [
            ((post_token(1), owner_token(8)), 1, 0.0, "x:1", "ana", 0),
            ((post_token(1),), 2, 1.0, "x:2", "boris", 0),
            ((post_token(3), owner_token(8), pair_token(5)), 3, 2.0, "x:3", "carla", 0),
            ((post_token(4), pair_token(5)), 4, 3.0, "x:4", "dora", 0),
        ],
    )
    (origin,) = origins.strongest(5)
    assert [(merge.kind, merge.ties) for merge in origin.merges] == [
        ("repost or quote", 1), ("same owner", 1), ("coordinated pair", 1),
    ]  # fmt: skip
    assert all(0 < merge.confidence <= 1 and merge.evidence for merge in origin.merges)
