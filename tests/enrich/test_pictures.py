from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enrich.pictures import Fingerprint, Unusable, fingerprint
from tests.enrich.makers import distance, saved, scene

PIXELS = 50_000_000
DATA = Path(__file__).parents[3] / "shared" / "data" / "threatexchange"

#: What the reference implementation gives for the bridge of its own test set (facebook/ThreatExchange, hashing/pdq).
BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def taken(body: bytes) -> Fingerprint:
    found = fingerprint(body, max_pixels=PIXELS)
    assert isinstance(found, Fingerprint), found
    return found


def refused(body: bytes) -> str:
    found = fingerprint(body, max_pixels=PIXELS)
    assert isinstance(found, Unusable), found
    return found.reason


def giant_png(width: int, height: int) -> bytes:
    """A few bytes that say they are a picture of that size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


PLAIN = taken(saved(scene(), "PNG"))


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (scene(), "JPEG", {"quality": 80}),
        (scene(), "WEBP", {"quality": 80}),
        (scene(), "BMP", {}),
        (scene(), "TIFF", {}),
        (scene(), "AVIF", {}),
        (scene().convert("CMYK"), "JPEG", {"quality": 90}),
        (scene().convert("CMYK"), "TIFF", {}),
        (scene().convert("P"), "PNG", {}),
        (scene().convert("P"), "GIF", {}),
        (scene().convert("RGBA"), "PNG", {}),
        (scene().convert("L"), "PNG", {}),
        (scene().convert("LA"), "PNG", {}),
        (scene().convert("YCbCr"), "JPEG", {"quality": 90}),
        (scene().convert("LAB"), "TIFF", {}),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else str(value),
)
def test_one_picture_in_many_formats_and_modes(image: Image.Image, kind: str, options: dict[str, int]) -> None:
    found = taken(saved(image, kind, **options))
    assert distance(found.pdq, PLAIN.pdq) <= 31
    assert found.quality >= 50
    assert (found.width, found.height) == (640, 480)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_more_than_eight_bits_a_pixel(dtype: type) -> None:
    grey = np.asarray(scene().convert("L"))
    deep = Image.fromarray((grey.astype(np.float64) * 257).astype(dtype))
    found = taken(saved(deep, "TIFF"))
    assert distance(found.pdq, PLAIN.pdq) <= 31


def test_a_turned_picture_is_set_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    turned = scene().transpose(Image.Transpose.ROTATE_90)
    found = taken(saved(turned, "JPEG", exif=exif, quality=95))
    assert (found.width, found.height) == (640, 480)
    assert distance(found.pdq, PLAIN.pdq) <= 31


def test_damaged_exif_does_not_lose_the_picture() -> None:
    found = taken(saved(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 40, quality=95))
    assert distance(found.pdq, PLAIN.pdq) <= 31


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_known_by_its_first_frame(kind: str) -> None:
    frames = [scene(320, 240, seed=seed) for seed in (7, 8, 9)]
    found = taken(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
    first = taken(saved(frames[0], "PNG"))
    assert distance(found.pdq, first.pdq) <= 31


def test_transparent_parts_are_white_whatever_lies_beneath() -> None:
    clear = scene().convert("RGBA")
    clear.putalpha(0)
    assert taken(saved(clear, "PNG")).quality == taken(saved(Image.new("RGB", (640, 480), "white"), "PNG")).quality < 50


def test_a_flat_picture_has_no_quality_to_match_on() -> None:
    assert taken(saved(Image.new("RGB", (300, 300), "grey"))).quality < 50


@pytest.mark.parametrize("size", [(4_000, 3_000), (9_000, 90), (5, 400)])
def test_large_long_and_small_ones(size: tuple[int, int]) -> None:
    found = taken(saved(scene(800, 600).resize(size), "JPEG", quality=90))
    assert (found.width, found.height) == size
    assert len(found.pdq) == 64


def test_decoding_small_keeps_the_fingerprint_within_a_few_bits() -> None:
    assert (
        distance(
            taken(saved(scene(1_000, 750).resize((4_000, 3_000)), "JPEG")).pdq,
            taken(saved(scene(1_000, 750), "PNG")).pdq,
        )
        <= 16
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "0 bytes"),
        (b"<!DOCTYPE html><html>gone</html>", "web page"),
        (b"\xef\xbb\xbf \n<html><img></html>", "web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"<svg onload='x()'/>", "SVG"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 100, "video"),
        (b"\x1a\x45\xdf\xa3webm", "video"),
        (b"%PDF-1.7", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"GIF89a", "damaged"),
        (saved(scene())[: len(saved(scene())) // 2], "damaged"),
        (saved(scene(), "PNG")[:-5_000], "damaged"),
        (saved(scene(), "WEBP")[:-2_000], "damaged"),
        (giant_png(50_000, 50_000), "pixels"),
        (giant_png(10_000, 9_000), "pixels"),
        (giant_png(2_000_000, 2), "too small"),
        (giant_png(0, 0), "damaged|too small"),
        (saved(Image.new("RGB", (1, 1))), "too small"),
    ],
)
def test_what_is_no_usable_picture_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    assert any(part in refused(body) for part in reason.split("|"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"])
def test_bytes_flipped_at_random_never_raise(kind: str) -> None:
    rng = random.Random(11)
    body = saved(scene(64, 48), kind)
    for _ in range(150):
        broken = bytearray(body)
        for _ in range(rng.randint(1, 8)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        assert isinstance(
            fingerprint(bytes(broken[: rng.randint(1, len(broken))]), max_pixels=10_000), Fingerprint | Unusable
        )


@pytest.mark.skipif(not DATA.is_dir(), reason="no data")
@pytest.mark.parametrize("name", ["dih/bridge-1-original.jpg", "bridge-mods/aaa-orig.jpg"])
def test_the_reference_pictures_have_their_reference_hash(name: str) -> None:
    # Larger than a million pixels, so decoded at half its size: that may cost a few of the 256 bits.
    assert distance(taken((DATA / name).read_bytes()).pdq, BRIDGE) <= 4


@pytest.mark.skipif(not DATA.is_dir(), reason="no data")
def test_the_reference_edits_stay_within_the_distance_that_matches() -> None:
    for path in sorted((DATA / "bridge-mods").glob("*.jpg")):
        assert distance(taken(path.read_bytes()).pdq, BRIDGE) <= 31, path.name


@pytest.mark.skipif(not DATA.is_dir(), reason="no data")
def test_every_odd_colour_mode_of_the_reference_set_decodes() -> None:
    for path in sorted((DATA / "modes").iterdir()):
        assert taken(path.read_bytes()).quality >= 50, path.name


def test_large_pictures_are_decoded_one_at_a_time() -> None:
    held: list[bool] = []

    @contextmanager
    def alone() -> Iterator[None]:
        held.append(True)
        yield

    for size, times in (((640, 480), 0), ((2500, 1800), 1)):
        assert isinstance(
            fingerprint(saved(scene().resize(size), "PNG"), max_pixels=PIXELS, alone=alone()), Fingerprint
        )
        assert len(held) == times
