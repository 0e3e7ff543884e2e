"""Two copies of a picture agree in one place; two pictures under one tiled pattern agree again a tile further."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from enrich.reuse.elsewhere import elsewhere

Floats = NDArray[np.float32]
_SIZE = (48, 64)
_ALL = np.ones(_SIZE, np.float32)


def _scene(number: int, contrast: float = 20.0) -> Floats:
    """Roughness of many sizes."""
    dice = np.random.default_rng(number)
    field = np.full(_SIZE, 110.0, np.float32)
    for cell in (1, 2, 4, 8):
        patch = dice.normal(0, 1, (_SIZE[0] // cell, _SIZE[1] // cell)).repeat(cell, 0).repeat(cell, 1)
        field += np.asarray(contrast / 2 * patch, np.float32)
    return field


def _tiled(number: int) -> Floats:
    """A stamp of 7 × 9 pixels, every 12 down and 16 across."""
    stamp = np.zeros((12, 16), np.float32)
    stamp[2:9, 3:12] = np.random.default_rng(number).choice([0.0, 45.0], (7, 9))
    return np.tile(stamp, (_SIZE[0] // 12, _SIZE[1] // 16))


@given(st.integers(0, 1_000), st.floats(0.5, 1.5), st.floats(-40, 40), st.floats(0, 6))
@settings(deadline=None)
def test_a_copy_agrees_here_and_nowhere_else(number: int, gain: float, lift: float, noise: float) -> None:
    one = _scene(number)
    grain = np.random.default_rng(number).normal(0, noise, _SIZE)
    copy = np.asarray(gain * one + lift + grain, np.float32)
    assert elsewhere(one, copy, _ALL, _ALL) < 0.6


@given(st.integers(0, 1_000))
@settings(deadline=None)
def test_strangers_under_one_tiled_pattern_agree_a_tile_further(number: int) -> None:
    one, other = (_scene(each, 1.5) + _tiled(number) for each in (2 * number, 2 * number + 1))
    assert elsewhere(one, other, _ALL, _ALL) > 0.8


def test_one_picture_under_a_pattern_is_still_one() -> None:
    pattern = _tiled(1)
    assert elsewhere(_scene(5) + pattern, 0.7 * _scene(5) + pattern, _ALL, _ALL) < 0.6


def test_what_is_not_to_be_looked_at_has_no_say() -> None:
    one, other = _scene(1), _scene(1)
    seen = _ALL.copy()
    seen[:, 40:] = 0
    other[:, 40:] = 255 * np.random.default_rng(0).random((_SIZE[0], 24), np.float32)
    assert elsewhere(one, other, _ALL, seen) == pytest.approx(elsewhere(one, _scene(1), _ALL, seen), abs=1e-3)


@pytest.mark.parametrize("seen", [0.0, 1.0])
def test_flat_or_hidden_pictures_give_a_number(seen: float) -> None:
    flat = np.full(_SIZE, 90.0, np.float32)
    assert np.isfinite(elsewhere(flat, flat, _ALL * np.float32(seen), _ALL))
