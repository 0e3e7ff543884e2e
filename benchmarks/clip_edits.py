"""What people do to clips before they post them again, and clips to do it to, made with OpenCV, Pillow and numpy alone.

Nothing here knows how clips are matched. A clip is a list of frames (height × width × 3, red first) and a rate.
"""

from __future__ import annotations

import importlib
import random
import tempfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgb = NDArray[np.uint8]
RATE: Final = 25.0
WORDS: Final = "people are running over the bridge nobody shows it please share before they take it down again tonight"


class Clip(NamedTuple):
    """`crf` is H.264's constant rate factor: 23 is usual, 38 is what is left after many hands."""

    frames: list[Rgb]
    rate: float = RATE
    crf: int = 23

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.rate


# -- Clips to edit -----------------------------------------------------------------------------------------------------


def filmed(pictures: Sequence[Rgb], seconds: float, dice: random.Random, size: tuple[int, int] = (480, 270)) -> Clip:
    """Pictures filmed by an unsteady hand, one shot each: it drifts, shakes, zooms, and something crosses the view."""
    width, height = size
    per_shot = round(seconds * RATE / len(pictures))
    frames: list[Rgb] = []
    for picture in pictures:
        rows, columns = picture.shape[:2]
        zoom = max(width / columns, height / rows) * dice.uniform(1.25, 1.6)
        x, y = dice.uniform(-0.1, 0.1), dice.uniform(-0.1, 0.1)
        dx, dy, dz = (dice.uniform(-0.12, 0.12) / per_shot for _ in range(3))
        sx = sy = 0.0
        still = dice.random() < 0.3  # on a tripod
        for number in range(per_shot):
            if not still:
                sx, sy = 0.9 * sx + dice.gauss(0, 0.002), 0.9 * sy + dice.gauss(0, 0.002)
                x, y, zoom = x + dx, y + dy, zoom * (1 + dz)
            left = (0.5 + x + sx) * columns - width / 2 / zoom
            top = (0.5 + y + sy) * rows - height / 2 / zoom
            left = min(max(0.0, left), columns - width / zoom)
            top = min(max(0.0, top), rows - height / zoom)
            move = np.array([[zoom, 0, -zoom * left], [0, zoom, -zoom * top]])
            frame = cv2.warpAffine(picture, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            at = round(width * (number / per_shot * 1.4 - 0.2))
            cv2.circle(frame, (at, round(height * 0.7)), height // 9, (40, 60, 150 + number % 60), -1, cv2.LINE_AA)
            frames.append(np.asarray(frame, np.uint8))
    return Clip(frames)


def textures(count: int, dice: random.Random, size: tuple[int, int] = (720, 480)) -> list[Rgb]:
    """Made pictures, for where there are no photographs: clouds, walls and roofs."""
    rng = np.random.default_rng(dice.randrange(1 << 30))
    made = []
    for _ in range(count):
        picture = np.zeros((size[1], size[0], 3), np.float32)
        for cells in (3, 8, 24, 70):
            noise = rng.normal(0, 60 / cells**0.3, (cells, cells * 3 // 2, 3)).astype(np.float32)
            picture += cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
        picture = picture + 128
        for _ in range(dice.randrange(15, 40)):
            left, top = dice.randrange(size[0]), dice.randrange(size[1])
            wide, high = dice.randrange(10, 160), dice.randrange(10, 160)
            colour = [dice.randrange(256) for _ in range(3)]
            cv2.rectangle(picture, (left, top), (left + wide, top + high), colour, dice.choice([-1, -1, 3]))
        made.append(np.clip(picture, 0, 255).astype(np.uint8))
    return made


# -- Writing -----------------------------------------------------------------------------------------------------------


def encoded(clip: Clip) -> bytes:
    """MP4: H.264 where PyAV is installed, else MPEG-4 part 2."""
    try:
        av: Any = importlib.import_module("av")
    except ImportError:
        return _by_opencv(clip)
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=round(clip.rate))
        stream.height, stream.width = (side // 2 * 2 for side in clip.frames[0].shape[:2])
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(clip.crf), "preset": "veryfast", "threads": "1"}
        for frame in clip.frames:
            even = np.ascontiguousarray(frame[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def _by_opencv(clip: Clip) -> bytes:
    height, width = (side // 2 * 2 for side in clip.frames[0].shape[:2])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), clip.rate, (width, height))
        for frame in clip.frames:
            small = frame[:height, :width]
            if clip.crf > 30:
                small = _jpeg(small, 12)
            writer.write(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        writer.release()
        return path.read_bytes()


def as_gif(clip: Clip, *, width: int = 240, rate: float = 8.0) -> bytes:
    step = max(1, round(clip.rate / rate))
    images = [Image.fromarray(_scaled(frame, width / frame.shape[1])) for frame in clip.frames[::step]]
    file = BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=round(1000 * step / clip.rate))
    return file.getvalue()


# -- Edits -------------------------------------------------------------------------------------------------------------

#: Of a clip, dice, and other people's clips to put beside it. What every dress shows alike comes from its seed alone.
Edit = Callable[[Clip, random.Random, Sequence[Clip]], Clip]


def _each(change: Callable[[Rgb], Rgb], **more: Any) -> Edit:
    return lambda clip, _dice, _others: clip._replace(frames=[change(frame) for frame in clip.frames], **more)


def _scaled(frame: Rgb, by: float) -> Rgb:
    size = max(16, round(frame.shape[1] * by) // 2 * 2), max(16, round(frame.shape[0] * by) // 2 * 2)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC), np.uint8)


def _jpeg(frame: Rgb, quality: int) -> Rgb:
    _, body = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(body, cv2.IMREAD_COLOR), np.uint8)


def _cropped(share: float) -> Callable[[Rgb], Rgb]:
    def change(frame: Rgb) -> Rgb:
        height, width = frame.shape[:2]
        y, x = round(height * share / 2), round(width * share / 2)
        return frame[y : height - y, x : width - x]

    return change


def _on(ground: Rgb, frame: Rgb, left: int, top: int) -> Rgb:
    out = ground.copy()
    out[top : top + frame.shape[0], left : left + frame.shape[1]] = frame
    return out


def _barred(frame: Rgb) -> Rgb:
    """Letterbox: wide in a square."""
    height, width = frame.shape[:2]
    return _on(np.zeros((width, width, 3), np.uint8), frame, 0, (width - height) // 2)


def _blurred_bars(frame: Rgb) -> Rgb:
    """Wide in an upright phone's frame, its own blurred copy above and below."""
    small = _scaled(frame, 360 / frame.shape[1])
    ground = cv2.GaussianBlur(cv2.resize(frame, (360, 640)), (0, 0), 18)
    return _on(np.asarray(ground, np.uint8), small, 0, (640 - small.shape[0]) // 2)


def _written(width: int, height: int, text: str, ground: tuple[int, int, int], ink: tuple[int, int, int]) -> Rgb:
    image = Image.new("RGB", (width, height), ground)
    font = ImageFont.load_default(max(10, height // 4))
    draw = ImageDraw.Draw(image)
    half = text[: len(text) // 2] + "\n" + text[len(text) // 2 :]
    draw.multiline_text((8, height // 8), half, fill=ink, font=font)
    return np.asarray(image)


def _captioned(frame: Rgb) -> Rgb:
    """A white bar with a plea above."""
    height, width = frame.shape[:2]
    bar = _written(width, height // 3 // 2 * 2, WORDS[:70], (255, 255, 255), (0, 0, 0))
    return np.concatenate([bar, frame])


def _lower_third(frame: Rgb) -> Rgb:
    height, width = frame.shape[:2]
    bar = _written(width * 9 // 10, height // 6, "LIVE  Velgrad Daily  " + WORDS[:40], (150, 10, 20), (255, 255, 255))
    return _on(frame, bar, width // 20, height * 3 // 4)


def _logo(frame: Rgb) -> Rgb:
    height, width = frame.shape[:2]
    mark = _written(width // 6, height // 7, "VELGRAD", (250, 200, 0), (20, 20, 90))
    return _on(frame, mark, width - width // 6 - 8, 8)


def _texted(frame: Rgb) -> Rgb:
    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(frame.shape[0] // 9)
    for row, text in enumerate(("THEY DO NOT WANT", "YOU TO SEE THIS")):
        at = (frame.shape[1] // 12, frame.shape[0] // 14 + row * frame.shape[0] // 8)
        draw.text(at, text, fill="white", font=font, stroke_width=3, stroke_fill="black")
    return np.asarray(image)


def _tiled(frame: Rgb) -> Rgb:
    mark = _written(110, 40, "velgrad.example", (0, 0, 0), (255, 255, 255))
    over = np.tile(mark, (frame.shape[0] // 40 + 1, frame.shape[1] // 110 + 1, 1))[: frame.shape[0], : frame.shape[1]]
    return np.asarray(np.clip(frame.astype(np.int16) + over // 4, 0, 255), np.uint8)


def _in_app(frame: Rgb) -> Rgb:
    """A phone's screen recorded while an app plays the clip."""
    small = _scaled(frame, 340 / frame.shape[1])
    screen = _written(360, 640, "", (18, 20, 26), (255, 255, 255))
    screen = _on(screen, _written(340, 90, "Mira Tolan  2 h  " + WORDS[:44], (18, 20, 26), (230, 230, 230)), 10, 40)
    screen = _on(
        screen, _written(340, 150, "1,204 likes  318 shares " + WORDS[20:66], (18, 20, 26), (200, 200, 210)), 10, 440
    )
    for number in range(5):
        cv2.circle(screen, (40 + 70 * number, 610), 14, (120, 120, 130), 3)
    return _on(screen, small, 10, 150)


def _bordered(frame: Rgb) -> Rgb:
    return np.asarray(cv2.copyMakeBorder(frame, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=(200, 30, 60)), np.uint8)


def _tilted(frame: Rgb) -> Rgb:
    height, width = frame.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1.12)
    return np.asarray(cv2.warpAffine(frame, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _lit(frame: Rgb) -> Rgb:
    return np.asarray(np.clip((frame.astype(np.float32) - 128) * 1.3 + 150, 0, 255), np.uint8)


def _grey(frame: Rgb) -> Rgb:
    return np.repeat(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def _filmed_screen(frame: Rgb) -> Rgb:
    """A screen filmed askew."""
    height, width = frame.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to = corners * 0.86 + np.array([[0.09, 0.05], [0.03, 0.09], [0.06, 0.04], [0.06, 0.08]], np.float32) * [
        width,
        height,
    ]
    move = cv2.getPerspectiveTransform(corners, to.astype(np.float32))
    return np.asarray(cv2.warpPerspective(frame, move, (width, height), borderValue=(30, 26, 24)), np.uint8)


def _trimmed(clip: Clip, dice: random.Random, _others: Sequence[Clip]) -> Clip:
    """About half of it, from anywhere."""
    first = dice.randrange(len(clip.frames) // 2)
    return clip._replace(frames=clip.frames[first : first + len(clip.frames) // 2])


def _short(clip: Clip, dice: random.Random, _others: Sequence[Clip]) -> Clip:
    """Three seconds of it."""
    count = round(3 * clip.rate)
    first = dice.randrange(max(1, len(clip.frames) - count))
    return clip._replace(frames=clip.frames[first : first + count])


def _at_speed(speed: float) -> Edit:
    def edit(clip: Clip, _dice: random.Random, _others: Sequence[Clip]) -> Clip:
        count = int(len(clip.frames) / speed)
        return clip._replace(frames=[clip.frames[min(len(clip.frames) - 1, round(i * speed))] for i in range(count)])

    return edit


def _at_rate(rate: float) -> Edit:
    def edit(clip: Clip, _dice: random.Random, _others: Sequence[Clip]) -> Clip:
        count = int(clip.seconds * rate)
        last = len(clip.frames) - 1
        return clip._replace(
            frames=[clip.frames[min(last, round(i * clip.rate / rate))] for i in range(count)], rate=rate
        )

    return edit


def _dropping(clip: Clip, dice: random.Random, _others: Sequence[Clip]) -> Clip:
    """A bad line: one frame in four is the one before."""
    frames = list(clip.frames)
    for i in range(1, len(frames)):
        if dice.random() < 0.25:
            frames[i] = frames[i - 1]
    return clip._replace(frames=frames)


def _compiled(clip: Clip, dice: random.Random, others: Sequence[Clip]) -> Clip:
    """Six seconds of it among others."""
    size = clip.frames[0].shape[1], clip.frames[0].shape[0]
    first = dice.randrange(max(1, len(clip.frames) - 150))
    around = [[np.asarray(cv2.resize(frame, size), np.uint8) for frame in other.frames[:100]] for other in others[:3]]
    return clip._replace(frames=[*around[0], *around[1], *clip.frames[first : first + 150], *around[2]])


def _after(*edits: Edit) -> Edit:
    def edit(clip: Clip, dice: random.Random, others: Sequence[Clip]) -> Clip:
        for each in edits:
            clip = each(clip, dice, others)
        return clip

    return edit


def _upright(clip: Clip, _dice: random.Random, _others: Sequence[Clip]) -> Clip:
    """The middle of a wide clip, as an upright one."""
    height, width = clip.frames[0].shape[:2]
    wide = height * 3 // 4
    left = (width - wide) // 2
    return clip._replace(frames=[frame[:, left : left + wide] for frame in clip.frames])


EDITS: Final[dict[str, Edit]] = {
    "as it is": _each(lambda frame: frame),
    "low bitrate": _each(lambda frame: frame, crf=38),
    "half size": _each(lambda frame: _scaled(frame, 0.5)),
    "quarter size, low bitrate": _each(lambda frame: _scaled(frame, 0.25), crf=34),
    "squeezed": _each(lambda frame: np.asarray(cv2.resize(frame, (360, 360)), np.uint8)),
    "letterbox": _each(_barred),
    "blurred bars": _each(_blurred_bars),
    "border": _each(_bordered),
    "caption bar": _each(_captioned),
    "lower third": _each(_lower_third),
    "logo": _each(_logo),
    "large text": _each(_texted),
    "tiled watermark": _each(_tiled),
    "app on a phone": _each(_in_app),
    "mirrored": _each(lambda frame: np.ascontiguousarray(frame[:, ::-1])),
    "turned by 90°": _each(lambda frame: np.ascontiguousarray(np.rot90(frame))),
    "tilted by 5°": _each(_tilted),
    "filmed screen": _each(_filmed_screen),
    "grey": _each(_grey),
    "bright and hard": _each(_lit),
    "blurred": _each(lambda frame: np.asarray(cv2.GaussianBlur(frame, (0, 0), 2.5), np.uint8)),
    "cropped by 4 %": _each(_cropped(0.04)),
    "cropped by 10 %": _each(_cropped(0.10)),
    "cropped by 20 %": _each(_cropped(0.20)),
    "cropped by 40 %": _each(_cropped(0.40)),
    "cropped to upright": _upright,
    "half of it": _trimmed,
    "three seconds of it": _short,
    "speed × 1.1": _at_speed(1.1),
    "speed × 0.9": _at_speed(0.9),
    "15 frames a second": _at_rate(15.0),
    "30 frames a second": _at_rate(30.0),
    "frames dropped": _dropping,
    "in a compilation": _compiled,
    "half, letterbox, low bitrate": _after(_trimmed, _each(_barred, crf=36)),
    "mirrored, logo, speed × 1.1": _after(
        _each(lambda f: np.ascontiguousarray(f[:, ::-1])), _each(_logo), _at_speed(1.1)
    ),
    "app on a phone, half, low bitrate": _after(_trimmed, _each(_in_app, crf=34)),
}
#: What different clips wear alike.
DRESSES: Final = ("letterbox", "blurred bars", "border", "caption bar", "lower third", "logo", "large text",
                  "tiled watermark", "app on a phone", "filmed screen")  # fmt: skip
