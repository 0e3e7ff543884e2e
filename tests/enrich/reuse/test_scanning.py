"""However large the archive, a question compares no more than it may, and passes over what is most crowded."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from enrich.reuse.scanning import PASSED_OVER, affordable, alike
from enrich.reuse.segment import Segment, segment
from enrich.reuse.vocabulary import CELLS

#: As many features in each of the first cells as that cell's number says, and none elsewhere.
_CROWDS = np.array([5, 0, 900, 40, 3, 40, 7, 100], np.uint32)


def _crowded() -> Segment:
    starts = np.full(CELLS + 1, int(_CROWDS.sum()), np.uint32)
    starts[: len(_CROWDS)] = np.concatenate([[0], np.cumsum(_CROWDS)[:-1]])
    return segment([])._replace(starts=starts)


@given(st.integers(0, 1_200))
def test_the_least_crowded_cells_are_looked_in_as_far_as_work_goes(work: int) -> None:
    cells = np.arange(8, dtype=np.uint32).reshape(2, 4)
    chosen = affordable([_crowded()], cells, work)
    left = chosen[chosen != PASSED_OVER]
    assert int(_CROWDS[left].sum()) <= work
    over = np.setdiff1d(cells, left)
    assert not len(over) or not len(left) or _CROWDS[over].min() >= _CROWDS[left].max()
    assert (chosen == cells)[chosen != PASSED_OVER].all()


def test_what_is_affordable_is_left_as_it_is() -> None:
    cells = np.arange(8, dtype=np.uint32).reshape(2, 4)
    assert affordable([_crowded()], cells, 1_095) is cells


def test_cells_passed_over_find_nothing() -> None:
    nowhere = np.full((3, 12), PASSED_OVER, np.uint32)
    found = alike(segment([]), nowhere, np.zeros((3, 12), np.uint64))
    assert len(found.hits) == 0
    assert found.shown.tolist() == [0, 0, 0]
