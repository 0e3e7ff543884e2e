"""Pictures as they should not be, drawn by code."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.enrich.makers import saved, scene


def write_pictures(folder: Path) -> None:
    """One file a kind of trouble, and `whole.jpg`, of which `turned.jpg` and `cmyk.jpg` are other writings."""
    folder.mkdir(exist_ok=True)
    whole = scene()
    turned = Image.Exif()
    turned[0x0112] = 6  # "turn me a quarter to the right"
    bodies = {
        "whole.jpg": saved(whole),
        "page.jpg": b"<!DOCTYPE html><html><body>Picture not found</body></html>",
        "nothing.jpg": b"",
        "truncated.jpg": saved(scene(seed=3))[:4000],
        "huge.png": header_only(50_000, 50_000),
        "animated.gif": animated(),
        "cmyk.jpg": saved(whole.convert("CMYK"), quality=95),
        "turned.jpg": saved(whole.transpose(Image.Transpose.ROTATE_90), exif=turned, quality=95),
        "words.png": b"a note to self, not a picture",
        "speck.png": saved(Image.new("RGB", (1, 1)), "PNG"),
    }
    for name, body in bodies.items():
        (folder / name).write_bytes(body)


def header_only(width: int, height: int) -> bytes:
    """A PNG that announces so many pixels and has none of them."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 100))


def animated() -> bytes:
    out = BytesIO()
    first, *others = (scene(320, 240, seed) for seed in (11, 12, 13))
    first.save(out, "GIF", save_all=True, append_images=others, duration=100, loop=0)
    return out.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
