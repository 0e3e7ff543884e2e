"""Pictures and prints for the tests of matching: invented landscapes, drawn by code."""

from __future__ import annotations

import random
from functools import cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.edits import scenery
from enrich.reuse.index import Entry
from enrich.reuse.prints import Hash, Look, Print, looked
from enrich.reuse.regions import WHOLE


@cache
def scene(number: int) -> Image.Image:
    """Each number its own landscape."""
    return scenery(random.Random(f"scene {number}"), (640, 440))


def look(picture: Image.Image) -> Look:
    return looked(np.asarray(picture.convert("RGB")))


@cache
def scene_print(number: int) -> Print:
    return look(scene(number)).kept


def name(of: object) -> str:
    return sha256(str(of).encode()).hexdigest()


def random_print(seed: int, features: int = 12) -> Print:
    """A print of nothing, quickly made."""
    rng = np.random.default_rng(seed)
    thumb: NDArray[np.uint8] = rng.integers(0, 256, (40, 60), dtype=np.uint8)
    return Print(
        width=900,
        height=600,
        hashes=(Hash(WHOLE, rng.bytes(32), 100),),
        places=rng.integers(0, 65_536, (features, 4)).astype(np.uint16),
        cells=rng.integers(0, 1 << 20, features).astype(np.uint32),
        signatures=rng.integers(0, 2**64, features, dtype=np.uint64),
        thumb=thumb,
    )


def entry(seed: int) -> Entry:
    return Entry(name(seed), random_print(seed))
