"""The whole way over Kafka into PostgreSQL: against the bare loop, and with more workers."""

from __future__ import annotations

import logging
import time
from threading import Event

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
            with deployment.held(STAGES.index("enrich")):  # the bare loop, too, finds its posts on the topic
                publish(at, count, 1)
            speed, cpu = through(deployment, at, count)
        report.add("over Kafka", "the whole way, a process a stage", speed, "posts/s")
        report.add("over Kafka", "the whole way against the bare loop", speed / bare, "times", target="≥ 0.3")
        report.add("over Kafka", "our processes' CPU a post", cpu / count * 1e6, "µs")


def scaling(report: Report, scale: float) -> None:
    """Worker processes that each run every stage, sharing sixteen watches."""
    logging.getLogger("kafka").setLevel(logging.ERROR)
    count = int(60_000 * scale)
    alone = 0.0
    with kafka() as bootstrap:
        for workers in (1, 2, 4):
            with deployed(bootstrap, f"scale{workers}", 16, WATCHES) as (deployment, at):
                deployment.start([STAGES] * workers)
                speed, cpu = through(deployment, at, count, WATCHES)
            alone = alone or speed
            note = f"{cpu / count * 1e6:.0f} µs CPU a post; efficiency {speed / alone / workers:.2f}"
            report.add("scaling", f"{workers} workers", speed, "posts/s", note=note)


def through(deployment: Deployment, at: House, count: int, published: int = 0) -> tuple[float, float]:
    """Posts/s until the last is stored, and our workers' CPU seconds. `published`: to how many watches meanwhile."""
    before, start = deployment.processor_seconds(), time.perf_counter()
    if published:
        publish(at, count, published)
    wait_for_end(deployment, at, "bench")
    took = time.perf_counter() - start
    return count / took, deployment.processor_seconds() - before


def publish(at: House, count: int, watches: int) -> None:
    """Send the stream as a collector does."""
    over = wiring.transport(at, "bench")
    push = wiring.publisher(at, over).push
    for number, batch in enumerate(batches(posts(count, watches=watches), BATCH)):
        push("bench", Batch(batch, (), str(number)), Event())
    over.close()
