"""Laid one over the other, do two squeezed frames show the same? How much of what is to be seen agrees, place by place.

Clips share captions, logos and the frames of apps, and a hash of the whole may be mostly those. They stand still while
the clip moves: what moves must agree for itself, where there is enough of it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from enrich.reuse.clip_frames import Grey

_WINDOW: Final = (7, 7)
_TEXTURED: Final = 3.0  #: grey levels of deviation in a window, under which there is nothing to compare
_CAP: Final = 12.0  #: deviation beyond which more contrast weighs no more: letters have much, faces little
_AGREES: Final = 0.5  #: correlation of a window from which it does
_LEAST: Final = 0.08  #: of the square that must be textured for it to say anything
_STILL: Final = 3.0  #: grey levels a place deviates in time, under which it stands still
FEWEST: Final = 3  #: moments of a clip that tell what stands still
_FILLED: Final = 0.3  #: of a window that must be looked at
Floats = NDArray[np.float32]
Places = NDArray[np.bool_]


def standing(moments: Grey) -> Places:
    """Where n squares of one clip are all the same; nowhere where they are too few to tell."""
    if len(moments) < FEWEST:
        return np.zeros(moments.shape[1:], np.bool_)
    return np.asarray(moments.astype(np.float32).std(axis=0) < _STILL)


def agreeing(old: Grey, new: Grey, still: Places | None = None) -> float:
    """0..1, of two squares of one size: the share of the textured places of either that correlate.

    Of all of them, and of those that are not `still` in both clips, the lesser; 0 where there is too little to see.
    """
    a, b = old.astype(np.float32), new.astype(np.float32)
    whole = _share(a, b, np.ones(a.shape, np.float32))
    if whole is None or still is None or not still.any():
        return whole or 0.0
    moving = _share(a, b, (~still).astype(np.float32))
    return whole if moving is None else min(whole, moving)


def _share(a: Floats, b: Floats, there: Floats) -> float | None:
    """Of the textured places that are there; None where they are too few to say anything."""
    filled = cv2.blur(there, _WINDOW)
    count = np.maximum(filled, 1e-3)
    mean_a, mean_b = cv2.blur(a * there, _WINDOW) / count, cv2.blur(b * there, _WINDOW) / count
    var_a = np.maximum(cv2.blur(a * a * there, _WINDOW) / count - mean_a * mean_a, 0)
    var_b = np.maximum(cv2.blur(b * b * there, _WINDOW) / count - mean_b * mean_b, 0)
    both = cv2.blur(a * b * there, _WINDOW) / count - mean_a * mean_b
    deviation = np.where((there > 0) & (filled > _FILLED), np.sqrt(np.maximum(var_a, var_b)), 0)
    weight = np.where(deviation > _TEXTURED, np.minimum(deviation, _CAP), 0)
    if float((weight > 0).mean()) < _LEAST:
        return None
    alike = both / np.sqrt((var_a + 2.0) * (var_b + 2.0))
    return float(weight[alike > _AGREES].sum() / weight.sum())
