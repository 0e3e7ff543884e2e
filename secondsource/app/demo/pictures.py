"""The pictures of the invented town, drawn by code: skies, buildings, a bridge, a crane, smoke, a tram, crowds.

Each is a function of its seed, textured enough for a perceptual hash, and unlike the others to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

WIDTH, HEIGHT = 960, 640

Colour = tuple[int, int, int]


class Canvas(NamedTuple):
    image: Image.Image
    draw: ImageDraw.ImageDraw
    dice: random.Random


def clouds(dice: random.Random, size: tuple[int, int], coarsest: int = 4) -> NDArray[np.float64]:
    """Noise from 0 to 1 in octaves, as skies and smoke have it; `size` is (width, height)."""
    field = np.zeros((size[1], size[0]))
    weight, total, cells = 1.0, 0.0, coarsest
    while cells <= 128:
        grain = dice.randbytes(cells * cells)
        patch = Image.frombytes("L", (cells, cells), grain).resize(size, Image.Resampling.BICUBIC)
        field += weight * np.asarray(patch, dtype=np.float64) / 255
        total += weight
        weight *= 0.55
        cells *= 2
    return field / total


def sky(dice: random.Random, top: Colour, low: Colour) -> Canvas:
    """A sky from one colour down to another, with clouds in it."""
    slope = np.linspace(0, 1, HEIGHT)[:, None, None]
    colours = np.array(top) * (1 - slope) + np.array(low) * slope
    lit = colours + (clouds(dice, (WIDTH, HEIGHT))[:, :, None] - 0.5) * 190
    image = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8), "RGB")
    return Canvas(image, ImageDraw.Draw(image), dice)


def skyline(canvas: Canvas, ground: int, shade: int, tallest: int) -> None:
    """A row of houses with lit and dark windows, standing on `ground`."""
    x = -20
    while x < WIDTH:
        width = canvas.dice.randrange(45, 130)
        top = ground - canvas.dice.randrange(tallest // 3, tallest)
        tone = shade + canvas.dice.randrange(-25, 26)
        canvas.draw.rectangle((x, top, x + width, ground), fill=(tone, tone - 6, tone - 14))
        if canvas.dice.random() < 0.4:
            canvas.draw.polygon(((x, top), (x + width / 2, top - 30), (x + width, top)), fill=(tone - 20, 40, 30))
        for left in range(x + 8, x + width - 12, 18):
            for upper in range(top + 10, ground - 14, 24):
                window = (235, 205, 120) if canvas.dice.random() < 0.35 else (30, 36, 48)
                canvas.draw.rectangle((left, upper, left + 9, upper + 13), fill=window)
        x += width + canvas.dice.randrange(0, 14)


def water(canvas: Canvas, top: int) -> None:
    for y in range(top, HEIGHT, 5):
        for _ in range(10):
            x, tone = canvas.dice.randrange(-40, WIDTH), canvas.dice.randrange(40, 150)
            canvas.draw.line((x, y, x + canvas.dice.randrange(30, 160), y), fill=(tone // 3, tone // 2, tone), width=4)


def smoke(canvas: Canvas, root: tuple[int, int], lean: float, size: int, tone: int) -> None:
    """A plume that rises from `root`, widening, leaning by `lean` pixels a pixel of height."""
    veil = np.zeros((HEIGHT, WIDTH))
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    for step in range(26):
        height = step * size / 10
        x = root[0] + lean * height + canvas.dice.uniform(-0.3, 0.3) * (20 + height / 3)
        y = root[1] - height
        radius = 16 + height * 0.32
        veil = np.maximum(veil, np.exp(-(((xs - x) ** 2 + (ys - y) ** 2) / (2 * radius**2))))
    veil = np.clip(veil * (0.35 + 0.95 * clouds(canvas.dice, (WIDTH, HEIGHT), 8)), 0, 1)[:, :, None]
    puffs = np.array((tone, tone, tone + 4)) + (clouds(canvas.dice, (WIDTH, HEIGHT), 8)[:, :, None] - 0.5) * 120
    mixed = np.asarray(canvas.image, dtype=np.float64) * (1 - veil) + puffs * veil
    canvas.image.paste(Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8), "RGB"))


def flames(canvas: Canvas, root: tuple[int, int], width: int) -> None:
    for _ in range(width):
        x = root[0] + canvas.dice.gauss(0, width / 3)
        tall = canvas.dice.uniform(15, 70) * (1 - min(0.8, abs(x - root[0]) / width))
        glow = (255, canvas.dice.randrange(90, 220), 30)
        canvas.draw.polygon(
            ((x - 7, root[1]), (x + canvas.dice.uniform(-6, 6), root[1] - tall), (x + 7, root[1])), fill=glow
        )


def crowd(canvas: Canvas, top: int, people: int) -> None:
    """Heads and shoulders, the nearer the larger."""
    for rank in range(people):
        y = top + (HEIGHT - top) * rank / people
        size = 5 + 20 * (y - top) / (HEIGHT - top)
        x = canvas.dice.uniform(0, WIDTH)
        coat = tuple(canvas.dice.randrange(20, 200) for _ in range(3))
        skin = canvas.dice.choice(((224, 188, 160), (180, 130, 100), (120, 84, 66), (240, 210, 190)))
        canvas.draw.ellipse((x - size, y, x + size, y + 3 * size), fill=coat)
        canvas.draw.ellipse((x - size * 0.55, y - size, x + size * 0.55, y + size * 0.2), fill=skin)


def street(canvas: Canvas, ground: int) -> None:
    canvas.draw.rectangle((0, ground, WIDTH, HEIGHT), fill=(88, 84, 80))
    for _ in range(700):
        x, y = canvas.dice.randrange(WIDTH), canvas.dice.randrange(ground, HEIGHT)
        tone = canvas.dice.randrange(50, 140)
        canvas.draw.rectangle((x, y, x + 14, y + 5), fill=(tone, tone - 4, tone - 10))


def burning_bridge(dice: random.Random) -> Image.Image:
    """An arched bridge at dusk, a fire at its far end."""
    canvas = sky(dice, (70, 80, 120), (230, 150, 90))
    skyline(canvas, 360, 70, 130)
    water(canvas, 400)
    canvas.draw.rectangle((0, 340, WIDTH, 372), fill=(96, 84, 74))
    for x in range(-60, WIDTH, 170):
        canvas.draw.pieslice((x, 350, x + 190, 560), 180, 360, fill=(104, 92, 80))
        canvas.draw.pieslice((x + 22, 380, x + 168, 560), 180, 360, fill=(36, 46, 66))
    for x in range(10, WIDTH, 60):
        canvas.draw.line((x, 340, x, 296), fill=(30, 30, 34), width=5)
    flames(canvas, (640, 344), 90)
    smoke(canvas, (640, 320), -0.55, 130, 44)
    return canvas.image


def fallen_crane(dice: random.Random, *, side: int, low: int, dust: int) -> Image.Image:
    """A harbour with a crane lying over a pier; the numbers place the onlooker."""
    canvas = sky(dice, (120, 150, 190), (215, 215, 205))
    skyline(canvas, low - 60, 110, 80 + dust)
    water(canvas, low)
    canvas.draw.rectangle((0, low - 60, WIDTH, low + 10), fill=(120, 116, 108))
    for index in range(9):
        x = (side * 57 + index * 109) % WIDTH
        box = (dice.randrange(60, 220), dice.randrange(40, 120), dice.randrange(40, 140))
        for stack in range(dice.randrange(1, 4)):
            canvas.draw.rectangle((x, low - 90 - 34 * stack, x + 92, low - 60 - 34 * stack), fill=box)
            for rib in range(x + 8, x + 92, 12):
                canvas.draw.line((rib, low - 88 - 34 * stack, rib, low - 62 - 34 * stack), fill=(20, 20, 20), width=2)
    foot, tip = (side, low - 200), (WIDTH - side // 2, low + 70)
    for offset in (-16, 16):
        canvas.draw.line((foot[0], foot[1] + offset, tip[0], tip[1] + offset), fill=(226, 160, 30), width=9)
    for step in range(24):
        along = foot[0] + (tip[0] - foot[0]) * step / 24
        down = foot[1] + (tip[1] - foot[1]) * step / 24
        canvas.draw.line((along, down - 16, along + 30, down + 20), fill=(190, 128, 24), width=5)
    canvas.draw.polygon(((side - 60, low), (side, low - 230), (side + 60, low)), outline=(226, 160, 30), width=10)
    smoke(canvas, ((side + 360) % WIDTH, low + 10), 0.3, dust, 190)
    return canvas.image


def derailed_tram(dice: random.Random, *, left: int, tilt: int, people: int) -> Image.Image:
    """A tram across its square, with those who look at it."""
    canvas = sky(dice, (90, 110, 150), (190, 190, 200))
    skyline(canvas, 330, 130 - tilt, 210)
    street(canvas, 330)
    for rail in (430, 470):
        canvas.draw.line((0, rail, WIDTH, rail + tilt), fill=(40, 40, 44), width=6)
    body = ((left, 250), (left + 470, 250 + tilt), (left + 455, 420 + tilt), (left - 10, 410))
    canvas.draw.polygon(body, fill=(178, 34, 40), outline=(250, 236, 210), width=6)
    for window in range(7):
        x, y = left + 26 + window * 62, 272 + window * tilt // 7
        canvas.draw.rectangle((x, y, x + 46, y + 58), fill=(200, 220, 230), outline=(40, 20, 20), width=3)
    for wheel in (60, 180, 330, 420):
        canvas.draw.ellipse((left + wheel, 400, left + wheel + 40, 440 + tilt // 2), fill=(24, 24, 26))
    crowd(canvas, 430, people)
    return canvas.image


def ordinary(dice: random.Random) -> Image.Image:
    """Any day in town: houses, perhaps water, perhaps people."""
    dull, warm = dice.randrange(70, 170), dice.randrange(-30, 50)
    canvas = sky(dice, (dull, dull + 15, dull + 45), (dull + 60 + warm, dull + 55, dull + 60 - warm))
    ground = dice.randrange(280, 460)
    skyline(canvas, ground, dice.randrange(60, 180), dice.randrange(90, 240))
    if dice.random() < 0.5:
        water(canvas, ground)
    else:
        street(canvas, ground)
        crowd(canvas, ground + 20, dice.randrange(20, 120))
    return canvas.image


SCENES: Mapping[str, Callable[[random.Random], Image.Image]] = {
    "karst-bridge": burning_bridge,
    "crane-quay": lambda dice: fallen_crane(dice, side=140, low=430, dust=60),
    "crane-ferry": lambda dice: fallen_crane(dice, side=820, low=350, dust=110),
    "crane-radio": lambda dice: fallen_crane(dice, side=360, low=520, dust=30),
    "tram-corner": lambda dice: derailed_tram(dice, left=120, tilt=26, people=40),
    "tram-window": lambda dice: derailed_tram(dice, left=420, tilt=80, people=150),
    **{f"town-{number:02d}": ordinary for number in range(1, 13)},
}


def draw_all(folder: Path, seed: int) -> dict[str, Path]:
    """Every scene as JPEG, and the bridge as it comes back years later: smaller, squeezed, brightened.

    The same bytes for the same seed and the same version of Pillow.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    for name, scene in SCENES.items():
        image = scene(random.Random(f"{seed} {name}")).filter(ImageFilter.GaussianBlur(0.8))
        files[name] = _save(image, folder / f"{name}.jpg", 88)
        if name == "karst-bridge":
            smaller = image.resize((720, 480), Image.Resampling.LANCZOS)
            files["bridge-again"] = _save(smaller, folder / "bridge-again.jpg", 62)
            brighter = ImageEnhance.Brightness(image.resize((600, 400), Image.Resampling.LANCZOS)).enhance(1.15)
            files["bridge-brighter"] = _save(brighter, folder / "bridge-brighter.jpg", 45)
            files["bridge-checked"] = _save(image.resize((800, 533)), folder / "bridge-checked.jpg", 80)
    return files


def _save(image: Image.Image, path: Path, quality: int) -> Path:
    image.save(path, "JPEG", quality=quality)
    return path
