"""From bytes to a fingerprint: what kind of picture it is, safely decoded, upright, and its PDQ hash.

PDQ: Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (2019).
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pdqhash
from PIL import Image, ImageOps, UnidentifiedImageError

#: Decoders that may be used at all: what platforms serve. Each further one is a further way in.
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")

#: PDQ looks at a 64 × 64 digest of the picture; more pixels than this cost time and change no more than a few bits.
_ENOUGH_PIXELS = 1_000_000
_SMALLEST_SIDE = 5  # PDQ has nothing to say of less
_SNIFFED = 1_024
_LARGE = 4_000_000  # pixels from which a picture is decoded alone: at 20 bytes a pixel, eight at once would be 8 GB


class Fingerprint(NamedTuple):
    """`pdq` is 64 hex digits, `quality` 0..100; `width` and `height` in pixels of the upright picture."""

    pdq: str
    quality: int
    width: int
    height: int


class Unusable(NamedTuple):
    """Bytes that give no fingerprint, and why."""

    reason: str


def fingerprint(
    body: bytes, *, max_pixels: int, alone: AbstractContextManager[object] | None = None
) -> Fingerprint | Unusable:
    """The fingerprint of a picture's first frame. Never raises, whatever the bytes are.

    `alone`: a lock that all threads share, held while a large picture is decoded.
    """
    reason = _not_a_picture(body)
    if reason:
        return Unusable(reason)
    try:
        return _decode(body, max_pixels, alone)
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
        return "" if head[8:12] in (b"avif", b"avis") else "video not fingerprinted yet"
    if head.startswith((b"\x1a\x45\xdf\xa3", b"OggS")) or head[:4] == b"RIFF":
        return "video not fingerprinted yet"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "SVG, which may hold scripts and has no pixels of its own"
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--")):
        return "a web page, not a picture"
    return "not a picture: unknown kind of file"


def _decode(body: bytes, max_pixels: int, alone: AbstractContextManager[object] | None) -> Fingerprint | Unusable:
    image: Image.Image = Image.open(BytesIO(body), formats=_FORMATS)
    width, height = image.size
    if width * height > max_pixels:
        return Unusable(f"{width} × {height} pixels, more than the {max_pixels} allowed")
    if min(width, height) < _SMALLEST_SIDE:
        return Unusable(f"{width} × {height} pixels, too small to tell from another")
    with alone if alone is not None and width * height > _LARGE else nullcontext():
        return _hashed(image)


def _hashed(image: Image.Image) -> Fingerprint:
    width, height = image.size
    shrink = _shrink(width, height)
    # JPEG alone can be decoded small; the others ignore it.
    image.draft("RGB", (math.ceil(width / shrink), math.ceil(height / shrink)))
    image.load()
    turned = _turned(image)
    if turned.size == image.size[::-1]:
        width, height = height, width
    upright = _as_rgb(turned)
    shrink = _shrink(*upright.size)
    if shrink > 1:
        upright = upright.reduce(shrink)
    bits, quality = pdqhash.compute(np.asarray(upright))
    pdq = np.packbits(bits.astype(np.uint8)).tobytes().hex()
    return Fingerprint(pdq, max(0, min(100, int(quality))), width, height)


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
        scale = 1.0 if 1.0 < top <= 255.0 else (255.0 if top <= 1.0 else 255.0 / 65_535.0)
        return Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8), "L").convert("RGB")
    if image.mode == "LAB":
        return image.getchannel(0).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return image.convert("RGB")
