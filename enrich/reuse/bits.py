"""Bits counted, in compiled loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


def _ones(_context: Any, _value: Any) -> Any:
    def build(_compiler: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), build


#: How many bits of a uint64 are set, in compiled code: one instruction.
ones: Callable[[Any], Any] = cast("Callable[[Any], Any]", intrinsic(_ones))
