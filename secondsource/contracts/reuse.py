"""A match of two pictures, seen from the other side: geometry that the archive and the alerts share."""

from __future__ import annotations

from msgspec.structs import replace

from secondsource.contracts.messages import UNMOVED, WHOLE, Reuse

_FLAT = 1e-9  # determinant under which a transform cannot be turned round


def inverted(match: Reuse, picture: str) -> Reuse:
    """`match` says what of `match.picture` is seen in `picture`; this says what of `picture` is seen in the other.

    The region is the bounding box of where the other one lies, within the picture.
    """
    match = replace(match, seconds=tuple((there, until, here, end) for here, end, there, until in match.seconds))
    a, b, c, d, e, f = match.transform
    turned = a * e - b * d
    if abs(turned) < _FLAT:
        return replace(match, picture=picture, region=WHOLE, transform=UNMOVED)
    back = (e / turned, -b / turned, (b * f - c * e) / turned, -d / turned, a / turned, (c * d - a * f) / turned)
    left, top, right, bottom = match.region
    corners = [(a * x + b * y + c, d * x + e * y + f) for x in (left, right) for y in (top, bottom)]
    across, down = zip(*((_within(x), _within(y)) for x, y in corners), strict=True)
    region = (min(across), min(down), max(across), max(down))
    return replace(match, picture=picture, region=region, transform=_rounded(back))


def _within(share: float) -> float:
    return round(min(1.0, max(0.0, share)), 4)


def _rounded(
    numbers: tuple[float, float, float, float, float, float],
) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (round(number, 5) for number in numbers)
    return a, b, c, d, e, f
