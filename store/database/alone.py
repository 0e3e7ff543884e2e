"""Whoever judges into a database does so alone: two would each save a memory that the other knows nothing of."""

from __future__ import annotations

import fcntl
import os

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from secondsource.contracts.errors import BadConfiguration, SourceAway
from store.database.failures import translated
from store.database.locks import JUDGING, tried
from store.database.shown import without_secrets

#: From the server, after 30 s of silence, four times in 30 s. Else it takes a host that lost its power for two hours.
_ASK_WHETHER_THERE = (
    "SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false), "
    "set_config('tcp_keepalives_count', '3', false)"
)


class Alone:
    """Held until it is let go or the process dies, however it dies. Beside SQLite by a lock on an empty file, which is
    left there: to remove it would let in two. On PostgreSQL by a session, which ends when the server does, too, and a
    minute after a host that is there no more.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file: int | None = None
        self._session: Connection | None = None

    def hold(self) -> None:
        """Nothing happens where it is held already.

        Raises:
            BadConfiguration: another process has it.
            SourceAway: the database did not answer.
        """
        if self._file is not None or self._session is not None:
            return
        if self._engine.dialect.name == "sqlite":
            self._file = self._by_file()
        else:
            self._session = self._by_session()

    def still(self) -> None:
        """Nothing happens where it is held still, or never was.

        Raises:
            SourceAway: it was lost, or the database does not answer. Once it is ours again it is said once as well:
                another may have judged meanwhile, and what is remembered is to be restored as it was saved.
            BadConfiguration: it was lost, and another process has it.
        """
        if self._session is None or _lives(self._session):
            return
        _ended(self._session)
        self._session = self._by_session()
        where = without_secrets(self._engine.url)
        raise SourceAway(f"the database {where} was away, and others were not kept from it; they are again")

    def let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
        if self._session is not None:
            _ended(self._session)
        self._file = self._session = None

    def _by_file(self) -> int:
        file = os.open(f"{self._engine.url.database}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise self._taken() from None
        return file

    def _by_session(self) -> Connection:
        with translated(self._engine.url):
            connection = self._engine.connect()
            if not tried(connection, JUDGING):
                _ended(connection)
                raise self._taken()
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")  # it is idle, in no transaction
            connection.exec_driver_sql(_ASK_WHETHER_THERE)
            return connection

    def _taken(self) -> BadConfiguration:
        return BadConfiguration(
            f"another process is at work on {without_secrets(self._engine.url)}, and the memory of a watch "
            "belongs to one at a time: end `secondsource run`, `secondsource replay` or whatever it is first"
        )


def _lives(session: Connection) -> bool:
    """Whether it is the session it was: one that was lost would be begun anew, without its locks."""
    if session.closed or session.invalidated:
        return False
    try:
        session.exec_driver_sql("SELECT 1")
    except SQLAlchemyError:
        return False
    return True


def _ended(connection: Connection) -> None:
    """With its session, and the locks of that."""
    if not connection.closed:
        connection.invalidate()
        connection.close()
