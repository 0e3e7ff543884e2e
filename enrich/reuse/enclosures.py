"""The picture within the picture: what of a shot's frames moves, where bars, captions or a still surround it.

Time tells what one frame cannot: bars are flat in every frame, a caption or an app's buttons stand still while the rest
moves, and a blurred copy beside an upright clip has no fine detail in any frame.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from enrich.reuse.regions import Region

_FLAT: Final = 5.0  #: grey levels of deviation along a row that shows nothing
_MOVES: Final = 4.0  #: grey levels a shot's pixels deviate in time, on the mean, for stillness to say anything
_STILL: Final = 0.2  #: of the movement of the liveliest quarter, under which a row stands still
_BLURRED: Final = 0.3  #: of the middle's fine detail, under which a row is a blurred copy
_LEAST_BAR: Final = 0.06  #: of the side; blurred bars stand on both
_LEAST, _MOST = 0.12, 0.985  # of the frame's area an enclosed picture has
_LOOKED_AT: Final = 16  #: frames of a shot
Lines = NDArray[np.bool_]
Floats = NDArray[np.float32]


def enclosed(shot: NDArray[np.uint8]) -> Region | None:
    """The picture the frames of a shot (n × height × width, grey) enclose; None where they are it to their edges."""
    frames = shot[np.unique(np.linspace(0, len(shot) - 1, min(_LOOKED_AT, len(shot))).round().astype(int))]
    frames = frames.astype(np.float32)
    height, width = frames.shape[1:]
    moving = frames.std(axis=0)
    fine = np.stack([np.abs(frame - cv2.blur(frame, (3, 3))) for frame in frames]).mean(axis=0)
    top, bottom, left, right = 0, height, 0, width
    for _ in range(2):  # trimming one way may show what to trim the other way
        part = np.s_[top:bottom, left:right]
        over, under = _bars(frames[:, top:bottom, left:right], moving[part], fine[part])
        top, bottom = top + over, bottom - under
        part = np.s_[top:bottom, left:right]
        over, under = _bars(frames[:, top:bottom, left:right].transpose(0, 2, 1), moving[part].T, fine[part].T)
        left, right = left + over, right - under
    region = Region(left / width, top / height, right / width, bottom / height)
    if not _LEAST <= region.area <= _MOST or min(bottom - top, right - left) < 32:
        return None
    return region


def _bars(frames: Floats, moving: Floats, fine: Floats) -> tuple[int, int]:
    """Rows to take off above and below."""
    rows = frames.shape[1]
    flat = np.median(frames.std(axis=2), axis=0) < _FLAT
    still = np.zeros(rows, np.bool_)
    if moving.mean() > _MOVES:
        by_row = moving.mean(axis=1)
        still = by_row < _STILL * float(np.percentile(by_row, 75))
    over, under = _edges(flat | still)
    detail = fine.mean(axis=1)
    middle = float(np.median(detail[rows // 3 : max(rows // 3 + 1, 2 * rows // 3)]))
    blurred = _edges((detail < _BLURRED * middle) | flat)
    if min(blurred) >= _LEAST_BAR * rows and 0.5 < (blurred[0] + 1) / (blurred[1] + 1) < 2:
        over, under = max(over, blurred[0]), max(under, blurred[1])
    # One row more where something is taken off: what is next to a bar is half bar.
    over, under = (over + 1 if over else 0), (under + 1 if under else 0)
    return (over, under) if over + under < rows - 16 else (0, 0)


def _edges(dead: Lines) -> tuple[int, int]:
    alive = np.flatnonzero(~dead)
    return (0, 0) if not len(alive) else (int(alive[0]), int(len(dead) - 1 - alive[-1]))
