"""Posts and pictures for the tests of enrichment: invented people, an invented town, pictures drawn by code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from enrich.names.gazetteer import Term, read_terms
from secondsource.contracts.messages import Account, Post

CONFIG = Path(__file__).parents[2] / "config"
CORE = CONFIG / "gazetteer" / "core.tsv"
TIME = datetime(2016, 12, 1, 12, tzinfo=UTC)

#: What nobody should write and somebody will.
HOSTILE = (
    "",
    " \n\t ",
    "\0",
    "Vel\0grad\0",
    "\ud800 half a character \udfff",
    "\ud83d\ude00 a pair cut in two",
    "\u202e\u202dright\u200eto\u200fleft\u2066\u2069",
    "😀😭🔥👨‍👩‍👧‍👦🏳️‍🌈",
    "a" * 100_000,
    "Velgrad burns. " * 6_667,
    "# @ #_ @_ ## @@ #1 http:// https://[ www.",
    "İıſẞßŁøĐﬁﷺ﷽ﻻ½㎏",
    "ﻻ" * 2_000 + "حَلَبْ",
    "e" + "\u0301" * 5_000,
    "\ufffe\uffff\U0010ffff",
    "RT @a: RT @b: RT",
    "…",
    "?" * 500,
    "{year} %s %n \\x00 <script>",
    "&#" + "9" * 5_000 + "; &amp;#" + "9" * 5_000 + ";",
)

SCRIPTS = (
    "The bridge in Velgrad fell this morning",
    "سقط الجسر في حلب هذا الصباح",
    "Мост в городе упал сегодня утром",
    "Η γέφυρα έπεσε σήμερα το πρωί",
    "הגשר נפל הבוקר",
    "पुल आज सुबह गिर गया",
    "今天早上大桥在阿勒颇倒塌了",
    "橋が今朝落ちました",
    "오늘 아침에 다리가 무너졌다",
    "สะพานถล่มเมื่อเช้านี้",
    "ხიდი დღეს დილით ჩამოინგრა",
    "ድልድዩ ዛሬ ጠዋት ወደቀ",
)


def post(text: str = "The bridge in Velgrad fell", **fields: Any) -> Post:
    given: dict[str, Any] = {
        "uid": "x:1",
        "platform": "x",
        "author": Account(uid="x:100", handle="ana"),
        "text": text,
        "created_at": TIME,
        "observed_at": TIME,
        "collector": "replay",
        "watches": ("velgrad",),
    }
    return Post(**{**given, **fields})


def cues() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    files = sorted((CONFIG / "cues").glob("*.yaml"))
    return {
        file.stem: {label: tuple(listed) for label, listed in yaml.safe_load(file.read_text("utf-8")).items()}
        for file in files
    }


def terms() -> list[Term]:
    return read_terms([CORE])


def scene(width: int = 640, height: int = 480, seed: int = 7) -> Image.Image:
    """A picture with large soft shapes, as photographs have: PDQ finds it of full quality."""
    rng = np.random.default_rng(seed)
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = np.zeros((height, width))
    for _ in range(24):
        fx, fy, phase = rng.uniform(-9, 9), rng.uniform(-9, 9), rng.uniform(0, 6.3)
        light += rng.uniform(0.3, 1.0) * np.sin(2 * np.pi * (fx * across + fy * down) + phase)
    light = (light - light.min()) / (light.max() - light.min())
    channels = [light * 255, light * 220 + 20, 255 - light * 40]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8), "RGB")


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def distance(one: str, other: str) -> int:
    """Bits that differ between two PDQ hashes."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
