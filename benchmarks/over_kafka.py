"""The whole way over Kafka into PostgreSQL: against the bare loop, and with more workers."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from threading import Event
from typing import NamedTuple

from benchmarks.deployment import Deployment, deployed, kafka, wait_for_end
from benchmarks.loops import fill, kafka_python
from benchmarks.report import Report
from benchmarks.stream import batches, posts
from benchmarks.whole_way import BATCH
from secondsource.app import wiring
from secondsource.app.wiring import House
from secondsource.contracts.stage import Batch

WATCHES = 16
STAGES = ("enrich", "alerts", "store")


def run(report: Report, scale: float) -> None:
    logging.getLogger("kafka").setLevel(logging.ERROR)
    count = int(120_000 * scale)  # beside so many the last commit, which is waited for, takes little
    with kafka() as bootstrap:
        fill(bootstrap, "bare", count)
        bare = kafka_python(bootstrap, "bare", count)
        report.add("over Kafka", "bare kafka-python consume-edit-produce loop", bare, "posts/s")
        with deployed(bootstrap, "way", 4) as (deployment, at):
            deployment.start([[stage] for stage in STAGES])
            with deployment.held([STAGES.index("enrich")]):  # the bare loop, too, finds its posts on the topic
                publish(at, count, 1)
            passed = through(deployment, at, count)
        report.add("over Kafka", "the whole way, a process a stage", passed.speed, "posts/s", note=passed.cores())
        report.add("over Kafka", "the whole way against the bare loop", passed.speed / bare, "times", target="≥ 0.3")
        report.add("over Kafka", "our processes' CPU a post", passed.ours / count * 1e6, "µs")


def scaling(report: Report, scale: float) -> None:
    """Worker processes that each run every stage, sharing sixteen watches and a backlog."""
    logging.getLogger("kafka").setLevel(logging.ERROR)
    count = int(60_000 * scale)
    alone = 0.0
    with kafka() as bootstrap:
        for workers in (1, 2, 4):
            with deployed(bootstrap, f"scale{workers}", 16, WATCHES) as (deployment, at):
                deployment.start([STAGES] * workers)
                with deployment.held(range(workers)):
                    publish(at, count, WATCHES)
                passed = through(deployment, at, count)
            alone = alone or passed.speed
            efficiency = f"efficiency {passed.speed / alone / workers:.2f}"
            note = f"{efficiency}; {passed.ours / count * 1e6:.0f} µs of our CPU a post; {passed.cores()}"
            report.add("scaling", f"{workers} workers", passed.speed, "posts/s", note=note)


class Passed(NamedTuple):
    """A stream that came through: posts a second, and the seconds it took on the wall, of our workers' CPU, and of the
    CPU of all that ran on this machine: broker and database, too.
    """

    speed: float
    wall: float
    ours: float
    everybody: float

    def cores(self) -> str:
        """What limits: who kept how many of the machine's cores busy."""
        others = (self.everybody - self.ours) / self.wall
        return f"of {os.cpu_count()} cores {self.ours / self.wall:.2f} ours, {others:.2f} the servers' and others'"


def through(deployment: Deployment, at: House, count: int) -> Passed:
    """Until the last of so many posts is stored."""
    ours, everybody, start = deployment.processor_seconds(), _processor_seconds(), time.perf_counter()
    wait_for_end(deployment, at, "bench")
    wall = time.perf_counter() - start
    return Passed(count / wall, wall, deployment.processor_seconds() - ours, _processor_seconds() - everybody)


def _processor_seconds() -> float:
    """CPU time of everything on this machine since it started."""
    user, nice, system, _, _, *interrupts = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def publish(at: House, count: int, watches: int) -> None:
    """Send the stream as a collector does."""
    over = wiring.transport(at, "bench")
    push = wiring.publisher(at, over).push
    for number, batch in enumerate(batches(posts(count, watches=watches), BATCH)):
        push("bench", Batch(batch, (), str(number)), Event())
    over.close()
