"""Are dark pictures told apart that wear one channel's dress? Nights, fires, fireworks, smoke: little to be seen, and
of that the headline, the logo and the clock the most.

Pictures are drawn by code, and photographs darkened (where ../shared/data/images is there). Half of them are archived
in a dress, the other half asked in the same one: whatever is found is wrong. Then the archived ones are asked after
mild edits and in the dress: those must be found. And it is counted how many pairs PDQ alone takes for one picture, as
the store and the alerts do where nothing else is known: of strangers in one dress, and of pictures saved again.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import combinations
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.edits import edited, lettering
from benchmarks.media_reuse import opened, pictures
from benchmarks.report import Report
from enrich.media.pictures import Fingerprint, hashed
from enrich.reuse.prints import looked
from enrich.reuse.search import Match, search
from enrich.reuse.segment import Segment, segment
from secondsource.contracts.reuse import same_bits

_SIZES: Final = ((960, 540), (1_024, 768), (720, 720), (640, 1_136))
_EDITS: Final = (
    "jpeg 40",
    "resize 50 %",
    "platform chain",
    "crop 10 % centred",
    "crop 30 % anywhere",
    "grey",
    "mirror",
)
_SAVED: Final = frozenset({"jpeg 40", "resize 50 %", "platform chain", "grey"})
Picture = Image.Image
Floats = NDArray[np.float32]


class Scene(NamedTuple):
    name: str
    picture: Picture


# -- what there is to be seen ----------------------------------------------------------------------------------------


def _rough(rng: np.random.Generator, length: int, falls: float) -> Floats:
    """A line of hills or roofs: noise whose amplitude falls with frequency."""
    line = np.zeros(length, np.float32)
    for knots in (3, 5, 9, 17, 33, 65):
        at = np.linspace(0, knots - 1, length)
        line += (np.interp(at, np.arange(knots), rng.normal(0, 1, knots)) / knots**falls * 2).astype(np.float32)
    return line


def _lights(rng: np.random.Generator, field: Floats, count: int, reach: float, low: float) -> None:
    """Lamps strewn below `low` of the height, each with its glow; `field` is height × width × 3."""
    height, width = field.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(count):
        cx, cy = rng.uniform(0, width), rng.uniform(height * low, height)
        size = reach * width * rng.lognormal(0, 0.5)
        tone = rng.uniform(60, 255) * np.array([1, rng.uniform(0.5, 1), rng.uniform(0.2, 1)], np.float32)
        left, right = max(0, int(cx - 4 * size)), min(width, int(cx + 4 * size) + 1)
        top, bottom = max(0, int(cy - 4 * size)), min(height, int(cy + 4 * size) + 1)
        part = np.s_[top:bottom, left:right]
        glow = np.exp(-((x[part] - cx) ** 2 + (y[part] - cy) ** 2) / (size * size + 1))
        field[part] += glow[:, :, None] * tone


def _town(rng: np.random.Generator, field: Floats) -> None:
    """A town at night from afar."""
    _lights(rng, field, int(rng.integers(8, 60)), rng.uniform(0.002, 0.008), rng.uniform(0.2, 0.6))


def _few(rng: np.random.Generator, field: Floats) -> None:
    """Black but for a few lights: drones, tracers, headlights."""
    _lights(rng, field, int(rng.integers(2, 7)), rng.uniform(0.004, 0.02), 0.0)


def _fire(rng: np.random.Generator, field: Floats) -> None:
    """A blaze behind dark houses, its glow on smoke."""
    height, width = field.shape[:2]
    _lights(rng, field, int(rng.integers(2, 7)), rng.uniform(0.03, 0.1), 0.2)
    tongues = np.arange(height)[:, None] > (height * (0.6 + 0.2 * _rough(rng, width, 0.5)))[None, :]
    _smoke(rng, field, 1.5)
    field[tongues] += np.array([1, 0.6, 0.2], np.float32) * np.float32(rng.uniform(20, 110))
    roofs = np.arange(height)[:, None] > (height * (0.8 + 0.1 * _rough(rng, width, 0.8)))[None, :]
    field[roofs] *= 0.15


def _fireworks(rng: np.random.Generator, field: Floats) -> None:
    """Bursts of rays."""
    height, width = field.shape[:2]
    canvas = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(1, 5))):
        cx, cy, reach = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.6) * height, rng.uniform(0.06, 0.22) * width
        tone = tuple(int(value) for value in rng.integers(90, 255, 3))
        for angle in rng.uniform(0, 2 * np.pi, int(rng.integers(14, 50))):
            far = reach * rng.uniform(0.6, 1)
            away = np.array([np.cos(angle), np.sin(angle)]) * far
            ray = [cx + 0.2 * away[0], cy + 0.2 * away[1], cx + away[0], cy + away[1]]
            draw.line(ray, tone, max(1, width // 400))
    field += cv2.GaussianBlur(np.asarray(canvas, np.float32), (0, 0), width / 700)


def _smoke(rng: np.random.Generator, field: Floats, depth: float = 1.0) -> None:
    """Grey billows, hardly darker or lighter than what is behind."""
    height, width = field.shape[:2]
    cloud = np.zeros((height, width), np.float32)
    for cells in (3, 6, 12, 24):
        patch = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        layer = np.asarray(cv2.resize(patch, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
        cloud += layer / np.float32(cells**0.8)
    shade: Floats = np.float32(depth * rng.uniform(6, 26)) * cloud + np.float32(rng.uniform(0, 50))
    field += shade[:, :, None]


def _sky(rng: np.random.Generator, field: Floats) -> None:
    """An evening sky over a dark horizon."""
    height, width = field.shape[:2]
    shade = np.linspace(rng.uniform(10, 60), rng.uniform(30, 120), height, dtype=np.float32)
    field += shade[:, None, None] * np.array([rng.uniform(0.4, 1), rng.uniform(0.4, 0.8), 1], np.float32)
    ridge = height * (rng.uniform(0.55, 0.8) + 0.05 * _rough(rng, width, rng.uniform(0.6, 1.2)))
    field[np.arange(height)[:, None] > ridge[None, :]] *= 0.2


_DRAWN: Final[tuple[Callable[[np.random.Generator, Floats], None], ...]] = (
    _town,
    _few,
    _fire,
    _fireworks,
    _smoke,
    _sky,
)


def _drawn(rng: np.random.Generator, number: int) -> Scene:
    kind = _DRAWN[number // 2 % len(_DRAWN)]
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    field = np.full((height, width, 3), rng.uniform(0, 18), np.float32)
    kind(rng, field)
    field += rng.normal(0, rng.choice((1.0, 3.0, 7.0)), field.shape).astype(np.float32)
    return Scene(f"{kind.__name__.strip('_')} {number}", Image.fromarray(np.clip(field, 0, 255).astype(np.uint8)))


def drawn_night(number: int) -> Scene:
    """A dark picture of its own for each number."""
    return _drawn(np.random.default_rng(number), number)


def _darkened(rng: np.random.Generator, path: Picture, name: str) -> Scene:
    """A photograph as a bad camera sees it at night."""
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    by = max(width / path.width, height / path.height)
    shown = path.resize((max(width, round(path.width * by)), max(height, round(path.height * by))))
    left, top = (shown.width - width) // 2, (shown.height - height) // 2
    values: Floats = np.asarray(shown.crop((left, top, left + width, top + height)), np.float32)
    gamma, gain, lift = (
        np.float32(rng.uniform(1.2, 2.4)),
        np.float32(rng.uniform(30, 90)),
        np.float32(rng.uniform(0, 12)),
    )
    values = np.asarray((values / 255) ** gamma * gain + lift, np.float32)
    values += rng.normal(0, rng.choice((1.0, 4.0, 8.0)), values.shape).astype(np.float32)
    return Scene(f"darkened {name}", Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)))


def scenes(count: int, seed: int) -> list[Scene]:
    """So many different dark pictures; a third of them photographs where there are any."""
    rng = np.random.default_rng(seed)
    photographs = pictures(seed)
    found = []
    for number in range(count):
        if photographs and number % 3 == 2:
            path = photographs[(number // 3) % len(photographs)]
            found.append(_darkened(rng, opened(path), path.stem))
        else:
            found.append(_drawn(rng, number - number // 3))
    return found


# -- what they wear --------------------------------------------------------------------------------------------------


def channel(picture: Picture, dress: int, moment: int) -> Picture:
    """As a channel shows it: its logo, a clock, a headline on a bar, a ticker, each where that channel has them.

    `moment` tells the clock and the words: another one has another clock and may have other words.
    """
    dice, now = random.Random(f"channel {dress}"), random.Random(f"{dress}/{moment}")
    shown = picture.copy()
    draw = ImageDraw.Draw(shown)
    width, height = shown.size
    unit = min(width, height) / 100
    tones = [f"#{dice.randrange(0x1000000):06x}" for _ in range(4)]
    if dice.random() < 0.8:  # the lower third
        top = height * dice.uniform(0.72, 0.86)
        left, right = (0, width) if dice.random() < 0.5 else (width * 0.06, width * dice.uniform(0.7, 0.94))
        draw.rectangle((left, top, right, top + 9 * unit), fill=tones[0])
        draw.text((left + 2 * unit, top + 1.5 * unit), "EXPLOSIONS HEARD IN VELGRAD", "white", lettering(5 * unit))
        if dice.random() < 0.6:
            draw.rectangle((left, top + 9 * unit, right, top + 14 * unit), fill="#f2f2f2")
            words = " ".join(now.choice(("mayor", "speaks", "bridge", "closed", "trains", "stopped")) for _ in range(6))
            draw.text((left + 2 * unit, top + 9.6 * unit), words, "#101010", lettering(3.4 * unit))
    side = dice.choice((0.04, 0.8))
    box = (width * side, height * 0.04, width * side + 16 * unit, height * 0.04 + 9 * unit)
    draw.rectangle(box, fill=tones[1])
    draw.ellipse((box[0] + unit, box[1] + unit, box[0] + 8 * unit, box[3] - unit), fill=tones[2], outline="white")
    draw.text(
        (box[0] + 9 * unit, box[1] + 2.5 * unit), dice.choice(("NTV", "K1", "RTL", "+24")), "white", lettering(4 * unit)
    )
    if dice.random() < 0.7:
        clock = f"{now.randrange(24):02}:{now.randrange(60):02}"
        at = (width * (0.84 - side), height * 0.05)
        draw.rectangle((*at, at[0] + 14 * unit, at[1] + 6 * unit), fill=tones[3])
        draw.text((at[0] + 1.5 * unit, at[1] + unit), clock, "white", lettering(4 * unit))
    if dice.random() < 0.5:
        at = (width * 0.04, height * 0.2)
        draw.rectangle((*at, at[0] + 12 * unit, at[1] + 6 * unit), fill="#d00000")
        draw.text((at[0] + 1.5 * unit, at[1] + unit), "LIVE", "white", lettering(4 * unit))
    return shown


def _frame(picture: Picture, dress: int, _moment: int) -> Picture:
    return edited(
        picture, "", ("patterned frame", "border", "caption bars", "screenshot of a post")[dress % 4], dress=dress
    )


# -- asked -----------------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """`wrong` in words; `asked`: which were found, by kind; `near` pairs of strangers of `pairs` that PDQ alone takes
    for one picture, and `again`: whether it does so of a picture and the same saved again.
    """

    strangers: int
    wrong: list[str]
    asked: dict[str, list[bool]]
    near: int
    pairs: int
    again: list[bool]


def measure(count: int, dresses: int, seed: int) -> Told:
    cv2.setNumThreads(1)
    wrong: list[str] = []
    found: dict[str, list[bool]] = defaultdict(list)
    strangers = near = pairs = 0
    again: list[bool] = []
    every = scenes(2 * count, seed)
    kept, others = every[0::2], every[1::2]
    for dress in range(dresses):
        wear = _frame if dress % 3 == 2 else channel
        archive, names = _archived([(scene.name, wear(scene.picture, dress, 0)) for scene in kept])
        prints = [hashed(np.asarray(wear(scene.picture, dress, 0)), 1, 1) for scene in every]
        for one, other in combinations(prints, 2):
            near += _one_by_pdq(one, other)
            pairs += 1
        for scene in others:
            strangers += 1
            for match in _matches(wear(scene.picture, dress, dress % 2), archive):
                how = f"{match.kind} {match.distance if match.inliers is None else match.inliers}"
                wrong.append(f"dress {dress}: {scene.name} is not {names[match.name]}: {how}, {match.confidence}")
        for number, scene in enumerate(kept):
            edit = _EDITS[(number + dress) % len(_EDITS)]
            asked = edited(wear(scene.picture, dress, dress % 2), scene.name, edit)
            if edit in _SAVED:
                again.append(_one_by_pdq(prints[2 * number], hashed(np.asarray(asked), 1, 1)))
            matches = [names[match.name] for match in _matches(asked, archive)]
            found[scene.name.split()[0]].append(scene.name in matches)
            wrong += [f"dress {dress}: {scene.name}, {edit}, is not {name}" for name in matches if name != scene.name]
            strangers += 1
    return Told(strangers, wrong, found, near, pairs, again)


def _archived(shown: Sequence[tuple[str, Picture]]) -> tuple[Segment, dict[str, str]]:
    names = {sha256(name.encode()).hexdigest(): name for name, _ in shown}
    return segment([(sha256(name.encode()).digest(), looked(np.asarray(each)).kept) for name, each in shown]), names


def _matches(picture: Picture, archive: Segment) -> list[Match]:
    return search(looked(np.asarray(picture.convert("RGB"))), [archive])


def _one_by_pdq(one: Fingerprint, other: Fingerprint) -> bool:
    return (int(one.pdq, 16) ^ int(other.pdq, 16)).bit_count() <= same_bits(one.quality, other.quality)


def run(report: Report, scale: float) -> None:
    """For `make bench`."""
    told = measure(max(6, round(36 * scale)), 6, 11)
    note = f"of {told.strangers}, {len({line.split(':')[0] for line in told.wrong})} dresses"
    report.add(
        "media reuse", "dark pictures in one dress: wrong matches", len(told.wrong), "matches", target="0", note=note
    )
    for kind, right in told.asked.items():
        report.add("media reuse", f"dark pictures found again: {kind}", float(np.mean(right)), f"of {len(right)}")
    note = f"of {told.pairs:,} pairs, by bits alone"
    report.add("media reuse", "dark pictures in one dress: PDQ says one", told.near, "pairs", note=note)
    mean = float(np.mean(told.again))
    report.add("media reuse", "dark pictures saved again: PDQ says one", mean, f"of {len(told.again)}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_dark", description=__doc__)
    parser.add_argument("--pictures", type=int, default=36, help="dark pictures archived; as many others are asked")
    parser.add_argument("--dresses", type=int, default=6)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    told = measure(options.pictures, options.dresses, options.seed)
    for line in told.wrong:
        print(f"  wrong: {line}")
    for kind, right in sorted(told.asked.items()):
        print(f"  found again: {kind} {np.mean(right):.3f} of {len(right)}")
    print(f"  wrong matches: {len(told.wrong)} in {told.strangers} queries (asked: 0)")
    print(f"  pairs of strangers that PDQ alone takes for one: {told.near} of {told.pairs:,}")
    print(f"  pictures saved again that it takes for one: {np.mean(told.again):.3f} of {len(told.again)}")


if __name__ == "__main__":
    main()
