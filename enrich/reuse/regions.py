"""Where the pictures are in a picture: inside bars and borders, in a screenshot, in the tiles of a collage.

What people build around pictures is flat: one tone, again and again, over whole rows and columns, with letters on it.
Photographs are not. So: find tones that fill flat places, close the gaps that letters leave, and what remains, where
it is large enough, is a picture.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE: Final = 256  #: pixels of the longer side at which it is looked for
_LEAST_AREA, _LEAST_SIDE = 0.02, 0.1  #: of the whole: smaller ones are icons and avatars
_MOST: Final = 6
_FLAT: Final = 3  #: grey levels by which flat neighbours may differ: JPEG's own noise
_COMMON: Final = 0.03  #: of all pixels are flat and of one tone where it is no chance
_JUMP: Final = 120  #: grey levels between neighbours: few edges in photographs are as hard as those of letters
_MANY: Final = 0.22  #: of the places around one
_WHOLE: Final = 0.96  #: of the area: a region as large is the picture itself
_STRAY: Final = 0.05  #: of the area: letters, run together, that are taken for a picture


class Region(NamedTuple):
    """A rectangle in shares of width and height, 0..1."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """left, top, right, bottom; at least one pixel wide and high."""
        left, top = min(width - 1, round(self.left * width)), min(height - 1, round(self.top * height))
        return left, top, max(left + 1, round(self.right * width)), max(top + 1, round(self.bottom * height))


WHOLE: Final = Region(0.0, 0.0, 1.0, 1.0)


def pictured(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Where this is a picture, 1, and where it is interface, 0: at most 256 pixels a side; all 1 for a photograph.

    `rgb` is height × width × 3.
    """
    height, width = rgb.shape[:2]
    by = min(1.0, _SIDE / max(height, width))
    size = max(8, round(width * by)), max(8, round(height * by))
    ground = interface(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)))
    if ground.mean() < 0.02:
        return np.ones_like(ground)
    across, down = max(3, round(size[0] * _LEAST_SIDE / 2)) | 1, max(3, round(size[1] * _LEAST_SIDE / 2)) | 1
    # Specks in a photograph that have the ground's tone are filled; lines of letters, thinner than a picture, go.
    rest = cv2.morphologyEx(1 - ground, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.morphologyEx(rest, cv2.MORPH_OPEN, np.ones((down, across), np.uint8)), dtype=np.uint8)


def is_card(rgb: NDArray[np.uint8]) -> bool:
    """Whether it is flat grounds and what may be letters on them, and no picture is among it."""
    return float(pictured(rgb).mean()) < _STRAY


def interface(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where a picture (height × width × 3) is flat, in a tone that fills much of it."""
    spans = np.maximum.reduce([_spans(small[:, :, i]) for i in range(3)])
    is_flat = spans <= _FLAT
    tones = (small >> 3).astype(np.int32)
    names = (tones[:, :, 0] << 10) | (tones[:, :, 1] << 5) | tones[:, :, 2]
    counts = np.bincount(names[is_flat], minlength=1 << 15)
    # A tone on the edge between two bins is counted with its neighbour.
    common = np.flatnonzero(counts > _COMMON * names.size * 0.5)
    ground = np.zeros(names.shape, np.uint8)
    for name in common:
        tone = np.array([(name >> 10) & 31, (name >> 5) & 31, name & 31], np.float64) * 8 + 4
        near = np.asarray(cv2.inRange(small, tone - 9, tone + 9)) > 0
        there = near & is_flat
        shades = small[there].astype(np.float32)
        if len(shades) > _COMMON * names.size and _one_tone(shades):
            ground |= near.astype(np.uint8)
    return ground


def _one_tone(shades: NDArray[np.float32]) -> bool:
    """Skies and walls are smooth, but no two places alike; what an app or an editor fills is the same all over."""
    return bool((np.abs(shades - np.median(shades, axis=0)).max(axis=1) <= 1.5).mean() > 0.75)


def _spans(channel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Difference between the lightest and the darkest of each 3 × 3 neighbourhood."""
    cross = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(channel, cross) - cv2.erode(channel, cross), dtype=np.uint8)


def lettered(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where letters were set on a picture: many edges that jump from dark to light within two pixels.

    `grey` has some 100,000 pixels.
    """
    jumps = (_spans(grey) > _JUMP).astype(np.float32)
    many = cv2.blur(jumps, (13, 13), borderType=cv2.BORDER_CONSTANT) > _MANY
    return np.asarray(cv2.dilate(many.astype(np.uint8), np.ones((7, 7), np.uint8)), dtype=np.uint8)


def regions(solid: NDArray[np.uint8]) -> list[Region]:
    """Rectangles of what is `pictured`, largest first, at most 6; none where it is one picture to its edges."""
    height, width = solid.shape
    count, _labels, stats, _centres = cv2.connectedComponentsWithStats(solid, connectivity=4)
    found = []
    for left, top, w, h, _pixels in stats[1:count].tolist():
        region = Region(left / width, top / height, (left + w) / width, (top + h) / height)
        filled = solid[top : top + h, left : left + w].mean()
        sides = min(region.right - region.left, region.bottom - region.top)
        if region.area >= _LEAST_AREA and sides >= _LEAST_SIDE and filled > 0.4:
            found.append(region)
    found.sort(key=lambda region: -region.area)
    return [region for region in found if region.area < _WHOLE][:_MOST]
