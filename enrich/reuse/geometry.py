"""Which of many look-alike places fit one move of the picture: shift, turn and scale, then a little shear.

One pair of features is enough to say how the picture was shifted, turned and scaled (their places, sizes, angles), so
every pair is tried and the move most others agree with is refined by least squares to an affine one.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.vocabulary import Floats
from secondsource.compiling import compiled

LEAST: Final = 4  #: inliers fewer of which say nothing
_TRIED: Final = 160  #: pairs of one picture that are tried, best first
_LOOSE, _TIGHT = 9.0, 4.5  # pixels, of pictures of 100,000: while moves are tried, and of the refined one
_SCALES, _TURNS = 0.7, 0.6  # by how much sizes (log) and angles of a pair may differ from the move's
Matrix = NDArray[np.float64]


class Move(NamedTuple):
    """`matrix` 2 × 3 takes the archived picture's pixels to those of the one asked about, both of 100,000 pixels.

    `inliers` of the pairs fit; each feature is counted once.
    """

    matrix: Matrix
    inliers: NDArray[np.intp]


def fitting(asked: Floats, kept: Floats, weights: Floats, which: NDArray[np.int32]) -> Move | None:
    """The move most pairs agree with. `asked` and `kept` are n × 4 places; `which` n × 2, the features' numbers."""
    if len(asked) > _TRIED:
        best = np.sort(np.argsort(-weights, kind="stable")[:_TRIED])
        move = fitting(asked[best], kept[best], weights[best], which[best])
        return None if move is None else Move(move.matrix, best[move.inliers])
    if len(asked) < LEAST:
        return None
    inliers = np.flatnonzero(_agreeing(asked, kept, weights, which))
    if len(inliers) < LEAST:
        return None
    matrix: Matrix | None = None
    for _ in range(4):
        matrix = _least_squares(kept[inliers], asked[inliers])
        if matrix is None:
            return None
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        moved = kept[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        off = np.linalg.norm(moved - asked[:, :2], axis=1)
        sized = np.abs(np.log(np.maximum(asked[:, 2], 1e-3) / np.maximum(kept[:, 2] * scale, 1e-3))) < _SCALES
        now = _once(np.flatnonzero((off < _TIGHT * max(1.0, scale)) & sized), off, which)
        if len(now) < LEAST:
            return None
        if np.array_equal(now, inliers):
            break
        inliers = now
    assert matrix is not None
    return Move(matrix, inliers) if _possible(matrix) else None


@compiled
def _agreeing(asked: Any, kept: Any, weights: Any, which: Any) -> Any:
    count = len(asked)
    best_score = 0.0
    best = np.zeros(count, np.bool_)
    now = np.zeros(count, np.bool_)
    for i in range(count):
        scale = asked[i, 2] / kept[i, 2]
        if not 0.05 < scale < 20.0:
            continue
        turn = asked[i, 3] - kept[i, 3]
        cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
        limit = _LOOSE * max(1.0, scale)
        score = 0.0
        last = -1
        for j in range(count):
            now[j] = False
            dx, dy = kept[j, 0] - kept[i, 0], kept[j, 1] - kept[i, 1]
            ex = cosine * dx - sine * dy + asked[i, 0] - asked[j, 0]
            ey = sine * dx + cosine * dy + asked[i, 1] - asked[j, 1]
            far = limit + 0.04 * scale * np.sqrt(dx * dx + dy * dy)
            if ex * ex + ey * ey > far * far:
                continue
            if abs(np.log(asked[j, 2] / kept[j, 2] / scale)) > _SCALES:
                continue
            other = asked[j, 3] - kept[j, 3] - turn
            other -= 2 * np.pi * np.round(other / (2 * np.pi))
            if abs(other) > _TURNS:
                continue
            now[j] = True
            if which[j, 0] != last:  # pairs stand in order of the asked feature
                score += weights[j]
                last = which[j, 0]
        if score > best_score:
            best_score = score
            best[:] = now
    return best


def _once(inliers: NDArray[np.intp], off: Floats, which: NDArray[np.int32]) -> NDArray[np.intp]:
    """Of pairs that share a feature, the one that fits best."""
    order = inliers[np.argsort(off[inliers], kind="stable")]
    for side in (0, 1):
        _, first = np.unique(which[order, side], return_index=True)
        order = order[np.sort(first)]
    return np.sort(order)


def _least_squares(source: Floats, target: Floats) -> Matrix | None:
    """2 × 3 from places to places: affine where enough pairs hold it, else shift, turn and scale."""
    p, q = source[:, :2].astype(np.float64), target[:, :2].astype(np.float64)
    centre_p, centre_q = p.mean(axis=0), q.mean(axis=0)
    p, q = p - centre_p, q - centre_q
    if len(p) >= 8:
        try:
            linear = np.linalg.solve(p.T @ p + 1e-6 * np.eye(2), p.T @ q).T
        except np.linalg.LinAlgError:
            return None
        spread = np.linalg.eigvalsh(p.T @ p / len(p))
        if spread[0] > 36.0 and _possible(np.column_stack([linear, np.zeros(2)])):
            return np.column_stack([linear, centre_q - linear @ centre_p])
    square = float((p * p).sum())
    if square < 1e-6:
        return None
    a = float((p * q).sum()) / square
    b = float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum()) / square
    linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, centre_q - linear @ centre_p])


def _possible(matrix: Matrix) -> bool:
    """Not mirrored, not squeezed beyond what people do to pictures."""
    linear = matrix[:, :2]
    if not np.isfinite(matrix).all() or np.linalg.det(linear) <= 0:
        return False
    large, small = np.linalg.svd(linear, compute_uv=False)
    return bool(small > 0.05 and large < 20 and large / small < 2.2)
