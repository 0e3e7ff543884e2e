"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB, TEXT
from sqlalchemy.types import TypeEngine

from secondsource.contracts.errors import BadRecord

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Byte order on both: SQLite compares so already, PostgreSQL only where told, and then faster than by a locale.
Words = Text().with_variant(TEXT(collation="C"), "postgresql")
Json = JSON().with_variant(JSONB(), "postgresql")
# SQLite numbers rows by itself only for a column that says INTEGER.
Sequence = BigInteger().with_variant(Integer(), "sqlite")


def micros(at: datetime) -> int:
    """Microseconds since 1970 UTC, exact for every datetime.

    Raises:
        BadRecord: the time has no zone.
    """
    try:
        since = at - EPOCH
    except TypeError as error:
        msg = f"expected a time with its zone, came {at.isoformat()}: collectors add the zone before they send"
        raise BadRecord(msg) from error
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int) -> datetime:
    """Inverse of `micros`."""
    return EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """A moment, UTC with zone: timestamptz on PostgreSQL, whole microseconds since 1970 on SQLite.

    SQLite has no time of its own, and SQLAlchemy's text form is six times slower to write and drops the zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return micros(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return from_micros(value)
        at: datetime = value.astimezone(UTC)
        return at
