"""Makes `vocabulary.npz`: `python -m enrich.reuse.learning`. The same bytes come out each time.

It learns from drawn pictures, so that no photograph of anybody is in what we ship. One in three is dead leaves: shapes
of all sizes that hide one another, textured and shaded, which have the statistics of natural pictures (Lee, Mumford &
Huang, "Occlusion models for natural images", 2001). The others are textures that pass into one another, without which
photographs crowd in a fourth as many cells. Blur, grain and JPEG are added as in what people post.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enrich.reuse.features import features, scaled
from enrich.reuse.vocabulary import WORDS, Floats

_PICTURES, _ROUNDS, _SEED, _VERSION = 480, 10, 7, 2
_SIDES = (462, 308)


def texture(rng: np.random.Generator, size: tuple[int, int], steepness: float) -> Floats:
    """Noise whose amplitude falls with frequency as 1/f^steepness; mean 0, deviation 1. `size` is (height, width)."""
    fy, fx = np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None, :]
    turn = rng.uniform(0, np.pi)
    across, along = fx * np.cos(turn) + fy * np.sin(turn), fy * np.cos(turn) - fx * np.sin(turn)
    stretched = np.sqrt(across**2 + (along * rng.uniform(1, 4)) ** 2)
    stretched[0, 0] = 1
    spectrum = np.exp(2j * np.pi * rng.random(stretched.shape)) / stretched**steepness
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, size)
    return np.asarray(field / (field.std() + 1e-9), dtype=np.float32)


def leaves(rng: np.random.Generator, sides: tuple[int, int] = _SIDES) -> NDArray[np.uint8]:
    """One drawn picture, grey; `sides` are (width, height)."""
    width, height = sides
    sheets = [texture(rng, (height, width), rng.uniform(0.7, 1.8)) for _ in range(6)]
    picture: NDArray[np.float32] = 128 + 45 * sheets[0]
    y, x = np.mgrid[0:height, 0:width]
    # Sizes fall as 1/r³, largest first, each hiding what lies under it.
    sizes = np.sort(4 / np.sqrt(rng.uniform((4 / (height * 0.6)) ** 2, 1, rng.integers(150, 900))))[::-1]
    for size in sizes:
        mask = np.zeros((height, width), np.uint8)
        _leaf(rng, mask, size)
        inside = mask.astype(bool)
        tone, depth = rng.uniform(10, 245), rng.choice((2.0, 8.0, 20.0, 35.0))
        slope = rng.normal(0, 25) * (x[inside] / width) + rng.normal(0, 25) * (y[inside] / height)
        picture[inside] = tone + slope + depth * sheets[rng.integers(6)][inside]
    if rng.random() < 0.6:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3)), dtype=np.float32)
    picture += rng.normal(0, rng.choice((0.5, 2.0, 6.0)), picture.shape).astype(np.float32)
    return _saved(rng, picture)


def textures(rng: np.random.Generator, sides: tuple[int, int] = _SIDES) -> NDArray[np.uint8]:
    """One drawn picture of three textures, each where another leaves off; `sides` are (width, height)."""
    size = sides[1], sides[0]
    fine = [texture(rng, size, rng.uniform(0.6, 1.5)) for _ in range(2)]
    where = [1 / (1 + np.exp(-3 * texture(rng, size, rng.uniform(1.5, 2.2)))) for _ in range(2)]
    ground = 128 + 40 * texture(rng, size, rng.uniform(1.2, 1.9))
    mixed = ground + 45 * fine[0] * where[0] + 35 * fine[1] * (1 - where[0]) * where[1]
    return _saved(rng, mixed.astype(np.float32))


def _saved(rng: np.random.Generator, picture: Floats) -> NDArray[np.uint8]:
    """As it comes out of a JPEG file."""
    file = BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=int(rng.integers(50, 95)))
    return np.asarray(Image.open(file).convert("L"))


def _leaf(rng: np.random.Generator, mask: NDArray[np.uint8], size: float) -> None:
    height, width = mask.shape
    centre = rng.uniform(0, width), rng.uniform(0, height)
    kind = rng.integers(4)
    if kind == 0:
        axes = (size, size * rng.uniform(0.4, 1))
        cv2.ellipse(mask, (centre, axes, float(rng.uniform(0, 180))), 1, -1, cv2.LINE_AA)
        return
    if kind == 1:  # bars and boxes, mostly upright, as houses and poles are
        turn = rng.normal(0, 4) if rng.random() < 0.7 else rng.uniform(0, 180)
        corners = cv2.boxPoints((centre, (size, size * rng.uniform(0.1, 1.5)), float(turn)))
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        radii = size * rng.uniform(0.3, 0.8, len(angles))
        corners = np.stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)], axis=1)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)


def learn(pictures: int = _PICTURES, rounds: int = _ROUNDS) -> dict[str, NDArray[np.float32 | np.float16 | np.int64]]:
    rng = np.random.default_rng(_SEED)
    drawn = (leaves(rng) if number % 3 == 0 else textures(rng) for number in range(pictures))
    roots = np.concatenate([features(scaled(picture), 300).roots for picture in drawn])
    mean = roots.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((roots - mean).T))
    order = np.argsort(values)[::-1][:64]
    # Strong and weak directions in turn to each half, so that both tell about as much.
    halves = np.concatenate([order[0::4], order[3::4], order[1::4], order[2::4]])
    projection = vectors[:, halves]
    # Alike in sign on every machine.
    projection = projection * np.sign(projection[np.abs(projection).argmax(axis=0), np.arange(64)])
    reduced = ((roots - mean) @ projection).astype(np.float32)
    words = np.stack([_means(rng, reduced[:, :32], rounds), _means(rng, reduced[:, 32:], rounds)])
    directions = np.linalg.qr(rng.normal(size=(64, 64)))[0]
    return {
        "mean": mean.astype(np.float32),
        "projection": projection.astype(np.float32),
        "words": words.astype(np.float16),
        "directions": directions.astype(np.float32),
        "version": np.array(_VERSION),
    }


def _means(rng: np.random.Generator, points: Floats, rounds: int) -> Floats:
    """Lloyd's k-means; a word nothing falls to is set on a point drawn anew."""
    words = points[rng.choice(len(points), WORDS, replace=False)].copy()
    for _ in range(rounds):
        nearest = np.concatenate(
            [
                ((words**2).sum(1) - 2 * part @ words.T).argmin(1)
                for part in np.array_split(points, len(points) // 4_096)
            ]
        )
        counts = np.bincount(nearest, minlength=WORDS)
        order = np.argsort(nearest, kind="stable")
        used = np.flatnonzero(counts)
        starts = np.concatenate([[0], np.cumsum(counts[used])[:-1]])
        words[used] = np.add.reduceat(points[order], starts, axis=0) / counts[used, None]
        empty = np.flatnonzero(counts == 0)
        words[empty] = points[rng.choice(len(points), len(empty))]
    return words


if __name__ == "__main__":
    cv2.setNumThreads(1)
    np.savez_compressed(Path(__file__).with_name("vocabulary.npz"), **learn())  # type: ignore[arg-type] # its stub takes no **mapping
