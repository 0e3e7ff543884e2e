"""Every figure of the README, measured now: `make bench`.

For a part of it: `python -m benchmarks --only decoding --scale 0.1`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from benchmarks import annotating, decoding, latency, loops, over_kafka, real_input, whole_way
from benchmarks.report import Report

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
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHES, help="run this bench (may be given more than once)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full amount of work, 1 for the README's")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/latest.json"), help="where the JSON goes")
    options = parser.parse_args()
    report = Report()
    for name in options.only or BENCHES:
        print(f"{name} …", flush=True)
        BENCHES[name](report, options.scale)
    report.show(Console(width=160))
    report.write(options.out)
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
