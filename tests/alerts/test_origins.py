from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from alerts.origins import grouped, moment
from tests.alerts.invented import START, at

Note = tuple[tuple[int, ...], int, float, str, str]

_tokens = st.lists(st.integers(1, 30), min_size=1, max_size=4, unique=True).map(tuple)
_posts = st.lists(st.tuples(_tokens, st.integers(1, 12)), min_size=1, max_size=40).map(
    lambda drawn: [
        (tokens, account, float(place), f"x:{place}", f"user{account}") for place, (tokens, account) in enumerate(drawn)
    ]
)


@given(_posts, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(posts: list[Note], pick: random.Random) -> None:
    shuffled = list(posts)
    pick.shuffle(shuffled)
    assert len(grouped([], shuffled)) == len(grouped([], posts))
    assert grouped([], shuffled).strongest(50) == grouped([], posts).strongest(50)


@given(_posts, st.data())
def test_a_copy_however_tied_never_adds_an_origin(posts: list[Note], data: st.DataObject) -> None:
    copied = data.draw(st.sampled_from(posts))[0]
    shared = data.draw(st.lists(st.sampled_from(copied), min_size=1, unique=True))
    others = data.draw(st.lists(st.integers(1, 60), max_size=4))
    copy = (tuple(shared + others), 99, 100.0, "x:copy", "copier")
    before = grouped([], posts)
    after = grouped([], [*posts, copy])
    assert len(after) <= len(before)
    assert after.posts == before.posts + 1


@given(_posts)
def test_origins_account_for_every_post(posts: list[Note]) -> None:
    origins = grouped([], posts)
    found = origins.strongest(100)
    assert len(found) == len(origins) == origins.independence().value
    assert sum(origin.posts for origin in found) == len(posts)


@given(_posts, st.data())
def test_a_takedown_never_adds_an_origin(posts: list[Note], data: st.DataObject) -> None:
    taken = data.draw(st.sampled_from(posts))
    left = [post for post in posts if post is not taken]
    anew = grouped([taken[0]], left)
    origins = grouped([], posts)
    before = len(origins)
    if origins.remove(taken[0][0], taken[1], taken[3]):
        assert origins.strongest(100) == anew.strongest(100)
        assert (len(origins), origins.posts) == (len(anew), anew.posts)
    assert len(anew) <= before
    assert anew.posts == len(left)


def test_who_reposts_two_origins_does_not_make_them_one() -> None:
    origins = grouped(
        [],
        [
            ((1, 11), 1, 0.0, "x:1", "ana"),
            ((2, 12), 2, 1.0, "x:2", "boris"),
            ((1,), 3, 2.0, "x:3", "reader"),
            ((2,), 3, 3.0, "x:4", "reader"),
        ],
    )
    assert len(origins) == 2


def test_the_derivation_can_be_checked() -> None:
    origins = grouped(
        [], [((1,), 1, 0.0, "x:1", "ana"), ((1,), 2, 1.0, "x:2", "boris"), ((2,), 3, 2.0, "x:3", "carla")]
    )
    assert origins.independence() == (2.0, "3 asserting posts trace back to 2 origins")
    assert grouped([], [((1,), 1, 0.0, "x:1", "ana")]).independence()[1] == "1 asserting post traces back to 1 origin"
    first = origins.strongest(1)[0]
    assert (first.first_handle, first.posts, first.accounts) == ("ana", 2, 2)


@given(st.integers(-(10**15), 4 * 10**15))
def test_a_moment_is_the_same_after_having_been_seconds(microseconds: int) -> None:
    there = at(microseconds / 1e6)
    assert moment(there.timestamp()) == there
    assert moment(START.timestamp()) == START
