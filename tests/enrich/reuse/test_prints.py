"""Prints: the same after a round trip, small, and refused where damaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.edits import edited
from enrich.reuse.features import features, scaled
from enrich.reuse.prints import Print, decode, encode, packed, unpacked
from enrich.reuse.regions import pictured, regions
from secondsource.contracts.errors import BadRecord
from tests.enrich.reuse.makers import random_print, scene, scene_print


def _same(one: Print, other: Print) -> bool:
    arrays = all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("places", "cells", "signatures", "thumb")
    )
    hashes = [(each.pdq, each.quality) for each in one.hashes] == [(each.pdq, each.quality) for each in other.hashes]
    return arrays and hashes and (one.width, one.height) == (other.width, other.height)


@given(seed=st.integers(0, 10_000), features=st.integers(0, 400))
def test_a_print_comes_back_as_it_was(seed: int, features: int) -> None:
    made = random_print(seed, features)
    assert _same(decode(encode(made)), made)
    assert encode(decode(encode(made))) == encode(made)


@given(data=st.data())
def test_damaged_bytes_are_refused(data: st.DataObject) -> None:
    body = bytearray(encode(random_print(1)))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadRecord):
        decode(bytes(body))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(BadRecord):
        decode(body)


def test_a_print_is_small() -> None:
    assert len(encode(scene_print(1))) < 11_000


@given(
    st.lists(
        st.tuples(
            *(st.floats(0, 300, width=32) for _ in range(2)), st.floats(1, 60, width=32), st.floats(0, 6.25, width=32)
        ),
        max_size=20,
    )
)
def test_places_come_back_to_a_hundredth(places: list[tuple[float, float, float, float]]) -> None:
    given_ = np.array(places, np.float32).reshape(-1, 4)
    back = unpacked(packed(given_, 400, 300), 400, 300)
    assert np.allclose(back[:, :2], np.minimum(given_[:, :2], (400, 300)), atol=0.01)
    assert np.allclose(back[:, 2], given_[:, 2], rtol=0.001)
    assert np.allclose(back[:, 3], given_[:, 3], atol=0.001)


def test_features_of_the_mirror_image_are_the_mirrored_features() -> None:
    grey = scaled(np.asarray(scene(2).convert("L")))
    here, there = features(grey).mirrored(), features(np.ascontiguousarray(grey[:, ::-1]))
    alike = here.roots @ there.roots.T
    best = alike.argmax(axis=1)
    assert np.median(alike.max(axis=1)) > 0.99
    assert np.median(np.abs(here.places[:, :2] - there.places[best, :2])) < 1.5


def test_the_first_of_many_features_are_those_of_few() -> None:
    grey = scaled(np.asarray(scene(2).convert("L")))
    assert np.array_equal(features(grey, 100).places, features(grey, 300).first(100).places)


@pytest.mark.parametrize("edit", ["border", "caption bar", "caption bars", "letterbox", "screenshot of a post"])
def test_the_picture_in_a_picture_is_found(edit: str) -> None:
    shown = np.asarray(edited(scene(1), "1", edit))
    (found, *_) = regions(pictured(shown))
    assert 0.15 < found.area < 0.96
    left, top, right, bottom = found.pixels(shown.shape[1], shown.shape[0])
    assert abs((right - left) / (bottom - top) - 640 / 440) < 0.15


def test_a_picture_to_its_edges_has_none_within() -> None:
    assert regions(pictured(np.asarray(scene(1)))) == []
