"""What a picture's file says of itself is kept as it was written; rubbish claims nothing and raises nothing."""

from __future__ import annotations

import base64
import random
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from enrich.media import credentials as under_test
from enrich.media.claims import claims
from enrich.media.credentials import Credentials, Examining, credentials
from secondsource.contracts.messages import Claims
from tests.enrich.makers import saved, scene

#: A red square, signed with a key of an invented maker that nobody keeps.
SIGNED = Path(__file__).parent / "signed.jpg"
EXIF, GPS = 0x8769, 0x8825


def exif(
    main: dict[int, object] | None = None,
    taken: dict[int, object] | None = None,
    place: dict[int, object] | None = None,
) -> Image.Exif:
    made = Image.Exif()
    made.update(main or {})
    if taken:
        made.get_ifd(EXIF).update(taken)
    if place:
        made.get_ifd(GPS).update(place)
    return made


def said(kind: str = "JPEG", **given: dict[int, object]) -> Claims | None:
    return claims(saved(scene(64, 48), kind, exif=exif(**given)))


def degrees(*parts: float) -> tuple[IFDRational, ...]:
    return tuple(IFDRational(int(part * 100), 100) for part in parts)


VELGRAD: dict[int, object] = {1: "N", 2: degrees(44, 30, 36), 3: "W", 4: degrees(18, 15, 0)}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_what_a_camera_writes_is_kept_as_it_wrote_it(kind: str) -> None:
    found = said(
        kind,
        main={0x010F: "Lumen", 0x0110: "Lumen L-7", 0x0131: "L7 firmware 1.2"},
        taken={0x9003: "2014:03:02 10:11:12", 0x9011: "+02:00"},
        place=VELGRAD,
    )
    assert found == Claims(
        taken_at="2014-03-02T10:11:12+02:00",
        latitude=44.51,
        longitude=-18.25,
        camera="Lumen L-7",
        software="L7 firmware 1.2",
    )


def test_a_file_that_says_nothing_claims_nothing() -> None:
    assert claims(saved(scene(64, 48))) is None
    assert claims(b"") is None
    assert claims(b"<svg/>") is None


def test_a_clock_without_zone_gets_none() -> None:
    found = said(taken={0x9003: "2014:03:02 10:11:12"})
    assert found is not None
    assert found.taken_at == "2014-03-02T10:11:12"


@pytest.mark.parametrize(
    "taken",
    [
        {0x9003: "0000:00:00 00:00:00"},
        {0x9003: "2000:01:01 00:00:00"},
        {0x9003: "0001:02:03 04:05:06", 0x9011: "+14:00"},
        {0x9003: "yesterday"},
        {0x9003: "2014:13:40 99:99:99"},
        {0x9003: ""},
    ],
)
def test_what_is_no_time_is_no_claim(taken: dict[int, object]) -> None:
    assert said(taken=taken) is None


@pytest.mark.parametrize(
    "place",
    [
        {1: "N", 2: degrees(44, 30, 36)},
        {**VELGRAD, 1: "Q"},
        {**VELGRAD, 2: degrees(91, 0, 0)},
        {**VELGRAD, 4: degrees(181, 0, 0)},
        {**VELGRAD, 2: (IFDRational(0, 0), IFDRational(0, 0), IFDRational(0, 0))},
        {**VELGRAD, 2: degrees(44, 30)},
        {1: "N", 2: degrees(0, 0, 0), 3: "E", 4: degrees(0, 0, 0)},
    ],
)
def test_what_is_no_place_is_no_claim(place: dict[int, object]) -> None:
    assert said(place=place) is None


def test_names_are_cut_and_cleaned_of_what_is_not_meant_to_be_read() -> None:
    found = said(main={0x010F: "Lu\nmen", 0x0110: "\x1b[31m<b>" + "x" * 5_000, 0x0131: "\0\0"})
    assert found is not None
    assert found.camera.startswith("Lu men [31m<b>xxx")
    assert len(found.camera) == 100
    assert found.software == ""


def test_broken_exif_says_nothing_and_raises_nothing() -> None:
    rng = random.Random(5)
    body = saved(scene(64, 48), exif=exif({0x010F: "Lumen"}, {0x9003: "2014:03:02 10:11:12"}, dict(VELGRAD)))
    for _ in range(300):
        broken = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            broken[rng.randrange(20, 400)] = rng.randrange(256)
        found = claims(bytes(broken))
        assert found is None or len(found.camera) <= 100


class TestContentCredentials:
    def test_they_are_found_in_a_picture_that_has_them_and_nowhere_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(under_test, "examining", lambda: Examining(on=False, detail=""))
        assert credentials(SIGNED.read_bytes()) == Credentials("present")
        assert credentials(saved(scene(64, 48))) == Credentials()

    @pytest.mark.parametrize(
        "body",
        [
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + b"\0" * 17 + b"\0\0\0\x04caBXjumb\0\0\0\0",
            b"RIFF\x20\0\0\0WEBPVP8 \x03\0\0\0abc\0C2PA\x04\0\0\0jumb",
            b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0\0\0\x30uuid" + under_test._BOX,
        ],
    )
    def test_in_whatever_format(self, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(under_test, "examining", lambda: Examining(on=False, detail=""))
        assert credentials(body) == Credentials("present")

    @pytest.mark.skipif(find_spec("c2pa") is None, reason="skipped: c2pa-python is not installed")
    def test_where_they_can_be_examined_it_is_told_whether_the_picture_is_what_was_signed(self) -> None:
        body = SIGNED.read_bytes()
        assert credentials(body) == Credentials("intact", "Velgrad Camera Works")
        changed = bytearray(body)
        changed[-40] ^= 0x55
        assert credentials(bytes(changed)) == Credentials("broken", "Velgrad Camera Works")
        rubbish = base64.b64decode("/9j/6wAgSlAAAQAAAAEAAAAYanVtYgAAABBqdW1kYzJwYQAA/9k=")
        assert credentials(rubbish) == Credentials("broken")

    def test_bytes_flipped_at_random_never_raise(self) -> None:
        rng = random.Random(3)
        body = SIGNED.read_bytes()
        for _ in range(60):
            broken = bytearray(body)
            for _ in range(rng.randint(1, 8)):
                broken[rng.randrange(2_000)] = rng.randrange(256)
            assert credentials(bytes(broken[: rng.randint(1, len(broken))])).state in (
                "",
                "present",
                "intact",
                "broken",
            )
