"""A whole deployment in real processes, as an operator runs one: a configuration folder, `secondsource run …` for each
part, `secondsource replay …` to feed it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from uuid import uuid4

import kafka.errors
import yaml
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec

from secondsource.app.demo.town import Town
from secondsource.contracts import topics
from secondsource.contracts.errors import SourceAway
from store.database.tables import leases
from store.store import open_store
from tests.app.processes import Worker, until
from tests.app.rows import CHANNEL, Rows, rows_of
from tests.fakes.slack import TOKEN

Part = Literal["enrich", "alerts", "store", "notify", "desk"]
StageName = Literal["enrich", "alerts", "store"]
STAGES: tuple[StageName, ...] = ("enrich", "alerts", "store")
NOWHERE = "http://127.0.0.1:9/api/"  #: a Slack that nobody asks
_TOKEN_VARIABLE = "VELGRAD_SLACK_TOKEN"
_INLETS = {"enrich": (topics.POSTS,), "alerts": (topics.ENRICHED,), "store": topics.ALL[1:]}


class Deployment:
    """Kafka and any database where `bootstrap` is given, else everything in the process of `replay`.

    In small steps a run takes longer, so that what happens in the middle of it really does: `batch_size` of them for
    the stages, `replay_batch` for the replay. `slack` is the address of the Slack that `notify` posts to. `parts`
    of pictures are for one process: several may find a pair from either side. Left, it has no process running.
    """

    def __init__(
        self,
        folder: Path,
        town: Town,
        store_url: str,
        *,
        bootstrap: str = "",
        partitions: int = 3,
        batch_size: int = 1000,
        replay_batch: int = 0,
        slack: str = NOWHERE,
        parts: bool = False,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.store = open_store(store_url, create=True)
        self.workers: list[Worker] = []
        self._town = town
        self._bootstrap = bootstrap
        self._prefix = f"t{uuid4().hex[:10]}"
        self._partitions = partitions
        self._parts = parts
        self._config, self._replay_config = folder / "config", folder / "config-of-replay"
        self._write_config(self._config, store_url, batch_size, slack)
        self._write_config(self._replay_config, store_url, replay_batch or batch_size, slack)

    def _write_config(self, folder: Path, store_url: str, batch_size: int, slack: str) -> None:
        shutil.copytree(self._town.config, folder)
        for path in (folder / "watches").iterdir():
            asked: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
            watches = [watch | {"slack_channel": CHANNEL} for watch in asked["watches"]]
            path.write_text(yaml.safe_dump({"watches": watches}), "utf-8")
        path = folder / "secondsource.yaml"
        settings: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        settings["enrich"]["media"] |= {"roots": [str(self._town.pictures)], "parts": self._parts}
        settings["store"] = {"url": store_url}
        settings["notify"]["slack"] = {"token_env": _TOKEN_VARIABLE, "base_url": slack}
        settings["desk"] = {"port": 0, "public_url": "http://desk.velgrad.example"}
        settings["runtime"] = {"batch_size": batch_size, "save_every_seconds": 0.5}
        if self._bootstrap:
            settings["transport"] = "kafka"
            settings["kafka"] = {"bootstrap": self._bootstrap, "prefix": self._prefix, "partitions": self._partitions}
        path.write_text(yaml.safe_dump(settings), "utf-8")

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self.workers:
            worker.kill()
        self.store.close()

    # --- processes ---

    def run(self, *parts: Part) -> Worker:
        """Start `secondsource run`; returns at once."""
        return self._start("run", *parts, "--log-json")

    def replay(self, *options: str) -> Worker:
        """Start `secondsource replay` of the town's day; returns at once."""
        return self._start("replay", str(self._town.posts), *options)

    def replay_half(self) -> Worker:
        """Start a replay and freeze it in the middle, with a good deal of what it sent in the store."""
        replay = self.replay()
        until(lambda: self.sent() >= 300, "300 records sent", [*self.running, replay])
        replay.freeze()
        assert self.sent() < self._town.messages
        self.wait_for_posts(150)
        return replay

    def send_more(self, replay: Worker) -> None:
        """Let a frozen replay send some more, and freeze it again before it has sent all, however slow we look."""
        before = self.sent()
        while self.sent() == before:
            replay.go_on_a_moment()
        assert self.sent() < self._town.messages

    def replay_typed(self) -> Worker:
        """Start `secondsource replay -`, which takes what is typed in and waits for more."""
        return self._start("replay", "-", typed=True)

    def _start(self, *arguments: str, typed: bool = False) -> Worker:
        name = " ".join(argument for argument in arguments if argument.isalpha())
        log = self.folder / f"{len(self.workers) + 1:02d}-{name.replace(' ', '-')}.log"
        config = self._replay_config if name == "replay" else self._config
        environ = {"SECONDSOURCE_CONFIG": str(config), _TOKEN_VARIABLE: TOKEN}
        worker = Worker(name, arguments, log, environ, typed=typed)
        self.workers.append(worker)
        return worker

    @property
    def running(self) -> list[Worker]:
        """Those meant to run until they are stopped, which replays are not."""
        return [worker for worker in self.workers if worker.exit_code is None and "replay" not in worker.name]

    # --- how far it has come ---

    def count(self, table: str) -> int:
        """Rows of a table; 0 while the database is away."""
        try:
            return self.store.status().rows[table]
        except SourceAway:
            return 0

    def sent(self) -> int:
        """Records that the replay has sent, by the cursor it saved."""
        saved = self.store.load(f"ingest:replay:{self._town.posts.name}", 0).position
        return int(json.loads(saved)["place"]) if saved else 0

    def rows(self) -> Rows:
        return rows_of(self.store)

    def wait_until_ready(self) -> None:
        """Until every process serves its metrics and every stage has its share of the partitions."""
        for worker in self.running:
            until(lambda: bool(worker.events("metrics served")), f"{worker.name} to start", self.running)  # noqa: B023 - called before the next
        if self._bootstrap:
            with self._offsets() as offsets:
                for stage in STAGES:
                    sharing = sum(stage in worker.name.split() for worker in self.running)
                    until(lambda: offsets.shared_by(stage, sharing), f"{stage} to join its group", self.running)  # noqa: B023 - as above

    def wait_for_posts(self, least: int) -> None:
        until(lambda: self.count("posts") >= least, f"{least} posts in the store", self.running)

    def wait_until_through(self, replay: Worker) -> None:
        """Until all that the replay sent has been enriched, judged, stored and, where somebody delivers, delivered.

        Raises:
            AssertionError: it was not, or a process ended before.
        """
        assert replay.ended() in {0, 1}, replay.output()  # 1: some could not be read, which is so for the town's
        alive = self.running
        if self._bootstrap:
            with self._offsets() as offsets:
                for stage in STAGES:
                    until(lambda: offsets.caught_up(stage), f"{stage} to catch up", alive)  # noqa: B023 - as above
        if any("notify" in worker.name for worker in alive):
            until(lambda: not self.store.status().waiting, "the outbox to be empty", alive)
        (collector,) = self.store.status().collectors
        assert collector.ended

    @contextmanager
    def going_on(self, stage: StageName) -> Iterator[None]:
        """At the end it is waited for that a stage has handled more than it had at the beginning."""
        with self._offsets() as offsets:
            before = offsets.handled(stage)
            yield
            until(lambda: offsets.handled(stage) > before, f"{stage} to go on", self.running)

    def caught_up(self, stage: StageName) -> bool:
        with self._offsets() as offsets:
            return offsets.caught_up(stage)

    @contextmanager
    def _offsets(self) -> Iterator[Offsets]:
        offsets = Offsets(self._bootstrap, self._prefix, self._partitions)
        try:
            yield offsets
        finally:
            offsets.close()

    def let_leases_run_out(self) -> None:
        """As if a minute had passed since a sender that was killed last held a destination."""
        with self.store.database.writing() as connection:
            connection.execute(leases.delete())


class Offsets:
    """How far the consumer groups of a deployment have come, as the broker knows it."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int) -> None:
        self._admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
        self._prefix = prefix
        self._partitions = partitions

    def caught_up(self, stage: StageName) -> bool:
        """Whether a stage has committed all that stands on the topics it reads.

        The end of the topics is asked for first: true means so at that moment, and so for good where nobody writes.
        """
        places = self._places(stage)
        try:
            ends = self._admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
            committed = self._committed(stage)
        except kafka.errors.KafkaError:
            return False
        return all(committed[place] >= ends[place].offset for place in places)

    def handled(self, stage: StageName) -> int:
        """How many records a stage has committed, of all its topics together."""
        try:
            return sum(self._committed(stage).values())
        except kafka.errors.KafkaError:
            return 0

    def shared_by(self, stage: StageName, workers: int) -> bool:
        """Whether so many share a stage's partitions, and none is on the move. One that was killed counts for 10 s."""
        if not workers:
            return True
        group = self._group(stage)
        try:
            found = self._admin.describe_groups([group])[group]
        except kafka.errors.KafkaError:
            return False
        return found["group_state"] == "Stable" and len(found["members"]) == workers

    def _group(self, stage: StageName) -> str:
        return f"{self._prefix}.secondsource-{stage}"

    def _places(self, stage: StageName) -> list[Any]:
        return [
            TopicPartition(f"{self._prefix}.{topic}", partition)
            for topic in _INLETS[stage]
            for partition in range(self._partitions)
        ]

    def _committed(self, stage: StageName) -> dict[Any, int]:
        group, places = self._group(stage), self._places(stage)
        found = self._admin.list_group_offsets({group: places})[group]
        return {place: max(0, found[place].offset) if place in found else 0 for place in places}

    def close(self) -> None:
        self._admin.close()


def exit_codes(workers: Sequence[Worker], within: float) -> dict[str, int]:
    """Ask all to stop at once, as an orchestrator does, and wait for each."""
    for worker in workers:
        worker.ask_to_stop()
    return {worker.name: worker.ended(within) for worker in workers}
