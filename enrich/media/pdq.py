"""PDQ: 256 bits that say what a picture looks like from afar, to the bit those of the reference implementation.

Davis & Rosen, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (Facebook, 2019), §3: luma is
smoothed by two box filters along each axis, sampled at 64 × 64 places, and its 16 × 16 lowest frequencies but the
zeroth are each compared with their median. What happens along an axis is one matrix, of which few numbers in a row are
not zero: so each pixel is read once, and the hashes of the picture mirrored and turned cost little more. (The
reference walks down columns, which where rows are 1,024 pixels long takes twenty times as long.)
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_SIDE, _KEPT = 64, 16
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_MEDIAN: Final = _KEPT * _KEPT // 2 - 1  # the lower of the two in the middle
_STEEP: Final = 90  #: steps of quality 1 that make up 100
_WAVES: Final = np.asarray(
    np.sqrt(2 / _SIDE) * np.cos(np.pi / (2 * _SIDE) * np.outer(np.arange(1, _KEPT + 1), 2 * np.arange(_SIDE) + 1)),
    np.float32,
)
Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Hashed(NamedTuple):
    """`codes` n × 32 bytes, the highest frequencies first; `quality` 0..100: how much there is to be seen, and `places`
    0..89: in how many places, however strongly.
    """

    codes: NDArray[np.uint8]
    quality: int
    places: int


def pdq(picture: Pixels) -> Hashed:
    """The hash of a picture, height × width × 3 (red first) or height × width (grey): `codes` is 1 × 32."""
    small = _columns(_rows(picture, _along(picture.shape[0])), _along(picture.shape[1]))
    return Hashed(_coded([small]), *_quality(small))


def pdq_turned(picture: Pixels) -> Hashed:
    """The hashes of a picture in its eight orientations, `codes` is 8 × 32: as it is; turned by 90°, 180° and 270°
    counter-clockwise; upside down; mirrored; turned by 270° and mirrored; turned by 90° and mirrored.

    `quality` and `places` are those of the picture as it is.
    """
    down, across = _along(picture.shape[0]), _along(picture.shape[1])
    rows, flipped = _rows(picture, down), _rows(picture[::-1], down)
    small, mirrored = _columns(rows, across), _columns(rows[:, ::-1], across)
    upside_down, turned = _columns(flipped, across), _columns(flipped[:, ::-1], across)
    ways = [small, mirrored.T, turned, upside_down.T, upside_down, mirrored, small.T, turned.T]
    return Hashed(_coded(ways), *_quality(small))


class _Along(NamedTuple):
    """For each of the 64 places along an axis which pixels are summed up there, 64 × m, and by which `weights`."""

    pixels: NDArray[np.intp]
    weights: Floats


@lru_cache(maxsize=256)
def _along(length: int) -> _Along:
    """Two box filters, each cut off at the ends of the axis, then the 64 places."""
    wide = (length + 2 * _SIDE - 1) // (2 * _SIDE)
    ahead = (wide + 2) // 2

    def window(at: int) -> tuple[int, int]:
        return max(0, at + ahead - wide), min(length, at + ahead)

    sums = np.zeros((_SIDE, length))
    firsts = np.empty(_SIDE, np.intp)
    for place, row in enumerate(sums):
        first, last = window(int((place + 0.5) * length / _SIDE))
        for at in range(first, last):
            low, high = window(at)
            row[low:high] += 1 / ((high - low) * (last - first))
        firsts[place] = window(first)[0]
    most = int(np.count_nonzero(sums, axis=1).max())
    pixels = np.minimum(firsts, length - most)[:, None] + np.arange(most)
    return _Along(pixels, np.take_along_axis(sums, pixels, axis=1).astype(np.float32))


def _rows(picture: Pixels, along: _Along) -> Floats:
    """64 × width: luma at 64 places down."""
    height, width = picture.shape[:2]
    flat = picture.reshape(height, -1)
    rows = np.empty((_SIDE, flat.shape[1]), np.float32)
    for row, pixels, weights in zip(rows, along.pixels, along.weights, strict=True):
        # Not a BLAS product: it would spread this over threads, which wait for each other busily.
        np.einsum("i,ij->j", weights, flat[pixels[0] : pixels[-1] + 1].astype(np.float32), out=row)
    return rows if picture.ndim == 2 else np.asarray(rows.reshape(_SIDE, width, 3) @ _LUMA, np.float32)


def _columns(rows: Floats, along: _Along) -> Floats:
    """64 × 64 of the rows."""
    return np.asarray(np.einsum("ijk,jk->ij", rows[:, along.pixels], along.weights), np.float32)


def _coded(smalls: list[Floats]) -> NDArray[np.uint8]:
    waves = np.stack([_WAVES @ small @ _WAVES.T for small in smalls]).reshape(len(smalls), -1)
    above = waves > np.partition(waves, _MEDIAN, axis=1)[:, _MEDIAN : _MEDIAN + 1]
    return np.packbits(above[:, ::-1], axis=1)


def _quality(small: Floats) -> tuple[int, int]:
    """The reference's: steps between neighbours, in whole hundredths of all there are from black to white; and how many
    steps there are, on its scale.
    """
    steps = [np.trunc(np.diff(small, axis=axis) * (100 / 255)) for axis in (0, 1)]
    steep, many = sum(np.abs(each).sum() for each in steps), sum(np.count_nonzero(each) for each in steps)
    return min(100, int(steep) // _STEEP), int(many) // _STEEP
