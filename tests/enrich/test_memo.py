"""What a memo remembers is what would be made anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from enrich.memo import Memo


@given(st.lists(st.lists(st.integers(0, 12), max_size=9), max_size=9), st.integers(0, 5))
def test_what_is_remembered_is_what_would_be_made(asked: list[list[int]], size: int) -> None:
    memo: Memo[int, str] = Memo(size)
    for keys in asked:
        assert memo.all_of(keys, lambda fresh: [str(key) for key in fresh]) == [str(key) for key in keys]
    assert len(memo) <= 2 * max(1, size)


def test_each_is_made_once_and_some_are_not_kept() -> None:
    made: list[list[int]] = []

    def make(keys: list[int]) -> list[int]:
        made.append(keys)
        return keys

    memo: Memo[int, int] = Memo(8)
    assert memo.all_of([3, 1, 3, 50], make, kept=lambda key: key < 10) == [3, 1, 3, 50]
    assert memo.all_of([1, 50, 3], make) == [1, 50, 3]
    assert memo.all_of([1, 3], make) == [1, 3]
    assert made == [[3, 1, 50], [50]]
