"""What the tests of the whole way share: one day to replay, and what comes of it when nothing goes wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from secondsource.app.demo.town import Town, write_town
from secondsource.contracts.messages import LONGEST_ID, Engagement, Message, Post, Takedown, decode, encode
from tests.app.deployment import STAGES, Deployment, Part
from tests.app.processes import until
from tests.app.rows import Rows
from tests.fakes.slack import FakeSlack
from tests.servers.postgres import PostgresServer

_HARBOUR = re.compile(r"\b(harbour|crane|quay|ferry|pier)", re.IGNORECASE)
_SECOND_WATCH = """\
watches:
  - name: harbour
    keywords:
      any: [harbour, crane, quay, ferry, pier]
"""


class RealRun(NamedTuple):
    """A store that holds a run, and where its processes answer /metrics."""

    database_url: str
    metrics: tuple[str, ...]  #: "127.0.0.1:9380"


class Run(NamedTuple):
    """What a run that has ended left behind. `database` is its SQLite file, to be copied, not changed."""

    rows: Rows
    database: Path


@pytest.fixture(scope="session")
def town_day(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The demo's day, to be replayed by all; what is said of its harbour belongs to a second watch as well, and the
    stage that enriches refuses a post in the middle.
    """
    town = write_town(tmp_path_factory.mktemp("velgrad"))
    good, bad = _lines(town.posts.read_bytes(), town.messages)
    messages = [decode(line) for line in good]
    ours = {message.uid for message in messages if isinstance(message, Post) and _HARBOUR.search(message.text)}
    lines = [encode(_watched_twice(message, ours)) for message in messages]
    place, middle = next((n, each) for n, each in enumerate(messages) if n > len(lines) / 2 and isinstance(each, Post))
    lines.insert(place, encode(msgspec.structs.replace(middle, uid=f"{middle.uid}-{'odd' * LONGEST_ID}")))
    town.posts.write_bytes(b"".join(line + b"\n" for line in (*lines, *bad)))
    (town.config / "watches" / "harbour.yaml").write_text(_SECOND_WATCH, "utf-8")
    return town


def _lines(body: bytes, good: int) -> tuple[list[bytes], list[bytes]]:
    lines = body.splitlines()
    return lines[:good], lines[good:]


def _watched_twice(message: Message, ours: Collection[str]) -> Message:
    if isinstance(message, Post | Engagement | Takedown) and message.uid in ours:
        return msgspec.structs.replace(message, watches=(*message.watches, "harbour"))
    return message


@pytest.fixture(scope="session")
def undisturbed(town_day: Town, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Inline, on SQLite, in one go: what every other run has to come to. Nothing has been sent to Slack."""
    folder = tmp_path_factory.mktemp("undisturbed")
    database = folder / "velgrad.sqlite"
    with Deployment(folder / "run", town_day, f"sqlite:///{database}") as deployment:
        deployment.wait_until_through(deployment.replay())
        return Run(deployment.rows(), database)


@pytest.fixture
def deployment(
    town_day: Town, tmp_path: Path, postgres_url: str, kafka_broker: str, slack: FakeSlack
) -> Iterator[Deployment]:
    """For stages and a notifier on Kafka, in batches small enough for something to happen in the middle."""
    with Deployment(
        tmp_path / "run",
        town_day,
        postgres_url,
        bootstrap=kafka_broker,
        batch_size=25,
        replay_batch=10,
        slack=slack.url,
    ) as made:
        yield made


@pytest.fixture(scope="module")
def real_run(
    town_day: Town,
    kafka_broker: str,
    shared_postgres: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RealRun]:
    """The day on Kafka and PostgreSQL, all of it through; its processes live on, and the replay waits for more."""
    store = shared_postgres.url(shared_postgres.create_database())
    with Deployment(tmp_path_factory.mktemp("real") / "run", town_day, store, bootstrap=kafka_broker) as deployment:
        parts: tuple[Part, ...] = (*STAGES, "notify")
        for part in parts:
            deployment.run(part)
        deployment.wait_until_ready()
        replay = deployment.replay_typed()
        replay.type_in(town_day.posts.read_bytes())
        until(
            lambda: deployment.count("posts") >= 1000 and deployment.caught_up("store"),
            "the day to be through",
            deployment.running,
        )
        yield RealRun(store, tuple(worker.metrics for worker in deployment.workers))
