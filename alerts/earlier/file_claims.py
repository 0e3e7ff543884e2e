"""What the file of a story's picture says of itself: when and where it was taken (EXIF), beside what its post names.

Whoever had the file could have written any of it. So it is told as what the file says, dates no sighting, and decides
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from alerts.text.places import kilometres
from alerts.wording import handle, named, span
from secondsource.contracts.messages import Entity, Picture, Reason

_THERE = 50.0  # kilometres: a city and what lies about it


class FileSays(msgspec.Struct, array_like=True, frozen=True):
    """`taken_at` as in `Claims`, degrees (WGS 84); `away` kilometres from `place`, the nearest that the post names."""

    taken_at: str = ""
    latitude: float | None = None
    longitude: float | None = None
    away: float = 0.0
    place: str = ""


class Claimed(NamedTuple):
    """What the file of a picture says, and in whose post it came."""

    says: FileSays
    source: str
    handle: str


def file_says(picture: Picture, entities: Iterable[Entity]) -> FileSays | None:
    """None where the file says neither when nor where."""
    claims = picture.claims
    if claims is None or not (claims.taken_at or claims.latitude is not None):
        return None
    north, east = claims.latitude, claims.longitude
    away, place = 0.0, ""
    if north is not None and east is not None:
        far = [
            (kilometres(north, east, each.lat, each.lon), each.id)
            for each in entities
            if each.kind == "place" and each.lat is not None and each.lon is not None
        ]
        away, place = min(far, default=(0.0, ""))
    return FileSays(claims.taken_at, north, east, round(away), place)


def reasons(claimed: Sequence[Claimed], opened_at: datetime, most: int = 2) -> list[Reason]:
    """A line for each file, those that say the earliest time first."""
    told = sorted(claimed, key=lambda each: (each.says.taken_at or "~", each.source))
    return [_reason(each, opened_at) for each in told[:most]]


def _reason(claimed: Claimed, opened_at: datetime) -> Reason:
    says = claimed.says
    when = _when(says.taken_at, opened_at)
    where = _where(says)
    what = " ".join(part for part in (when, where) if part)
    return Reason(
        name="its file says",
        value=says.taken_at[:10] or _degrees(says),
        sentence=f"The file of its picture, as {handle(claimed.handle)} posted it ({claimed.source}), says that it was "
        f"taken {what} (EXIF: whoever had the file could write that).",
    )


def _when(taken_at: str, opened_at: datetime) -> str:
    try:
        taken = datetime.fromisoformat(taken_at)
    except ValueError:
        return ""
    zone = "" if taken.tzinfo else " by its camera's clock"
    at = taken if taken.tzinfo else taken.replace(tzinfo=UTC)
    before = f", {span(at, opened_at)} before the story" if at < opened_at else ", after the story began"
    return f"on {taken:%Y-%m-%d} at {taken:%H:%M}{zone}{before}"


def _where(says: FileSays) -> str:
    if says.latitude is None or says.longitude is None:
        return ""
    at = f"at {_degrees(says)}"
    if not says.place:
        return at
    if says.away <= _THERE:
        return f"{at}, within {_THERE:.0f} km of {named((says.place,))}, which its post names"
    return f"{at}, {says.away:,.0f} km from {named((says.place,))}, the nearest place that its post names"


def _degrees(says: FileSays) -> str:
    if says.latitude is None or says.longitude is None:
        return ""
    north, east = says.latitude, says.longitude
    return f"{abs(north):.3f}° {'N' if north >= 0 else 'S'} {abs(east):.3f}° {'E' if east >= 0 else 'W'}"
