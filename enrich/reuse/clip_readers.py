"""Who decodes videos: PyAV where somebody has installed it, else the FFmpeg that OpenCV brings (docs/adr/0012)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.clip_opencv import OpenCvReader

Rgb = NDArray[np.uint8]


class VideoReader(Protocol):
    """A video that is open: its largest picture's sides by its head, and frames a second (nan: it does not say).

    May raise whatever its decoder raises on damaged bytes.
    """

    width: int
    height: int
    rate: float

    def advance(self) -> float | None:
        """Goes on to the next frame, if there is one: seconds since the first by the file's clock, or nan."""

    def picture(self) -> Rgb | None:
        """The frame that was gone to: height × width × 3, red first, upright. None if it cannot be shown."""

    def close(self) -> None: ...


#: Opens a video, from memory: its bytes, and how many threads may decode it. None if there is none in it.
Opening = Callable[[bytes, int], VideoReader | None]


class Decoder(NamedTuple):
    """`exact`: decodes AV1, too, and converts colours as the reference of PDQ for videos does."""

    opened: Opening
    exact: bool
    detail: str


OPENCV: Final = Decoder(
    OpenCvReader.opened,
    exact=False,
    detail="read by OpenCV; AV1, and colours to the bit: pip install 'secondsource[video]'",
)


def installed() -> Decoder:
    """The best decoder there is here."""
    try:
        from enrich.reuse.clip_pyav import PyAvReader  # noqa: PLC0415 -- an extra
    except ImportError:
        return OPENCV
    return Decoder(PyAvReader.opened, exact=True, detail="read by PyAV")
