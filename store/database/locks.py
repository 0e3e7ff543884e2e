"""What two writers must not do at once. SQLite has one writer anyway; PostgreSQL takes advisory locks.

They are let go when the transaction ends. A writer takes them in the order below, so that two never wait in a ring.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

_OURS: Final = 0x5353  # "SS": keeps our numbers apart from those of others in the same database
MIGRATING: Final = 1
REMOVING: Final = 2  #: shared by those who write posts, exclusive for those who change what posts are kept
LINKING: Final = 3  #: new pictures: numbered in the order of commit, and each matched against all before it
COVERING: Final = 4  #: coverage intervals that are being merged
PRINTING: Final = 5  #: new prints: numbered in the order of commit, so that who follows them misses none


def exclusive(connection: Connection, lock: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_OURS}, {lock})")


def shared(connection: Connection, lock: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_OURS}, {lock})")
