"""Collages are parted along their lines, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from enrich.reuse.rectangles import rectangles
from enrich.reuse.regions import WHOLE
from tests.enrich.reuse.test_archive import scene

Rgb = NDArray[np.uint8]


def shown(rgb: Rgb) -> set[tuple[float, float, float, float]]:
    """What is hashed beside the whole, edges to a twentieth."""
    found = (one.region for one in rectangles(rgb) if one.region != WHOLE)
    return {(round(r.left, 1), round(r.top, 1), round(r.right, 1), round(r.bottom, 1)) for r in found}


def textured(number: int) -> Rgb:
    """A scene with something to be seen to its edges, of three colours."""
    dice = np.random.default_rng(number)
    rough = np.kron(dice.integers(0, 256, (14, 20, 3)), np.ones((30, 28, 1)))
    return np.clip(rough * 0.7 + scene(number)[:420, :560] * 0.3, 0, 255).astype(np.uint8)


def line(rgb: Rgb, wide: int, across: bool, tone: int = 255) -> Rgb:
    shape = (rgb.shape[0], wide, 3) if across else (wide, rgb.shape[1], 3)
    return np.full(shape, tone, np.uint8)


@pytest.mark.parametrize("tone", [255, 0, 120])
@pytest.mark.parametrize("wide", [6, 12, 30])
def test_two_side_by_side_are_two(tone: int, wide: int) -> None:
    one, two = textured(1), textured(2)
    assert shown(np.concatenate([one, line(one, wide, True, tone), two], axis=1)) == {(0, 0, 0.5, 1), (0.5, 0, 1, 1)}
    assert shown(np.concatenate([one, line(one, wide, False, tone), two], axis=0)) == {(0, 0, 1, 0.5), (0, 0.5, 1, 1)}


def test_four_are_four() -> None:
    rows = [np.concatenate([textured(n), line(textured(n), 10, True), textured(n + 1)], axis=1) for n in (1, 3)]
    collage = np.concatenate([rows[0], line(rows[0], 10, False), rows[1]], axis=0)
    assert shown(collage) == {(0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5), (0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1)}


def test_a_tile_has_the_hash_of_what_it_shows() -> None:
    one, two = textured(1), textured(2)
    collage = np.concatenate([one, line(one, 10, True), two], axis=1)
    alone = rectangles(one)[0].hashed.codes[0]
    tile = next(each for each in rectangles(collage) if each.region != WHOLE and each.region.left < 0.1)
    assert int(np.unpackbits(tile.hashed.codes[0] ^ alone).sum()) <= 20


@pytest.mark.parametrize("number", range(6))
def test_one_picture_is_one(number: int) -> None:
    assert shown(textured(number)) == set()


def test_a_caption_on_its_bar_is_no_tile() -> None:
    photograph = textured(1)
    bar = line(photograph, 90, False)
    bar[30:60, 40:500:9] = 0
    assert all(bottom - top > 0.5 for _, top, _, bottom in shown(np.concatenate([bar, photograph], axis=0)))


def test_too_little_to_be_looked_at_is_nothing() -> None:
    assert rectangles(textured(1)[:20, :20]) == ()
