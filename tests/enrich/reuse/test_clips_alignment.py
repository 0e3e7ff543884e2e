"""Which stretch is which: the laws of laying one clip's moments along another's."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from enrich.reuse.clip_alignment import Pairs, Piece, pieces

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]


def codes(count: int, seed: int) -> Words:
    return np.random.default_rng(seed).integers(0, 1 << 63, (count, 4), dtype=np.uint64)


def halves(count: int) -> Floats:
    """Times of so many moments, two a second."""
    return np.arange(count, dtype=np.float64) / 2


def paired(asked: list[int], kept: list[int], apart: int = 10) -> Pairs:
    order = np.lexsort((asked, kept))
    return Pairs(np.array(asked)[order], np.array(kept)[order], np.full(len(asked), apart)[order])


def aligned(pairs: Pairs, asked_at: Floats, kept_at: Floats, kept: Words) -> list[Piece]:
    return sorted(pieces(pairs, asked_at, kept_at, kept), key=lambda piece: -piece.evidence)


@settings(max_examples=30, deadline=None)
@given(speed=st.floats(0.9, 1.1), offset=st.floats(-5, 20), count=st.integers(20, 60))
def test_speed_and_offset_come_back(speed: float, offset: float, count: int) -> None:
    kept_at = halves(count) + 20
    asked_at: Floats = np.asarray((kept_at - offset) / speed, np.float64)
    found = aligned(paired(list(range(count)), list(range(count))), asked_at, kept_at, codes(count, 1))[0]
    assert len(found.pairs.kept) >= 0.9 * count
    assert abs(found.speed - speed) < 0.03
    middle = float(asked_at.mean())
    assert abs(found.speed * middle + found.offset - float(kept_at.mean())) < 0.2


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_pairs_at_random_are_never_much_evidence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = paired(rng.integers(0, 100, 30).tolist(), rng.integers(0, 100, 30).tolist(), apart=60)
    at = halves(100)
    assert all(piece.evidence < 1.5 for piece in pieces(pairs, at, at, codes(100, seed)))


def test_a_still_picture_is_one_moment_however_long_it_is_shown() -> None:
    same = np.repeat(codes(1, 2), 40, axis=0)
    at = halves(40)
    all_with_all = paired([i for i in range(40) for _ in range(40)], list(range(40)) * 40, apart=0)
    assert all(piece.evidence == 1.0 for piece in pieces(all_with_all, at, at, same))


def test_frames_that_are_missing_do_not_part_a_stretch_but_seconds_do() -> None:
    at = halves(60)
    some = [i for i in range(60) if i % 3 and not 20 <= i < 40]
    found = aligned(paired(some, some), at, at, codes(60, 3))
    spans = sorted((float(at[piece.pairs.kept.min()]), float(at[piece.pairs.kept.max()])) for piece in found)
    assert spans == [(0.5, 9.5), (20.0, 29.5)]


def test_what_is_cut_and_put_in_another_order_is_two_stretches() -> None:
    at = halves(40)
    swapped = [(i + 20) % 40 for i in range(40)]
    found = aligned(paired(list(range(40)), swapped), at, at, codes(40, 4))
    assert {round(piece.offset) for piece in found[:2]} == {10, -10}


def test_nothing_alike_is_nothing() -> None:
    none = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert list(pieces(none, np.arange(3.0), np.arange(3.0), codes(3, 5))) == []
