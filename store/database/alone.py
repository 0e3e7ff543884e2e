"""Whoever judges into a database does so alone: two would each save a memory that the other knows nothing of."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from secondsource.contracts.errors import BadConfiguration
from store.database.failures import translated
from store.database.locks import JUDGING, tried
from store.database.shown import without_secrets


class Alone:
    """Held until it is let go or the process dies, however it dies. Beside SQLite by a lock on an empty file, which is
    left there: to remove it would let in two.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._let_go: Callable[[], None] | None = None

    def hold(self) -> None:
        """Nothing happens where it is held already.

        Raises:
            BadConfiguration: another process has it.
            SourceAway: the database did not answer.
        """
        if self._let_go is not None:
            return
        is_sqlite = self._engine.dialect.name == "sqlite"
        self._let_go = self._by_file() if is_sqlite else self._by_session()
        if self._let_go is None:
            msg = (
                f"another process is at work on {without_secrets(self._engine.url)}, and the memory of a watch "
                "belongs to one at a time: end `secondsource run`, `secondsource replay` or whatever it is first"
            )
            raise BadConfiguration(msg)

    def let_go(self) -> None:
        if self._let_go is not None:
            self._let_go()
            self._let_go = None

    def _by_file(self) -> Callable[[], None] | None:
        file = os.open(f"{self._engine.url.database}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        return lambda: os.close(file)

    def _by_session(self) -> Callable[[], None] | None:
        with translated(self._engine.url):
            connection = self._engine.connect()
            if tried(connection, JUDGING):
                return lambda: _ended(connection)
            _ended(connection)
            return None


def _ended(connection: Connection) -> None:
    """With its session, and the locks of that."""
    connection.invalidate()
    connection.close()
