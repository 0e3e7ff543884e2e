"""Times as a watch remembers them: seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: float) -> datetime:
    """Seconds since 1970 as a time: to the microsecond the one they came from, until the year 2242."""
    return _EPOCH + timedelta(seconds=at)
