"""An archive in a list, and one that can be away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Earlier, Picture


class MemoryArchive:
    """`sightings` by picture id (no fingerprints compared). While `away` > 0 each call fails and counts it down."""

    def __init__(self, sightings: Sequence[Earlier] = ()) -> None:
        self.sightings = list(sightings)
        self.away = 0
        self.asked = 0

    def earlier(self, pictures: Sequence[Picture], before: datetime, limit: int) -> list[Earlier]:
        self.asked += 1
        if self.away:
            self.away -= 1
            msg = "the fake archive is away"
            raise SourceAway(msg)
        wanted = {picture.id for picture in pictures}
        found = [one for one in self.sightings if one.picture in wanted and one.seen_at < before]
        return sorted(found, key=lambda one: one.seen_at)[:limit]
