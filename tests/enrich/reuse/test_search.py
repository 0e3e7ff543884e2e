"""A picture matches its own edits; different pictures in the same dress do not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from benchmarks.edits import DRESSES, edited
from benchmarks.media_dark import channel, drawn_night
from enrich.reuse.pixels import NOTHING, Agreement, agreement, bears_out
from enrich.reuse.prints import looked
from enrich.reuse.search import ACCEPTED, Match, confidence, score, search
from enrich.reuse.segment import Segment, segment
from tests.enrich.reuse.makers import look, name, scene, scene_print

REFERENCE = Path(__file__).parents[4] / "shared" / "data" / "threatexchange"
_ARCHIVED = range(6)


@cache
def _archive() -> Segment:
    """Six scenes, and of three of them a copy in a dress that others will wear."""
    plain = [(bytes.fromhex(name(number)), scene_print(number)) for number in _ARCHIVED]
    dressed = [
        (bytes.fromhex(name(number)), look(edited(scene(number), str(number), dress, dress=1)).kept)
        for number, dress in enumerate(("screenshot of a post", "caption bar", "meme text"))
    ]
    return segment([*plain, *dressed])


def _found(picture: Image.Image) -> list[Match]:
    return search(look(picture), [_archive()])


@pytest.mark.parametrize(
    "edit",
    [
        "jpeg 10",
        "resize 25 %",
        "crop 50 % anywhere",
        "aspect",
        "mirror",
        "rotate 90°",
        "rotate 180°",
        "tilt 8° cut",
        "sepia",
        "border",
        "patterned frame",
        "letterbox",
        "blurred bars",
        "caption bars",
        "meme text",
        "lower third",
        "screenshot of a post",
        "screenshot of a screenshot",
        "picture in picture",
        "2×2 collage",
        "noise",
        "mirror + crop 30 % + caption",
    ],
)
def test_a_picture_is_found_after_what_people_do_to_it(edit: str) -> None:
    found = _found(edited(scene(4), "4", edit))
    assert {match.name for match in found} == {name(4)}


@pytest.mark.parametrize("dress", DRESSES)
def test_another_picture_in_the_same_dress_is_not_it(dress: str) -> None:
    assert _found(edited(scene(99), "99", dress, dress=1)) == []


def test_what_was_archived_in_one_dress_is_found_in_another() -> None:
    found = _found(edited(scene(0), "0", "screenshot of a post", dress=7))
    assert name(0) in {match.name for match in found}


def test_the_same_picture_is_a_hash_match_at_distance_0() -> None:
    (found,) = _found(scene(5))
    assert (found.kind, found.distance, found.inliers, found.mirrored) == ("hash", 0, None, False)
    assert found.confidence > 0.9
    assert np.allclose(found.region, (0, 0, 1, 1), atol=0.01)
    assert np.allclose(found.transform, ((1, 0, 0), (0, 1, 0)), atol=0.01)


def test_region_and_transform_say_which_part_went_where() -> None:
    width, height = scene(3).size
    box = (0.25, 0.3, 0.85, 0.9)
    cut = scene(3).crop((round(0.25 * width), round(0.3 * height), round(0.85 * width), round(0.9 * height)))
    (found,) = _found(cut)
    assert found.kind == "features"
    assert (found.inliers or 0) > 10
    assert np.allclose(found.region, box, atol=0.03)
    centre = np.array(found.transform) @ (0.55, 0.6, 1)
    assert np.allclose(centre, (0.5, 0.5), atol=0.03)


def test_a_mirrored_picture_says_so() -> None:
    width, height = scene(3).size
    cut = scene(3).transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop((0, 0, round(width * 0.7), height))
    (found,) = _found(cut)
    assert found.mirrored
    # The archived right edge is the left edge of what is asked about.
    assert np.allclose(np.array(found.transform) @ (1, 0.5, 1), (0, 0.5), atol=0.04)


@pytest.mark.parametrize("turn", list(Image.Transpose))
def test_every_turn_is_laid_over_rightly(turn: Image.Transpose) -> None:
    (found,) = _found(scene(2).transpose(turn))
    assert found.kind == "hash"
    assert found.agreement.share > 0.9


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="skipped: no data")
@pytest.mark.parametrize(("folder", "files"), [("dih", 8), ("bridge-mods", 12)])
def test_the_reference_versions_of_one_picture_are_all_found_by_each(folder: str, files: int) -> None:
    seen = {}
    for path in sorted((REFERENCE / folder).glob("*.jpg")):
        with Image.open(path) as image:
            image.thumbnail((1_000, 1_000))
            seen[name(path.name)] = look(image.convert("RGB"))
    assert len(seen) == files
    archive = segment([(bytes.fromhex(key), each.kept) for key, each in seen.items()])
    for each in seen.values():
        assert {match.name for match in search(each, [archive])} == set(seen)


def test_a_collage_names_all_that_are_in_it() -> None:
    both = Image.new("RGB", (1_288, 440), "white")
    both.paste(scene(3), (0, 0))
    both.paste(scene(4), (648, 0))
    assert {match.name for match in _found(both)} == {name(3), name(4)}


def _night(number: int) -> Image.Image:
    """A scene with hardly any light in it, and the grain that cameras then make."""
    dim = np.asarray(scene(number)) * 0.1 + np.random.default_rng(number).normal(0, 2, np.asarray(scene(number)).shape)
    return Image.fromarray(np.clip(dim, 0, 255).astype(np.uint8))


def _on_air(picture: Image.Image) -> Image.Image:
    """In a station's dress: a badge, two bars with letters."""
    dressed = picture.resize((960, 540))
    pen = ImageDraw.Draw(dressed)
    pen.rectangle((40, 410, 920, 470), fill=(180, 10, 20))
    pen.rectangle((40, 470, 920, 505), fill="white")
    pen.rectangle((820, 40, 920, 90), fill=(0, 60, 160))
    for at, size, said in (
        ((60, 420), 34, "LIVE: RIVER RISES"),
        ((60, 474), 22, "weather, sport"),
        ((830, 50), 30, "V7"),
    ):
        pen.text(at, said, fill="black" if size == 22 else "white", font_size=size)
    return dressed


def test_dark_pictures_of_one_station_are_not_one() -> None:
    archive = segment([(bytes.fromhex(name(number)), look(_on_air(_night(number))).kept) for number in range(3)])
    for number in range(3, 6):
        assert search(look(_on_air(_night(number))), [archive]) == []


@pytest.mark.parametrize("dress", [0, 1, 3, 4])
def test_nights_on_one_channel_are_told_apart(dress: int) -> None:
    """Half a dozen towns, fires, fireworks and clouds of smoke; each is asked among the others."""
    nights = [channel(drawn_night(number).picture, dress, 0) for number in range(12)]
    looks = [look(each) for each in nights]
    archive = segment([(bytes.fromhex(name(number)), each.kept) for number, each in enumerate(looks)])
    for number, each in enumerate(looks):
        assert {match.name for match in search(each, [archive])} <= {name(number)}


def test_a_photograph_at_night_on_a_channel_is_found_again() -> None:
    dark = scene(2).point([round(value * 0.3) for value in range(256)] * 3)
    archive = segment([(bytes.fromhex(name(2)), look(channel(dark, 1, 0)).kept)])
    again = edited(channel(dark, 1, 1), "2", "jpeg 40")
    assert [match.name for match in search(look(again), [archive])] == [name(2)]


def test_letters_over_all_of_two_pictures_do_not_make_them_one() -> None:
    """They agree wherever they are; what lies behind them is light where the other is dark."""
    letters = np.random.default_rng(3).choice([-40.0, 40.0], (60, 80))
    light = np.linspace(80.0, 170.0, 80) + np.zeros((60, 1))
    one, other, darker = (
        (np.clip(letters + behind, 1, 255).astype(np.uint8) | np.uint8(1))
        for behind in (light, light[:, ::-1], 0.8 * light - 10)
    )
    same_place = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    agreed = Agreement(share=0.75, mean=0.7, seen=0.9, places=3_000.0)
    assert not bears_out(agreed, one, other, same_place)
    assert bears_out(agreed, one, darker, same_place)


def _sky(number: int) -> Image.Image:
    """Little but light over a dark ridge."""
    dice = np.random.default_rng(number)
    y, x = np.mgrid[0:440, 0:640]
    light = dice.uniform(70, 110) + dice.uniform(20, 50) * y / 440 + dice.uniform(-20, 20) * x / 640
    hills = sum(dice.uniform(-9, 9) * np.sin(x[0] * dice.uniform(0.01, 0.08) + dice.uniform(0, 6)) for _ in range(5))
    light = np.where(y > 340 + hills, light / 2, light) + dice.normal(0, 1.5, light.shape)
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8)).convert("RGB")


@pytest.mark.parametrize("words", [1, 2])
def test_skies_under_one_tiled_watermark_are_told_apart(words: int) -> None:
    """Its tiles are nearly all there is to be seen of any of them."""
    marked = [edited(_sky(number), str(number), "tiled watermark", dress=words) for number in range(8)]
    archive = segment([(bytes.fromhex(name(number)), look(each).kept) for number, each in enumerate(marked[:4])])
    for number, each in enumerate(marked):
        found = {match.name for match in search(look(edited(each, str(number), "jpeg 40")), [archive])}
        assert found == ({name(number)} if number < 4 else set())


def _lamps(number: int) -> Image.Image:
    """A frame with letters, and in it the night with two lamps."""
    dice = np.random.default_rng(number)
    night = Image.new("RGB", (640, 480), (9, 9, 9))
    pen = ImageDraw.Draw(night)
    pen.rectangle((0, 0, 640, 70), fill=(40, 60, 140))
    pen.rectangle((0, 380, 640, 480), fill=(150, 20, 30))
    pen.text((20, 20), "WATER IN THE LOWER TOWN", fill="white", font_size=34)
    pen.text((20, 395), "bridge closed, trains stopped", fill="white", font_size=30)
    for x, y in zip(dice.uniform(30, 600, 2), dice.uniform(100, 350, 2), strict=True):
        pen.ellipse((x, y, x + 12, y + 12), fill=(220, 210, 150))
    return night


def test_nights_in_one_frame_differ_by_their_lamps() -> None:
    archive = segment([(bytes.fromhex(name(number)), look(_lamps(number)).kept) for number in range(4)])
    for number in range(8):
        found = {match.name for match in search(look(edited(_lamps(number), str(number), "jpeg 40")), [archive])}
        assert found == ({name(number)} if number < 4 else set())


def test_what_but_touches_in_a_corner_is_not_one() -> None:
    """Logos stand in corners: laid corner over corner two strangers agree there, in all that both show."""
    one, other = (
        np.random.default_rng(number).integers(40, 200, (64, 64), dtype=np.uint8) | np.uint8(1) for number in (1, 2)
    )
    other[:26, :26] = one[38:, 38:]
    corner = np.array([[1.0, 0.0, -38.0], [0.0, 1.0, -38.0]])
    agreed = Agreement(share=0.95, mean=0.9, seen=0.2, places=500.0)
    assert not bears_out(agreed, one, other, corner)
    assert bears_out(agreed, one, np.ascontiguousarray(other[:26, :26]), corner), "there it is all of the other"


def test_a_bar_on_darkness_tells_nothing() -> None:
    dark = np.full((320, 320), 9, np.uint8)
    dark[250:270, 40:280] = 161
    thumb = dark[2::5, 2::5].copy()
    assert agreement(thumb, dark, np.array([[5.0, 0, 2], [0, 5.0, 2]])) == NOTHING


def _page(number: int) -> Image.Image:
    """A page of a report: the same letterhead, other words."""
    dice = np.random.default_rng(number)
    page = Image.new("RGB", (850, 1100), (250, 249, 246))
    pen = ImageDraw.Draw(page)
    pen.text((80, 60), "HARBOUR AUTHORITY OF VELGRAD", fill=(20, 20, 20), font_size=30)
    for line in range(36):
        if dice.random() < 0.85:
            words = ("".join(dice.choice([*"aeinrst"], size=dice.integers(2, 10))) for _ in range(dice.integers(4, 11)))
            pen.text((80, 130 + 25 * line), " ".join(words), fill=(30, 30, 30), font_size=17)
    return page


def test_a_copy_of_a_page_is_found_and_another_page_is_not_it() -> None:
    archive = segment([(bytes.fromhex(name(number)), look(_page(number)).kept) for number in range(4)])
    (found,) = search(look(edited(_page(2), "2", "jpeg 20")), [archive])
    assert (found.name, found.kind) == (name(2), "hash")
    for number in range(4, 8):
        assert search(look(_page(number)), [archive]) == []


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_flat_pictures_match_nothing_not_even_themselves(tone: int) -> None:
    flat = looked(np.full((300, 400, 3), tone, np.uint8))
    within = segment([(bytes(32), flat.kept)])
    assert search(flat, [within, _archive()]) == []


@pytest.mark.parametrize("size", [(5, 5), (5, 3_000), (3_000, 5), (33, 31), (64, 64)])
def test_odd_sizes_are_looked_at(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    odd = looked(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    assert odd.kept.thumb.size <= 4_096
    search(odd, [_archive(), segment([(bytes(32), odd.kept)])])


def test_an_empty_archive_has_nothing() -> None:
    assert search(look(scene(1)), []) == []
    assert search(look(scene(1)), [segment([])]) == []


def test_how_it_is_cut_into_segments_changes_nothing() -> None:
    asked = look(edited(scene(4), "4", "crop 50 % centred"))
    prints = [(bytes.fromhex(name(number)), scene_print(number)) for number in _ARCHIVED]
    assert search(asked, [segment(prints)]) == search(asked, [segment(prints[:2]), segment(prints[2:])])


@given(
    st.floats(0, 1), st.floats(0, 1), st.integers(5, 500), st.integers(60, 4_096), st.floats(0.001, 0.2)
)  # fmt: skip
def test_the_more_agrees_the_surer_it_is(share: float, seen: float, inliers: int, places: int, more: float) -> None:
    one = Agreement(share, share, seen, places)
    better = [
        score(one._replace(share=min(1.0, share + more)), None, inliers),
        score(one._replace(seen=min(1.0, seen + more)), None, inliers),
        score(one, None, inliers + 1),
    ]
    assert min(better) >= score(one, None, inliers)
    assert 0 <= confidence(score(one, None, inliers)) <= confidence(max(better)) <= 1


def test_few_places_and_few_features_say_nothing() -> None:
    alike = Agreement(1.0, 1.0, 1.0, 4_000.0)
    assert confidence(score(alike._replace(places=59.0), 0, None)) == 0
    assert confidence(score(alike, None, 4)) == 0
    assert score(alike, None, 5) < ACCEPTED, "five that fit one move may be chance, however alike the rest"
    assert score(alike, None, 8) > ACCEPTED
