"""Every figure of the README, measured now: `make bench`. Each bench has a process of its own.

For a part of it: `python -m benchmarks --only decoding --scale 0.1`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks import (
    annotating,
    backtest_mediaeval,
    collecting,
    coordination,
    copying,
    corroboration,
    decoding,
    factchecks,
    languages,
    latency,
    loops,
    media_calibration,
    media_conformance,
    media_dark,
    media_reuse,
    media_scale,
    naming,
    over_kafka,
    real_input,
    same_claim,
    spikes,
    spread,
    stance,
    story_updates,
    video_reuse,
    whole_way,
)
from benchmarks.report import Figure, Report

BENCHES = {
    "decoding": decoding.run,
    "annotators": annotating.run,
    "transport": loops.run,
    "whole-way": whole_way.run,
    "growth": whole_way.growth,
    "over-kafka": over_kafka.run,
    "scaling": over_kafka.scaling,
    "latency": latency.run,
    "real-input": real_input.run,
    "matching": collecting.matching,
    "mappers": collecting.mappers,
    "slow-consumer": collecting.slow_consumer,
    "coordination": coordination.run,
    "corroboration": corroboration.run,
    "factchecks": factchecks.run,
    "same-claim": same_claim.run,
    "spread": spread.run,
    "spikes": spikes.run,
    "stance": stance.run,
    "language": languages.run,
    "entities": naming.run,
    "copies": copying.run,
    "media-reuse": media_reuse.run,
    "media-calibration": media_calibration.run,
    "media-conformance": media_conformance.run,
    "media-dark": media_dark.run,
    "media-scale": media_scale.run,
    "video-reuse": video_reuse.run,
    "backtest-mediaeval": backtest_mediaeval.run,
    "story-updates": story_updates.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHES, help="run this bench (may be given more than once)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full amount of work, 1 for the README's")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/latest.json"), help="where the JSON goes")
    options = parser.parse_args()
    names = options.only or list(BENCHES)
    report = Report()
    if len(names) == 1:
        print(f"{names[0]} …", flush=True)
        BENCHES[names[0]](report, options.scale)
    else:
        for name in names:
            report.figures += _alone(name, options.scale)
        report.show(Console(width=160))
    report.write(options.out)


def _alone(name: str, scale: float) -> list[Figure]:
    """A bench's figures from a process of its own, so that none measures what another has left in memory."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "benchmarks", "--only", name, "--scale", str(scale), "--out", str(out)]
        subprocess.run(command, check=True)
        return [Figure(**figure) for figure in json.loads(out.read_text(encoding="utf-8"))["figures"]]


if __name__ == "__main__":
    main()
