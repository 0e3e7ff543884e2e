"""When two pictures are one, and a match of them seen from the other side: what the archive and the alerts share."""

from __future__ import annotations

from msgspec.structs import replace

from secondsource.contracts.messages import UNMOVED, WHOLE, Reuse

USABLE = 50  #: quality under which a picture is too flat to match on (Davis & Rosen 2019, §4)
NEAR = 31  #: PDQ's own threshold: at most so many of 256 bits differ (same paper, §7)
_RICH, _FEW = 70, 12  # measured: `same_bits`
_FLAT = 1e-9  # determinant under which a transform cannot be turned round


def same_bits(one: int, other: int) -> int:
    """In how many of 256 bits the fingerprints of one picture may differ, by the two's qualities; -1: they say nothing.

    Where something is to be seen in fewer than a fifth of the places, that may be a channel's headline and logo, alike
    in all it shows at night. Of such strangers one pair in forty is within 31 bits, so asked one in 250 to 500; of
    dark pictures saved again 83 to 91 % are found so (`python -m benchmarks.media_dark`).
    """
    least = min(one, other)
    if least < USABLE:
        return -1
    return NEAR if least >= _RICH else _FEW


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
