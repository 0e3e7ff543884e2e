"""Do we see what others see? Hashes against the reference implementation's, variants against one another, odd files.

On the stills and clips of ../shared/data/threatexchange, and which photographs of ../shared/data/mediaeval2016_dev are
found in one another: people reposted those, so a person must look at what is listed (`--list FILE`).
"""

from __future__ import annotations

import argparse
import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from benchmarks.report import Report
from enrich.media.pictures import Fingerprint, Unusable, decode, fingerprint, hashed
from enrich.reuse.clip_frames import ClipLimits, Frames, frames_of
from enrich.reuse.clip_readers import OPENCV, Decoder, installed
from enrich.reuse.prints import Look, looked
from enrich.reuse.search import Match, search
from enrich.reuse.segment import segment
from secondsource.contracts.clock import SystemClock

DATA: Final = Path(__file__).parents[2] / "shared" / "data"
_STILLS: Final = DATA / "threatexchange"
_POSTED: Final = DATA / "mediaeval2016_dev"
_BITS: Final = 10  #: from the reference, at most
_USABLE: Final = 50  #: quality above which it counts
_PIXELS: Final = 50_000_000
#: What the reference implementation says of these files (facebook/ThreatExchange, pdq/README and its test data).
_REFERENCE: Final = {
    "dih/bridge-1-original.jpg": "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22",
    "dih/bridge-2-rotate-90.jpg": "30a10efd71cc3d429013d48d0ffffc52e34e0e17ada952a9d29685211ea9e5af",
    "dih/bridge-3-rotate-180.jpg": "adad5a64b5a142e75b62a09857da895ae63b847fc23794b766b319361bc93188",
    "dih/bridge-4-rotate-270.jpg": "a5f0a457a48995e8c9065c275aaa5498b61ba4bdf8fcf80387c32f8b1bfc4f05",
    "dih/bridge-5-flipx.jpg": "f8f80f31e0f417b20e37f5cd028f980fb36ed02a9662c1e233e64c634e9c64dd",
    "dih/bridge-6-flipy.jpg": "0dad2599b1a1bd1a5362576742da32a5e63b7380c2374b4866b366c91bc9ce77",
    "dih/bridge-7-flip-plus-1.jpg": "f0a5e102f1ccc0bd945308720fff038de34ef1e8ada9a956d2967ade5ea91a50",
    "dih/bridge-8-flip-minus-1.jpg": "a5f05aa8a4896a17c906a2d85aaaab07b61b5b42f8fc07fc87c3d0741bfcb0fa",
    "bridge-mods/aaa-orig.jpg": "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22",
    "bridge-mods/blur-a-little.jpg": "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22",
    "bridge-mods/blur-a-lot.jpg": "f8f8f0cee0f4a84f0637022a038f67f0b36e26d596621e1d33e6b39c4e9c9b22",
}


class Pair(NamedTuple):
    """Two files of which one was found in the other, and the best of the ways it was."""

    one: str
    other: str
    match: Match


def run(report: Report, scale: float) -> None:  # noqa: ARG001 -- files are few, and all or none of them says something
    """For `make bench`."""
    if not _STILLS.is_dir():
        print("  media conformance: skipped: no data")
        return
    cv2.setNumThreads(1)
    _hashes(report)
    for folder in ("dih", "bridge-mods"):
        looks = _looks(_STILLS / folder)
        pairs = {(pair.one, pair.other) for pair in found(looks)}
        wanted = len(looks) * (len(looks) - 1) // 2
        report.add("media conformance", f"{folder}: pairs that match", len(pairs), f"of {wanted}", target=str(wanted))
    _modes(report)
    for decoder in dict.fromkeys((OPENCV, installed())):
        _frames(report, decoder)
    if _POSTED.is_dir():
        listed = found(_looks(_POSTED))
        report.add("media conformance", "mediaeval2016_dev: pairs found in one another", len(listed), "pairs")


def _hashes(report: Report) -> None:
    off = []
    for name, reference in _REFERENCE.items():
        ours = fingerprint((_STILLS / name).read_bytes(), max_pixels=_PIXELS)
        assert isinstance(ours, Fingerprint)
        off.append((int(ours.pdq, 16) ^ int(reference, 16)).bit_count())
    note = f"{len(off)} stills"
    report.add("media conformance", "stills off the reference PDQ, at most", max(off), "bits", target="≤ 10", note=note)


def _modes(report: Report) -> None:
    """Odd colour modes: read, or refused with a reason. Those of one picture must be alike."""
    reasons = []
    read = 0
    for path in sorted((_STILLS / "modes").iterdir()):
        seen = fingerprint(path.read_bytes(), max_pixels=_PIXELS)
        if isinstance(seen, Unusable):
            reasons.append(f"{path.name}: {seen.reason}")
        else:
            read += 1
    note = "; ".join(reasons)
    report.add("media conformance", "odd colour modes read", read, f"of {read + len(reasons)}", note=note)


def _frames(report: Report, decoder: Decoder) -> None:
    """Every sixth frame of each clip against the reference's, of those that are not too flat for it."""
    off: list[int] = []
    for path in sorted((_STILLS / "video").iterdir()):
        rows = (_STILLS / "vpdq_reference" / f"{path.stem}.txt").read_text(encoding="ascii").splitlines()
        table = [row.split(",") for row in rows]
        times = np.array([float(row[3]) for row in table])
        frames = frames_of(path.read_bytes(), ClipLimits(), SystemClock(), decoder.opened)
        assert isinstance(frames, Frames)
        for number, frame in enumerate(frames):
            _, quality, pdq, _ = table[int(np.abs(times - frame.at).argmin())]
            if number % 6 == 0 and int(quality) > _USABLE:
                ours = hashed(frame.rgb, frame.rgb.shape[1], frame.rgb.shape[0])
                off.append((int(ours.pdq, 16) ^ int(pdq, 16)).bit_count())
    near = sum(bits <= _BITS for bits in off)
    note = f"at most {max(off)}, {np.mean(off):.1f} on the mean; {decoder.detail}"
    what = f"frames within {_BITS} bits of the reference PDQ"
    report.add("media conformance", what, near, f"of {len(off)}", target=str(len(off)), note=note)


def found(looks: dict[str, Look]) -> list[Pair]:
    """All pairs of which one is found in the other."""
    names = {sha256(name.encode()).hexdigest(): name for name in looks}
    archive = segment([(bytes.fromhex(key), looks[name].kept) for key, name in names.items()])
    best: dict[tuple[str, str], Match] = {}
    for name, look in looks.items():
        for match in search(look, [archive]):
            other = names[match.name]
            pair = (min(name, other), max(name, other))
            if name != other and (pair not in best or match.confidence > best[pair].confidence):
                best[pair] = match
    return [Pair(*pair, match) for pair, match in sorted(best.items())]


def _looks(folder: Path) -> dict[str, Look]:
    looks = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            decoded = decode(path.read_bytes(), max_pixels=_PIXELS, key_frames=1)
            if not isinstance(decoded, Unusable):
                looks[str(path.relative_to(folder))] = looked(decoded.frames[0].rgb)
    return looks


def _told(pair: Pair) -> dict[str, Any]:
    match = pair.match
    return {"one": pair.one, "other": pair.other, "kind": match.kind, "confidence": match.confidence,
            "distance": match.distance, "inliers": match.inliers}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_conformance", description=__doc__)
    parser.add_argument("--list", type=Path, help="write the pairs of mediaeval2016_dev here, one JSON line each")
    options = parser.parse_args()
    if options.list is None:
        run(Report(), 1.0)
        return
    if not _POSTED.is_dir():
        print("skipped: no data")
        return
    cv2.setNumThreads(1)
    lines = [json.dumps(_told(pair)) for pair in found(_looks(_POSTED))]
    options.list.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
