"""What a sentence model costs, and in which languages it is asked: the one that `tests.servers.install` fetches.

Posts in eight languages come from data outside the repository; where it is absent, that part is left out.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from alerts.text.understanding import ALIKE, Understanding
from benchmarks.report import Report, measured, resident_megabytes
from secondsource.app.embedding import load_model
from tests.servers import places

_LANGUAGES = Path("../shared/data/langid/xlmt_dev.tsv")
_POSTS = 150  # of each language


def folder() -> Path | None:
    """Of the model; None, after saying why, where there is none."""
    try:
        return places.sentences()
    except places.Missing as reason:
        print(f"  with a model: skipped: {reason}")
        return None


def tell(report: Report, model: Path, posts: Sequence[str]) -> None:
    before = resident_megabytes()
    with measured() as spent:
        embedder = load_model(model)
        understanding = Understanding(embedder)
    known = ", ".join(understanding.known)
    report.add("same claim", "loading and trying the model", spent.cpu, "s", note=f"languages it knows: {known}")
    with measured() as spent:
        for post in posts:
            understanding.vector(post)
    report.add("same claim", "posts the model reads", len(posts) / spent.cpu, "posts/s/core")
    report.add("same claim", "memory of the model", resident_megabytes() - before, "MB")
    for language, texts in _by_language().items():
        vectors = embedder.vectors(texts)
        asked = np.array([understanding.vector(text) is not None for text in texts])
        alike, let = _alike(vectors), _alike(vectors[asked])
        note = (
            f"of {len(texts)} posts {asked.mean():.0%} are asked about; of all their pairs {alike:.2%} would be alike"
        )
        report.add("same claim", f"pairs of posts in {language} that are found alike", 100 * let, "%", note=note)


def _by_language() -> Mapping[str, list[str]]:
    """Posts by language, drawn: nearly none of them say the same."""
    found: dict[str, list[str]] = {}
    if _LANGUAGES.is_file():
        for line in _LANGUAGES.read_text(encoding="utf-8").splitlines():
            language, text = line.split("\t")[:2]
            found.setdefault(language, []).append(text)
    return {language: random.Random(7).sample(texts, _POSTS) for language, texts in sorted(found.items())}


def _alike(vectors: np.typing.NDArray[np.float32]) -> float:
    """The share of pairs that are."""
    if len(vectors) < 2:
        return 0.0
    return float(np.mean((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)] >= ALIKE))
