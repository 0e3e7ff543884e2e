"""What a picture costs: to be looked at, to be kept, and to be asked about among ten thousand, a hundred thousand and a
million others.

A few real pictures stand in the archive among distractors, whose features are drawn from the statistics of real ones:
features of the photographs at hand, mixed in pairs, so that cells fill as unevenly as with photographs, and with
signatures strewn about. Distractors have neither looks nor places that fit: what they cost is being proposed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.edits import EDITS, edited
from benchmarks.media_reuse import opened, pictures
from benchmarks.report import Report
from enrich.media.pictures import Decoded, Fingerprint, decode, hashed
from enrich.reuse.features import KEPT
from enrich.reuse.index import SEALED_AT, Entry, Index
from enrich.reuse.prints import Look, Print, encode, looked
from enrich.reuse.scanning import near_hashes
from enrich.reuse.search import search
from enrich.reuse.segment import Segment, directory, segment
from enrich.reuse.vocabulary import vocabulary

_POOL: Final = 1_500_000  #: distinct features that distractors are made of
_LARGEST: Final = 65_536  #: pictures of a segment, as the index has them
_STREWN: Final = 0.06  #: share of signature bits turned over
_LONGEST: Final = 1_000  #: pixels of the longer side of pictures that are looked at
_TIMES: Final = 3  #: each is looked at, of which the fastest counts: others work on the machine as well
In = TypeVar("In")
Out = TypeVar("Out")


class Distractors:
    def __init__(self, real: Sequence[Look], seed: int = 5) -> None:
        self._rng = np.random.default_rng(seed)
        reduced = np.concatenate([look.reduced[:KEPT] for look in real])
        words = vocabulary()
        cells, signatures = [], []
        for _ in range(_POOL // 100_000):
            first, second = (reduced[self._rng.integers(len(reduced), size=100_000)] for _ in range(2))
            share = self._rng.uniform(0, 0.35, (100_000, 1)).astype(np.float32)
            mixed = (1 - share) * first + share * second
            cells.append(words.cells(mixed))
            signatures.append(words.signatures(mixed, cells[-1]))
        self._cells, self._signatures = np.concatenate(cells), np.concatenate(signatures)

    def segments(self, count: int) -> list[Segment]:
        return [self._segment(min(_LARGEST, count - at)) for at in range(0, count, _LARGEST)]

    def _segment(self, pictures: int) -> Segment:
        total = pictures * KEPT
        drawn = self._rng.integers(len(self._cells), size=total)
        cells = self._cells[drawn]
        order = np.argsort(cells, kind="stable")
        starts, ordered = directory(cells[order])
        turned = np.zeros(total, np.uint64)
        for _ in range(round(64 * _STREWN)):
            turned ^= np.uint64(1) << self._rng.integers(0, 64, total).astype(np.uint64)
        return Segment(
            names=self._rng.integers(0, 256, (pictures, 32), dtype=np.uint8),
            sizes=np.full((pictures, 2), 1_000, np.uint16),
            shapes=np.full((pictures, 2), 63, np.uint16),
            thumbs=np.broadcast_to(self._rng.integers(0, 256, 4_096, dtype=np.uint8) | np.uint8(1), (pictures, 4_096)),
            hashes=self._rng.integers(0, 2**64, (4, pictures), dtype=np.uint64),
            hash_owner=np.arange(pictures, dtype=np.uint32),
            hash_quality=np.full(pictures, 100, np.uint8),
            hash_region=np.broadcast_to(np.array([0, 0, 65_535, 65_535], np.uint16), (pictures, 4)),
            places=np.resize(self._rng.integers(0, 65_536, (KEPT, 4)).astype(np.uint16), (total, 4)),
            signatures=self._signatures[drawn][order] ^ turned,
            owners=(order // KEPT).astype(np.uint32),
            starts=starts,
            cells=ordered,
        )


def run(report: Report, scale: float, sizes: Sequence[int] = (10_000, 100_000, 1_000_000)) -> None:
    """For `make bench`."""
    paths = pictures(2)
    if not paths:
        print("  media reuse: skipped: no data")
        return
    cv2.setNumThreads(1)
    _looking(report, paths[: max(12, round(120 * scale))])
    # None of those asked about lends its features to the distractors: it would be found in all of them.
    distractors = Distractors([looked(np.asarray(opened(path))) for path in paths[40:240]])
    named = [(bytes([i]) * 32, looked(np.asarray(opened(path))).kept) for i, path in enumerate(paths[:40])]
    queries = _queries(paths[:40], max(24, round(120 * scale)))
    for size in sizes:
        segments = [segment(named), *distractors.segments(round(size * min(1.0, scale)))]
        total = sum(each.pictures for each in segments)
        took, spent, found = [], [], 0
        for name, look in queries:
            began, cpu = time.perf_counter(), time.process_time()
            matches = search(look, segments)
            took.append((time.perf_counter() - began) * 1e3)
            spent.append((time.process_time() - cpu) * 1e3)
            found += any(match.name == name for match in matches)
        p50, p99 = np.percentile(took[4:], (50, 99))
        target = "≤ 40" if size == 100_000 else ""
        report.add("media reuse", f"query among {total:,}, p50", float(p50), "ms", target=target)
        report.add("media reuse", f"query among {total:,}, CPU, p50", float(np.median(spent[4:])), "ms", target=target)
        note = f"found {found} of {len(queries)}"
        report.add("media reuse", f"query among {total:,}, p99", float(p99), "ms", note=note)
    _opening(report, [look.kept for _, look in queries], round(100_000 * scale))
    _hash_scan(report, scale)


def _opening(report: Report, prints: Sequence[Print], count: int) -> None:
    """An index in files, whose journal is as long as it may get before it becomes a segment."""
    names = (sha256(str(number).encode()).hexdigest() for number in range(count + SEALED_AT))
    entries = (Entry(name, print_) for name, print_ in zip(names, cycle(prints), strict=False))
    with tempfile.TemporaryDirectory() as folder:
        made = Index(Path(folder))
        made.rebuild(islice(entries, count))
        made.add(islice(entries, SEALED_AT - 1))
        began = time.perf_counter()
        there = Index(Path(folder)).pictures
        report.add("media reuse", f"an index of {there:,} opens", time.perf_counter() - began, "s", target="< 1")


def _looking(report: Report, paths: Sequence[Path]) -> None:
    """Decoding, PDQ and features of JPEGs of 1,000 pixels, and what is kept of each."""
    bodies = [_resized(path) for path in paths]
    took: dict[str, list[float]] = {"decode": [], "PDQ": [], "features": []}
    prints = []
    looked(_decoded(bodies[0]).frames[0].rgb)  # compiles what is compiled
    for body in bodies:
        found, spent = _fastest(_decoded, body)
        rgb = found.frames[0].rgb
        took["decode"].append(spent)
        took["PDQ"].append(_fastest(_hashed, rgb)[1])
        look, spent = _fastest(looked, rgb)
        took["features"].append(spent)
        prints.append(look.kept)
    whole = np.sum(list(took.values()), axis=0)
    note = f"{len(bodies)} pictures; " + ", ".join(f"{part} {np.mean(spent):.1f}" for part, spent in took.items())
    what = f"looking at a picture of {_LONGEST:,} px"
    report.add("media reuse", f"{what}, CPU, median", float(np.median(whole)), "ms", target="≤ 60")
    report.add("media reuse", f"{what}, CPU, mean", float(np.mean(whole)), "ms", target="≤ 60", note=note)
    report.add("media reuse", "of which PDQ, median", float(np.median(took["PDQ"])), "ms", target="≤ 10")
    report.add("media reuse", "of which PDQ, mean", float(np.mean(took["PDQ"])), "ms", target="≤ 10")
    sizes = [len(encode(each)) / 1e3 for each in prints]
    note = f"at most {max(sizes):.1f}"
    report.add("media reuse", "kept of a picture in the store", float(np.mean(sizes)), "KB", target="≤ 12", note=note)
    within = segment([(number.to_bytes(32, "big"), each) for number, each in enumerate(prints)])
    size = within.size_in_bytes / within.pictures / 1e3
    report.add("media reuse", "kept of a picture in the index", size, "KB", target="≤ 12")


def _resized(path: Path) -> bytes:
    picture = opened(path)
    by = _LONGEST / max(picture.size)
    size = round(picture.width * by), round(picture.height * by)
    out = BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=85)
    return out.getvalue()


def _decoded(body: bytes) -> Decoded:
    found = decode(body, max_pixels=50_000_000, key_frames=1)
    assert isinstance(found, Decoded)
    return found


def _hashed(rgb: NDArray[np.uint8]) -> Fingerprint:
    return hashed(rgb, rgb.shape[1], rgb.shape[0])


def _fastest(work: Callable[[In], Out], of: In) -> tuple[Out, float]:
    """What comes of it, and the milliseconds of this process's CPU that the fastest of some tries took."""
    out, best = work(of), float("inf")
    for _ in range(_TIMES):
        began = time.process_time()
        out = work(of)
        best = min(best, (time.process_time() - began) * 1e3)
    return out, best


def _queries(paths: Sequence[Path], count: int) -> list[tuple[str, Look]]:
    edits = list(EDITS)
    asked = [(i % len(paths), edits[i * 7 % len(edits)]) for i in range(count)]
    return [(bytes([i]).hex() * 32, looked(np.asarray(edited(opened(paths[i]), str(i), edit)))) for i, edit in asked]


def _hash_scan(report: Report, scale: float) -> None:
    rng = np.random.default_rng(1)
    count = round(1_000_000 * min(1.0, scale))
    hashes = rng.integers(0, 2**64, (4, count), dtype=np.uint64)
    empty = segment([])._replace(hashes=hashes)
    took = []
    for _ in range(60):
        asked: NDArray[np.uint64] = rng.integers(0, 2**64, (1, 4), dtype=np.uint64)
        began = time.perf_counter()
        near_hashes(empty, asked, 31)
        took.append((time.perf_counter() - began) * 1e3)
    report.add("media reuse", f"exact PDQ scan of {count:,}, p50", float(np.median(took[5:])), "ms", target="≤ 2")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_scale", description=__doc__)
    parser.add_argument("--size", type=int, action="append", help="archived pictures; may be given more than once")
    parser.add_argument("--queries", type=int, default=120)
    options = parser.parse_args()
    run(Report(), 1.0, options.size or (10_000, 100_000, 1_000_000))


if __name__ == "__main__":
    main()
