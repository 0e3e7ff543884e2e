"""Co-sharing is counted exactly, and what chance allows is not kept."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.origins.communities import groups
from alerts.origins.coordination import CROWD, Share, network, network_of_numbers

_shares = st.lists(
    st.builds(
        Share,
        st.sampled_from(["bridge", "river", "tram", "market"]),
        st.sampled_from(["ana", "boris", "carla", "dora", "emil"]),
        st.integers(0, 400).map(float),
        post=st.just(""),  # by hand: what an account shares at one moment is one post
    ),
    max_size=60,
)


def brute_force(shares: Sequence[Share], window: float, participation: int) -> Counter[tuple[str, str]]:
    active = Counter(share.account for share in shares)
    taken = [share for share in shares if active[share.account] >= participation]
    near = [
        (one, other)
        for one, other in combinations(taken, 2)
        if one.object == other.object and one.account != other.account and abs(one.at - other.at) <= window
    ]
    posts = {(share.account, share.at) for pair in near for share in pair}
    often = Counter(share.account for share in taken if (share.account, share.at) in posts)
    return Counter(
        (min(one.account, other.account), max(one.account, other.account))
        for one, other in near
        if often[one.account] >= participation or often[other.account] >= participation
    )


@given(_shares, st.sampled_from([0.0, 10.0, 60.0]), st.integers(1, 4), st.randoms(use_true_random=False))
def test_counting_is_exact_whatever_the_order(
    shares: list[Share], window: float, participation: int, pick: random.Random
) -> None:
    expected = brute_force(shares, window, participation)
    pick.shuffle(shares)
    found = network(shares, window=window, participation=participation)
    assert {(edge.a, edge.b): edge.shares for edge in found.edges()} == expected
    assert (found.co_shares, found.pairs) == (expected.total(), len(expected))


def _town(seed: int, shares: int = 4_000) -> list[Share]:
    """Accounts that share what is popular, when it is popular."""
    chance = random.Random(seed)
    begun = [chance.uniform(0, 7 * 86_400) for _ in range(600)]
    town = []
    for _ in range(shares):
        thing = min(int(chance.paretovariate(0.7)), 599)
        at = begun[thing] + chance.expovariate(1 / 7_200)
        town.append(Share(f"news{thing}", f"citizen{min(int(chance.paretovariate(0.5)), 400)}", at))
    return town


def _troupe(seed: int, members: int = 4, things: int = 8) -> list[Share]:
    chance = random.Random(seed)
    starts = [chance.uniform(0, 7 * 86_400) for _ in range(things)]
    return [
        Share(f"thing{place}", f"troupe{member}", start + chance.uniform(0, 15))
        for place, start in enumerate(starts)
        for member in range(members)
    ]


def test_who_repeats_it_together_is_found_and_the_rest_is_chance() -> None:
    found = network([*_town(1), *_troupe(2)])
    troupe = {(f"troupe{a}", f"troupe{b}") for a, b in combinations(range(4), 2)}
    assert {(edge.a, edge.b) for edge in found.kept()} == troupe
    assert [group.accounts for group in groups(found.repeated)] == [tuple(f"troupe{n}" for n in range(4))]
    edge = found.kept()[0]
    assert edge.objects == 8
    assert edge.q >= edge.p
    assert "8 same things within 60 s" in edge.sentence()


def test_an_account_in_two_groups_has_all_its_pairs_and_is_told_of_in_one_group() -> None:
    theirs = [share._replace(account=share.account.replace("troupe3", "both")) for share in _troupe(2)]
    others = [
        Share(f"another {share.object}", share.account.replace("troupe3", "both").replace("troupe", "choir"), share.at)
        for share in _troupe(3)
    ]
    shares = [*_town(1), *theirs, *others]
    found = network(shares)
    assert sum("both" in (edge.a, edge.b) for edge in found.kept()) == 6
    told = groups(found.repeated)
    assert sorted(account for group in told for account in group.accounts) == sorted(
        [*(f"{name}{n}" for name in ("choir", "troupe") for n in range(3)), "both"]
    )
    assert len(told) == 2
    assert groups(network(shares[::-1]).repeated) == told


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_times_leave_nothing(seed: int) -> None:
    town = [*_town(seed), *_troupe(seed)]
    times = [share.at for share in town]
    random.Random(seed).shuffle(times)
    found = network([share._replace(at=at) for share, at in zip(town, times, strict=True)])
    assert len(found.kept()) <= 0.01 * max(found.pairs, 100)


def test_once_is_a_coincidence() -> None:
    (edge,) = network([Share("bridge", "ana", 0), Share("bridge", "boris", 1)], participation=1).edges()
    assert (edge.shares, edge.objects, edge.p, edge.q, edge.kept) == (1, 1, 1.0, 1.0, False)
    assert network([]).kept() == ()


def test_two_alone_are_judged_by_how_often_they_do_it() -> None:
    """Nothing else of their things tells how soon such are shared."""
    others = [Share(f"other {at}", f"reader {at % 50}", at * 37.0) for at in range(2_000)]
    together = [
        Share(f"thing {at}", name, at * 1e5 + late) for at in range(6) for name, late in (("a", 0.0), ("b", 3.0))
    ]
    (edge,) = network([*others, *together]).kept()
    assert (edge.a, edge.b, edge.objects) == ("a", "b", 6)
    twice = [share for share in together if share.object in ("thing 0", "thing 1", "thing 2")]
    assert network([*others, *twice]).kept() == ()


def test_what_a_crowd_shares_at_once_says_nothing_of_any_two() -> None:
    crowd = [Share("bridge", f"user{n}", 0.001 * n) for n in range(CROWD + 10)]
    found = network([*crowd, *_troupe(1)], participation=1)
    assert found.crowds == ("bridge",)
    assert found.pairs == 6


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="participation"):
        network([], participation=0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 9, 10, 90, 101, 10**17, (1 << 61) - 1]),
            st.sampled_from([2, 3, 12, 20, 200, 1 << 57]),
            st.integers(0, 200),
            st.integers(0, 30),
        ),
        max_size=60,
    )
)
def test_shares_named_by_numbers_are_as_those_named_by_what_is_written(shares: list[tuple[int, int, int, int]]) -> None:
    columns = [np.array(column) for column in zip(*shares, strict=True)] or [np.zeros(0, np.int64)] * 4
    numbered = network_of_numbers(columns[0], columns[1], columns[2].astype(np.float64), columns[3])
    written = network([Share(str(thing), str(account), float(at), str(post)) for thing, account, at, post in shares])
    assert list(numbered.edges()) == list(written.edges())
    assert numbered.crowds == written.crowds
