"""Laid one over the other, do two squeezed frames show the same? How much of what is to be seen agrees, place by place.

Clips share captions, logos and the frames of apps, and a hash of the whole may be mostly those.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from enrich.reuse.clip_frames import Grey

_WINDOW: Final = (7, 7)
_TEXTURED: Final = 3.0  #: grey levels of deviation in a window, under which there is nothing to compare
_CAP: Final = 12.0  #: deviation beyond which more contrast weighs no more: letters have much, faces little
_AGREES: Final = 0.5  #: correlation of a window from which it does
_LEAST: Final = 0.08  #: of the square that must be textured for it to say anything


def agreeing(old: Grey, new: Grey) -> float:
    """0..1, of two squares of one size: the share of the textured places of either that correlate."""
    a, b = old.astype(np.float32), new.astype(np.float32)
    mean_a, mean_b = cv2.blur(a, _WINDOW), cv2.blur(b, _WINDOW)
    var_a = np.maximum(cv2.blur(a * a, _WINDOW) - mean_a * mean_a, 0)
    var_b = np.maximum(cv2.blur(b * b, _WINDOW) - mean_b * mean_b, 0)
    both = cv2.blur(a * b, _WINDOW) - mean_a * mean_b
    deviation = np.sqrt(np.maximum(var_a, var_b))
    weight = np.where(deviation > _TEXTURED, np.minimum(deviation, _CAP), 0)
    if float((weight > 0).mean()) < _LEAST:
        return 0.0
    alike = both / np.sqrt((var_a + 2.0) * (var_b + 2.0))
    return float(weight[alike > _AGREES].sum() / weight.sum())
