"""Clips posted again: what of them is found, and what is taken for another's.

As `secondsource eval video` measures us: clips made of photographs filmed by an unsteady hand (and real ones, where the
optional data folder is), each edited in every way of `clip_edits`; and clips of other photographs in the same dress as
archived ones, which must not match.

`python -m benchmarks.video_reuse --clips 4` for a part; `--keep FOLDER` to look at what is made.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from io import StringIO
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image

from benchmarks.clip_edits import DRESSES, EDITS, Clip, Rgb, as_gif, encoded, filmed, textures
from benchmarks.report import Report, measured
from enrich.media.pictures import Unusable
from enrich.reuse.clip_archive import ClipArchive
from enrich.reuse.clip_frames import ClipLimits
from enrich.reuse.clip_prints import clip_print
from enrich.reuse.clips import key_frames
from secondsource.app.evaluation.video import evaluate
from secondsource.contracts.clock import SystemClock

DATA: Final = Path("../shared/data")
_REAL: Final = DATA / "threatexchange" / "video"
_REFERENCE: Final = DATA / "threatexchange" / "vpdq_reference"
_PHOTOGRAPHS: Final = DATA / "images"
_SHOTS: Final = 3  # of a clip


def run(report: Report, scale: float) -> None:
    _battery(report, max(2, round(10 * scale)), None, None)
    _real(report)


def _photographs(count: int, dice: random.Random) -> list[Rgb]:
    paths = sorted(_PHOTOGRAPHS.glob("*.jpg"))
    if len(paths) < count:
        print("  no photographs here: textures instead")
        return textures(count, dice)
    dice.shuffle(paths)
    found: list[Rgb] = []
    for path in paths:
        with Image.open(path) as image:
            if min(image.size) >= 256:
                image.draft("RGB", (900, 900))
                image.thumbnail((900, 900))
                found.append(np.asarray(image.convert("RGB")))
        if len(found) == count:
            break
    return found


def _clips(count: int, dice: random.Random) -> list[Clip]:
    photographs = _photographs(count * _SHOTS, dice)
    return [
        filmed(photographs[i * _SHOTS : (i + 1) * _SHOTS], dice.uniform(10, 16), dice)
        for i in range(len(photographs) // _SHOTS)
    ]


def _battery(report: Report, count: int, keep: Path | None, only: str | None) -> None:
    dice = random.Random(5)
    clips = _clips(count * 3, dice)
    archived, others, strangers = clips[:count], clips[count : 2 * count], clips[2 * count :]
    edits = {name: edit for name, edit in EDITS.items() if only is None or only in name}
    with tempfile.TemporaryDirectory() as folder:
        root = keep or Path(folder)
        archive, queries = root / "archive", root / "queries"
        archive.mkdir(parents=True, exist_ok=True)
        queries.mkdir(parents=True, exist_ok=True)
        for number, clip in enumerate(archived):
            (archive / f"clip-{number}.mp4").write_bytes(encoded(clip))
        for number, dress in enumerate(DRESSES):
            dressed = EDITS[dress](others[number % len(others)], dice, others)
            (archive / f"other-{number}.mp4").write_bytes(encoded(dressed))
        truth: dict[str, tuple[str, str | None]] = {}
        for edit_number, (name, edit) in enumerate(edits.items()):
            for number, clip in enumerate(archived):
                file = f"q{edit_number}-{number}.mp4"
                around = strangers[number % len(strangers) :] + strangers
                (queries / file).write_bytes(encoded(edit(clip, dice, around)))
                truth[file] = name, f"clip-{number}.mp4"
        for number, clip in enumerate(archived):
            (queries / f"gif-{number}.gif").write_bytes(as_gif(clip))
            truth[f"gif-{number}.gif"] = "GIF", f"clip-{number}.mp4"
        for number, stranger in enumerate(strangers):
            for dress in DRESSES if only is None else [name for name in DRESSES if only in name]:
                file = f"stranger-{number}-{dress.replace(' ', '_')}.mp4"
                (queries / file).write_bytes(encoded(EDITS[dress](stranger, dice, strangers)))
                truth[file] = f"(a stranger) {dress}", None
        with measured() as spent:
            lines = _evaluated(archive, queries)
        _judged(report, truth, lines)
        minutes = sum(_seconds(path) for path in [*archive.iterdir(), *queries.iterdir()]) / 60
        report.add("video-reuse", "looking at clips and for them", spent.cpu / minutes, "CPU s a minute of clip")
        _weighed(report, archive)


def _seconds(path: Path) -> float:
    if path.suffix == ".gif":
        return 13.0
    source = cv2.VideoCapture(str(path))
    return source.get(cv2.CAP_PROP_FRAME_COUNT) / max(1.0, source.get(cv2.CAP_PROP_FPS))


def _evaluated(archive: Path, queries: Path) -> list[dict[str, Any]]:
    out = StringIO()
    evaluate(archive, queries, out, StringIO(), SystemClock())
    return [json.loads(line) for line in out.getvalue().splitlines()]


def _judged(report: Report, truth: dict[str, tuple[str, str | None]], lines: list[dict[str, Any]]) -> None:
    right: dict[str, set[str]] = defaultdict(set)
    wrong: dict[str, set[str]] = defaultdict(set)
    asked: dict[str, int] = defaultdict(int)
    for name, _ in truth.values():
        asked[name] += 1
    for line in lines:
        name, expected = truth[line["query"]]
        if line["match"] is None:
            continue
        if line["match"] == expected:
            right[name].add(line["query"])
        else:
            wrong[name].add(line["query"])
            print(f"  wrong: {line}")
    shares = {}
    for name, count in asked.items():
        if not name.startswith("(a stranger)"):
            shares[name] = len(right[name]) / count
            report.add("video-reuse", f"recall: {name}", shares[name], f"of {count}")
    report.add("video-reuse", "mean recall", float(np.mean(list(shares.values()))), f"of {len(shares)} edits")
    total = sum(len(queries) for queries in wrong.values())
    strangers = sum(count for name, count in asked.items() if name.startswith("(a stranger)"))
    of = f"of {len(truth)} queries, {strangers} of strangers"
    report.add("video-reuse", "queries with a wrong match", total, of, target="0")


def _weighed(report: Report, archive: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clips = ClipArchive(Path(folder))
        seconds = 0.0
        for number, path in enumerate(sorted(archive.iterdir())):
            print_ = clip_print(path.read_bytes(), ClipLimits(), SystemClock())
            assert not isinstance(print_, Unusable)
            clips.add(f"{number:064x}", print_)
            seconds += print_.seconds
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    report.add("video-reuse", "kept of a clip", size / seconds * 60 / 1000, "KB a minute")


def _real(report: Report) -> None:
    """Every real clip against every other, key frames against the reference, and what it costs."""
    if not _REAL.is_dir():
        print("  skipped: no data")
        return
    wrong = right = wanted = 0
    family = {path.name: path.name.split("-")[0] for path in _REAL.iterdir()}
    for kin in family.values():
        wanted += sum(other == kin for other in family.values())
    for line in _evaluated(_REAL, _REAL):
        if line["match"] is not None:
            same = family[line["query"]] == family[line["match"]]
            right, wrong = right + same, wrong + (not same)
    report.add("video-reuse", "real clips: variants found", right / wanted, f"of {wanted} pairs", target="1")
    report.add("video-reuse", "real clips: others taken for it", wrong, "pairs", target="0")
    apart: list[int] = []
    cpu = minutes = 0.0
    for path in sorted(_REAL.iterdir()):
        lines = (_REFERENCE / f"{path.stem}.txt").read_text(encoding="ascii").splitlines()
        body = path.read_bytes()
        start = time.process_time()
        print_ = clip_print(body, ClipLimits(), SystemClock())
        cpu += time.process_time() - start
        assert not isinstance(print_, Unusable)
        minutes += print_.seconds / 60
        found = key_frames(body, ClipLimits(), SystemClock())
        assert not isinstance(found, Unusable)
        for frame in found:
            _, quality, pdq, _ = lines[round(frame.at_seconds * len(lines) / print_.seconds)].split(",")
            if int(quality) > 50:
                apart.append((int(pdq, 16) ^ int(frame.pdq, 16)).bit_count())
    report.add("video-reuse", "looking at real clips", cpu / minutes, "CPU s a minute")
    note = f"{len(apart)} key frames of quality over 50, {np.mean(apart):.1f} on the mean"
    report.add("video-reuse", "key frames off the reference PDQ, at most", max(apart), "bits", target="≤ 10", note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10, help="archived clips; as many strangers")
    parser.add_argument("--only", help="edits whose name has this in it")
    parser.add_argument("--keep", type=Path, help="write the clips here")
    options = parser.parse_args()
    report = Report()
    _battery(report, options.clips, options.keep, options.only)
    _real(report)


if __name__ == "__main__":
    main()
