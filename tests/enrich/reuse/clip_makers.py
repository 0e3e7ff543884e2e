"""Invented clips for tests: a camera drifting over made textures, as MP4, GIF and WebP."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]
RATE = 25.0


def texture(seed: int, size: tuple[int, int] = (480, 320)) -> Rgb:
    rng = np.random.default_rng(seed)
    picture = np.full((size[1], size[0], 3), 128, np.float32)
    for cells in (4, 12, 40, 150):
        noise = rng.normal(0, 45, (cells, cells * 3 // 2, 3)).astype(np.float32)
        picture += cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def film(*seeds: int, seconds: float = 6.0, size: tuple[int, int] = (192, 128)) -> list[Rgb]:
    """One shot for each seed; the camera drifts over its texture."""
    width, height = size
    frames: list[Rgb] = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        picture = texture(seed)
        count = round(seconds * RATE / len(seeds))
        x, y = rng.uniform(0, 60), rng.uniform(0, 40)
        dx, dy = rng.uniform(0.4, 1.2), rng.uniform(-0.3, 0.6)
        for number in range(count):
            left = int(np.clip(x + dx * number, 0, picture.shape[1] - width))
            top = int(np.clip(y + dy * number, 0, picture.shape[0] - height))
            frames.append(picture[top : top + height, left : left + width].copy())
    return frames


def mp4(frames: list[Rgb], rate: float = RATE) -> bytes:
    return _written(frames, rate, ".mp4", "mp4v")


def avi(frames: list[Rgb], rate: float = RATE) -> bytes:
    return _written(frames, rate, ".avi", "MJPG")


def _written(frames: list[Rgb], rate: float, ending: str, codec: str) -> bytes:
    height, width = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{ending}"
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), rate, (width, height))
        for frame in frames:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()
        return path.read_bytes()


def animation(frames: list[Rgb], kind: str, milliseconds: int | list[int] = 200) -> bytes:
    images = [Image.fromarray(frame) for frame in frames]
    file = BytesIO()
    images[0].save(file, kind, save_all=True, append_images=images[1:], duration=milliseconds, loop=0)
    return file.getvalue()


def turned_by_metadata(body: bytes) -> bytes:
    """An MP4 whose header says: show it turned by 90°."""
    box = body.index(b"tkhd")
    at = box + 4 + 4 + 20 + 8 + 8  # version 0: times, id, duration; then layer, volume
    quarter = (0, 65_536, 0, -65_536, 0, 0, 0, 0, 1 << 30)
    matrix = b"".join(number.to_bytes(4, "big", signed=True) for number in quarter)
    return body[:at] + matrix + body[at + 36 :]


def longer_by_its_header(body: bytes) -> bytes:
    """An MP4 that says it lasts for some hours."""
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        box = body.index(name)
        at = box + 8 + {b"mvhd": 12, b"tkhd": 16, b"mdhd": 12}[name]
        body = body[:at] + (0x7FFFFFF0).to_bytes(4, "big") + body[at + 4 :]
    return body


def of_uneven_rate(body: bytes) -> bytes:
    """An MP4 of which every frame lasts three times as long as it did: its clock, not its rate, tells the time."""
    box = body.index(b"stts")
    entries = int.from_bytes(body[box + 8 : box + 12], "big")
    for number in range(entries):
        at = box + 12 + 8 * number + 4
        body = body[:at] + (3 * int.from_bytes(body[at : at + 4], "big")).to_bytes(4, "big") + body[at + 4 :]
    return body


def without_video(body: bytes) -> bytes:
    """An MP4 whose only track says it is sound."""
    at = body.index(b"vide", body.index(b"hdlr"))
    return body[:at] + b"soun" + body[at + 4 :]
