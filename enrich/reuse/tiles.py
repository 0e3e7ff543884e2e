"""The tiles of a collage: what thin lines of one tone part from side to side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.regions import Region

_ONE_TONE: Final = 5.0  #: grey levels of deviation along a line, at most: JPEG's own noise
_PICTURE: Final = 15.0  #: … along what stands beside it, at least
_THIN, _BESIDE = 0.06, 0.03  # of the side: a line at most, and what is looked at next to it
_LEAST: Final = 0.2  #: of the side: a tile
_DEEP: Final = 4  #: lines within what lines part
_FILLED: Final = 0.7  #: of a tile is picture, at least: the bar that a caption stands on is none


def tiles(grey: NDArray[np.uint8], solid: NDArray[np.uint8]) -> list[Region]:
    """Where the tiles are, from left to right or from top to bottom; none where it is one picture.

    `grey` is some 500 pixels wide or high; `solid` is 1 where there is a picture, as `regions.pictured` says.
    """
    (height, width), (rows, columns) = grey.shape, solid.shape
    found = [
        Region(left / width, top / height, right / width, bottom / height)
        for left, top, right, bottom in _parted(grey.astype(np.float32), 0, 0, _DEEP)
    ]
    if len(found) < 2:
        return []
    parts = [(tile, tile.pixels(columns, rows)) for tile in found]
    return [tile for tile, (left, top, right, bottom) in parts if solid[top:bottom, left:right].mean() >= _FILLED]


def _parted(grey: NDArray[np.float32], left: int, top: int, deep: int) -> Iterator[tuple[int, int, int, int]]:
    """left, top, right, bottom of each tile, in pixels of the whole."""
    height, width = grey.shape
    for across in (True, False) if deep else ():
        for begin, end in _lines(grey if across else grey.T):
            if across:
                yield from _parted(grey[:, :begin], left, top, deep - 1)
                yield from _parted(grey[:, end:], left + end, top, deep - 1)
            else:
                yield from _parted(grey[:begin], left, top, deep - 1)
                yield from _parted(grey[end:], left, top + end, deep - 1)
            return
    yield left, top, left + width, top + height


def _lines(grey: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """First and past the last of the columns of each line that parts it."""
    width = grey.shape[1]
    deviation = grey.std(axis=0)
    flat = np.concatenate([[False], deviation <= _ONE_TONE, [False]])
    begins, ends = np.flatnonzero(flat[1:] & ~flat[:-1]), np.flatnonzero(flat[:-1] & ~flat[1:])
    beside, least = max(2, round(_BESIDE * width)), _LEAST * width
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if end - begin > _THIN * width or begin < least or width - end < least:
            continue
        # What is next to a line is half line.
        over, under = deviation[max(0, begin - 1 - beside) : begin - 1], deviation[end + 1 : end + 1 + beside]
        if min(over.mean(), under.mean()) >= _PICTURE:
            yield begin - 1, end + 1
