"""Loops over flat arrays that every post goes through, compiled on first use and kept for the next process where that
can be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiled for the argument types it is first called with."""
    try:
        return cast("Function", numba.njit(function, cache=True, nogil=True))
    except RuntimeError:  # nowhere to keep it: a read-only home, as in containers
        return cast("Function", numba.njit(function, nogil=True))


@compiled
def sort(numbers: NDArray[np.int64], many: int) -> None:
    """Put the first so many in order (Shell, "A high-speed sorting procedure", CACM 2, 1959; gaps by Knuth). numpy's
    own takes seconds to compile.
    """
    gap = 1
    while gap < many // 3:
        gap = 3 * gap + 1
    while gap:
        for at in range(gap, many):
            number, place = numbers[at], at
            while place >= gap and numbers[place - gap] > number:
                numbers[place] = numbers[place - gap]
                place -= gap
            numbers[place] = number
        gap //= 3
