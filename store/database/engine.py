"""From a URL to an engine that is set up the way the store needs it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from secondsource.contracts.errors import BadConfiguration
from store.database.failures import translated

BUSY_SECONDS = 30  #: how long a writer waits for another one

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers and the writer do not wait for each other
    "PRAGMA synchronous=NORMAL",  # a killed process loses nothing; a power cut may lose the last commits, whole
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA cache_size=-65536",  # KiB: keeps the indexes of a million posts in memory
    "PRAGMA temp_store=MEMORY",
    "PRAGMA secure_delete=ON",  # what was taken down is overwritten, not only let go of
    "PRAGMA wal_autocheckpoint=4000",  # pages: batches rewrite the same index pages, so copy them back less often
)


def parsed_url(url: str) -> URL:
    """The store's address, with the driver we use. Asks no database.

    Raises:
        BadConfiguration: it is none, or of a database we cannot use.
    """
    examples = "sqlite:///second-source.db or postgresql://user:password@host/database"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the second of a port that is no number
        # The text may hold a password, so it is not repeated.
        msg = f"the store's URL cannot be read; write {examples}"
        raise BadConfiguration(msg) from None
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
        msg = f"the store cannot use {parsed.drivername}; write {examples}"
        raise BadConfiguration(msg)
    if parsed.database in {None, "", ":memory:"}:
        msg = "the store needs a file, since several threads share it; write sqlite:///second-source.db"
        raise BadConfiguration(msg)
    if Path(str(parsed.database)).is_dir():
        msg = f"the store's file {parsed.database} is a folder; name a file"
        raise BadConfiguration(msg)
    folder = Path(str(parsed.database)).parent
    if not folder.is_dir():
        msg = f"the folder {folder} of the store's file does not exist; create it, or correct the URL"
        raise BadConfiguration(msg)
    return parsed


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin when we say so, below
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: URL) -> Engine:
    # Times come back in UTC; a writer that waits for another gives up in the end and is retried.
    options = f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS * 1000}"
    return create_engine(
        url, pool_pre_ping=True, connect_args={"options": options, "connect_timeout": 10, "client_encoding": "utf8"}
    )


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`, and proof that the database answers.

    Raises:
        SourceAway: it does not answer.
        BadConfiguration: the URL or the credentials cannot work. No message repeats a password.
    """
    parsed = parsed_url(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)
    with translated(parsed), engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return engine
