"""The last word: laid one over the other, do the two pictures show the same?

Features agree on whatever two pictures share: a caption, a logo, an app's buttons. So the archived thumbnail is laid
over the picture asked about and compared place by place, by normalised correlation of small windows, which bears
changes of light and contrast; and what counts is not what agrees but how much of all there is to see does.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from enrich.reuse.elsewhere import MARGIN, elsewhere
from enrich.reuse.vocabulary import Floats

_WINDOW: Final = (7, 7)
_TEXTURED: Final = 3.5  #: grey levels of deviation in a window, under which there is nothing to compare
_ENOUGH: Final = 8.0  #: deviation beyond which more contrast weighs no more
_LETTERS: Final = 55.0  #: deviation that letters on a ground have and photographs seldom: from here on it weighs less
_AGREES: Final = 0.55  #: correlation of a window from which it does
_UNLIKE: Final = 0.3  #: … and under which what is clearly seen in one picture is not in the other
_RIM: Final = 0.15  #: of either side may be frame
_INSIDE: Final = 0.12  #: share of what there is to compare that must lie within the rim
_BETTER: Final = 0.1  #: by how much the whole may agree better than its inner part
_NEXT: Final = np.ones((3, 3), np.uint8)
_SPARSE: Final = (
    0.15  #: share of what is seen that must have something to compare; photographs have twice to six times that
)
_FILLED: Final = 0.3  #: share of a window that must count
_FAINT: Final = 1.2  #: deviation from which there is something to be seen at all
_FULL: Final = 0.35  #: share of a page, chart or drawing where something must be seen
_NEARLY_ALL: Final = 0.85
_CLEARLY: Final = 0.8  #: share of a part beside another picture that must agree
_CLEAR: Final = 250  #: thumbnail pixels with something to compare that are enough
_FEWEST: Final = 150  #: … or so many, where so much of the picture asked about is a small part of the archived one
_ALL_OF_IT: Final = 0.8
_CORNER: Final = 0.5  #: share of either picture under which they but touch, and more must agree: logos stand in corners
_BESIDE: Final = 500  #: … from which on a part that agrees clearly is enough
_SHADE: Final = 1.5  #: deviation in a window of either picture from which its shades are compared
_SEEN_AT_ALL: Final = 0.12  #: share of what both show that must have shades
_LIT: Final = 0.5  #: correlation of how light the places that agree are; one picture has .7 and more after most edits
#: Share that agrees, of how many places, and of all shades, from which another light is no matter: a lamp's, say.
_PLAINLY, _IN_MANY, _MOSTLY = 0.85, 1_000, 0.6
#: Agreement after a move, of that without: edits of one picture have .1 to .65, strangers under one tile .8 and more.
_REPEATS: Final = 0.76
#: Share of shades that must agree: the most, where there is little else; the least, from so many places on.
_AT_MOST, _AT_LEAST, _MUCH, _FALLS = 0.75, 0.42, 1_400, 900
Matrix = NDArray[np.float64]


class Agreement(NamedTuple):
    """How far two pictures laid over one another agree.

    `share` 0..1 of the textured places seen in both that agree; `mean` correlation there; `seen` share of the archived
    picture's textured places that the other shows; `places` how many thumbnail pixels that is.
    """

    share: float
    mean: float
    seen: float
    places: float


NOTHING: Final = Agreement(0.0, 0.0, 0.0, 0.0)


def agreement(thumb: NDArray[np.uint8], grey: NDArray[np.uint8], matrix: Matrix) -> Agreement:
    """Compare a thumbnail with a picture; `matrix` 2 × 3 takes the thumbnail's pixels to the picture's."""
    laid = _on_one_scale(thumb, grey, matrix)
    if laid is None:
        return NOTHING
    a, b, to, solid_a, solid_b = laid
    best = _compared(a, b, to, solid_a, solid_b)
    if 0.15 < best.share < 0.8 and best.places > 30:
        finer = _refined(a, b, to)
        if finer is not None:
            again = _compared(a, b, finer, solid_a, solid_b)
            best = max(best, again)
    return best


def all_agrees(thumb: NDArray[np.uint8], grey: NDArray[np.uint8], matrix: Matrix) -> bool:
    """Whether nearly all that is to be seen agrees, letters, flat grounds and faint shades included.

    This is for copies of pages, charts and drawings, which have little else, and for those alone whose hashes agree: in
    a patterned frame two dark pictures would differ by shades that `agreement` does not look at. And a copy contradicts
    its picture nowhere: two black skies in one frame differ by a lamp in the one, where the other is black.
    """
    laid = _on_one_scale(thumb, grey, matrix)
    if laid is None:
        return False
    a, b, to, *_ = laid
    there = np.asarray(_moved(np.ones(b.shape, np.float32), to, a.shape) > 0.5, dtype=np.float32)
    strength, alike = _shades(a, _moved(b.astype(np.float32), to, a.shape), there)
    shown = strength > _FAINT
    said = int(np.count_nonzero(shown))
    if said <= _FULL * a.size or np.count_nonzero(shown & (alike > _AGREES)) <= _NEARLY_ALL * said:
        return False
    return bool(np.count_nonzero((strength > _TEXTURED) & (alike < _UNLIKE)) <= _WINDOW[0] * _WINDOW[1])


def bears_out(seen: Agreement, thumb: NDArray[np.uint8], grey: NDArray[np.uint8], matrix: Matrix) -> bool:
    """Whether what agrees is more than what two strangers share: enough of it, and shades that are fainter as well.

    Of dark pictures on one channel its logo, its clock and the edges of its headline are the most that is to be seen
    clearly. They are little, and what is faint in either of the two, the night itself, agrees in no more than a third
    of its places by chance. The less there is that agrees clearly, the more of all the rest must, and be it only
    levelled. Where letters lie over all of both they agree wherever they are; but what lies behind them is light and
    dark in other places, and moved by a word they agree again.
    """
    laid = _on_one_scale(thumb, grey, matrix) if seen.places >= _FEWEST else None
    if laid is None:
        return False
    a, b, to, solid_a, solid_b = laid
    if _faintly(seen, a, b, to, solid_a, solid_b):
        return True
    finer = _refined(a, b, to)
    return finer is not None and _faintly(seen, a, b, finer, solid_a, solid_b)


def _faintly(
    seen: Agreement, a: Floats, b: NDArray[np.uint8], matrix: Matrix, solid_a: Floats, solid_b: NDArray[np.uint8]
) -> bool:
    """As `bears_out`, of two pictures on one scale under this move."""
    overlap = np.asarray(_moved(np.ones(b.shape, np.float32), matrix, a.shape) > 0.6)
    within = int(np.count_nonzero(overlap))
    of_a, of_b = within / a.size, within * abs(float(np.linalg.det(matrix[:, :2]))) / b.size
    if seen.places < _CLEAR and of_b < _ALL_OF_IT:
        return False
    if seen.places < _IN_MANY and max(of_a, of_b) < _CORNER:
        return False
    inside = _moved(solid_b, matrix, a.shape, cv2.INTER_NEAREST)
    both = np.asarray(cv2.erode(solid_a, _NEXT) * cv2.erode(inside, _NEXT) * overlap, np.float32)
    laid = _moved(b.astype(np.float32), matrix, a.shape)
    strength, alike = _shades(a, laid, both)
    told = cv2.blur(both, _WINDOW) > _FILLED
    shown = (strength > _SHADE) & told
    said = int(np.count_nonzero(shown))
    little = min(1.0, max(0.0, (_MUCH - seen.places) / _FALLS))
    needed = _AT_LEAST + (_AT_MOST - _AT_LEAST) * little
    agreeing = shown & (alike > _AGREES)
    agreed = int(np.count_nonzero(agreeing))
    plainly = seen.share >= _PLAINLY and seen.places >= _IN_MANY and agreed >= _MOSTLY * said
    if not plainly and not _equally_lit(a, laid, both, agreeing):
        return False
    if said < _SEEN_AT_ALL * within:
        return False
    if agreed < needed * said:
        if seen.places < _BESIDE or seen.share < _CLEARLY:
            return False
        # A tile of a collage: others lie over the rest of the picture, as it was before it was cut.
        top, bottom, left, right = _cut(shown.astype(np.float32), agreeing.astype(np.float32))
        part = np.s_[top:bottom, left:right]
        if np.count_nonzero(agreeing[part]) < _CLEARLY * np.count_nonzero(shown[part]):
            return False
    elif little > 0:
        strength, alike = _shades(_levelled(a, both), _levelled(laid, both), both)
        shown = (strength > _SHADE) & told
        if np.count_nonzero(shown & (alike > _AGREES)) < needed * np.count_nonzero(shown):
            return False
    return not _repeated(a, b, matrix, solid_a, solid_b)


def _repeated(a: Floats, b: NDArray[np.uint8], matrix: Matrix, solid_a: Floats, solid_b: NDArray[np.uint8]) -> bool:
    """Whether they would agree nearly as well somewhere else: what agrees then is a pattern over both."""
    rows, columns = (round(MARGIN * side) for side in a.shape)
    wider = matrix.copy()
    wider[:, 2] -= matrix[:, :2] @ (columns, rows)
    shape = a.shape[0] + 2 * rows, a.shape[1] + 2 * columns
    inside = np.asarray(_moved(np.ones(b.shape, np.float32), wider, shape) > 0.6)
    seen_b = np.asarray(cv2.erode(_moved(solid_b, wider, shape, cv2.INTER_NEAREST), _NEXT) * inside, np.float32)
    around = (rows, rows), (columns, columns)
    seen_a = np.asarray(cv2.erode(np.pad(solid_a, around), _NEXT), np.float32)
    return elsewhere(np.pad(a, around), _moved(b.astype(np.float32), wider, shape), seen_a, seen_b) > _REPEATS


def _equally_lit(a: Floats, b: Floats, there: Floats, agreeing: NDArray[np.bool_]) -> bool:
    """Whether of those places those that are lighter in one picture are so in the other: edits change how light they
    are, but hardly in which order.
    """
    count = np.asarray(np.maximum(cv2.blur(there, _WINDOW), 1e-3))[agreeing]
    means = [np.round(np.asarray(cv2.blur(of * there, _WINDOW))[agreeing] / count) for of in (a, b)]
    ranks = [np.unique(mean, return_inverse=True)[1] for mean in means]
    if not all(rank.any() for rank in ranks):
        return True  # all is equally light in one of them: nothing to go by
    return bool(np.asarray(np.corrcoef(ranks))[0, 1] >= _LIT)


def _shades(a: Floats, b: Floats, there: Floats) -> tuple[Floats, Floats]:
    """For each place that is there the stronger deviation of the two pictures in its window, and their correlation."""
    spread_a, spread_b = _spread(a, there), _spread(b, there)
    alike = _together(a, b, there) / np.sqrt((spread_a**2 + 0.5) * (spread_b**2 + 0.5))
    strength = np.where(there > 0, np.maximum(spread_a, spread_b), 0)
    return np.asarray(strength, np.float32), np.asarray(alike, np.float32)


def _levelled(of: Floats, there: Floats) -> Floats:
    """Without what only grows lighter or darker: any two skies that do so downwards agree in that."""
    return np.asarray((of - cv2.blur(of * there, _WINDOW) / np.maximum(cv2.blur(there, _WINDOW), 1e-3)) * there)


def _moved(
    of: Floats | NDArray[np.uint8], matrix: Matrix, shape: tuple[int, ...], how: int = cv2.INTER_LINEAR
) -> Floats:
    """A picture, laid over the thumbnail of that shape; 0 beyond its edges."""
    size = shape[1], shape[0]
    return np.asarray(cv2.warpAffine(of, matrix.astype(np.float32), size, flags=how | cv2.WARP_INVERSE_MAP), np.float32)


def _on_one_scale(
    thumb: NDArray[np.uint8], grey: NDArray[np.uint8], matrix: Matrix
) -> tuple[Floats, NDArray[np.uint8], Matrix, Floats, NDArray[np.uint8]] | None:
    """Both as large, and the move from one to the other; then where each is picture. None where they are too unlike."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if not 0.02 < scale < 50:
        return None
    a = thumb.astype(np.float32)
    b, to = grey, matrix.copy()
    solid_a = (thumb & 1).astype(np.float32)
    solid_b = grey & np.uint8(1)
    if scale > 1.2:  # so that one pixel of the thumbnail is one of the picture
        size = max(8, round(grey.shape[1] / scale)), max(8, round(grey.shape[0] / scale))
        b = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
        solid_b = np.asarray(cv2.resize(solid_b, size, interpolation=cv2.INTER_NEAREST))
        sx, sy = size[0] / grey.shape[1], size[1] / grey.shape[0]
        # Pixel centres: (x + .5)·s − .5
        to[0] *= sx
        to[1] *= sy
        to[0, 2] += (sx - 1) / 2
        to[1, 2] += (sy - 1) / 2
    elif scale < 0.9:
        a = np.asarray(cv2.GaussianBlur(a, (0, 0), 0.45 / scale), dtype=np.float32)
    return a, b, to, solid_a, solid_b


def _compared(
    a: Floats, b: NDArray[np.uint8], matrix: Matrix, solid_a: Floats, solid_b: NDArray[np.uint8]
) -> Agreement:
    laid = _moved(b.astype(np.float32), matrix, a.shape)
    inside = _moved(solid_b, matrix, a.shape, cv2.INTER_NEAREST)
    whole = cv2.blur(inside, _WINDOW, borderType=cv2.BORDER_CONSTANT)
    # What borders on an interface or on letters is told by them, not by the picture: it has no say.
    there = np.asarray(cv2.erode(solid_a, _NEXT), dtype=np.float32)
    both = there * np.asarray(cv2.erode(inside, _NEXT), dtype=np.float32)
    all_there = float((_worth(_spread(a, there)) * there).sum())
    spread_a, spread_b = _spread(a, both), _spread(laid, both)
    weight = _worth(spread_a) * np.minimum(1.0, (np.maximum(spread_a, _LETTERS) / np.maximum(spread_b, _LETTERS)) ** 2)
    shown = (both > 0) & (whole > 0.7) & (cv2.blur(both, _WINDOW) > _FILLED)
    weight = np.where(shown, weight, 0)
    total = float(weight.sum())
    if total <= 0 or np.count_nonzero(weight) < _SPARSE * np.count_nonzero(shown):
        return NOTHING
    alike = _together(a, laid, both) / np.sqrt((spread_a**2 + 2.0) * (spread_b**2 + 2.0))
    agreeing = weight * (alike > _AGREES)
    share = float(agreeing.sum()) / total
    if 0.3 < share < 0.75:
        top, bottom, left, right = _cut(weight, agreeing)
        inner = np.zeros_like(weight)
        inner[top:bottom, left:right] = weight[top:bottom, left:right]
        if float((agreeing * (inner > 0)).sum()) > _CLEARLY * float(inner.sum()):
            weight, total = inner, float(inner.sum())
            share = float((agreeing * (inner > 0)).sum()) / total
    share = min(share, _within(weight, alike > _AGREES, shown))
    mean = float((weight * alike).sum())
    return Agreement(share, mean / total, total / all_there, float((weight > 0).sum()))


def _worth(spread: Floats) -> Floats:
    """What a window has to say by its deviation: nothing where it is flat, little where it may be letters."""
    said = np.where(spread > _TEXTURED, np.minimum(spread, _ENOUGH), 0)
    return np.asarray(said * np.minimum(1.0, (_LETTERS / np.maximum(spread, 1.0)) ** 2), dtype=np.float32)


def _spread(of: Floats, where: Floats) -> Floats:
    """The deviation in each window, of the places where it counts."""
    return np.asarray(np.sqrt(np.maximum(_together(of, of, where), 0)), dtype=np.float32)


def _together(one: Floats, other: Floats, where: Floats) -> Floats:
    """The covariance in each window, of the places where it counts."""
    count = np.maximum(cv2.blur(where, _WINDOW), 1e-3)
    one_there, other_there = one * where, other * where
    means = cv2.blur(one_there, _WINDOW) / count * (cv2.blur(other_there, _WINDOW) / count)
    return np.asarray(cv2.blur(one_there * other, _WINDOW) / count - means, dtype=np.float32)


def _within(weight: Floats, agrees: NDArray[np.bool_], shown: NDArray[np.bool_]) -> float:
    """At most how far they agree, judged by the inner part of what is seen: frames have no say there.

    Two flat pictures in one patterned frame agree in nearly all that is to be seen, and in nothing inside.
    """
    down, across = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    edge_y, edge_x = round(len(down) * _RIM), round(len(across) * _RIM)
    inside = np.zeros_like(shown)
    inside[down[edge_y : len(down) - edge_y, None], across[None, edge_x : len(across) - edge_x]] = True
    total = float((weight * inside).sum())
    if total < _INSIDE * float(weight.sum()):
        return 0.0
    return float((weight * (inside & agrees)).sum()) / total + _BETTER


def _cut(weight: Floats, agreeing: Floats) -> tuple[int, int, int, int]:
    """What is left where another picture beside this one hides up to a quarter of it from each side.

    top, bottom, left, right of the part that agrees best; never less than the middle, where no caption reaches.
    """
    sums = [np.pad(each.cumsum(0).cumsum(1), ((1, 0), (1, 0))) for each in (weight, agreeing)]
    steps = (0.0, 0.07, 0.13, 0.19, 0.25)
    rows, columns = weight.shape
    tops, lefts = np.array([round(step * rows) for step in steps]), np.array([round(step * columns) for step in steps])
    t, b, le, r = (each.ravel() for each in np.meshgrid(tops, rows - tops, lefts, columns - lefts, indexing="ij"))
    there, agreed = (each[b, r] - each[t, r] - each[b, le] + each[t, le] for each in sums)
    # Of all, the part with most that agrees and least that does not.
    best = int(np.argmax(agreed - 2.0 * (there - agreed)))
    return int(t[best]), int(b[best]), int(le[best]), int(r[best])


def _refined(a: Floats, b: NDArray[np.uint8], matrix: Matrix) -> Matrix | None:
    """The move that makes both most alike (Evangelidis & Psarakis, "Parametric image alignment using enhanced
    correlation coefficient maximization", 2008), from this one.
    """
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 1e-3)
    try:
        _, found = cv2.findTransformECC(
            a,
            b.astype(np.float32),
            matrix.astype(np.float32),
            cv2.MOTION_AFFINE,
            criteria,
            np.ones(a.shape, np.uint8),
            3,
        )
    except cv2.error:  # they have too little in common to follow
        return None
    moved = np.abs(np.asarray(found, np.float64) - matrix)
    if not np.isfinite(moved).all() or moved[:, 2].max() > 4 or moved[:, :2].max() > 0.15 * np.abs(matrix[:, :2]).max():
        return None
    return np.asarray(found, np.float64)
