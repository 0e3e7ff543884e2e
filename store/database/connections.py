"""One database: its connections, and the transaction a thread is in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from store.database.failures import translated


class _Ambient(threading.local):
    connection: Connection | None = None
    depth: int = 0
    dirty: bool = False


class Database:
    """Connections of an engine, with one ambient transaction a thread.

    Usable from several threads. On SQLite a write transaction begins with BEGIN IMMEDIATE, so that a writer waits
    at its beginning and never loses its work to another.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._ambient = _Ambient()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The thread's transaction, begun if there is none; the outermost commits.

        An inner one that fails leaves the outer one as it was before it.

        Raises:
            SourceAway, BadConfiguration, BadRecord: see `store.database.failures.translated`.
        """
        with translated(self.engine.url):
            if self._ambient.connection is None:
                with self._outermost() as connection:
                    yield connection
            else:
                with self._savepoint(self._ambient.connection) as connection:
                    yield connection

    @contextmanager
    def _outermost(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(writes=True) as connection:
            connection.begin()
            self._ambient.connection = connection
            try:
                yield connection
                connection.commit()
            except BaseException:
                self._undo(connection, connection.rollback)
                raise
            finally:
                self._ambient.connection = None
                self._ambient.dirty = False

    @contextmanager
    def _savepoint(self, connection: Connection) -> Iterator[Connection]:
        self._ambient.depth += 1
        name = f"level_{self._ambient.depth}"
        try:
            connection.exec_driver_sql(f"SAVEPOINT {name}")
            try:
                yield connection
            except BaseException:
                self._undo(connection, lambda: self._roll_back_to(name, connection))
                raise
            connection.exec_driver_sql(f"RELEASE SAVEPOINT {name}")
        finally:
            self._ambient.depth -= 1

    def _roll_back_to(self, name: str, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if self.is_sqlite and not driver.in_transaction:
            # A full disk made SQLite undo everything. What came next would commit by itself, so nothing may.
            connection.invalidate()
            return
        connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {name}")
        connection.exec_driver_sql(f"RELEASE SAVEPOINT {name}")

    @staticmethod
    def _undo(connection: Connection, undo: Callable[[], None]) -> None:
        """Undo, or give the connection up where even that fails; the failure that led here is the one to tell."""
        if connection.invalidated:
            return
        connection.info.clear()  # the temporary tables that were made in this transaction go with it
        try:
            undo()
        except SQLAlchemyError:
            connection.invalidate()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The thread's transaction, so that it sees its own writes; else a connection of its own."""
        with translated(self.engine.url):
            if self._ambient.connection is not None:
                yield self._ambient.connection
            else:
                with self.engine.connect() as connection:
                    yield connection

    def mark_dirty(self) -> None:
        """Note that this transaction has written pictures, which others cannot see before it commits."""
        self._ambient.dirty = True

    @property
    def is_dirty(self) -> bool:
        """Whether this thread's transaction has written pictures."""
        return self._ambient.dirty
