"""The pictures in a picture, the whole of it first, each hashed in its eight orientations: what stage one compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from enrich.media.pdq import Hashed, pdq_turned
from enrich.reuse.regions import WHOLE, Region, pictured, regions
from enrich.reuse.tiles import tiles

_HASHED: Final = 512  # longest side of what PDQ is given: it looks at 64 × 64 of it
_LEAST: Final = 32  # pixels of a side
_SAME: Final = 0.03  # of the sides by which the edges of one rectangle may differ


class Rectangle(NamedTuple):
    """The whole of a picture, or a picture within it, hashed in eight orientations."""

    region: Region
    hashed: Hashed


def rectangles(rgb: NDArray[np.uint8]) -> tuple[Rectangle, ...]:
    """What is hashed of a picture, height × width × 3, upright; nothing where it has fewer than 32 pixels a side."""
    solid = pictured(rgb)
    return hashed_parts(rgb, solid, regions(solid))


def hashed_parts(rgb: NDArray[np.uint8], solid: NDArray[np.uint8], within: Sequence[Region]) -> tuple[Rectangle, ...]:
    """The whole, the pictures found `within`, and the tiles of which it is made; see `regions.pictured` for `solid`."""
    height, width = rgb.shape[:2]
    by = min(1.0, _HASHED / max(height, width))
    if by < 1:
        rgb = np.asarray(
            cv2.resize(rgb, (max(8, round(width * by)), max(8, round(height * by))), interpolation=cv2.INTER_AREA)
        )
    height, width = rgb.shape[:2]
    made_of = tiles(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8), solid)
    new = [tile for tile in made_of if not any(_nearly(tile, region) for region in within)]
    found = []
    for part in (WHOLE, *within, *new):
        left, top, right, bottom = part.pixels(width, height)
        if min(right - left, bottom - top) >= _LEAST:
            found.append(Rectangle(part, pdq_turned(rgb[top:bottom, left:right])))
    return tuple(found)


def _nearly(one: Region, other: Region) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < _SAME
