"""Pictures known by a view: framed, on a page, mirrored or turned they are one; a collage is none of its tiles."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image

from alerts.earlier.pictures import PictureBook
from alerts.earlier.views import ViewIndex
from alerts.wording import how_it_matches, laid
from enrich.looking import Looker
from enrich.media.pictures import Unusable
from secondsource.contracts.messages import UNMOVED, WHOLE, Earlier, Picture, View
from secondsource.contracts.reuse import NEAR, TURNS, alike, inverted
from tests.alerts.invented import START, picture
from tests.enrich.reuse.test_archive import scene

Rgb = NDArray[np.uint8]


def looked(rgb: Rgb) -> Picture:
    body = BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(body, "PNG")
    found = Looker(max_pixels=10_000_000).look(body.getvalue())
    assert not isinstance(found, Unusable)
    return found[0]


def framed(rgb: Rgb) -> Rgb:
    return np.pad(rgb, ((50, 50), (50, 50), (0, 0)), constant_values=20)


def page(rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    out = np.full((2 * height, width + 80, 3), 250, np.uint8)
    out[300 : 300 + height, 40 : 40 + width] = rgb
    return out


WAYS: dict[str, Callable[[Rgb], Rgb]] = {
    "mirrored": lambda rgb: rgb[:, ::-1],
    "turned by 90°": lambda rgb: rgb.transpose(1, 0, 2)[::-1],
    "turned by 180°": lambda rgb: rgb[::-1, ::-1],
    "upside down": lambda rgb: rgb[::-1],
    "framed": framed,
    "on a page": page,
    "mirrored and on a page": lambda rgb: page(rgb[:, ::-1]),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_done_to_a_picture_leaves_it_one(way: str) -> None:
    """In either order, and as it is saved and comes back."""
    both = looked(scene(1)), looked(WAYS[way](scene(1)))
    for first, second in (both, both[::-1]):
        book, again = PictureBook("w/pictures"), PictureBook("w/pictures")
        row = book.enter(first).row
        saved = [(int(name.rpartition("/")[2]), body) for name, body in book.changes().items() if body]
        again.restore(sorted(saved))
        for one in (book, again):
            match = one.enter(second)
            assert match.row.number == row.number
            assert match.evidence().startswith("the same picture, ")
            assert one.enter(looked(scene(2))).row.number != row.number


def test_strangers_on_one_page_are_strangers() -> None:
    book = PictureBook("w/pictures")
    assert len({book.enter(looked(page(scene(number)))).row.number for number in range(5)}) == 5


def dressed(name: str, seed: int) -> Picture:
    """One page round different pictures, so large that the wholes are alike."""
    shared = np.random.default_rng(1).integers(0, 256, 256, np.uint8)
    inside = np.random.default_rng(seed).integers(0, 256, 256, np.uint8)
    views = (
        View(codes=shared.tobytes(), quality=90),
        View(codes=inside.tobytes(), quality=90, region=(0.1, 0.3, 0.9, 0.5)),
    )
    return replace(picture(name), pdq=shared[:32].tobytes().hex(), quality=90, views=views)


def test_a_page_round_other_pictures_is_not_the_same_page() -> None:
    book = PictureBook("w/pictures")
    first = book.enter(dressed("one", 2)).row
    assert book.enter(dressed("two", 3)).row is not first
    assert book.enter(dressed("again", 2)).row is first
    plain = replace(dressed("no frame was found", 4), views=())
    assert book.enter(plain).row is first


def test_a_collage_that_came_first_stands_for_none_of_its_tiles() -> None:
    book = PictureBook("w/pictures")
    tiles = np.full((760, 1240, 3), 255, np.uint8)
    for place, number in enumerate((1, 2)):
        rgb = scene(number)
        left = 20 + 620 * place
        tiles[20 : 20 + rgb.shape[0], left : left + rgb.shape[1]] = rgb
    collage = looked(tiles)
    assert len(collage.views) == 3
    first = book.enter(collage).row.number
    assert first not in {book.enter(looked(scene(number))).row.number for number in (1, 2)}


def test_where_it_is_seen_is_told_in_shares_of_both() -> None:
    book = PictureBook("w/pictures")
    whole, paged = looked(scene(1)), looked(page(scene(1)))
    row = book.enter(paged).row
    assert book.enter(whole).row is row
    seen = row.how(paged.id, whole.id)
    assert seen is not None
    height, width = scene(1).shape[:2]
    there = (40 / (width + 80), 300 / (2 * height), (40 + width) / (width + 80), (300 + height) / (2 * height))
    assert seen.region == pytest.approx(there, abs=0.02)
    a, b, c, d, e, f = seen.transform
    left, top = a * there[0] + b * there[1] + c, d * there[0] + e * there[1] + f
    assert (left, top) == pytest.approx((0, 0), abs=0.03)
    assert inverted(seen, whole.id).region == pytest.approx(WHOLE, abs=0.03)


LIES = ("", *(", turned",) * 3, ", turned and mirrored", ", mirrored", *(", turned and mirrored",) * 2)


@pytest.mark.parametrize(("turn", "said"), enumerate(LIES))
def test_how_it_lies_is_said(turn: int, said: str) -> None:
    match = alike("p", 6, here=WHOLE, turn=turn, there=WHOLE)
    assert laid(match.region, match.transform) == said
    earlier = Earlier(picture="p", seen_at=START, source="x:1", handle="h", caption="", distance=6, kind="hash",
                      transform=match.transform)  # fmt: skip
    expected = f"the same picture{said}; 6 of 256 bits differ" if said else "6 of 256 bits differ"
    assert how_it_matches(earlier) == expected


def test_what_part_of_either_it_is_is_said() -> None:
    match = alike("p", 0, here=WHOLE, turn=0, there=(0.1, 0.2, 0.6, 0.8))
    assert laid(match.region, match.transform) == ", which was 30 % of the earlier one"
    match = alike("p", 0, here=(0.1, 0.2, 0.6, 0.8), turn=5, there=WHOLE)
    assert laid(match.region, match.transform) == ", mirrored, on 30 % of this one"
    assert laid(WHOLE, UNMOVED) == ""


def hashed(seed: int, number: int) -> Picture:
    """A picture of random hashes, near those of others of the same seed."""
    dice = np.random.default_rng(seed)
    code = dice.integers(0, 256, 32, np.uint8)
    flips = np.random.default_rng(number + 1).permutation(256)[: number * 7 % 60]
    bits = np.unpackbits(code)
    bits[flips] ^= 1
    codes = np.concatenate([np.packbits(bits), np.random.default_rng(number).integers(0, 256, 7 * 32, np.uint8)])
    whole = View(codes=codes.tobytes(), quality=90)
    return replace(picture(f"{seed} {number}"), pdq=codes[:32].tobytes().hex(), quality=90, views=(whole,))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=150), st.integers(0, 60))
def test_the_index_finds_what_comparing_with_all_finds(given_: list[tuple[int, int]], gone: int) -> None:
    index = ViewIndex()
    known = [hashed(*each) for each in given_]
    for number, one in enumerate(known):
        index.add(number, one)
        if number > gone:
            index.drop(number - gone - 1)
    kept = range(max(0, len(known) - gone - 1), len(known))

    def bits(code: bytes, other: Picture) -> int:
        return (int.from_bytes(code, "big") ^ int(other.pdq, 16)).bit_count()

    asked = hashed(0, 5)
    plain = [(bits(bytes.fromhex(asked.pdq), known[number]), number) for number in kept]
    assert index.same(asked) == min((each for each in plain if each[0] <= NEAR), default=None)
    turned = {
        number: min((bits(asked.views[0].codes[turn * 32 : turn * 32 + 32], known[number]), turn) for turn in range(8))
        for number in kept
    }
    expected = {number: far for number, (far, _) in turned.items() if far <= NEAR}
    assert {number: match.distance for number, match in index.seen_in(asked)} == expected
    assert len(TURNS) == 8
