"""Sorting in compiled loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from secondsource.compiling import compiled


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
