"""What can be read in pictures: cards drawn by code, read by a real Tesseract; photographs are not read at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from enrich.looking import Looker
from enrich.media import ocr
from enrich.media.ocr import Reader, Tesseract, installed, looks_like_text, words
from enrich.media.pictures import Unusable
from enrich.sketching.sketch import sketch_texts
from secondsource.contracts.reuse import known_by_text
from tests.enrich.makers import saved

SAID = "The council of Velgrad says the old\nbridge stays closed until Friday and\nnobody was hurt in the night"
Rgb = NDArray[np.uint8]


def card(text: str = SAID, *, ground: str = "white", ink: str = "black", size: int = 30, width: int = 800) -> Rgb:
    image = Image.new("RGB", (width, 420), ground)
    font = ImageFont.load_default(size)
    for number, line in enumerate(text.split("\n")):
        ImageDraw.Draw(image).text((30, 30 + number * size * 1.6), line, fill=ink, font=font)
    return np.asarray(image)


def hills() -> Rgb:
    """A picture without a letter in it: soft shapes, and grain."""
    y, x = np.mgrid[0:400, 0:600]
    waves = 128 + 60 * np.sin(x / 70) * np.cos(y / 50) + 40 * np.sin((x + 2 * y) / 31)
    grain = np.random.default_rng(7).normal(0, 8, waves.shape)
    return np.repeat(np.clip(waves + grain, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("look", [{}, {"ground": "#123456", "ink": "white"}, {"size": 18}], ids=str)
def test_a_written_card_is_worth_reading(look: dict[str, object]) -> None:
    assert looks_like_text(card(**look))  # type: ignore[arg-type]


@pytest.mark.parametrize("picture", [hills(), np.zeros((300, 300, 3), np.uint8), np.full((3, 900, 3), 200, np.uint8)])
def test_nobody_reads_what_has_no_letters(picture: Rgb) -> None:
    assert not looks_like_text(picture)
    assert Reader(Tesseract("/nowhere/tesseract", ("eng",))).read(picture) == ""


def test_only_words_it_is_sure_of_are_taken() -> None:
    head = "level\tpage\tblock\tpar\tline\tword\tleft\ttop\twidth\theight\tconf\ttext"
    rows = [("5", "96.1", "Velgrad"), ("5", "12.0", "xq;"), ("4", "-1", ""), ("5", "91", "—"), ("5", "88.2", "bridge")]
    table = "\n".join([head, *(f"{level}\t1\t1\t1\t1\t1\t0\t0\t9\t9\t{sure}\t{word}" for level, sure, word in rows)])
    assert words(table) == "Velgrad bridge"
    assert words("") == words("no table\nat all") == ""
    assert len(words("\n".join([head, *[f"5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t99\t{'a' * 50}"] * 500]))) == ocr.MOST_TEXT


def test_it_says_how_to_turn_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found, report = installed(("ar", "en"))
    assert found is None
    assert (report.on, "tesseract-ocr" in report.detail) == (False, True)


@pytest.mark.parametrize("program", ["import time; time.sleep(60)", "import os; os.abort()", "print('x' * 10**6)"])
def test_a_program_that_hangs_dies_or_talks_nonsense_gives_nothing(tmp_path: Path, program: str) -> None:
    path = tmp_path / "tesseract"
    path.write_text(f"#!{sys.executable}\n{program}\n")
    path.chmod(0o755)
    assert Reader(Tesseract(str(path), ("eng",)), seconds=1.0).read(card()) == ""


@pytest.mark.ocr
class TestRead:
    def test_what_is_written_is_read(self, tesseract_binary: Path) -> None:
        found, report = installed(("ar", "fr", "ru", "es"))
        assert found is not None
        assert found.path == str(tesseract_binary)
        assert found.languages == ("eng", "ara", "fra", "rus", "spa")
        assert report.on
        read = Reader(found).read(card())
        assert sketch_texts([read])[0].exact == sketch_texts([SAID])[0].exact

    def test_two_settings_of_one_text_have_one_sketch(self, tesseract_binary: Path) -> None:
        reader = Reader(Tesseract(str(tesseract_binary), ("eng",)))
        black, white = (
            reader.read(card(ground=ground, ink=ink)) for ground, ink in (("white", "black"), ("#222", "#eee"))
        )
        assert sketch_texts([black])[0].exact == sketch_texts([white])[0].exact != ""

    def test_a_picture_carries_what_is_read_in_it(self, tesseract_binary: Path) -> None:
        looker = Looker(max_pixels=10**7, reader=Reader(Tesseract(str(tesseract_binary), ("eng",))))
        read = looker.look(saved(Image.fromarray(card()), "PNG"))
        assert not isinstance(read, Unusable)
        assert read[0].text.startswith("The council of Velgrad")
        assert read[0].words is not None
        assert read[0].words.words == len(SAID.split())
        assert known_by_text(read[0])  # though PDQ does not find rows of letters flat
        assert read[0].views == ()
        captioned = looker.look(saved(Image.fromarray(np.concatenate([hills(), card(width=hills().shape[1])])), "PNG"))
        assert not isinstance(captioned, Unusable)
        assert captioned[0].text
        assert not known_by_text(captioned[0])
        assert captioned[0].views
        plain = looker.look(saved(Image.fromarray(hills()), "PNG"))
        assert not isinstance(plain, Unusable)
        assert (plain[0].text, plain[0].words) == ("", None)

    def test_it_was_called_as_we_think(self, tesseract_binary: Path) -> None:
        """The options we pass are ones this Tesseract knows."""
        said = subprocess.run([tesseract_binary, "--help-extra"], capture_output=True, text=True, check=True).stdout
        assert "--psm" in said
