"""What people do to pictures before they post them again: some fifty edits, made with Pillow and numpy alone.

Nothing here knows how pictures are matched. Each edit is a function of a picture, of dice for what differs from copy
to copy (where it is cut, how far it is tilted) and of a `Dress`: what many different pictures wear alike (the frame,
the caption, the logo, the app). Two photographs in one dress are the hard negatives: alike in all but what counts.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from io import BytesIO
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Picture = Image.Image
Colour = tuple[int, int, int]

_WORDS: Final = tuple(
    re.findall(
        r"\w+",
        "this is happening right now in the old town and nobody shows it please share before they take it down again "
        "my cousin sent me these an hour ago from the bridge look at the sky over the market people are running the "
        "water is rising we saw it with our own eyes unbelievable scenes tonight pray for everyone there",
    )
)
_NAMES: Final = ("Mira Tolan", "Velgrad Daily", "J. Harrow", "Ostrava Watcher", "the_real_pavle", "Nina K", "Sel Omar")


class Dress(NamedTuple):
    """What different pictures may wear alike, made from a seed."""

    seed: int

    def dice(self, of: str) -> random.Random:
        return random.Random(f"{self.seed}/{of}")

    def text(self, of: str, words: int) -> str:
        dice = self.dice(of)
        start = dice.randrange(len(_WORDS))
        return " ".join(_WORDS[(start + i) % len(_WORDS)] for i in range(words))


Edit = Callable[[Picture, random.Random, Dress], Picture]


def lettering(size: float) -> ImageFont.FreeTypeFont:
    """Pillow's own font, `size` pixels high, and never too small to be read."""
    font = ImageFont.load_default(max(8.0, size))
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _saved(picture: Picture, quality: int, *, subsampling: int = 2) -> Picture:
    """As it comes out of a JPEG file."""
    file = BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=quality, subsampling=subsampling)
    return Image.open(BytesIO(file.getvalue())).convert("RGB")


def _fitted(picture: Picture, longest: int) -> Picture:
    """Scaled so that its longer side is that long."""
    scale = longest / max(picture.size)
    return picture.resize((max(8, round(picture.width * scale)), max(8, round(picture.height * scale))), 1)


def _array(picture: Picture) -> NDArray[np.float32]:
    return np.asarray(picture.convert("RGB"), dtype=np.float32)


def _picture(values: NDArray[np.float32]) -> Picture:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8), "RGB")


def _wrapped(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer, font) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


# -- files and sizes -------------------------------------------------------------------------------------------------


def _jpeg(quality: int) -> Edit:
    return lambda picture, _dice, _dress: _saved(picture, quality)


def _resize(scale: float) -> Edit:
    def edit(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
        size = (max(8, round(picture.width * scale)), max(8, round(picture.height * scale)))
        return _saved(picture.resize(size, Image.Resampling.BICUBIC), 80)

    return edit


def _chain(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    """Through three platforms: scaled and saved by each."""
    for longest, quality in ((1_280, 85), (960, 75), (dice.choice((600, 680, 720)), 65)):
        picture = _saved(_fitted(picture, min(longest, max(picture.size) * 2)), quality)
    return picture


def _crop(removed: float, *, anywhere: bool) -> Edit:
    """Cut away `removed` of the area, keeping the proportions when centred."""

    def edit(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
        kept = math.sqrt(1 - removed)
        lean = dice.uniform(0.88, 1.13) if anywhere else 1.0
        width, height = (
            round(side * min(1.0, kept * by)) for side, by in zip(picture.size, (lean, 1 / lean), strict=True)
        )
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        if anywhere:
            left, top = dice.randint(0, picture.width - width), dice.randint(0, picture.height - height)
        return _saved(picture.crop((left, top, left + width, top + height)), 85)

    return edit


def _stretch(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    by = dice.choice((0.75, 0.8, 1.25, 1.33))
    return _saved(picture.resize((round(picture.width * by), picture.height), 1), 80)


def _mirror(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    return _saved(ImageOps.mirror(picture), 80)


def _quarter(turns: int) -> Edit:
    way = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}[turns]
    return lambda picture, _dice, _dress: _saved(picture.transpose(way), 80)


def _tilt(degrees: float, *, cut: bool) -> Edit:
    """Tilted to either side; the corners filled with black, or cut away."""

    def edit(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
        angle = degrees * dice.choice((-1, 1))
        turned = picture.rotate(angle, Image.Resampling.BICUBIC, expand=not cut)
        if not cut:
            return _saved(turned, 80)
        width, height = picture.size
        sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
        scale = min(width / (width * cosine + height * sine), height / (width * sine + height * cosine))
        w, h = width * scale, height * scale
        return _saved(
            turned.crop(
                (round((width - w) / 2), round((height - h) / 2), round((width + w) / 2), round((height + h) / 2))
            ),
            80,
        )

    return edit


# -- colours and noise -----------------------------------------------------------------------------------------------


def _grey(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    return _saved(picture.convert("L").convert("RGB"), 80)


def _warm(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    values = _array(picture)
    values = np.asarray(255 * (values / 255) ** np.array([0.8, 0.95, 1.25], np.float32), np.float32)
    return _saved(ImageEnhance.Contrast(_picture(values * 0.92 + 18)).enhance(1.15), 80)


def _harsh(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    """Strong contrast, saturated, darkened towards the corners."""
    strong = ImageEnhance.Color(ImageEnhance.Contrast(picture).enhance(1.6)).enhance(1.5)
    values = _array(strong)
    y, x = np.mgrid[-1 : 1 : values.shape[0] * 1j, -1 : 1 : values.shape[1] * 1j]
    return _saved(_picture(values * (1 - 0.35 * (x**2 + y**2)[:, :, None]).astype(np.float32)), 80)


def _dark(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    return _saved(ImageEnhance.Brightness(picture).enhance(0.45), 80)


def _sepia(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    return _saved(ImageOps.colorize(picture.convert("L"), "#201409", "#fff0d0"), 80)


def _blur(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    return _saved(picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 320)), 80)


def _noise(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    grain = np.random.default_rng(dice.getrandbits(32)).normal(0, 22, (picture.height, picture.width, 3))
    return _saved(_picture(_array(picture) + grain.astype(np.float32)), 70)


# -- around it -------------------------------------------------------------------------------------------------------


def _border(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    dice = dress.dice("border")
    wide = round(max(picture.size) * dice.uniform(0.03, 0.08))
    colour = dice.choice(("white", "black", "#d01c1c", "#f2c200"))
    return _saved(ImageOps.expand(picture, wide, colour), 80)


def _ornate(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    """A patterned frame, as picture apps give away."""
    dice = dress.dice("ornate")
    wide = round(max(picture.size) * 0.1)
    framed = ImageOps.expand(picture, wide, dice.choice(("#204080", "#802040", "#205030")))
    draw = ImageDraw.Draw(framed)
    step = max(6, wide // 2)
    for x in range(0, framed.width, step):
        for y in range(0, framed.height, step):
            inside = wide - step < x < framed.width - wide and wide - step < y < framed.height - wide
            if not inside:
                kind, tone = dice.randrange(3), (dice.randrange(256), dice.randrange(256), dice.randrange(256))
                box = (x + 1, y + 1, x + step - 2, y + step - 2)
                (draw.ellipse if kind == 0 else draw.rectangle)(box, fill=tone)
    framed.paste(picture, (wide, wide))
    return _saved(framed, 80)


def _letterbox(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    """Black bars to make it a video, or a square."""
    if dice.random() < 0.5:
        side = max(picture.size)
        size = (side, side) if picture.width != picture.height else (round(side * 16 / 9), side)
    else:
        size = (picture.width, max(picture.height, round(picture.width * 1.4)))
    canvas = Image.new("RGB", size, "black")
    canvas.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return _saved(canvas, 80)


def _blurred_bars(picture: Picture, _dice: random.Random, _dress: Dress) -> Picture:
    """Before a blurred copy of itself, in a phone's proportions."""
    width = picture.width
    height = round(max(width * 16 / 9, picture.height * 1.25))
    scale = max(width / picture.width, height / picture.height)
    big = picture.resize((math.ceil(picture.width * scale), math.ceil(picture.height * scale)))
    left, top = (big.width - width) // 2, (big.height - height) // 2
    canvas = big.crop((left, top, left + width, top + height)).filter(ImageFilter.GaussianBlur(width / 25))
    canvas = ImageEnhance.Brightness(canvas).enhance(0.75)
    canvas.paste(picture, (0, (height - picture.height) // 2))
    return _saved(canvas, 80)


def _bar(width: int, text: str, size: float, colour: str, ink: str) -> Picture:
    font = lettering(size)
    lines = _wrapped(ImageDraw.Draw(Image.new("RGB", (8, 8))), text, font, width * 0.92)
    bar = Image.new("RGB", (width, round((len(lines) + 0.8) * size * 1.25)), colour)
    draw = ImageDraw.Draw(bar)
    for i, line in enumerate(lines):
        draw.text((width * 0.04, (i + 0.4) * size * 1.25), line, ink, font)
    return bar


def _stacked(*parts: Picture) -> Picture:
    canvas = Image.new("RGB", (parts[0].width, sum(part.height for part in parts)))
    y = 0
    for part in parts:
        canvas.paste(part, (0, y))
        y += part.height
    return canvas


def _caption_bar(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    bar = _bar(picture.width, dress.text("caption", 12), picture.width / 17, "white", "black")
    return _saved(_stacked(bar, picture), 80)


def _caption_bars(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    above = _bar(picture.width, dress.text("above", 6), picture.width / 14, "black", "white")
    below = _bar(picture.width, dress.text("below", 14), picture.width / 20, "black", "#ffe000")
    return _saved(_stacked(above, picture, below), 80)


# -- on top of it ----------------------------------------------------------------------------------------------------


def _meme(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    shown = picture.copy()
    draw = ImageDraw.Draw(shown)
    size = picture.width / 11
    font = lettering(size)
    for of, lowest in (("meme above", 0.03), ("meme below", 0.97)):
        lines = _wrapped(draw, dress.text(of, 6).upper(), font, picture.width * 0.94)
        height = len(lines) * size * 1.1
        y = picture.height * lowest - (height if lowest > 0.5 else 0)
        for line in lines:
            x = (picture.width - draw.textlength(line, font)) / 2
            draw.text((x, y), line, "white", font, stroke_width=max(1, round(size / 14)), stroke_fill="black")
            y += size * 1.1
    return _saved(shown, 80)


def _watermark(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    size = picture.width / 14
    layer = Image.new("L", (picture.width * 2, picture.height * 2), 0)
    draw = ImageDraw.Draw(layer)
    font, text = lettering(size), dress.text("watermark", 2)
    step = draw.textlength(text, font) + size
    for row in range(math.ceil(layer.height / (size * 2.6))):
        for column in range(math.ceil(layer.width / step)):
            draw.text((column * step - (row % 2) * step / 2, row * size * 2.6), text, 95, font)
    layer = layer.rotate(30, Image.Resampling.BILINEAR)
    left, top = picture.width // 2, picture.height // 2
    mask = layer.crop((left, top, left + picture.width, top + picture.height))
    shown = picture.copy()
    shown.paste("white", (0, 0), mask)
    return _saved(shown, 80)


def _badge(dress: Dress, size: int) -> Picture:
    dice = dress.dice("logo")
    tones = [f"#{dice.randrange(0x1000000):06x}" for _ in range(3)]
    badge = Image.new("RGB", (size * 2, size), tones[0])
    draw = ImageDraw.Draw(badge)
    draw.ellipse(
        (size * 0.1, size * 0.1, size * 0.9, size * 0.9), fill=tones[1], outline="white", width=max(1, size // 16)
    )
    draw.text((size * 0.25, size * 0.2), dress.text("logo", 1)[:1].upper(), "white", lettering(size * 0.55))
    draw.text((size * 1.0, size * 0.28), dress.text("logo", 2)[:5].upper(), "white", lettering(size * 0.34))
    return badge


def _logo(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    shown = picture.copy()
    badge = _badge(dress, max(16, picture.width // 8))
    right, low = dress.dice("corner").choice(((1, 0), (1, 1), (0, 0), (0, 1)))
    gap = picture.width // 30
    x = picture.width - badge.width - gap if right else gap
    shown.paste(badge, (x, picture.height - badge.height - gap if low else gap))
    return _saved(shown, 80)


def _lower_third(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    shown = picture.copy()
    draw = ImageDraw.Draw(shown)
    width, height = picture.size
    top = round(height * 0.76)
    draw.rectangle((0, top, width, round(height * 0.9)), fill="#a01018")
    draw.rectangle((0, round(height * 0.9), width, round(height * 0.97)), fill="#f0f0f0")
    draw.text(
        (width * 0.04, top + height * 0.02), dress.text("headline", 5).upper(), "white", lettering(height * 0.075)
    )
    draw.text((width * 0.04, height * 0.905), dress.text("ticker", 9), "#202020", lettering(height * 0.045))
    shown.paste(_badge(dress, max(16, width // 10)), (round(width * 0.04), round(height * 0.04)))
    return _saved(shown, 80)


def _sticker(dice: random.Random, size: int) -> Picture:
    """A round face, drawn large and scaled so that its edges are smooth."""
    face = Image.new("RGBA", (128, 128))
    draw = ImageDraw.Draw(face)
    draw.ellipse((4, 4, 124, 124), fill=dice.choice(("#ffcc33", "#ff5533", "#66bbff")), outline="#553300", width=4)
    for x in (36, 76):
        draw.ellipse((x, 36, x + 16, 60), fill="#332211")
    draw.chord((32, 60, 96, 108), 0, 180, fill="#882222")
    return face.resize((size, size), Image.Resampling.LANCZOS)


def _stickers(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    shown = picture.copy()
    for _ in range(5):
        sticker = _sticker(dice, round(picture.width * dice.uniform(0.1, 0.2)))
        place = dice.randint(0, picture.width - sticker.width), dice.randint(0, max(0, picture.height - sticker.height))
        shown.paste(sticker, place, sticker)
    return _saved(shown, 80)


# -- in something else -----------------------------------------------------------------------------------------------


def _phone(picture: Picture, dress: Dress, of: str) -> Picture:
    """A post in an app on a phone: status bar, account, words, the picture, buttons, two replies."""
    dice = dress.dice(of)
    width = 720
    dark = dice.random() < 0.5
    paper, ink, faint = ("#15202b", "#f0f4f8", "#8899a6") if dark else ("#ffffff", "#101418", "#657786")
    margin = dice.choice((0, 24, 96))
    shown = picture.resize((width - 2 * margin, round(picture.height * (width - 2 * margin) / picture.width)), 1)
    words = _bar(width, dress.text(of, dice.randrange(8, 24)), 30, paper, ink)
    top, below = 150, 330
    canvas = Image.new("RGB", (width, top + words.height + shown.height + below), paper)
    draw = ImageDraw.Draw(canvas)
    draw.text((24, 10), f"{dice.randrange(24):02}:{dice.randrange(60):02}", ink, lettering(22))
    draw.rectangle((width - 80, 14, width - 40, 32), outline=ink, width=2)
    for i in range(4):
        draw.rectangle((width - 170 + i * 14, 32 - 4 * i, width - 162 + i * 14, 36), fill=ink)
    draw.ellipse((24, 58, 104, 138), fill=f"#{dice.randrange(0x1000000):06x}")
    name = dice.choice(_NAMES)
    draw.text((44, 72), name[0].upper(), "white", lettering(44))
    draw.text((124, 62), name, ink, lettering(30))
    draw.text((124, 100), f"@{name.lower().replace(' ', '_')} · {dice.randrange(2, 23)} h", faint, lettering(24))
    canvas.paste(words, (0, top))
    canvas.paste(shown, (margin, top + words.height))
    y = top + words.height + shown.height + 24
    for i in range(4):
        x = 40 + i * 170
        draw.ellipse((x, y, x + 34, y + 34), outline=faint, width=3)
        draw.text((x + 46, y + 2), str(dice.randrange(9, 9_999)), faint, lettering(24))
    for i in range(2):
        line = y + 70 + i * 110
        draw.line((0, line, width, line), fill=faint)
        draw.ellipse((24, line + 20, 84, line + 80), fill=f"#{dice.randrange(0x1000000):06x}")
        draw.text((104, line + 18), dice.choice(_NAMES), ink, lettering(24))
        draw.text((104, line + 52), dress.text(f"{of} reply {i}", 5), ink, lettering(26))
    return canvas


def _screenshot(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    return _saved(_phone(picture, dress, "post"), 80)


def _screenshot_twice(picture: Picture, _dice: random.Random, dress: Dress) -> Picture:
    once = _saved(_phone(picture, dress, "post"), 75)
    return _saved(_phone(once, dress, "post of a post"), 75)


def _inset(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    """Small in the corner of another scene."""
    canvas = scenery(dice, (1_000, 667))
    small = _fitted(picture, 430)
    place = dice.choice((30, canvas.width - small.width - 30)), dice.choice((30, canvas.height - small.height - 30))
    canvas.paste(ImageOps.expand(small, 5, "white"), place)
    return _saved(canvas, 80)


def _beside(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    """Side by side with another."""
    shown = _fitted(picture, 640)
    other = scenery(dice, shown.size)
    pair = [shown, other]
    dice.shuffle(pair)
    canvas = Image.new("RGB", (shown.width * 2 + 8, shown.height), "white")
    canvas.paste(pair[0], (0, 0))
    canvas.paste(pair[1], (shown.width + 8, 0))
    return _saved(canvas, 80)


def _collage(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    """One of four tiles, each cut to the tile's proportions."""
    tile = (480, 360)
    tiles = [ImageOps.fit(picture, tile), *(scenery(dice, tile) for _ in range(3))]
    dice.shuffle(tiles)
    canvas = Image.new("RGB", (tile[0] * 2 + 8, tile[1] * 2 + 8), "white")
    for i, each in enumerate(tiles):
        canvas.paste(each, ((i % 2) * (tile[0] + 8), (i // 2) * (tile[1] + 8)))
    return _saved(canvas, 80)


def _photographed(picture: Picture, dice: random.Random, _dress: Dress) -> Picture:
    """A photograph of a screen: from an angle, with the screen's grid, its glare and its edge."""
    shown = _fitted(picture, 900)
    width, height = shown.size
    values = _array(shown)
    y, x = np.mgrid[0:height, 0:width]
    grid = 1 + 0.07 * np.sin(x * 2.1) * np.sin(y * 2.3) + 0.05 * np.sin((x + y) * 0.11)
    glare = 70 * np.exp(
        -(((x - width * dice.random()) / (width * 0.3)) ** 2) - ((y - height * 0.2) / (height * 0.4)) ** 2
    )
    screen = ImageOps.expand(
        _picture((values * grid[:, :, None] * 0.82 + glare[:, :, None] + 12).astype(np.float32)), 40, "#0c0c0e"
    )
    w, h = screen.size
    corners = [(dice.uniform(0, 0.07) * w, dice.uniform(0, 0.07) * h) for _ in range(4)]
    seen = [
        corners[0],
        (w - corners[1][0], corners[1][1]),
        (w - corners[2][0], h - corners[2][1]),
        (corners[3][0], h - corners[3][1]),
    ]
    whole = [(0.0, 0.0), (float(w), 0.0), (float(w), float(h)), (0.0, float(h))]
    turned = screen.transform(
        (w, h), Image.Transform.PERSPECTIVE, _perspective(seen, whole), Image.Resampling.BICUBIC, fillcolor=(88, 80, 74)
    )
    return _noise(turned.filter(ImageFilter.GaussianBlur(0.9)), dice, Dress(0))


def _perspective(seen: list[tuple[float, float]], whole: list[tuple[float, float]]) -> list[float]:
    """Pillow's eight numbers that take the seen corners to those of the whole."""
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, whole, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(values))]


def scenery(dice: random.Random, size: tuple[int, int]) -> Picture:
    """An invented landscape to stand beside or behind a picture: sky, hills, boxes for houses, grain."""
    width, height = size
    rng = np.random.default_rng(dice.getrandbits(32))
    field = np.zeros((height, width), np.float32)
    for cells in (3, 6, 13, 27, 55, 110):
        patch = Image.fromarray(rng.integers(0, 256, (cells, cells), dtype=np.uint8)).resize(size, 3)
        field += np.asarray(patch, np.float32) / cells**0.75
    field = (field - field.min()) / (np.ptp(field) + 1e-6)
    low, high = rng.integers(0, 130, 3), rng.integers(120, 256, 3)
    scene = _picture((low + (high - low) * field[:, :, None]).astype(np.float32))
    draw = ImageDraw.Draw(scene)
    for _ in range(dice.randrange(12, 40)):
        x, y = dice.uniform(0, width), dice.uniform(height * 0.3, height)
        w, h = dice.uniform(0.02, 0.16) * width, dice.uniform(0.04, 0.25) * height
        tone = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        draw.rectangle((x, y - h, x + w, y), fill=tone)
        for _ in range(dice.randrange(8)):
            u, v = x + dice.random() * w, y - dice.random() * h
            draw.rectangle((u, v, u + w / 9, v + h / 8), fill=(dice.randrange(256),) * 3)
    return scene


def _together(*edits: Edit) -> Edit:
    def edit(picture: Picture, dice: random.Random, dress: Dress) -> Picture:
        for each in edits:
            picture = each(picture, dice, dress)
        return picture

    return edit


EDITS: Final[dict[str, Edit]] = {
    "jpeg 70": _jpeg(70),
    "jpeg 40": _jpeg(40),
    "jpeg 20": _jpeg(20),
    "jpeg 10": _jpeg(10),
    "resize 50 %": _resize(0.5),
    "resize 25 %": _resize(0.25),
    "resize 200 %": _resize(2.0),
    "platform chain": _chain,
    "crop 10 % centred": _crop(0.10, anywhere=False),
    "crop 20 % centred": _crop(0.20, anywhere=False),
    "crop 30 % centred": _crop(0.30, anywhere=False),
    "crop 50 % centred": _crop(0.50, anywhere=False),
    "crop 75 % centred": _crop(0.75, anywhere=False),
    "crop 10 % anywhere": _crop(0.10, anywhere=True),
    "crop 20 % anywhere": _crop(0.20, anywhere=True),
    "crop 30 % anywhere": _crop(0.30, anywhere=True),
    "crop 50 % anywhere": _crop(0.50, anywhere=True),
    "crop 75 % anywhere": _crop(0.75, anywhere=True),
    "aspect": _stretch,
    "mirror": _mirror,
    "rotate 90°": _quarter(1),
    "rotate 180°": _quarter(2),
    "tilt 3° cut": _tilt(3, cut=True),
    "tilt 8° cut": _tilt(8, cut=True),
    "tilt 15°": _tilt(15, cut=False),
    "grey": _grey,
    "warm filter": _warm,
    "harsh filter": _harsh,
    "darkened": _dark,
    "sepia": _sepia,
    "border": _border,
    "patterned frame": _ornate,
    "letterbox": _letterbox,
    "blurred bars": _blurred_bars,
    "caption bar": _caption_bar,
    "caption bars": _caption_bars,
    "meme text": _meme,
    "tiled watermark": _watermark,
    "logo": _logo,
    "lower third": _lower_third,
    "stickers": _stickers,
    "screenshot of a post": _screenshot,
    "screenshot of a screenshot": _screenshot_twice,
    "picture in picture": _inset,
    "side by side": _beside,
    "2×2 collage": _collage,
    "blur": _blur,
    "noise": _noise,
    "photo of a screen": _photographed,
    "mirror + crop 30 % + caption": _together(_mirror, _crop(0.30, anywhere=True), _caption_bar),
    "crop 50 % + screenshot": _together(_crop(0.50, anywhere=True), _screenshot),
    "mirror + border + jpeg 20": _together(_mirror, _border, _jpeg(20)),
    "grey + crop 30 % + logo": _together(_grey, _crop(0.30, anywhere=True), _logo),
    "meme + chain": _together(_meme, _chain),
}

#: Edits by which different photographs come to look alike: for hard negatives, and for archives that hold such copies.
DRESSES: Final = (
    "border",
    "patterned frame",
    "caption bar",
    "caption bars",
    "meme text",
    "tiled watermark",
    "logo",
    "lower third",
    "screenshot of a post",
    "screenshot of a screenshot",
)


def edited(picture: Picture, name: str, edit: str, *, seed: int = 0, dress: int | None = None) -> Picture:
    """The picture after an edit: always the same for the same picture's name and seed.

    `dress` makes it wear what every other picture of that number wears; without, what it wears is its own.
    """
    dice = random.Random(f"{seed}/{edit}/{name}")
    return EDITS[edit](picture.convert("RGB"), dice, Dress(dice.getrandbits(30) if dress is None else dress))
