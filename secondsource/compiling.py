"""Loops over flat arrays that numpy has no words for, compiled on first use and kept for the next process where that
can be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiled for the argument types it is first called with."""
    try:
        return cast("Function", numba.njit(function, cache=True, nogil=True))
    except RuntimeError:  # nowhere to keep it: a read-only home, as in containers
        return cast("Function", numba.njit(function, nogil=True))
