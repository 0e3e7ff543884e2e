"""Two pictures side by side, with what of one is seen in the other framed in both: for a person to judge."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from secondsource.contracts.messages import Reuse

_HEIGHT = 600  # pixels
_GAP = 24
_GROUND = (32, 36, 40)
_FRAME = (255, 176, 0)

Rgb = NDArray[np.uint8]


def side_by_side(earlier: Rgb, later: Rgb, match: Reuse | None) -> bytes:
    """A PNG: the earlier picture left, the later right; the region of `match`, the earlier's in the later, framed."""
    left, right = _sized(earlier), _sized(later)
    page = Image.new("RGB", (left.width + _GAP + right.width, _HEIGHT), _GROUND)
    page.paste(left, (0, 0))
    page.paste(right, (left.width + _GAP, 0))
    if match is not None:
        draw = ImageDraw.Draw(page)
        here = _corners(match)
        a, b, c, d, e, f = match.transform
        there = [(a * x + b * y + c, d * x + e * y + f) for x, y in here]
        first = [(x * left.width, y * _HEIGHT) for x, y in here]
        second = [(left.width + _GAP + _held(x) * right.width, _held(y) * _HEIGHT) for x, y in there]
        for corners in (first, second):
            draw.line([*corners, corners[0]], fill=_FRAME, width=4)
        for start, end in zip(first, second, strict=True):
            draw.line([start, end], fill=_FRAME, width=1)
    out = BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def _corners(match: Reuse) -> list[tuple[float, float]]:
    left, top, right, bottom = match.region
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _held(share: float) -> float:
    return min(1.0, max(0.0, share))


def _sized(rgb: Rgb) -> Image.Image:
    image = Image.fromarray(rgb)
    width = max(1, min(4 * _HEIGHT, round(image.width * _HEIGHT / image.height)))
    return image.resize((width, _HEIGHT), Image.Resampling.LANCZOS)
