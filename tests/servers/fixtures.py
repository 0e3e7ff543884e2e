"""The real servers as fixtures. Each starts when the first test asks for it, and is stopped at the end.

Where a server is missing its tests are skipped, with the reason; under CI=true they fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from tests.servers import places
from tests.servers.alertmanager import AlertmanagerServer
from tests.servers.chromium import Browser
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.prometheus import PrometheusServer, StartPrometheus

T = TypeVar("T")


def needed(find: Callable[[], T]) -> T:
    """What `find` finds; a skipped test where it is missing, a failed one under CI=true."""
    try:
        return find()
    except places.Missing as missing:
        reason = f"{missing} (or as root: python -m tests.servers.install)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[str]:
    """host:port of a broker that all tests share: name topics and groups so that they are yours."""
    server = needed(KafkaServer)
    try:
        server.start()
        yield server.bootstrap
    finally:
        server.stop()
        server.remove()


@pytest.fixture
def kafka_server() -> Iterator[KafkaServer]:
    """A running broker of the test's own, to stop, kill and start again."""
    server = needed(KafkaServer)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def tesseract_binary() -> Path:
    """Tesseract with the languages that tests read: English, Arabic, French, Russian, Spanish."""
    for name in ("eng", "ara", "fra", "rus", "spa"):
        needed(partial(places.tesseract_language, name))
    return needed(places.tesseract)


@pytest.fixture(scope="session")
def sentences() -> Path:
    """The folder of a sentence model for English."""
    return needed(places.sentences)


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    server = needed(PostgresServer)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        server.remove()


@pytest.fixture
def postgres_url(shared_postgres: PostgresServer) -> Iterator[str]:
    """SQLAlchemy URL of a fresh, empty database."""
    name = shared_postgres.create_database()
    try:
        yield shared_postgres.url(name)
    finally:
        shared_postgres.drop_database(name)


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A running server of the test's own, to stop, kill and start again."""
    server = needed(PostgresServer)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def prometheus_server() -> Iterator[StartPrometheus]:
    """Call it with targets ("127.0.0.1:9000") and a rules folder to start a Prometheus that scrapes every second."""
    needed(places.prometheus)
    started: list[PrometheusServer] = []

    def start(targets: Sequence[str], rules: Path | None = None, interval: str = "1s") -> PrometheusServer:
        started.append(PrometheusServer(targets, rules, interval))
        return started[-1]

    try:
        yield start
    finally:
        for server in started:
            server.stop()


@pytest.fixture(scope="session")
def prometheus_binary() -> Path:
    return needed(places.prometheus)


@pytest.fixture(scope="session")
def promtool() -> Path:
    return needed(places.promtool)


@pytest.fixture(scope="session")
def amtool() -> Path:
    return needed(places.amtool)


@pytest.fixture
def alertmanager() -> Iterator[AlertmanagerServer]:
    """Running with the deployment's own routes and inhibitions; it tells nobody."""
    server = needed(AlertmanagerServer)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def compose_go() -> Path:
    """Skipped where it is missing, even under CI=true: our own checks do without."""
    try:
        return places.compose_go()
    except places.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def chromium_binary() -> Path:
    return needed(places.chromium)


@pytest.fixture(scope="session")
def browser(chromium_binary: Path) -> Browser:
    return Browser(chromium_binary)
