"""Pictures known by a view: framed, on a page, mirrored or turned they are one; a collage is none of its tiles."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from itertools import permutations

import msgspec
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
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import WHOLE, Earlier, Picture, Region, View, decode, encode
from secondsource.contracts.reuse import NEAR, TURNS, alike, inverted
from tests.alerts.invented import START, picture, post
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
            assert "the same picture" in match.evidence() or "of the earlier picture" in match.evidence()
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


WHICH = ("", ", turned by 90°", ", turned by 180°", ", turned by 90°", ", turned by 180° and mirrored", ", mirrored",
         *(", turned by 90° and mirrored",) * 2)  # fmt: skip


@pytest.mark.parametrize(("turn", "ways"), enumerate(WHICH))
def test_how_it_lies_is_said(turn: int, ways: str) -> None:
    match = alike("p", 6, here=WHOLE, turn=turn, there=WHOLE)
    said = f"the same picture{ways}" if ways else ""
    assert laid(match.region, match.transform) == said
    earlier = Earlier(picture="p", seen_at=START, source="x:1", handle="h", caption="", distance=6, kind="hash",
                      transform=match.transform)  # fmt: skip
    assert how_it_matches(earlier) == (f"{said}; 6 of 256 bits differ" if said else "6 of 256 bits differ")


@pytest.mark.parametrize(
    ("here", "turn", "there", "said"),
    [
        (WHOLE, 0, (0.1, 0.2, 0.6, 0.8), "30 % of the earlier picture is all of this one"),
        ((0.1, 0.2, 0.6, 0.8), 5, WHOLE, "the same picture, mirrored, on 30 % of this one"),
        ((0.1, 0.2, 0.6, 0.8), 0, WHOLE, "the same picture on 30 % of this one"),
        ((0.0, 0.0, 0.5, 0.5), 1, (0.0, 0.0, 0.29, 0.293),
         "8 % of the earlier picture is 25 % of this one, turned by 90°"),
        (WHOLE, 0, WHOLE, ""),
    ],
)  # fmt: skip
def test_what_part_of_either_it_is_is_said(here: Region, turn: int, there: Region, said: str) -> None:
    match = alike("p", 0, here=here, turn=turn, there=there)
    assert laid(match.region, match.transform) == said


def test_what_is_told_is_of_the_file_that_is_shown() -> None:
    """Whichever file came first and stands for all of them."""
    plain, mirrored, paged = looked(scene(1)), looked(scene(1)[:, ::-1]), looked(page(scene(1)))
    files = {"plain": plain, "mirrored": mirrored, "paged": paged}
    expected = {
        ("plain", "mirrored"): "the same picture, mirrored",
        ("mirrored", "plain"): "the same picture, mirrored",
        ("plain", "paged"): "the same picture on 44 % of this one",
        ("paged", "plain"): "44 % of the earlier picture is all of this one",
        ("mirrored", "paged"): "the same picture, mirrored, on 44 % of this one",
        ("paged", "mirrored"): "44 % of the earlier picture is all of this one, mirrored",
    }
    for order in permutations(files):
        book = PictureBook("w/pictures")
        rows = [book.enter(files[name]).row for name in order]
        for (then, now), said in expected.items():
            seen = rows[0].how(files[then].id, files[now].id)
            assert seen is not None
            assert laid(seen.region, seen.transform) == said


def test_what_the_archive_knows_by_the_first_file_is_told_of_the_one_that_is_shown() -> None:
    book = PictureBook("w/pictures")
    mirrored, plain = looked(scene(1)[:, ::-1]), looked(scene(1))
    row = book.enter(mirrored).row
    book.enter(plain)
    match = alike(
        "old", 4, here=WHOLE, turn=5, there=WHOLE
    )  # as the archive finds an old plain one by the mirrored one
    found = Earlier(picture="old", seen_at=START, source="x:1", handle="h", caption="", distance=4, kind="hash",
                    transform=match.transform, shown=plain.id)  # fmt: skip
    assert laid(found.region, found.transform) == "the same picture, mirrored"
    told = row.told_of(found)
    assert laid(told.region, told.transform) == ""
    assert row.told_of(replace(found, shown=mirrored.id)).transform == match.transform


def test_a_picture_on_a_page_too_flat_as_a_whole_ties_posts() -> None:
    paged = replace(looked(page(scene(1))), quality=40)
    assert PictureBook("w/pictures").enter(paged).row.telling
    assert not PictureBook("w/pictures").enter(replace(paged, views=())).row.telling


def test_an_advertisement_on_two_pages_makes_them_no_one_picture() -> None:
    def article(name: str, seed: int) -> Picture:
        dice = np.random.default_rng(seed)
        codes = [dice.integers(0, 256, 256, np.uint8).tobytes() for _ in range(2)]
        advertisement = np.random.default_rng(9).integers(0, 256, 256, np.uint8).tobytes()
        views = (View(codes=codes[0], quality=90), View(codes=codes[1], quality=90, region=(0.0, 0.2, 0.6, 0.9)),
                 View(codes=advertisement, quality=90, region=(0.65, 0.2, 0.95, 0.7)))  # fmt: skip
        return replace(picture(name), pdq=codes[0][:32].hex(), quality=90, views=views)

    book = PictureBook("w/pictures")
    assert book.enter(article("one", 1)).row is not book.enter(article("two", 2)).row


@pytest.mark.parametrize("view", [
    {"codes": b"x"}, {"codes": bytes(288)}, {"region": (0.5, 0.5, 0.5, 0.9)}, {"region": (0.1, 0.9, 0.9, 0.1)},
    {"region": (-0.1, 0.0, 1.0, 1.0)}, {"region": (0.0, 0.0, 1.0, 2.0)},
])  # fmt: skip
def test_a_view_that_is_none_is_refused_where_it_is_read(view: dict[str, object]) -> None:
    shown = replace(looked(scene(1)), url="https://pictures.example/a.png")
    body = msgspec.json.decode(encode(post(1, 0, pictures=(shown,))))
    assert decode(msgspec.json.encode(body)) == post(1, 0, pictures=(shown,))
    codes = view.get("codes")
    spoiled = {"codes": b64encode(codes).decode()} if isinstance(codes, bytes) else view
    body["pictures"][0]["views"][0] |= spoiled
    with pytest.raises(BadRecord, match="expected"):
        decode(msgspec.json.encode(body))


def test_a_hash_that_is_none_is_refused_where_it_is_read() -> None:
    shown = replace(picture("bridge"), pdq="z" * 64)
    with pytest.raises(BadRecord, match="pdq"):
        decode(encode(post(1, 0, pictures=(shown,))))


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
