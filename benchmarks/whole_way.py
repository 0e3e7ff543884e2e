"""The whole way without media: decode, language, entities, copies, stance, stories, alerts, store. One process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from benchmarks.report import Report, Spent, measured, resident_megabytes
from benchmarks.stream import WATCH, batches, gazetteer, posts, watch_name, with_counts
from config.loader import Configuration
from secondsource.app import wiring
from secondsource.app.configuring import load
from secondsource.contracts.messages import decode, encode
from secondsource.contracts.stage import Batch
from tests.servers.postgres import PostgresServer

BATCH = 2000
TERMS = 10_000


def run(report: Report, scale: float) -> None:
    count = int(100_000 * scale)
    with tempfile.TemporaryDirectory() as folder:
        spent = inline(f"sqlite:///{folder}/bench.sqlite", Path(folder), count)
        report.add("whole way", "inline on SQLite", count / spent.cpu, "posts/s/core", target="≥ 4,000")
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        spent = inline(url, Path(folder), count)
        note = "PostgreSQL's own processes not counted"
        report.add("whole way", "inline on PostgreSQL", count / spent.cpu, "posts/s/core", target="≥ 5,000", note=note)
        report.add("whole way", "inline on PostgreSQL, on the wall", count / spent.wall, "posts/s")


def growth(report: Report, scale: float) -> None:
    """Speed and memory while one store and one process grow."""
    steps = [int(step * scale) for step in (10_000, 100_000, 1_000_000)]
    with tempfile.TemporaryDirectory() as folder:
        configuration = configured(Path(folder), f"sqlite:///{folder}/bench.sqlite")
        with wiring.house(configuration) as at:
            line = wiring.pipeline(at)
            stream = batches(with_counts(posts(steps[-1])), BATCH)
            done = 0
            for step in steps:
                start = done
                with measured() as spent:
                    for batch in stream:
                        line.push("bench", Batch([decode(encode(m)) for m in batch], (), str(done)), Event())
                        done += len(batch)
                        if done >= step:
                            break
                name = f"{step:,} stored posts"
                report.add("growth", f"from {start:,} to {name}", (done - start) / spent.cpu, "posts/s/core")
                target = "< 1,500" if step == steps[-1] else ""
                report.add("growth", f"memory of the process at {name}", resident_megabytes(), "MB", target=target)


def inline(url: str, folder: Path, count: int) -> Spent:
    """Time for `count` posts, from their bytes to the committed store."""
    configuration = configured(folder, url)
    bodies = [[encode(message) for message in batch] for batch in batches(with_counts(posts(count)), BATCH)]
    with wiring.house(configuration, opening="migrated") as at:
        line = wiring.pipeline(at)
        with measured() as spent:
            for number, batch in enumerate(bodies):
                line.push("bench", Batch([decode(body) for body in batch], (), str(number)), Event())
    return spent


def configured(
    folder: Path, url: str, more: str = "notify: {console: false}\n", watches: int = 1, channel: str = ""
) -> Configuration:
    """A deployment with some watches, seven languages and a gazetteer of 10,000 names.

    With a Slack channel, all that opens is told there one by one: nothing is left for a digest.
    """
    (folder / "watches").mkdir(exist_ok=True)
    named = [WATCH] if watches == 1 else [watch_name(number) for number in range(watches)]
    told = f", slack_channel: {channel}, thresholds: {{alerts_per_hour: 10000}}" if channel else ""
    lines = "".join(f"  - {{name: {name}, hashtags: [Velgrad]{told}}}\n" for name in named)
    (folder / "slack-token").write_text("xoxb-test\n")
    (folder / "watches" / "bench.yaml").write_text(f"watches:\n{lines}")
    names = "".join(f"{id_}\t{kind}\t{name}\n" for id_, kind, name in gazetteer(TERMS))
    (folder / "places.tsv").write_text(names)
    (folder / "secondsource.yaml").write_text(
        "enrich: {languages: [en, ar, fr, es, ru, tr, de], gazetteers: [places.tsv]}\nmetrics: {port: 0}\n" + more
    )
    return load(folder, {"SECONDSOURCE_STORE_URL": url})


@contextmanager
def postgres() -> Iterator[str]:
    """A real server with an empty database, for as long as it is needed."""
    server = PostgresServer()
    server.start()
    try:
        yield server.url(server.create_database())
    finally:
        server.remove()
