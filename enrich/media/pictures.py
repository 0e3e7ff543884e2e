"""From bytes to pictures: what kind of file it is, safely decoded, upright; its frames; and the PDQ hash of each."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from enrich.media import codecs
from enrich.media.pdq import Hashed, pdq
from secondsource.contracts import bounds
from secondsource.contracts.reuse import USABLE

#: Decoders that may be used at all: what platforms serve. Each further one is a further way in.
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
#: Those whose further images are later moments of the same picture. (A TIFF's are pages, a JPEG's or HEIC's previews.)
_MOVING = ("GIF", "PNG", "WEBP", "AVIF")

#: PDQ looks at a 64 × 64 digest of the picture; more pixels than this cost time and change no more than a few bits.
_ENOUGH_PIXELS = 1_000_000
_SMALLEST_SIDE = 5  # PDQ has nothing to say of less
_SNIFFED = 1_024
_LARGE = 4_000_000  # pixels from which a picture is decoded alone: at 20 bytes a pixel, eight at once would be 8 GB
_SCANS = 100  # of a progressive JPEG: cameras and platforms write about ten, each costs a pass over all pixels

# That a file's metadata is damaged is no news to who imports a folder; what costs a picture we say ourselves.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

KEY_FRAMES = bounds.KEY_FRAMES
_LOOKED_AT = 400  # frames of an animation, at most
_CUT = 16.0  # mean difference of two frames' 32 × 32 grey digests, of 255, that makes another scene of it
_STIR = 3.0  # … that is enough where the scene has lasted for long
_LONG = 3.0  # seconds
_SHORTEST = 0.011  # seconds; what a file shows for less, browsers show for a tenth
_DIGEST = (32, 32)

Rgb = NDArray[np.uint8]


class Fingerprint(NamedTuple):
    """`pdq` is 64 hex digits, `quality` 0..100; `width` and `height` in pixels of the upright picture."""

    pdq: str
    quality: int
    width: int
    height: int


class Unusable(NamedTuple):
    """Bytes that give no fingerprint, and why."""

    reason: str


class Frame(NamedTuple):
    """One moment of a file: the frame's number, when it is shown, and its pixels, shape (height, width, 3).

    Upright, transparent parts on white, and of at most about a million pixels: larger ones are shrunk in whole steps.
    """

    number: int
    at_seconds: float
    rgb: Rgb


class Decoded(NamedTuple):
    """A picture's first frame, then an animation's key frames. `width` and `height` as it is shown upright.

    `frames_looked_at` of `frames_said` (what the file says it has) were decoded to find the key frames.
    """

    width: int
    height: int
    frames: tuple[Frame, ...]
    frames_looked_at: int = 1
    frames_said: int = 1


def fingerprint(
    body: bytes, *, max_pixels: int, alone: AbstractContextManager[object] | None = None
) -> Fingerprint | Unusable:
    """The fingerprint of a picture's first frame. Never raises, whatever the bytes are.

    `alone`: a lock that all threads share, held while a large picture is decoded.
    """
    found = decode(body, max_pixels=max_pixels, key_frames=1, alone=alone)
    return found if isinstance(found, Unusable) else hashed(found.frames[0].rgb, found.width, found.height)


def hashed(rgb: Rgb, width: int, height: int) -> Fingerprint:
    """The fingerprint of pixels, as a `Frame` holds them."""
    found = pdq(rgb)
    return Fingerprint(found.codes.tobytes().hex(), tempered(found), width, height)


def tempered(found: Hashed) -> int:
    """PDQ's quality, but little more than usable where there is something to be seen in few places, however strongly: a
    headline and a logo on the night have the quality of a landscape.
    """
    return min(found.quality, USABLE + found.places)


def decode(
    body: bytes, *, max_pixels: int, key_frames: int = KEY_FRAMES, alone: AbstractContextManager[object] | None = None
) -> Decoded | Unusable:
    """A picture and, of an animation, at most `key_frames` frames: the first, then one for each new scene.

    Never raises, whatever the bytes are. A damaged animation gives the frames before the damage. At most `max_pixels`
    are decoded of one frame, and as many of all frames after the first together.
    `alone`: a lock that all threads share, held while a large picture is decoded.
    """
    reason = _not_a_picture(body)
    if reason:
        return Unusable(reason)
    try:
        return _decode(body, max_pixels, key_frames, alone)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Unusable(f"more than the {max_pixels} pixels allowed")
    except UnidentifiedImageError:
        return Unusable("damaged: its header does not say what picture it is")
    except Exception as error:  # noqa: BLE001 -- decoders raise nearly anything on damaged bytes
        return Unusable(f"damaged: {str(error)[:100] or type(error).__name__}")


def _not_a_picture(body: bytes) -> str:
    """Why these bytes are none of the pictures we decode; "" if they begin like one."""
    if not body:
        return "0 bytes"
    head = body[:_SNIFFED]
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*")):
        return ""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ""
    if head[4:8] == b"ftyp":
        return _not_decoded(codecs.brands(head))
    if head.startswith((b"\x1a\x45\xdf\xa3", b"OggS")) or head[:4] == b"RIFF":
        return NO_VIDEO
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "SVG, which may hold scripts and has no pixels of its own"
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--")):
        return "a web page, not a picture"
    return "not a picture: unknown kind of file"


NO_VIDEO = "video not fingerprinted yet"


def _not_decoded(brands: frozenset[bytes]) -> str:
    """Of a file in the container that MP4, AVIF and HEIC share."""
    if brands & codecs.AVIF:
        return "" if codecs.avif().on else f"AVIF, not read here: {codecs.avif().detail}"
    if brands & codecs.HEIC:
        return "" if codecs.heic().on else f"HEIC, not read here: {codecs.heic().detail}"
    return NO_VIDEO


def _decode(
    body: bytes, max_pixels: int, key_frames: int, alone: AbstractContextManager[object] | None
) -> Decoded | Unusable:
    formats = (*_FORMATS, "HEIF") if codecs.heic().on else _FORMATS
    image: Image.Image = Image.open(BytesIO(body), formats=formats)
    width, height = image.size
    if width * height > max_pixels:
        return Unusable(f"{width} × {height} pixels, more than the {max_pixels} allowed")
    if min(width, height) < _SMALLEST_SIDE:
        return Unusable(f"{width} × {height} pixels, too small to tell from another")
    if image.format in ("JPEG", "MPO") and body.count(b"\xff\xda") > _SCANS:
        return Unusable(f"a JPEG of more than {_SCANS} scans, which take long and show nothing more")
    with alone if alone is not None and width * height > _LARGE else nullcontext():
        first, width, height = _first(image)
    said = _frames_said(image)
    if said < 2 or key_frames < 2:
        return Decoded(width, height, (first,), 1, said)
    scenes, looked_at = _scenes(image, first, key_frames, min(said, _LOOKED_AT, 1 + max_pixels // (width * height)))
    return Decoded(width, height, scenes, looked_at, said)


def _frames_said(image: Image.Image) -> int:
    """How many frames the file has, or may have where it is broken off."""
    if image.format not in _MOVING:
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # noqa: BLE001 -- decoders raise nearly anything on damaged bytes
        return _LOOKED_AT


def _first(image: Image.Image) -> tuple[Frame, int, int]:
    width, height = image.size
    shrink = _shrink(width, height)
    # JPEG alone can be decoded small; the others ignore it.
    image.draft("RGB", (math.ceil(width / shrink), math.ceil(height / shrink)))
    image.load()
    turned = _turned(image)
    if turned.size == image.size[::-1]:
        width, height = height, width
    return Frame(0, 0.0, _pixels(turned)), width, height


def _scenes(image: Image.Image, first: Frame, most: int, upto: int) -> tuple[tuple[Frame, ...], int]:
    """Frames that differ from the last one kept: much, or after a while a little. And how many were looked at."""
    kept = [first]
    digest = _digest(Image.fromarray(first.rgb))
    looked_at = 1
    for number, at, picture in _later(image, upto):
        looked_at += 1
        now = _digest(picture)
        differs = float(np.abs(now - digest).mean())
        if differs >= _CUT or (differs >= _STIR and at - kept[-1].at_seconds >= _LONG):
            kept.append(Frame(number, round(at, 3), _pixels(picture)))
            digest = now
            if len(kept) == most:
                break
    return tuple(kept), looked_at


def _later(image: Image.Image, upto: int) -> Iterator[tuple[int, float, Image.Image]]:
    """The frames after the first: number, second at which it is shown, picture. Ends where the file is damaged."""
    at = 0.0
    for number in range(1, upto):
        at += _shown(image)
        try:
            image.seek(number)
            image.load()
            yield number, at, _turned(image)
        except Exception:  # noqa: BLE001 -- decoders raise nearly anything on damaged bytes; the frames so far are whole
            return


def _shown(image: Image.Image) -> float:
    """How many seconds the frame stays."""
    told = image.info.get("duration", 0)
    seconds = float(told) / 1000 if isinstance(told, int | float) and math.isfinite(told) else 0.0
    return seconds if seconds >= _SHORTEST else 0.1


def _digest(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(_as_rgb(image).convert("L").resize(_DIGEST, Image.Resampling.BOX)).astype(np.float32)


def _pixels(image: Image.Image) -> Rgb:
    upright = _as_rgb(image)
    shrink = _shrink(*upright.size)
    return np.asarray(upright.reduce(shrink) if shrink > 1 else upright)


def _turned(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 -- damaged EXIF says nothing, and the picture is whole
        return image


def _shrink(width: int, height: int) -> int:
    """By how much, in whole steps (others move more bits), to come down to enough pixels; never below 64 on a side."""
    by_area = math.ceil(math.sqrt(width * height / _ENOUGH_PIXELS))
    return max(1, min(by_area, min(width, height) // 64))


def _as_rgb(image: Image.Image) -> Image.Image:
    """Eight bits a channel, three channels, transparent parts on white."""
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        values = np.asarray(image).astype(np.float64)
        top = float(values.max()) if np.isfinite(values).all() else 0.0
        # A sensor fills ten, twelve or fourteen bits of sixteen; shares of 1 have none.
        scale = 255.0 / (2.0 ** max(8, math.ceil(math.log2(top + 1))) - 1) if top > 1.0 else 255.0
        return Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8), "L").convert("RGB")
    if image.mode == "LAB":
        return image.getchannel(0).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return image.convert("RGB")
