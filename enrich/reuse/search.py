"""Has this picture lived before? Hashes first, then features; what either finds is laid over and compared.

Both stages only propose. Whatever they propose is a match where, laid over the archived thumbnail, enough of what is to
be seen agrees (`pixels`): shared captions, frames and apps are proposed, and turned down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.geometry import fitting
from enrich.reuse.pixels import Agreement, agreement, all_agrees, bears_out
from enrich.reuse.prints import Look, normal_size, unpacked
from enrich.reuse.regions import Region
from enrich.reuse.scanning import WEIGHTS, Pairs, affordable, alike, near_hashes, worth
from enrich.reuse.segment import Segment
from enrich.reuse.vocabulary import Floats, vocabulary
from secondsource.contracts.reuse import NEAR, TURNS, USABLE

FAR: Final = 46  #: bits within which a hash proposes
_LOOKED_AT: Final = 32  #: pictures proposed by features, mirrored or not, whose geometry is tried
ACCEPTED: Final = 0.0  #: score from which a proposal is a match
NOTHING_SPEAKS: Final = -1_000.0  #: score of what cannot be judged
_SLOPE, _OFFSET = 0.414, 3.637  # measured: see `confidence`
_LEAST_PLACES: Final = 90  #: thumbnail pixels fewer of which say nothing
_LEAST_INLIERS: Final = 5
Matrix = NDArray[np.float64]


class Match(NamedTuple):
    """An archived picture that is in the one asked about.

    `kind` "hash" carries `distance` in bits of 256, "features" the number of `inliers`. `region` is the part of the
    archived picture that is seen in the other, in shares of its sides; `transform` 2 × 3 takes a place in the archived
    picture to the other, both in shares of width and height (x then y). `confidence` 0..1: see `confidence`.
    """

    name: str
    kind: Literal["hash", "features"]
    confidence: float
    distance: int | None
    inliers: int | None
    region: Region
    transform: tuple[tuple[float, float, float], tuple[float, float, float]]
    mirrored: bool
    agreement: Agreement


class _Proposal(NamedTuple):
    """`matrix` takes pixels of the archived picture to those of the one asked (or its mirror image), at 100,000."""

    picture: int
    matrix: Matrix
    mirrored: bool
    distance: int | None
    inliers: int | None


#: A picture's name, what was proposed, how it agreed, and its score.
Considered = tuple[str, _Proposal, Agreement, float]


def search(look: Look, segments: Iterable[Segment], trace: list[Considered] | None = None) -> list[Match]:
    """Every archived picture that is in this one, surest first. `trace` takes all that was proposed, for study."""
    found: dict[str, Match] = {}
    segments = list(segments)
    proposals = [(within, proposal) for within in segments for proposal in _by_hash(look, within)]
    for within, proposal in [*proposals, *_by_features(look, segments)]:
        match = _checked(look, within, proposal, trace)
        if match is not None and match.confidence > getattr(found.get(match.name), "confidence", 0.0):
            found[match.name] = match
    return sorted(found.values(), key=lambda match: (-match.confidence, match.name))


def _by_hash(look: Look, within: Segment) -> list[_Proposal]:
    rows, meant = [], []
    for number, one in enumerate(look.rectangles):
        if one.hashed.quality >= USABLE:
            rows.append(one.hashed.codes)
            meant += [(number, turn) for turn in range(8)]
    if not rows:
        return []
    asked = np.ascontiguousarray(np.concatenate(rows)).view(">u8").astype(np.uint64).reshape(-1, 4)
    best: dict[int, _Proposal] = {}
    for row, of, distance in sorted(near_hashes(within, asked, FAR), key=lambda each: each[2]):
        picture = int(within.hash_owner[of])
        if within.hash_quality[of] < USABLE or picture in best:
            continue
        number, turn = meant[row]
        matrix, mirrored = _turned(look, within, picture, look.rectangles[number].region, within.region(of), turn)
        best[picture] = _Proposal(picture, matrix, mirrored, distance, None)
    return list(best.values())


def _turned(look: Look, within: Segment, picture: int, asked: Region, kept: Region, turn: int) -> tuple[Matrix, bool]:
    """Region onto region, in that orientation, as pixels at 100,000."""
    kw, kh = normal_size(*within.sizes[picture].tolist())
    height, width = look.grey.shape
    linear = np.array(TURNS[turn], dtype=np.float64)
    mirrored = bool(np.linalg.det(linear) < 0)
    # archived pixel → share of its region about the centre → turned → pixel asked
    into = np.diag([1 / ((kept.right - kept.left) * kw), 1 / ((kept.bottom - kept.top) * kh)])
    centre_kept = np.array([(kept.left + kept.right) / 2 * kw, (kept.top + kept.bottom) / 2 * kh])
    out = np.diag([(asked.right - asked.left) * width, (asked.bottom - asked.top) * height])
    centre_asked = np.array([(asked.left + asked.right) / 2 * width, (asked.top + asked.bottom) / 2 * height])
    whole = out @ linear @ into
    matrix = np.column_stack([whole, centre_asked - whole @ centre_kept])
    if mirrored:
        matrix = _reflected(matrix, width)
    return matrix, mirrored


def _reflected(matrix: Matrix, width: float) -> Matrix:
    """The same, to the mirror image of the picture asked; and back."""
    other = matrix.copy()
    other[0] = -other[0]
    other[0, 2] += width - 1
    return other


def _by_features(look: Look, segments: Sequence[Segment]) -> list[tuple[Segment, _Proposal]]:
    """Of all segments together, those pictures that most features speak for, where one move explains them."""
    total = sum(within.pictures for within in segments)
    if not len(look.reduced) or not total:
        return []
    words = vocabulary()
    said: list[tuple[float, int, bool, int]] = []
    pairs: dict[tuple[int, bool], Pairs] = {}
    worths: dict[bool, Floats] = {}
    for mirrored, reduced in ((False, look.reduced), (True, look.reduced_mirrored)):
        near = words.near_cells(reduced)
        signatures = words.signatures(reduced, near)
        looked_in = affordable(segments, near)
        here = [alike(within, looked_in, signatures) for within in segments]
        worths[mirrored] = worth(np.sum([each.shown for each in here], axis=0), total)
        for number, each in enumerate(here):
            pairs[number, mirrored] = each
            pictures, scores = each.best(segments[number].pictures, worths[mirrored], _LOOKED_AT)
            said += [
                (score, number, mirrored, one) for one, score in zip(pictures.tolist(), scores.tolist(), strict=True)
            ]
    said.sort(reverse=True)
    chosen: dict[tuple[int, bool], list[int]] = {}
    for _, number, mirrored, picture in said[:_LOOKED_AT]:
        chosen.setdefault((number, mirrored), []).append(picture)
    proposals = []
    for (number, mirrored), wanted in chosen.items():
        within = segments[number]
        hits = pairs[number, mirrored].of(np.array(wanted), within.pictures)
        proposals += [(within, proposal) for proposal in _moved(look, within, mirrored, hits, worths[mirrored])]
    return proposals


def _moved(
    look: Look, within: Segment, mirrored: bool, hits: NDArray[np.uint32], worths: Floats
) -> Iterator[_Proposal]:
    places = look.features.mirrored().places if mirrored else look.features.places
    for rows in np.split(hits, np.flatnonzero(np.diff(hits[:, 0])) + 1):
        picture = int(rows[0, 0])
        asked, number = rows[:, 1].astype(np.int32), rows[:, 2].astype(np.int32)
        kept = unpacked(within.places[number], *normal_size(*within.sizes[picture].tolist()))
        weights = WEIGHTS[rows[:, 3]] * worths[asked]
        move = fitting(places[asked], kept, weights, np.stack([asked, number], axis=1))
        if move is not None and len(move.inliers) >= _LEAST_INLIERS:
            yield _Proposal(picture, move.matrix, mirrored, None, len(move.inliers))


def _checked(look: Look, within: Segment, proposal: _Proposal, trace: list[Considered] | None) -> Match | None:
    thumb = within.thumb(proposal.picture)
    grey = look.grey[:, ::-1] if proposal.mirrored else look.grey
    kw, kh = normal_size(*within.sizes[proposal.picture].tolist())
    rows, columns = thumb.shape
    # thumbnail pixel → archived pixel, centres on centres
    up = np.array([[kw / columns, 0, kw / columns / 2 - 0.5], [0, kh / rows, kh / rows / 2 - 0.5], [0, 0, 1]])
    laid = thumb, np.ascontiguousarray(grey), proposal.matrix @ up
    seen = agreement(*laid)
    said = score(seen, proposal.distance, proposal.inliers)
    if said >= ACCEPTED and not bears_out(seen, *laid):
        said = NOTHING_SPEAKS
    near = proposal.distance is not None and proposal.distance <= NEAR
    if said < ACCEPTED and near and all_agrees(*laid):
        said = ACCEPTED
    if trace is not None:
        trace.append((within.name(proposal.picture), proposal, seen, said))
    if said < ACCEPTED:
        return None
    height, width = look.grey.shape
    matrix = _reflected(proposal.matrix, width) if proposal.mirrored else proposal.matrix
    return Match(
        within.name(proposal.picture),
        "features" if proposal.distance is None else "hash",
        confidence(said),
        proposal.distance,
        proposal.inliers,
        _seen_region(matrix, (kw, kh), (width, height)),
        _in_shares(matrix, (kw, kh), (width, height)),
        proposal.mirrored,
        seen,
    )


def score(seen: Agreement, distance: int | None, inliers: int | None) -> float:
    """What speaks for both showing the same, from 0 on enough for a match; far below it where nothing does.

    What agrees of what is to be seen in both says most; little of the archived picture seen, or few features that
    fit one move, must be made up for by agreeing the better. Two features make a move, so only the others speak for
    it. A hash within 31 bits counts as 40 features, and less the farther it is.
    """
    support = float(inliers) if inliers is not None else 40.0 * math.exp(-max(0, (distance or 0) - NEAR) / 15)
    if seen.places < _LEAST_PLACES or support < _LEAST_INLIERS:
        return NOTHING_SPEAKS
    return (
        24 * (min(seen.share, 0.8) - 0.65)
        + 3.5 * min(0.3, math.log((support - 2) / 10))
        + 3 * min(0.2, math.log(max(seen.seen, 1e-6) / 0.3))
    )


def confidence(score_: float) -> float:
    """How many of those proposals that score so are right, 0..1, as measured on edited photographs and on others in the
    same dress (`python -m benchmarks.media_calibration`, seeds 102 and 103), a logistic curve through it (Platt,
    "Probabilistic outputs for support vector machines", 1999).

    It is of proposals, not of matches: those that score less than 0 are turned down though most of them are right.
    """
    return round(1 / (1 + math.exp(min(500.0, -(_SLOPE * score_ + _OFFSET)))), 4)


def _in_shares(
    matrix: Matrix, kept: tuple[float, float], asked: tuple[float, float]
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    rows = np.diag([1 / asked[0], 1 / asked[1]]) @ matrix @ np.diag([kept[0], kept[1], 1])
    (a, b, c), (d, e, f) = np.round(rows, 5).tolist()
    return (a, b, c), (d, e, f)


def _seen_region(matrix: Matrix, kept: tuple[float, float], asked: tuple[float, float]) -> Region:
    """The part of the archived picture whose image lies within the one asked: its bounding box."""
    polygon = np.array([[0, 0], [asked[0], 0], [asked[0], asked[1]], [0, asked[1]]], dtype=np.float64)
    back = np.linalg.inv(matrix[:, :2])
    corners = (polygon - matrix[:, 2]) @ back.T / np.array(kept)
    low, high = np.clip(corners.min(axis=0), 0, 1), np.clip(corners.max(axis=0), 0, 1)
    return Region(*(round(float(v), 4) for v in (low[0], low[1], high[0], high[1])))
