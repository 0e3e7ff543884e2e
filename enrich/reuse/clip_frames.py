"""From bytes to frames in time: what of a video or an animation is shown when, safely decoded.

Videos are decoded from memory, as one of four containers and nothing that could name another file; animations (GIF,
WebP, APNG, AVIF) by Pillow. Sound is ignored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enrich.media.pictures import Unusable
from enrich.reuse.clip_readers import Opening, Rgb, installed
from secondsource.contracts.clock import Clock
from secondsource.contracts.messages import Struct

_DENSEST: Final = 1 / 31  #: seconds; of clips at 50 or 60 frames a second every second frame is enough
_HELD: Final = 0.5  #: seconds after which a frame that is still shown is given again
_SHORTEST: Final = 0.02  #: seconds; browsers show a GIF's frame of less for a tenth of a second
_LEAST_SIDE: Final = 16
_ANIMATED: Final = ("GIF", "WEBP", "PNG", "AVIF")
Grey = NDArray[np.uint8]


class ClipLimits(Struct, frozen=True, kw_only=True):
    """What one clip may cost at most. What is beyond `max_seconds`, `max_frames` or the deadline is not looked at."""

    max_bytes: int = 100_000_000
    max_pixels: int = 9_500_000  #: of one frame; 4K has 8.3 million
    max_seconds: float = 600.0
    max_frames: int = 20_000  #: decoded
    deadline_seconds: float = 120.0  #: of decoding, on the wall
    threads: int = 1


class Frame(NamedTuple):
    """What is shown from `at` seconds on: height × width × 3, red first, upright."""

    at: float
    rgb: Rgb


class Frames:
    """The frames of a clip, in order, each once iterated; `complete` and `seconds` are known after the last.

    Iterating never raises: a clip that is damaged in the middle ends there.
    """

    def __init__(self, body: bytes, limits: ClipLimits, clock: Clock, opened: Opening) -> None:
        self._body = body
        self._limits = limits
        self._clock = clock
        self._opened = opened
        self.complete = False  #: whether the clip was seen to its end
        self.seconds = 0.0  #: how much of it was seen
        self.reason = ""  #: why there is no more, where it is not the end

    def __iter__(self) -> Iterator[Frame]:
        until = self._clock.monotonic() + self._limits.deadline_seconds
        seen = 0
        last: Frame | None = None
        try:
            for frame in _decoded(self._body, self._limits, self._opened):
                seen += 1
                if frame.at > self._limits.max_seconds or seen > self._limits.max_frames:
                    self.reason = "longer than what is looked at"
                    return
                if last is not None:
                    yield from _held(last, frame.at)
                self.seconds = frame.at
                if frame.rgb.size:
                    yield frame
                    last = frame
                if self._clock.monotonic() > until:
                    self.reason = f"not decoded within {self._limits.deadline_seconds:g} seconds"
                    return
        except _Refused as refusal:
            self.reason = refusal.reason
            return
        except Exception as error:  # noqa: BLE001 -- decoders raise nearly anything on damaged bytes
            self.reason = f"damaged: {str(error)[:100] or type(error).__name__}"
            return
        self.complete = True


class _Refused(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def frames_of(body: bytes, limits: ClipLimits, clock: Clock, opened: Opening | None = None) -> Frames | Unusable:
    """The frames of a clip, or why these bytes are none. Nothing is decoded yet.

    `opened`: who decodes videos; the best there is, where none is named.
    """
    reason = _not_a_clip(body, limits)
    return Unusable(reason) if reason else Frames(body, limits, clock, opened or installed().opened)


def is_clip(body: bytes) -> bool:
    """Whether these bytes begin like a video, or like a picture that may move."""
    return _is_video(body) or _may_move(body)


def _not_a_clip(body: bytes, limits: ClipLimits) -> str:
    if not body:
        return "0 bytes"
    if len(body) > limits.max_bytes:
        return f"{len(body)} bytes, more than the {limits.max_bytes} allowed"
    return "" if is_clip(body) else "not a clip: unknown kind of file"


def _is_video(body: bytes) -> bool:
    """MP4 and its kin, WebM and Matroska, AVI, MPEG transport streams: files that hold what they show."""
    if body[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return body[8:12] not in {b"avif", b"avis", b"heic", b"heix", b"mif1"}
    if body[:4] == b"RIFF" and body[8:12] == b"AVI ":
        return True
    return body.startswith(b"\x1a\x45\xdf\xa3") or (
        body[:1] == b"G" and body[188:189] == b"G" and body[376:377] == b"G"
    )


def _may_move(body: bytes) -> bool:
    if body.startswith((b"GIF87a", b"GIF89a")) or (body[:4] == b"RIFF" and body[8:12] == b"WEBP"):
        return True
    return body[4:12] == b"ftypavis" or (body.startswith(b"\x89PNG\r\n\x1a\n") and b"acTL" in body[:4_096])


def _decoded(body: bytes, limits: ClipLimits, opened: Opening) -> Iterator[Frame]:
    """Frames by the time they are shown at; one without pixels, last, says when the last ends."""
    return _of_video(body, limits, opened) if _is_video(body) else _of_animation(body, limits)


def _of_video(body: bytes, limits: ClipLimits, opened: Opening) -> Iterator[Frame]:
    reader = opened(body, limits.threads)
    if reader is None:
        raise _Refused("no video in it that we can decode")
    try:
        _check_size(reader.width, reader.height, limits)
        step = 1 / reader.rate if math.isfinite(reader.rate) and 1 <= reader.rate <= 240 else 1 / 25
        at, due, first = -step, 0.0, True
        while (told := reader.advance()) is not None:
            # Where the file's clock stands still, goes back or leaps, its rate is believed.
            at = told if math.isfinite(told) and at < told < at + 60 else at + step
            if at < due and not first:
                yield Frame(at, _NO_PIXELS)
                continue
            rgb = reader.picture()
            if rgb is None:
                continue
            _check_size(rgb.shape[1], rgb.shape[0], limits)
            yield Frame(max(0.0, at), rgb)
            due, first = at + _DENSEST, False
        if first:
            raise _Refused("no frame in it that we can decode")
        yield Frame(at + step, _NO_PIXELS)
    finally:
        reader.close()


_NO_PIXELS: Final = np.zeros((0, 0, 3), np.uint8)


def _of_animation(body: bytes, limits: ClipLimits) -> Iterator[Frame]:
    with Image.open(BytesIO(body), formats=_ANIMATED) as image:
        _check_size(*image.size, limits)
        at = 0.0
        for number in range(min(int(getattr(image, "n_frames", 1)), limits.max_frames + 1)):
            image.seek(number)
            image.load()
            yield Frame(at, _on_white(image))
            lasts = float(image.info.get("duration", 0) or 0) / 1000
            at += lasts if lasts >= _SHORTEST else 0.1
        yield Frame(at, _NO_PIXELS)


def _on_white(image: Image.Image) -> Rgb:
    clear = image.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB"))


def _check_size(width: int, height: int, limits: ClipLimits) -> None:
    if width * height > limits.max_pixels:
        raise _Refused(f"{width} × {height} pixels, more than the {limits.max_pixels} allowed")
    if min(width, height) < _LEAST_SIDE:
        raise _Refused(f"{width} × {height} pixels, too small to tell from another")


def _held(frame: Frame, until: float) -> Iterator[Frame]:
    """A frame that is shown for long, again, so that every moment has one."""
    for number in range(1, int(min(until - frame.at, 120.0) / _HELD) + 1):
        at = frame.at + number * _HELD
        if at < until - _HELD / 2:
            yield Frame(at, frame.rgb)
