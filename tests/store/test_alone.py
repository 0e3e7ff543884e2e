"""Who judges into a database does so alone, on SQLite and on PostgreSQL, until it lets go or dies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from secondsource.contracts.errors import BadConfiguration, SourceAway
from store.store import Store, open_store
from tests.app.processes import until
from tests.servers.postgres import PostgresServer

_HOLDS = """
import sys
from store.store import open_store
open_store(sys.argv[1]).alone.hold()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_lets_go(store: Store, store_url: str) -> None:
    store.alone.hold()
    store.alone.hold()
    with closing(open_store(store_url)) as other:
        with pytest.raises(BadConfiguration, match=r"another process is at work on .*`secondsource run`"):
            other.alone.hold()
        other.status()  # whoever only looks may
        store.alone.let_go()
        other.alone.hold()
    store.alone.hold()


def test_one_that_was_killed_holds_nothing(store: Store, store_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, store_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BadConfiguration):
            store.alone.hold()
        other.kill()
        other.wait()
    store.alone.hold()


@pytest.fixture
def two_on_postgres(postgres_server: PostgresServer) -> Iterator[tuple[Store, Store]]:
    url = postgres_server.url(postgres_server.create_database())
    with closing(open_store(url, create=True)) as first, closing(open_store(url)) as second:
        yield first, second


@pytest.mark.postgres
def test_a_database_that_was_away_still_lets_in_one_alone(
    postgres_server: PostgresServer, two_on_postgres: tuple[Store, Store]
) -> None:
    first, second = two_on_postgres
    first.alone.hold()
    postgres_server.stop()
    for _ in range(2):
        with pytest.raises(SourceAway), first.transaction():
            pytest.fail("while it is away")
    postgres_server.start()
    with pytest.raises(SourceAway, match="others were not kept from it"), first.transaction():
        pytest.fail("before what another may have saved meanwhile is restored")
    with first.transaction():
        first.save("alerts", 0, "", {"a": b"1"})
    with pytest.raises(BadConfiguration, match="another process is at work"):
        second.alone.hold()


@pytest.mark.postgres
def test_who_comes_back_after_another_has_begun_is_refused(
    postgres_server: PostgresServer, two_on_postgres: tuple[Store, Store]
) -> None:
    first, second = two_on_postgres
    first.alone.hold()
    postgres_server.kill()
    postgres_server.start()
    second.alone.hold()
    for _ in range(2):
        with pytest.raises(BadConfiguration, match="another process is at work"), first.transaction():
            pytest.fail("beside another")
    second.alone.let_go()
    with pytest.raises(SourceAway), first.transaction():
        pytest.fail("before what another has saved is restored")
    with first.transaction():
        pass


@pytest.mark.postgres
def test_the_server_asks_within_half_a_minute_whether_its_holder_is_there(
    postgres_server: PostgresServer, two_on_postgres: tuple[Store, Store]
) -> None:
    """As Linux tells of its sockets: 2 is the timer of keepalives, and when it ends is in hundredths of a second."""
    first, _ = two_on_postgres
    first.alone.hold()

    def soon_asked() -> bool:
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
        timers = [socket[5].split(":") for socket in sockets if socket[1].endswith(f":{postgres_server.port:04X}")]
        return any(timer == "02" and int(left, 16) <= 3_000 for timer, left in timers)

    until(soon_asked, "the server to have set its timer")
