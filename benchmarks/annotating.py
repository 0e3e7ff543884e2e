"""What each annotator costs, and datasketch doing the same job as one of them. PhraseMatcher: see naming.py."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from benchmarks.report import Report, measured
from benchmarks.stream import gazetteer, posts
from config.cues import load_cues
from enrich.annotator import Annotator, Tags
from enrich.annotators import CopyAnnotator, EntityAnnotator, LanguageAnnotator, StanceAnnotator
from enrich.names.gazetteer import Gazetteer, Term
from secondsource.contracts.messages import Language, Post

TERMS = 10_000
CUES = Path("config/cues")


def terms(count: int) -> list[Term]:
    return [Term(id_, "place", name, exact=False, language="", source="bench") for id_, _, name in gazetteer(count)]


def run(report: Report, scale: float) -> None:
    stream = list(posts(int(20_000 * scale), places=TERMS))
    tags: Tags = {"language": [Language(code="en", confidence=1.0)] * len(stream)}
    # nothing is remembered here: what a repost saves would not be the annotator's own speed
    ours: dict[str, Annotator] = {
        "language": LanguageAnnotator(remembered=0),
        "entities, 10,000 names": EntityAnnotator(Gazetteer(terms(TERMS)), remembered=0),
        "copies": CopyAnnotator(remembered=0),
        "stance": StanceAnnotator(load_cues(CUES), remembered=0),
    }
    speeds: dict[str, float] = {}
    for name, annotator in ours.items():
        annotator.annotate(stream[:1], {key: values[:1] for key, values in tags.items()})  # loads what it needs
        with measured() as spent:
            for start in range(0, len(stream), 1000):
                part = stream[start : start + 1000]
                annotator.annotate(part, {key: values[start : start + 1000] for key, values in tags.items()})
        speeds[name] = len(stream) / spent.cpu
        report.add("annotators", name, speeds[name], "posts/s/core")
    sketches = _datasketch(stream[: int(4000 * scale)])
    report.add("annotators", "datasketch MinHash, 64 permutations", sketches, "posts/s/core")
    report.add("annotators", "copies against datasketch", speeds["copies"] / sketches, "times")


def _datasketch(stream: list[Post]) -> float:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.5, num_perm=64)
    with measured() as spent:
        for post in stream:
            sketch = MinHash(num_perm=64, seed=1)
            words = post.text.lower().split()
            sketch.update_batch([f"{a} {b}".encode() for a, b in pairwise(words)])
            if not index.query(sketch):  # representatives only, as we do
                index.insert(post.uid, sketch)
    return len(stream) / spent.cpu
