"""How surprising a spread is: against the account's own history and its peers', each act counted once."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.spread.surprise import (
    CHECKPOINTS,
    CLASS_BOUNDS,
    FLOOR,
    Accounts,
    Classes,
    History,
    Tally,
    account_mean,
    blended,
    class_of,
    dispersion,
    measure,
    middle_mean,
    surprise,
)
from secondsource.contracts.baselines import AtAge, Usual


def negative_binomial_tail(interactions: int, mean: float, alpha: float) -> float:
    """P(X ≥ x) by adding up the probabilities below x, from their definition."""
    shape = 1 / alpha
    below = 0.0
    for value in range(interactions):
        choose = math.lgamma(value + shape) - math.lgamma(shape) - math.lgamma(value + 1)
        below += math.exp(choose + shape * math.log(shape / (shape + mean)) + value * math.log(mean / (shape + mean)))
    return 1 - below


@pytest.mark.parametrize(
    ("interactions", "mean", "alpha"), [(1, 0.5, 0.3), (5, 3.0, 1.0), (30, 12.0, 0.4), (9, 20.0, 2.0)]
)
def test_surprise_is_the_negative_binomial_tail(interactions: int, mean: float, alpha: float) -> None:
    assert surprise(interactions, mean, alpha) == pytest.approx(
        negative_binomial_tail(interactions, mean, alpha), rel=1e-6
    )


def test_without_dispersion_it_is_the_poisson_tail() -> None:
    below = sum(math.exp(-4.0) * 4.0**value / math.factorial(value) for value in range(7))
    assert surprise(7, 4.0, 0.0) == pytest.approx(1 - below)
    assert surprise(7, 4.0, 1e-8) == pytest.approx(1 - below, rel=1e-4)


@given(st.integers(0, 500), st.floats(0.01, 200), st.floats(0, 5))
def test_surprise_is_a_probability_that_falls_with_interactions(interactions: int, mean: float, alpha: float) -> None:
    here, further = surprise(interactions, mean, alpha), surprise(interactions + 1, mean, alpha)
    assert 0 <= further <= here <= 1
    assert surprise(0, mean, alpha) == 1


def test_one_story_gone_wild_does_not_raise_what_is_expected() -> None:
    calm = [0] * 10 + [1] * 20 + [2] * 10
    assert middle_mean(calm) == middle_mean(sorted([*calm[:-1], 9_000])) == 1.0
    assert dispersion(sorted([*calm[:-1], 9_000])) == dispersion(calm)


def test_dispersion_is_zero_where_values_vary_no_more_than_by_chance() -> None:
    assert dispersion([3, 3, 3, 3]) == 0
    assert dispersion([]) == dispersion([0, 0, 0]) == 0
    wild = sorted([0] * 50 + [20] * 50)
    assert dispersion(wild) == pytest.approx((101.0101 - 10) / 100, rel=1e-3)


def test_expectation_waits_for_enough_history() -> None:
    history = History()
    for _ in range(29):
        history.add(1, 2)
    assert measure(50, 200, history, (), 30).state == "insufficient data"
    history.add(1, 2)
    spread = measure(50, 200, history, (), 30)
    assert (spread.state, spread.expected, spread.history) == ("measured", 2.0, 30)
    assert measure(50, 301, history, (), 30).state == "insufficient data", "older stories are compared with older ones"


def test_only_the_last_two_hundred_stories_count() -> None:
    history = History()
    for value in [50] * 300 + [1] * 200:
        history.add(0, value)
    assert history.expected(0) == (1.0, 0.0, 200)


def test_what_never_spreads_still_expects_a_little() -> None:
    history = History()
    for _ in range(100):
        history.add(0, 0)
    spread = measure(30, 10, history, (), 30)
    assert spread.expected == FLOOR
    assert 0 < spread.surprise < 1e-6


def test_history_is_the_same_after_saving() -> None:
    history, again = History(), History()
    for value in range(333):
        history.add(value % len(CHECKPOINTS), value % 17)
    again.load(history.save())
    for value in range(50):
        history.add(0, value)
        again.add(0, value)
    assert again.save() == history.save()
    assert again.expected(0) == history.expected(0)


def test_an_account_is_blended_with_its_peers_by_how_much_is_known_of_it() -> None:
    assert blended(4.0, account_mean(()), 2.0) == 4.0
    assert blended(4.0, account_mean((20, 20)), 2.0) == 4.0, "two posts tell nothing"
    assert blended(4.0, account_mean((20,) * 20), 2.0) == pytest.approx((20 * 40 + 100 * 4) / 120)
    assert account_mean((0, 20, 20, 9_000)).mean == 20, "the middle half"
    assert account_mean((20, 20), (2, 40.0)) == Usual(posts=4, mean=30.0), "with what a baseline knows of it"


def test_the_account_longest_silent_is_forgotten_first() -> None:
    accounts = Accounts(most=2)
    assert [accounts.add(one, 5) for one in (1, 2, 1, 3)] == [0, 0, 0, 2]
    assert accounts.of(1) == (5, 5)
    again = Accounts(most=2)
    again.load({one: accounts.save(one) for one in (3, 1)})
    assert again.add(4, 1) == accounts.add(4, 1) == 1


_acts = st.lists(
    st.tuples(st.sampled_from(["pass", "report"]), st.integers(1, 6), st.integers(1, 4), st.integers(0, 9))
)


@given(_acts)
def test_each_act_counts_once_whoever_tells_of_it(acts: list[tuple[str, int, int, int]]) -> None:
    tally = Tally()
    seen: dict[int, set[int]] = {}
    reported: dict[int, int] = {}
    for kind, account, post, count in acts:
        if kind == "report":
            tally.report(post, count)
            reported[post] = max(reported.get(post, 0), count)
        elif tally.counts(account):
            tally.pass_on(account, post)
            seen.setdefault(post, set()).add(account)
    posts = seen.keys() | reported.keys()
    assert tally.total == sum(max(len(seen.get(post, ())), reported.get(post, 0)) for post in posts)


@given(_acts, st.integers(1, 4))
def test_what_is_taken_back_is_as_if_it_had_never_been(acts: list[tuple[str, int, int, int]], post: int) -> None:
    tally = Tally()
    for kind, account, one, count in acts:
        if kind == "report":
            tally.report(one, count)
        elif tally.counts(account):
            tally.pass_on(account, one)
    before = tally.total
    tally.pass_on(99, post)
    tally.take_back(99, post)
    assert tally.total == before
    tally.report(77, 5)
    tally.forget(77)
    assert tally.total == before


def test_counts_that_fall_or_repeat_change_nothing() -> None:
    tally = Tally()
    assert [tally.report(1, count) for count in (5, 5, 3, 8, 0)] == [True, False, False, True, False]
    assert tally.total == 8


def test_between_two_ages_what_is_expected_grows_as_a_power_of_age() -> None:
    history = History()
    for _ in range(40):
        history.add(0, 4)
        history.add(1, 100)
    assert history.at(1.0).mean == history.at(60.0).mean == 4
    assert history.at(300.0).mean == 100
    assert history.at(math.sqrt(60 * 300)).mean == pytest.approx(20)
    assert history.at(301.0).history == 0


@given(st.lists(st.integers(0, 300), min_size=1, max_size=120), st.floats(1, 3e5), st.floats(1, 3e5))
@example([0], 61.0, 172_801.0)  # between two checkpoints, and after the last
def test_what_is_expected_never_falls_with_age(values: list[int], one: float, other: float) -> None:
    history = History()
    for value in values:
        for place in range(len(CHECKPOINTS)):
            history.add(place, value * (place + 1))
    younger, older = sorted((one, other))
    expected = [max(history.at(age).mean, FLOOR) for age in (younger, older)]  # as it is measured against
    assert expected[0] <= expected[1] * (1 + 1e-12)


def test_who_asks_and_when_and_who_was_restarted_makes_no_difference() -> None:
    history, asked, restarted = History(), History(), History()
    for value in range(1_003):
        for one in (history, asked, restarted):
            one.add(0, value * 7 % 101)
        asked.expected(0)
        if value % 13 == 0:
            again = History()
            again.load(restarted.save())
            restarted = again
    assert history.expected(0) == asked.expected(0) == restarted.expected(0)


def test_a_baseline_stands_in_for_what_has_not_been_seen_yet() -> None:
    history = History()
    baseline = tuple(AtAge(mean=10.0 * place, dispersion=0.5, history=400) for place in range(len(CHECKPOINTS)))
    history.rest_on(baseline)
    assert history.expected(2) == (20.0, 0.5, 400)
    assert measure(60, 3_600.0, history, (), 30).expected == 30
    for _ in range(50):
        history.add(2, 40)
    assert history.expected(2) == (30.0, 0.25, 450), "fifty stories of its own count as much"
    history.rest_on(())
    assert history.expected(2) == (40.0, 0.0, 50)


def test_an_account_is_held_against_those_with_as_many_followers() -> None:
    classes = Classes()
    assert classes.ratio(50, 4.0) == 1
    for _ in range(95):
        classes.add(class_of(50_000, CLASS_BOUNDS), 40)
        classes.add(class_of(50, CLASS_BOUNDS), 0)
    assert classes.ratio(60_000, 4.0) == pytest.approx((95 * 10 + 5) / 100)
    assert classes.ratio(20, 4.0) == pytest.approx(5 / 100)


def test_of_an_account_with_a_hundred_million_followers_others_say_nothing() -> None:
    history, classes = History(), Classes()
    for _ in range(100):
        history.add(3, 4)
        classes.add(class_of(900, CLASS_BOUNDS), 4)
    unlike = classes.ratio(100_000_000, 4.0)
    assert unlike is None
    assert measure(9_000, 3_600.0, history, (), 30, unlike).state == "insufficient data"
    known = measure(9_000, 3_600.0, history, (8_000, 9_000, 9_500), 30, unlike)
    assert known.state == "measured", "it is known by itself"
    assert known.expected > 1_000
    for reached in (8_000, 9_000, 9_500):
        classes.add(class_of(80_000_000, CLASS_BOUNDS), reached)
    like = classes.ratio(100_000_000, 4.0)
    assert like is not None
    assert measure(9_000, 3_600.0, history, (), 30, like).expected > 1_000


def test_an_account_without_history_is_expected_to_do_as_its_peers() -> None:
    history = History()
    for _ in range(100):
        history.add(3, 12)
    assert measure(12, 3_600.0, history, (), 30).expected == 12
    assert measure(12, 3_600.0, history, (), 30).surprise > 0.3


def test_an_account_is_known_by_its_last_hundred_posts() -> None:
    accounts = Accounts()
    for reached in [900] * 50 + [3] * 100:
        accounts.add(7, reached)
    assert accounts.of(7) == (3,) * 100


def test_a_baseline_compares_followers_by_its_own_deciles() -> None:
    classes = Classes()
    deciles = tuple(Usual(posts=200, mean=float(place)) for place in range(10))
    classes.rest_on(deciles, tuple(range(10, 100, 10)))
    assert classes.ratio(95, 4.5) == pytest.approx((50 * 9 / 4.5 + 5) / 55)
    assert classes.ratio(5, 4.5) == pytest.approx(5 / 55)
