"""Which archived clips are in this one, and which seconds of it are which of theirs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.bits import ones
from enrich.reuse.clip_alignment import FAR, Pairs, Piece, pieces
from enrich.reuse.clip_archive import Archived
from enrich.reuse.clip_kept import NO_THUMB
from enrich.reuse.clip_pixels import FEWEST, Places, agreeing, standing
from enrich.reuse.clip_prints import ARCHIVED_EVERY, MIRRORED, ClipPrint, Moments, turned
from secondsource.compiling import compiled

USABLE: Final = 50  #: PDQ quality under which a moment is too flat to match on (Davis & Rosen 2019, §4)
PICTURE: Final = 31  #: bits within which a single moment may speak for a clip that shows nothing else (same, §7)
ACCEPTED: Final = 0.5  #: confidence
_LOOKED_AT: Final = 64  #: clips aligned for one that is asked about
_ROOM: Final = (
    3_000_000  #: pairs aligned at once; of clips that stand still, every second moment is left out, and so on
)
_bits: Any = ones  # an intrinsic, whose types are numba's own
_ALIKE: Final = 5  #: moments beside the one matched that are tried for the likest


class Stretch(NamedTuple):
    """Seconds from and to: of the clip asked about, and of the archived one. `speed` archived seconds a second."""

    asked: tuple[float, float]
    kept: tuple[float, float]
    speed: float
    confidence: float
    moments: int


class ClipMatch(NamedTuple):
    """An archived clip by name; `turn` is the orientation of `pdq_turned`, 5 where mirrored; stretches in order."""

    name: str
    confidence: float
    turn: int
    stretches: tuple[Stretch, ...]

    @property
    def moments(self) -> int:
        return sum(stretch.moments for stretch in self.stretches)


def search(print_: ClipPrint, archive: Archived) -> list[ClipMatch]:
    """Every archived clip of which a stretch is in this one, surest first."""
    usable = print_.moments.quality >= USABLE
    best: dict[int, ClipMatch] = {}
    for clip, turn in _candidates(print_.moments, usable, archive):
        match = _aligned(print_, usable, archive, clip, turn)
        if match is not None and match.confidence > getattr(best.get(clip), "confidence", 0.0):
            best[clip] = match
    return sorted(best.values(), key=lambda match: (-match.confidence, match.name))


def _candidates(asked: Moments, usable: NDArray[np.bool_], archive: Archived) -> list[tuple[int, int]]:
    """Clip and orientation, most moments first. Exact: every usable moment against every archived one."""
    if not len(archive.moments) or not usable.any():
        return []
    found: list[tuple[int, int, int]] = []
    for turn in range(8):
        # Turned and flipped clips are rare: their moments are first looked for twice a second.
        rows = usable if turn in {0, MIRRORED} else usable & asked.kept
        codes = np.ascontiguousarray(asked.hashes[rows, turn])
        hits = np.zeros(len(archive.clips), np.int64)
        moments = archive.moments
        _scan(moments["pdq"], moments["quality"], moments["clip"], codes, FAR, USABLE, hits)
        found += [(-int(hits[clip]), int(clip), turn) for clip in np.flatnonzero(hits)]
    return [(clip, turn) for _, clip, turn in sorted(found)[:_LOOKED_AT]]


@compiled
def _scan(pdq: Any, quality: Any, clip: Any, asked: Any, far: Any, usable: Any, hits: Any) -> None:
    """Count for each clip its moments that are within `far` bits of any that is asked."""
    for i in range(len(clip)):
        if quality[i] < usable:
            continue
        a, b, c, d = pdq[i, 0], pdq[i, 1], pdq[i, 2], pdq[i, 3]
        for j in range(len(asked)):
            apart = np.int64(_bits(a ^ asked[j, 0])) + np.int64(_bits(b ^ asked[j, 1]))
            if apart <= far:
                apart += np.int64(_bits(c ^ asked[j, 2])) + np.int64(_bits(d ^ asked[j, 3]))
                if apart <= far:
                    hits[clip[i]] += 1
                    break


def _aligned(print_: ClipPrint, usable: NDArray[np.bool_], archive: Archived, clip: int, turn: int) -> ClipMatch | None:
    rows = archive.moments_of(clip)
    rows = rows[rows["quality"] >= USABLE]
    asked = np.flatnonzero(usable)
    kept_at, kept = np.unique(rows["milliseconds"], return_inverse=True)
    times, asked_time = np.unique(print_.moments.at[asked], return_inverse=True)
    pdq = np.ascontiguousarray(rows["pdq"])
    pairs, by = _pairs(print_.moments.hashes[asked, turn], pdq, asked_time, kept)
    first = np.unique(kept, return_index=True)[1]
    asked_at, seconds = times.astype(np.float64), kept_at / 1000
    found = []
    for piece in pieces(pairs, asked_at, seconds, pdq[first]):
        share = _agreeing(print_.moments, asked, archive, rows, piece, by, turn)
        sure = confidence(piece, share)
        if sure >= ACCEPTED:
            found.append(
                _stretch(
                    piece, asked_at, seconds, print_.seconds, int(archive.clips["milliseconds"][clip]) / 1000, sure
                )
            )
    if not found:
        return None
    doubt = float(np.prod([1 - stretch.confidence for stretch in found]))
    return ClipMatch(archive.name(clip), round(1 - doubt, 4), turn, tuple(sorted(found)))


def _pairs(
    asked: NDArray[np.uint64], kept: NDArray[np.uint64], asked_time: NDArray[np.intp], kept_time: NDArray[np.intp]
) -> tuple[Pairs, dict[tuple[int, int], tuple[int, int]]]:
    """Pairs of times that look alike in any of what is shown at them; and for each, which look and which row."""
    found = _near(asked, kept, FAR, np.empty((1 << 16, 3), np.int32))
    if found[0] > 1 << 16:
        found = _near(asked, kept, FAR, np.empty((min(found[0], _ROOM), 3), np.int32))
    count, out = found
    out = out[: min(count, len(out))].astype(np.int64)
    t, s = asked_time[out[:, 0]], kept_time[out[:, 1]]
    order = np.lexsort((out[:, 2], t, s))
    first = np.concatenate([[True], (np.diff(s[order]) != 0) | (np.diff(t[order]) != 0)]) if len(order) else order
    order = order[np.flatnonzero(first)]
    again = np.lexsort((out[order, 2], s[order]))
    order = order[again]
    by = {
        (int(a), int(b)): (int(i), int(j))
        for a, b, (i, j, _) in zip(t[order], s[order], out[order].tolist(), strict=True)
    }
    return Pairs(t[order], s[order], out[order, 2]), by


@compiled
def _near(asked: Any, kept: Any, far: Any, out: Any) -> Any:
    found = 0
    for i in range(len(asked)):
        for j in range(len(kept)):
            apart = np.int64(_bits(asked[i, 0] ^ kept[j, 0])) + np.int64(_bits(asked[i, 1] ^ kept[j, 1]))
            if apart <= far:
                apart += np.int64(_bits(asked[i, 2] ^ kept[j, 2])) + np.int64(_bits(asked[i, 3] ^ kept[j, 3]))
                if apart <= far:
                    if found < len(out):
                        out[found, 0], out[found, 1], out[found, 2] = i, j, apart
                    found += 1
    return found, out


def _agreeing(
    moments: Moments, asked: NDArray[np.intp], archive: Archived, rows: NDArray[Any], piece: Piece,
    by: dict[tuple[int, int], tuple[int, int]], turn: int,
) -> float | None:  # fmt: skip
    """Share of what is to be seen that agrees, pixel by pixel, at the piece's key frames: the upper middle of them.

    None where no key frame is in it.
    """
    shares = []
    compared = [by[pair] for pair in zip(piece.pairs.asked.tolist(), piece.pairs.kept.tolist(), strict=True)]
    still = _standing(moments, asked, archive, rows, compared, turn)
    for look, row in compared:
        thumb = int(rows["thumb"][row])
        if thumb == NO_THUMB:
            continue
        old = np.ascontiguousarray(archive.thumbs[thumb])
        near = range(max(0, look - _ALIKE), min(len(asked), look + _ALIKE + 1))
        same = [i for i in near if moments.enclosed[asked[i]] == moments.enclosed[asked[look]]]
        shares.append(max(agreeing(old, turned(moments.thumbs[asked[i]], turn), still) for i in same))
    return float(np.quantile(shares, 0.6)) if shares else None


def _standing(
    moments: Moments, asked: NDArray[np.intp], archive: Archived, rows: NDArray[Any],
    compared: Sequence[tuple[int, int]], turn: int,
) -> Places | None:  # fmt: skip
    """Where neither clip changes through what is compared of them; None where that is more than one view of either.

    Few key frames are in a short piece: then all that the archive has of that view tell.
    """
    looks, kept = (np.array(sorted(set(each))) for each in zip(*compared, strict=True))
    views = np.unique(moments.enclosed[asked[looks]]), np.unique(rows["enclosed"][kept])
    if any(len(view) != 1 for view in views):
        return None
    pictured = np.flatnonzero(rows["thumb"] != NO_THUMB)
    here = np.intersect1d(pictured, kept)
    if len(here) < FEWEST:
        here = pictured[rows["enclosed"][pictured] == views[1][0]]
    old = standing(archive.thumbs[rows["thumb"][here]])
    new = standing(moments.thumbs[asked[looks]])
    return np.asarray(old & turned(new.astype(np.uint8), turn).astype(np.bool_))


def confidence(piece: Piece, share: float | None) -> float:
    """0..1: how sure it is that this stretch is the same film, 1 − 2^−evidence tempered by what the pixels say.

    `evidence` is in moments that agree fully and are new (`Piece`). Pixels temper linearly, from nothing where a
    quarter of what is to be seen agrees to all where six tenths do. One moment alone is believed within PDQ's own
    threshold only.
    """
    hashes = 1 - math.exp2(-piece.evidence)
    if piece.evidence < 1.5 and piece.nearest > PICTURE:
        return 0.0
    if share is None:
        return hashes if piece.evidence >= 4 else 0.0
    return round(hashes * min(1.0, max(0.0, (share - 0.25) / 0.35)), 4)


def _stretch(piece: Piece, asked_at: Any, kept_at: Any, asked_end: float, kept_end: float, sure: float) -> Stretch:
    """An archived moment speaks for half the time to the next on either side."""
    t, s = asked_at[piece.pairs.asked], kept_at[piece.pairs.kept]
    half = ARCHIVED_EVERY / 2
    asked = max(0.0, float(t.min()) - half), min(asked_end, float(t.max()) + half)
    kept = max(0.0, float(s.min()) - half), min(kept_end, float(s.max()) + half)
    whole = tuple(round(value, 2) for value in (*asked, *kept))
    return Stretch(whole[:2], whole[2:], round(piece.speed, 3), round(sure, 4), len(t))  # type: ignore[arg-type] # two of four
