"""A deployment on Kafka and PostgreSQL for as long as a bench needs it: real servers, real processes of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.whole_way import configured, postgres
from config.loader import Configuration
from secondsource.app import wiring
from secondsource.app.wiring import STAGES, House
from tests.app.deployment import Offsets
from tests.servers.kafka import KafkaServer


class Deployment:
    """`workers` processes of ours run the stages; this process feeds them and reads the store."""

    def __init__(self, folder: Path, configuration: Configuration, url: str) -> None:
        self.configuration = configuration
        self._folder = folder
        self._environ = os.environ | {"SECONDSOURCE_STORE_URL": url}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, workers: Sequence[Sequence[str]]) -> None:
        """One process for each list of parts; returns when every one of their stages runs."""
        for parts in workers:
            with self._log(len(self._processes)).open("wb") as log:
                command = [sys.executable, "-m", "secondsource.app", "run", *parts, "-c", str(self._folder)]
                self._processes.append(subprocess.Popen(command, env=self._environ, stdout=log, stderr=log))
        until = time.monotonic() + 120
        while any(
            self._log(number).read_text().count("stage starts") < len(parts) for number, parts in enumerate(workers)
        ):
            self.check()
            if time.monotonic() > until:
                raise RuntimeError("the workers did not start within two minutes")
            time.sleep(0.2)
        time.sleep(5)  # groups settle: not what is measured

    @contextmanager
    def held(self, workers: Sequence[int]) -> Iterator[None]:
        """Keep workers from doing anything. Shorter than the broker's patience (10 s), or it takes them for dead."""
        for worker in workers:
            self._processes[worker].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for worker in workers:
                self._processes[worker].send_signal(signal.SIGCONT)

    def _log(self, number: int) -> Path:
        return self._folder / f"worker-{number}.log"

    def check(self) -> None:
        for number, process in enumerate(self._processes):
            if process.poll() is not None:
                log = self._log(number).read_text()
                raise RuntimeError(f"a worker ended with {process.returncode}:\n{log[-3000:]}")

    def processor_seconds(self) -> float:
        """CPU time of our processes so far."""
        ticks = 0
        for process in self._processes:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def kafka() -> Iterator[str]:
    server = KafkaServer()
    server.start()
    try:
        yield server.bootstrap
    finally:
        server.remove()


@contextmanager
def deployed(
    bootstrap: str, prefix: str, partitions: int, watches: int = 1, more: str = "", channel: str = ""
) -> Iterator[tuple[Deployment, House]]:
    """The servers and an empty database, with topics there; start the workers yourself."""
    more += f"transport: kafka\nkafka: {{bootstrap: '{bootstrap}', prefix: {prefix}, partitions: {partitions}}}\n"
    with tempfile.TemporaryDirectory() as name, postgres() as url:
        folder = Path(name)
        configuration = configured(folder, url, more, watches, channel)
        with wiring.house(configuration, opening="migrated") as at:
            deployment = Deployment(folder, configuration, url)
            try:
                yield deployment, at
            finally:
                deployment.stop()


def wait_for_end(deployment: Deployment, at: House, collector: str, seconds: float = 600) -> None:
    """Until the collector's last tick has come through, and every stage has committed all that stands before it."""
    until = time.monotonic() + seconds
    kafka = at.configuration.deployment.kafka
    offsets = Offsets(kafka.bootstrap, kafka.prefix, kafka.partitions)
    try:
        while time.monotonic() < until:
            deployment.check()
            # One row, not the status of all: who counts posts twenty times a second takes what is measured.
            ended = any(row["name"] == collector and row["ended"] for row in at.store.dump("collectors"))
            # in their order: what a stage has committed it has sent, so the next one's topics are complete
            if ended and all(offsets.caught_up(stage) for stage in STAGES):
                return
            time.sleep(0.05)
    finally:
        offsets.close()
    raise RuntimeError(f"{collector} did not come through within {seconds} s")
