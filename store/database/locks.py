"""What two writers must not do at once. SQLite has one writer anyway; PostgreSQL takes advisory locks.

They are let go when the transaction ends. A writer takes them in the order below, so that two never wait in a ring.
"""

from __future__ import annotations

from typing import Final

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

_OURS: Final = 0x5353  # "SS": keeps our numbers apart from those of others in the same database
MIGRATING: Final = 1
REMOVING: Final = 2  #: shared by those who write posts, exclusive for those who change what posts are kept
LINKING: Final = 3  #: new pictures: numbered in the order of commit, and each matched against all before it
COVERING: Final = 4  #: coverage intervals that are being merged
PRINTING: Final = 5  #: new prints: numbered in the order of commit, so that who follows them misses none
JUDGING: Final = 6  #: taken first, and for as long as a process judges: see `store.database.alone`


def exclusive(connection: Connection, lock: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OURS}, {lock})")


def shared(connection: Connection, lock: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_OURS}, {lock})")


def tried(connection: Connection, lock: int) -> bool:
    """Take a lock of PostgreSQL for the whole session. Whether it was to be had within five seconds, for which
    the server may think that somebody who was killed is there still.
    """
    try:
        connection.exec_driver_sql("SET LOCAL lock_timeout = 5000")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_OURS}, {lock})")
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            return False
        raise
    connection.commit()
    return True
