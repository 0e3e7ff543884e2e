"""A database that is away is told from one that is wrongly configured, and no password is shown."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event, text

from secondsource.contracts.errors import BadConfiguration, SourceAway
from store.database.engine import open_engine
from store.store import Store, open_store
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_ports
from tests.store import velgrad as v


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("no url: s3cret", "cannot be read; write sqlite:///"),
        ("postgresql://me:s3cret@host:port/db", "cannot be read; write sqlite:///"),
        ("mysql://me:s3cret@host/db", "cannot use mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:////no/such/s3cret.d/x.db", "folder /no/such/s3cret.d of the store's file does not exist"),
    ],
)
def test_urls_that_cannot_work(url: str, said: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        open_engine(url)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("user", "more"),
    [("me:s3cret@", ""), ("me@", "?password=s3cret"), ("me@", "?sslmode=allow&sslpassword=s3cret"), ("me:%2A@", "")],
)
def test_a_server_that_is_not_there_is_away_and_the_password_stays_hidden(user: str, more: str) -> None:
    (port,) = free_ports(1)
    with pytest.raises(SourceAway, match="did not answer") as caught:
        open_engine(f"postgresql://{user}127.0.0.1:{port}/news{more}")
    assert "s3cret" not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.postgres
def test_a_database_or_role_that_does_not_exist_is_a_wrong_configuration(postgres_url: str) -> None:
    with pytest.raises(BadConfiguration, match="no database of that name"):
        open_engine(postgres_url.rsplit("/", 1)[0] + "/nothing_here")
    with pytest.raises(BadConfiguration, match="refuses these credentials") as caught:
        open_engine(postgres_url.replace("postgres@", "nobody_here:s3cret@"))
    assert "s3cret" not in str(caught.value)


@pytest.mark.postgres
def test_a_server_that_dies_is_away_and_works_again_when_it_is_back(postgres_server: PostgresServer) -> None:
    store = open_store(postgres_server.url(postgres_server.create_database()), create=True)
    v.keep(store, *(v.enriched(n) for n in range(40)))
    dying = pytest.raises(SourceAway, match="did not answer")
    with dying, store.transaction():
        v.keep(store, v.enriched(50))
        postgres_server.kill()
        v.keep(store, v.enriched(51))
    with pytest.raises(SourceAway, match="did not answer"):
        v.keep(store, v.enriched(52))
    postgres_server.start()
    v.keep(store, *(v.enriched(n) for n in range(60, 100)))
    assert len(store.dump("posts")) == 80
    store.close()


def test_a_missing_table_wants_migrating(store: Store) -> None:
    with store.database.writing() as connection:
        connection.execute(text("DROP VIEW collector_coverage"))
        connection.execute(text("DROP TABLE coverage"))
    with pytest.raises(BadConfiguration, match="run: secondsource migrate"):
        store.dump("coverage")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("These are notes about the bridge. " * 200)
    with pytest.raises(BadConfiguration, match="is not a SQLite database"):
        open_engine(f"sqlite:///{path}")


def test_a_locked_file_is_away(tmp_path: Path) -> None:
    path = tmp_path / "held.db"
    store = open_store(f"sqlite:///{path}", create=True)
    event.listen(store.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=20"))
    store.engine.dispose()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(SourceAway, match="locked by another process"):
        v.keep(store, v.enriched(1))
    holder.close()
    v.keep(store, v.enriched(1))
    store.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write read-only files")
def test_a_read_only_file_is_away(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    open_store(f"sqlite:///{path}", create=True).close()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(SourceAway, match="read-only"):
            v.keep(open_store(f"sqlite:///{path}"), v.enriched(1))
    finally:
        tmp_path.chmod(0o755)


def test_a_database_that_refuses_writing_is_away(store: Store) -> None:
    setting = "PRAGMA query_only=1" if store.database.is_sqlite else "SET default_transaction_read_only = on"

    def refuse(connection: sqlite3.Connection, _: object) -> None:
        connection.cursor().execute(setting)
        if not store.database.is_sqlite:
            connection.commit()

    event.listen(store.engine, "connect", refuse)
    store.engine.dispose()
    with pytest.raises(SourceAway, match="read-only"):
        v.keep(store, v.enriched(1))
