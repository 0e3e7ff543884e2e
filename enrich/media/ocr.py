"""What can be read in a picture, by Tesseract where it is installed: a program of its own, called with bounds.

It is asked only where a picture has what text has: small, sharp marks in rows on an even ground. Telling that takes
about 20 ms, reading a second or two; of photographs without text, one in five is read for nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from io import BytesIO
from threading import BoundedSemaphore
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_TEXT: Final = 1_000  #: characters that are kept of what is read
#: Tesseract's names of languages by ours, those that Debian packages; English is always there.
LANGUAGES: Final = {
    "ar": "ara", "de": "deu", "en": "eng", "es": "spa", "fa": "fas", "fr": "fra", "he": "heb", "it": "ita", "pt": "por",
    "ru": "rus", "tr": "tur", "uk": "ukr", "pl": "pol", "nl": "nld", "el": "ell", "hi": "hin", "ur": "urd",
}  # fmt: skip
_SECONDS = 10.0
_LONGEST = 1_600  # pixels of the side that Tesseract is given
_SMALL = 700  # pixels under which small letters are too small for it, and are enlarged
_TILES = 24  # across and down, by which the look of text is told
_RUN = 4  # tiles in a row that look written on
_SURE = 60.0  # of 100: words of which Tesseract is less sure are not taken
_FEWEST = 3  # characters of all that was read
_WORD = re.compile(r"\w", re.UNICODE)

Rgb = NDArray[np.uint8]


class Tesseract(NamedTuple):
    """The installed program and the languages it is asked to read."""

    path: str
    languages: tuple[str, ...]


class Report(NamedTuple):
    on: bool
    detail: str


def installed(wanted: Sequence[str]) -> tuple[Tesseract | None, Report]:
    """Tesseract with those of the wanted languages (ISO 639-1) that are installed, and what to tell at start."""
    path = shutil.which("tesseract")
    if path is None:
        return None, Report(on=False, detail="off: install Tesseract (Debian: tesseract-ocr, tesseract-ocr-ara, …)")
    try:
        done = subprocess.run(  # noqa: S603 -- the program found on the path, no words of others among its arguments
            [path, "--list-langs"], capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return None, Report(on=False, detail=f"off: {path} does not answer ({type(error).__name__})")
    there = set(done.stdout.split())
    names = [LANGUAGES[code] for code in dict.fromkeys(("en", *wanted)) if code in LANGUAGES]
    found = tuple(name for name in names if name in there)
    if not found:
        return None, Report(on=False, detail="off: Tesseract has none of the languages asked for (tesseract-ocr-eng)")
    absent = [name for name in names if name not in there]
    more = f"; not installed: {', '.join(absent)}" if absent else ""
    return Tesseract(path, found), Report(on=True, detail=f"reads {', '.join(found)}{more}")


class Reader:
    """Reads pictures, two at a time at most; what takes longer than ten seconds is given up. Safe for threads."""

    def __init__(self, tesseract: Tesseract, *, seconds: float = _SECONDS, at_once: int = 2) -> None:
        self._tesseract = tesseract
        self._seconds = seconds
        self._turns = BoundedSemaphore(at_once)

    def read(self, rgb: Rgb) -> str:
        """The words in a picture in reading order, at most 1,000 characters; "" where there are none. Never raises."""
        if not looks_like_text(rgb):
            return ""
        command = [
            *(self._tesseract.path, "stdin", "stdout", "-l", "+".join(self._tesseract.languages)),
            *("--psm", "3", "-c", "tessedit_create_tsv=1"),
        ]
        with self._turns:
            try:
                done = subprocess.run(  # noqa: S603 -- our program, our arguments; the picture is of our own making
                    command,
                    input=_pgm(rgb),
                    capture_output=True,
                    timeout=self._seconds,
                    check=True,
                    env={"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8", "PATH": ""},
                )
            except (OSError, subprocess.SubprocessError):
                return ""
        return words(done.stdout.decode("utf-8", "replace"))


def words(table: str) -> str:
    """The words of Tesseract's TSV of which it is sure, a blank between them."""
    kept = []
    for line in table.splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) == 12 and cells[0] == "5" and float(cells[10]) >= _SURE and _WORD.search(cells[11]):
            kept.append(cells[11].strip())
    text = " ".join(kept)[:MOST_TEXT]
    return text if len(text) >= _FEWEST else ""


def looks_like_text(rgb: Rgb) -> bool:
    """Whether some tiles of a picture look written on: hard edges close together, between two shades mostly.

    Foliage and crowds have edges too, of all shades. Ones that pass all the same cost time, not truth.
    """
    grey = rgb.mean(axis=2, dtype=np.float32)
    step = max(1, round(max(grey.shape) / 960))
    grey = grey[::step, ::step]
    rows, columns = (max(1, side // _TILES) for side in grey.shape)
    if rows < 4 or columns < 4 or grey.shape[1] // columns < _RUN:
        return False
    cut = grey[: rows * (grey.shape[0] // rows), : columns * (grey.shape[1] // columns)]
    tiles = cut.reshape(cut.shape[0] // rows, rows, cut.shape[1] // columns, columns).swapaxes(1, 2)
    tiles = tiles.reshape(*tiles.shape[:2], -1)
    low, high = np.percentile(tiles, 5, axis=2), np.percentile(tiles, 95, axis=2)
    spread = np.maximum(high - low, 1.0)
    share = (tiles - low[..., None]) / spread[..., None]
    at_the_ends = ((share < 0.25) | (share > 0.75)).mean(axis=2)
    edges = (np.abs(np.diff(cut, axis=1)) > 48).astype(np.float32)
    edges = np.pad(edges, ((0, 0), (0, 1)))
    edges = edges.reshape(cut.shape[0] // rows, rows, cut.shape[1] // columns, columns).mean(axis=(1, 3))
    ground = np.maximum((share < 0.2).mean(axis=2), (share > 0.8).mean(axis=2))  # text covers less than what it is on
    written = (spread > 70) & (at_the_ends > 0.78) & (ground > 0.5) & (edges > 0.03)
    across = np.cumsum(np.pad(written, ((0, 0), (1, 0))), axis=1)
    return bool((across[:, _RUN:] - across[:, :-_RUN] == _RUN).any())


def _pgm(rgb: Rgb) -> bytes:
    image = Image.fromarray(rgb).convert("L")
    longest = max(image.size)
    if longest > _LONGEST:
        image.thumbnail((_LONGEST, _LONGEST))
    elif longest < _SMALL:
        image = image.resize((image.width * 2, image.height * 2), Image.Resampling.LANCZOS)
    out = BytesIO()
    image.save(out, "PPM")  # a grey picture is written as PGM, which nobody has to pack and unpack
    return out.getvalue()
