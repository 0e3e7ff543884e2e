"""Where the places lie that a text names, in the terms it is known by: "town osmar 31.50,7.25"."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

TOWN: Final = "town "  #: what the term of a place begins with of which is known where it is; that follows its id
_FAR = 25.0  # kilometres from where one town is no part of the other
_EARTH = 6_371.0  # kilometres, the mean radius

Spot = tuple[float, float]  #: degrees north and east


def town(id_: str, lat: float, lon: float) -> str:
    """The term of a place that lies there."""
    return f"{TOWN}{id_} {lat:.2f},{lon:.2f}"


def name_of(term: str) -> str:
    """The id of a known name; any other term as it is."""
    kind, _, name = term.partition(" ")
    return (name.rpartition(" ")[0] if term.startswith(TOWN) else name) or kind


def towns(terms: Iterable[str]) -> list[Spot]:
    """Where those lie of which it is known."""
    found = (term.rpartition(" ")[2].split(",") for term in terms if term.startswith(TOWN))
    return [(float(lat), float(lon)) for lat, lon in found]


def far(here: Sequence[Spot], there: Sequence[Spot]) -> bool:
    """Whether each of the one lies far from each of the other."""
    return bool(here and there) and all(kilometres(*one, *other) > _FAR for one in here for other in there)


def kilometres(north: float, east: float, other_north: float, other_east: float) -> float:
    """Along a great circle (haversine; Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984). Degrees."""
    a, b = math.radians(north), math.radians(other_north)
    turn = math.radians(other_east - east)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(min(1.0, half)))
