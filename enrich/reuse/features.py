"""Local features: what single places of a picture look like, whatever the scale, the tilt and the light.

SIFT (Lowe, "Distinctive image features from scale-invariant keypoints", 2004) as OpenCV has it, on grey scaled to one
area; RootSIFT (Arandjelović & Zisserman, "Three things everyone should know to improve object retrieval", 2012, §2);
the strongest spread over a 6 × 6 grid, so that one busy corner does not take all places.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

AREA: Final = 100_000  #: pixels a picture is scaled to; smaller costs recall on small pictures in pictures, larger time
KEPT: Final = 300  #: features of an archived picture
ASKED: Final = 500  #: features of a picture that is looked for: it may show more than what is archived
_GRID: Final = 6
#: Sizes in pixels that part small, middling and large features, and the share of each: the small ones are the sharpest,
#: and the first to go where a picture is scaled down, blurred or drowned in noise.
_BANDS: Final = np.array([4.0, 8.0], np.float32)
_SHARES: Final = np.array([0.5, 0.3, 0.2])
_CONTRAST, _EDGE = 0.01, 15.0  # below OpenCV's defaults: weak features of dim pictures are better than none

Floats = NDArray[np.float32]


class Features(NamedTuple):
    """`places` is n × 4: x and y in pixels of the scaled picture, size in pixels, angle in radians.
    `roots` is n × 128, each of length 1. `width` and `height` are those of the scaled picture.
    Strongest spread first: the first k of n are what would have been taken if k had been asked for.
    """

    places: Floats
    roots: Floats
    width: float
    height: float

    def first(self, count: int) -> Features:
        return self._replace(places=self.places[:count], roots=self.roots[:count])

    def mirrored(self) -> Features:
        """Those of the picture mirrored left to right, to what SIFT would find in it."""
        places = self.places.copy()
        places[:, 0] = self.width - 1 - places[:, 0]
        places[:, 3] = np.pi - places[:, 3]
        return self._replace(places=places, roots=np.ascontiguousarray(self.roots[:, _MIRROR]))


def scaled(grey: NDArray[np.uint8], area: int = AREA) -> NDArray[np.uint8]:
    """Grey of that many pixels, up or down."""
    height, width = grey.shape
    by = (area / (width * height)) ** 0.5
    size = max(16, round(width * by)), max(16, round(height * by))
    how = cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, size, interpolation=how), dtype=np.uint8)


def features(grey: NDArray[np.uint8], count: int = ASKED, worth: NDArray[np.uint8] | None = None) -> Features:
    """At most `count` features of a picture already `scaled`; none of one that is flat.

    `worth`, of the same shape: 0 where there is nothing to look at (letters, an app); taken from there only last.
    """
    height, width = grey.shape
    sift = cv2.SIFT.create(contrastThreshold=_CONTRAST, edgeThreshold=_EDGE)
    found = sift.detect(grey, None)
    if not found:
        return Features(np.zeros((0, 4), np.float32), np.zeros((0, 128), np.float32), width, height)
    spots = np.array([(*p.pt, p.size, p.response) for p in found], np.float32)
    taken, described = sift.compute(grey, [found[i] for i in _spread(spots, width, height, worth)[:count]])
    places = np.array([(*p.pt, p.size, np.deg2rad(p.angle)) for p in taken], np.float32)
    return Features(places, _rooted(np.asarray(described, np.float32)), width, height)


def _spread(spots: Floats, width: int, height: int, worth: NDArray[np.uint8] | None) -> NDArray[np.intp]:
    """Each grid cell's strongest first, then each one's second, and so on; small ones and large ones in turn."""
    across = np.clip((spots[:, 0] * _GRID / width).astype(int), 0, _GRID - 1)
    down = np.clip((spots[:, 1] * _GRID / height).astype(int), 0, _GRID - 1)
    band = np.searchsorted(_BANDS, spots[:, 2])
    group = (down * _GRID + across) * len(_SHARES) + band
    strength = spots[:, 3].copy()
    if worth is not None:
        x = np.clip(np.round(spots[:, 0]).astype(int), 0, width - 1)
        y = np.clip(np.round(spots[:, 1]).astype(int), 0, height - 1)
        strength -= 10 * (worth[y, x] == 0)
    by_group = np.lexsort((-strength, group))
    starts = np.searchsorted(group[by_group], np.arange(_GRID * _GRID * len(_SHARES)))
    rank = np.empty(len(spots))
    rank[by_group] = np.arange(len(spots)) - starts[group[by_group]]
    turn = (rank + 0.5) / _SHARES[band] + 1_000 * (strength < 0)
    return np.lexsort((-strength, turn))


def _rooted(described: Floats) -> Floats:
    sums = np.maximum(described.sum(axis=1, keepdims=True), 1e-6)
    return np.ascontiguousarray(np.sqrt(described / sums), dtype=np.float32)


def _mirror() -> NDArray[np.intp]:
    """Where each of the 128 numbers goes when the picture is mirrored: 4 rows × 4 columns × 8 directions.

    A patch is described in its own turned frame, whose up and down swap; directions go the other way round.
    """
    order = np.arange(128).reshape(4, 4, 8)[::-1]
    return order[:, :, (-np.arange(8)) % 8].reshape(128)


_MIRROR: Final = _mirror()
