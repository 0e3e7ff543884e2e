"""Times as files write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from secondsource.contracts.errors import BadRecord

X_V1 = "%a %b %d %H:%M:%S %z %Y"  #: "Wed Aug 27 13:08:45 +0000 2008"
EPOCH_SECONDS, EPOCH_MILLISECONDS, ISO = "epoch", "epoch_ms", "iso"  #: names that stand beside strptime formats

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}


def from_x_v1(text: str) -> datetime:
    """X v1.1's way of writing a time; English month names whatever the locale.

    Raises:
        BadRecord: anything else.
    """
    try:
        if text[19:26] == " +0000 " and len(text) == 30:
            return datetime(
                int(text[26:30]),
                _MONTHS[text[4:7]],
                int(text[8:10]),
                int(text[11:13]),
                int(text[14:16]),
                int(text[17:19]),
                tzinfo=UTC,
            )
        return datetime.strptime(text, X_V1)  # noqa: DTZ007 - the format holds %z
    except (ValueError, KeyError) as error:
        raise BadRecord(f"expected a time like 'Wed Aug 27 13:08:45 +0000 2008', came {text[:60]!r}") from error


def parsed(text: str, formats: Sequence[str], zone: tzinfo | None) -> datetime:
    """By the first format that fits; `zone` is for those that carry none.

    Raises:
        BadRecord: none fits, or there is no zone.
    """
    for pattern in formats:
        at = _by(pattern, text)
        if at is None:
            continue
        if at.tzinfo is not None:
            return at
        if zone is None:
            raise BadRecord(f"the time {text[:60]!r} has no zone, and the mapping names no `timezone`")
        return at.replace(tzinfo=zone)
    raise BadRecord(f"expected a time as {' or '.join(repr(one) for one in formats)}, came {text[:60]!r}")


def _by(pattern: str, text: str) -> datetime | None:
    try:
        if pattern == X_V1:
            return from_x_v1(text)
        if pattern == ISO:
            return datetime.fromisoformat(text)
        if pattern == EPOCH_SECONDS:
            return datetime.fromtimestamp(float(text), UTC)
        if pattern == EPOCH_MILLISECONDS:
            return datetime.fromtimestamp(float(text) / 1000, UTC)
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - `parsed` sees to the zone
    except (BadRecord, ValueError, OverflowError, OSError):
        return None
