"""Loops that numpy has no words for, compiled on first use and kept for the next process where that can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiled for the argument types it is first called with."""
    try:
        return cast("Function", numba.njit(function, cache=True, nogil=True))
    except RuntimeError:  # nowhere to keep it: a read-only home, as in containers
        return cast("Function", numba.njit(function, nogil=True))


def _ones(_context: Any, _value: Any) -> Any:
    def build(_compiler: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), build


#: How many bits of a uint64 are set, in compiled code: one instruction.
ones: Callable[[Any], Any] = cast("Callable[[Any], Any]", intrinsic(_ones))
