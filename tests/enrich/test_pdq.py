"""The hash against the library that binds its authors' own code, and in eight orientations against turned pixels."""

from __future__ import annotations

import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.media.pdq import Pixels, pdq, pdq_turned

_ROUNDED = 2  # bits that may turn over where a frequency is the median but for how sums were rounded


def painted(height: int, width: int, seed: int) -> Pixels:
    """Shapes and grain in colour, height × width × 3."""
    rng = np.random.default_rng(seed)
    rgb = rng.normal(rng.uniform(60, 190, 3), 12, (height, width, 3))
    y, x = np.mgrid[0:height, 0:width]
    for _ in range(12):
        centre, reach = rng.uniform(0, (height, width)), rng.uniform(0.05, 0.5) * max(height, width)
        near = np.exp(-(((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / reach**2))
        rgb += near[:, :, None] * rng.normal(0, 90, 3)
    return np.clip(rgb, 0, 255).astype(np.uint8)


def bits(codes: Pixels) -> Pixels:
    return np.unpackbits(codes)


@given(st.integers(24, 700), st.integers(24, 1_100), st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_it_is_the_reference_hash_whatever_the_size(height: int, width: int, seed: int) -> None:
    """In fewer than 24 pixels a side some frequencies are nothing: on which side of it is how sums were rounded."""
    picture = painted(height, width, seed)
    found, (wanted, quality) = pdq(picture), pdqhash.compute(picture)
    assert int((bits(found.codes[0]) != wanted).sum()) <= _ROUNDED
    assert abs(found.quality - min(100, quality)) <= 1
    assert found.places <= 89


def _turned(picture: Pixels, way: int) -> Pixels:
    turns, mirrored = ((0, False), (1, False), (2, False), (3, False), (2, True), (0, True), (3, True), (1, True))[way]
    out = np.rot90(picture, turns)
    return np.ascontiguousarray(out[:, ::-1] if mirrored else out)


@pytest.mark.parametrize("way", range(8))
@pytest.mark.parametrize("size", [(128, 128), (333, 500), (60, 201), (512, 1_024)])
def test_an_orientation_has_the_hash_of_the_picture_turned_so(way: int, size: tuple[int, int]) -> None:
    picture = painted(*size, seed=way)
    wanted, _ = pdqhash.compute(_turned(picture, way))
    assert int((bits(pdq_turned(picture).codes[way]) != wanted).sum()) <= _ROUNDED


def test_grey_is_hashed_as_the_same_grey_in_three_channels() -> None:
    grey = painted(200, 300, 3)[:, :, 1]
    assert int((bits(pdq(grey).codes) != bits(pdq(np.stack([grey] * 3, axis=2)).codes)).sum()) <= _ROUNDED


def test_a_flat_picture_has_no_quality() -> None:
    assert pdq(np.full((90, 120, 3), 17, np.uint8)).quality == 0
