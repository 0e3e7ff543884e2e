"""How many alerts are told one by one, and which belong together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.lives.budget import Budget
from alerts.lives.grouping import HOURS, MOST, SHOWN, Kin


@given(st.lists(st.floats(0, 20_000), max_size=60).map(sorted), st.integers(1, 5))
def test_no_hour_has_more_than_its_budget_wherever_it_begins(moments: list[float], per_hour: int) -> None:
    budget = Budget(per_hour)
    spent = []
    for moment in moments:
        if budget.spend(moment):
            spent.append(moment)
        again = Budget(per_hour)
        again.load(budget.save())
        budget = again
    for begin in spent:
        assert sum(begin <= one < begin + 3_600 for one in spent) <= per_hour


def test_a_budget_that_was_used_up_is_whole_again_an_hour_later() -> None:
    budget = Budget(2)
    assert [budget.spend(moment) for moment in (0.0, 10.0, 20.0, 3_599.0, 3_600.0, 3_610.0, 3_611.0)] == [
        True, True, False, False, True, True, False,
    ]  # fmt: skip


def test_a_picture_counts_more_than_names_and_one_name_nothing() -> None:
    kin = Kin("velgrad/kin")
    assert kin.see(1, "a", 0.0, [10], ["velgrad"]) == ()
    assert kin.see(2, "b", 1.0, [], ["velgrad", "mill-square"]) == ()
    assert kin.see(3, "c", 2.0, [10], ["velgrad", "mill-square"]) == ("a", "b")
    assert kin.see(3, "c", 3.0, [10], ["velgrad", "mill-square"]) == ("a", "b"), "never itself"


def test_kin_is_bounded_and_forgets() -> None:
    kin = Kin("velgrad/kin")
    for number in range(MOST + 10):
        related = kin.see(number, f"a{number}", float(number), [1], [])
        assert len(related) <= SHOWN
        assert list(related) == [f"a{earlier}" for earlier in range(number - 1, max(-1, number - 1 - SHOWN), -1)]
    assert kin.see(999, "later", MOST + HOURS * 3600 + 100.0, [1], []) == ()


def test_kin_looks_the_same_after_it_was_read_back() -> None:
    kin, again = Kin("velgrad/kin"), Kin("velgrad/kin")
    for number in range(5):
        kin.see(number, f"a{number}", float(number), [number % 2], ["x", "y"])
    saved = {int(name.rpartition("/")[2]): body for name, body in kin.changes().items() if body is not None}
    again.restore(sorted(saved.items()))
    assert again.see(9, "b", 9.0, [1], ["x", "y"]) == kin.see(9, "b", 9.0, [1], ["x", "y"])
