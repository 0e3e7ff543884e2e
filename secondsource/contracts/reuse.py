"""When two pictures are one, how one is seen in another, and a match seen from the other side: what the archive and
the alerts share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from secondsource.contracts.messages import (
    BYTES_OF_VIEW,
    UNMOVED,
    WHOLE,
    Picture,
    Region,
    Reuse,
    Sketch,
    Transform,
    View,
)

FEWEST_WORDS = 5  #: words that can be read in a picture, for it to be known by them
USABLE = 50  #: quality under which a picture is too flat to match on (Davis & Rosen 2019, §4)
BYTES_OF_PDQ = BYTES_OF_VIEW // 8
NEAR = 31  #: PDQ's own threshold: at most so many of 256 bits differ (same paper, §7)
_RICH, _FEW = 70, 12  # measured: `same_bits`
_STRANGERS = 80  # bits from which two hashes are of different pictures; of strangers' half differ, 128 of 256
_FAR_LARGER = 2.0  # times the area of the next, for one to be what a picture is about
_FLAT = 1e-9  # determinant under which a transform cannot be turned round
#: Measured: of 440 pairs within these bits, edited photographs and what they were made of, as wholes or views, none
#: were strangers; so at most one in a hundred is (`python -m benchmarks.media_reuse` counts both).
LIKENESS_RIGHT = 0.99

#: How the eight orientations of a view stand to the picture as it is: 2 × 2, by rows, over shares about the centre. A
#: hash of the picture turned so is the hash of what was archived; the matrix takes what was archived back.
TURNS: Final = (
    ((1, 0), (0, 1)),
    ((0, -1), (1, 0)),
    ((-1, 0), (0, -1)),
    ((0, 1), (-1, 0)),
    ((1, 0), (0, -1)),
    ((-1, 0), (0, 1)),
    ((0, 1), (1, 0)),
    ((0, -1), (-1, 0)),
)


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


def about(views: Sequence[View]) -> View | None:
    """What a picture encloses if that is one picture: a collage is about none of its tiles."""
    enclosed = [view for view in views if view.region != WHOLE]
    if not enclosed or (len(enclosed) > 1 and area(enclosed[0].region) < _FAR_LARGER * area(enclosed[1].region)):
        return None
    return enclosed[0]


def inside(views: Sequence[View], turn: int = 0) -> bytes:
    """The hash of what a picture is `about`, in that orientation; b"" where that is the picture itself."""
    view = about(views)
    return b"" if view is None else view.codes[turn * BYTES_OF_PDQ : (turn + 1) * BYTES_OF_PDQ]


def only_dressed_alike(one: bytes, other: bytes) -> bool:
    """Whether two pictures that look alike do so by what surrounds them alone: an app's page, a channel's frame.

    `one`, `other`: what is `inside` of them.
    """
    return bool(one) and bool(other) and (int.from_bytes(one) ^ int.from_bytes(other)).bit_count() > _STRANGERS


def known_by_text(picture: Picture) -> bool:
    """Whether a picture is what its text is: PDQ has little to say of it, and it has words enough."""
    words = picture.words
    return bool(picture.pdq) and picture.quality < USABLE and words is not None and words.words >= FEWEST_WORDS


def marks(words: Sketch) -> tuple[int, ...]:
    """What the text of such a picture is found again by, the whole of it first; 63 bits each."""
    return (int(words.exact[:15], 16), *words.bands)


def area(region: Region) -> float:
    """Share of its picture."""
    left, top, right, bottom = region
    return (right - left) * (bottom - top)


def alike(picture: str, distance: int, *, here: Region, turn: int, there: Region) -> Reuse:
    """That the region `there` of `picture` is seen in the region `here` of another, in that orientation of `TURNS`."""
    if here == there == WHOLE and not turn:
        return Reuse(picture=picture, kind="hash", distance=distance, confidence=LIKENESS_RIGHT)
    (xx, xy), (yx, yy) = TURNS[turn]
    wide, high = here[2] - here[0], here[3] - here[1]
    across, down = there[2] - there[0], there[3] - there[1]
    a, b, d, e = xx * wide / across, xy * wide / down, yx * high / across, yy * high / down
    x, y = (there[0] + there[2]) / 2, (there[1] + there[3]) / 2
    to = (a, b, (here[0] + here[2]) / 2 - a * x - b * y, d, e, (here[1] + here[3]) / 2 - d * x - e * y)
    transform = _rounded(to)
    return Reuse(
        picture=picture, kind="hash", distance=distance, confidence=LIKENESS_RIGHT, region=there, transform=transform
    )


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


def composed(first: Reuse, second: Reuse) -> Reuse:
    """`first` says what of a picture is seen in a second one, `second` what of that one in a third; this says what of
    the first is seen in the third.
    """
    a, b, c, d, e, f = first.transform
    g, h, i, j, k, m = second.transform
    transform = (g * a + h * d, g * b + h * e, g * c + h * f + i, j * a + k * d, j * b + k * e, j * c + k * f + m)
    # where in the first lies what is seen of the second
    there = inverted(replace(inverted(first, ""), region=second.region), "").region
    left, top, right, bottom = first.region
    kept = max(left, there[0]), max(top, there[1]), min(right, there[2]), min(bottom, there[3])
    return replace(
        first,
        distance=max(first.distance, second.distance),
        confidence=min(first.confidence, second.confidence),
        region=kept if kept[0] < kept[2] and kept[1] < kept[3] else first.region,
        transform=_rounded(transform),
    )


def _within(share: float) -> float:
    return round(min(1.0, max(0.0, share)), 4)


def _rounded(numbers: Transform) -> Transform:
    a, b, c, d, e, f = (round(number, 5) for number in numbers)
    return a, b, c, d, e, f
