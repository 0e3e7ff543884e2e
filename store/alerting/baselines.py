"""What a watch's whole past leads to expect, kept in versions, each for a time on. `baseline_fitting` makes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import func, select, text

from secondsource.contracts.baselines import Baseline
from store.database.connections import Database
from store.database.tables import baselines
from store.rows.rows import Moment

KEPT: Final = 100  #: versions of a watch: at one a day, what held in the last three months
_ADD = text(
    "INSERT INTO baselines (watch, version, applies_from, body) VALUES (:watch, :version, :applies_from, :body) "
    "ON CONFLICT (watch, version) DO NOTHING"
)
_DROP = text("DELETE FROM baselines WHERE watch = :watch AND version <= :last")


class BaselinesKept:
    """The last 100 versions of each watch. What is judged anew of a time before them rests on what it sees itself."""

    def __init__(self, database: Database, moment: Moment) -> None:
        self._database = database
        self._moment = moment

    def all(self, watch: str) -> list[Baseline]:
        """Of one watch, the oldest first.

        Raises:
            SourceAway: the database did not answer.
        """
        b = baselines.c
        query = select(b.body).where(b.watch == watch).order_by(b.version)
        with self._database.reading() as connection:
            return [msgspec.json.decode(row.body, type=Baseline) for row in connection.execute(query)]

    def newest(self, watch: str) -> int:
        """The number of the newest version, 0 where there is none. Raises as `all`."""
        query = select(func.coalesce(func.max(baselines.c.version), 0)).where(baselines.c.watch == watch)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def add(self, fitted: Baseline) -> Baseline | None:
        """Keep a baseline under the next version, and say which; None where another process was just quicker.

        Lets go of the oldest.
        """
        with self._database.writing() as connection:
            newest = select(func.coalesce(func.max(baselines.c.version), 0)).where(baselines.c.watch == fitted.watch)
            numbered = msgspec.structs.replace(fitted, version=int(connection.execute(newest).scalar_one()) + 1)
            row = {
                "watch": numbered.watch,
                "version": numbered.version,
                "applies_from": self._moment(numbered.applies_from),
                "body": msgspec.json.encode(numbered).decode("utf-8"),
            }
            if connection.execute(_ADD, row).rowcount != 1:
                return None
            connection.execute(_DROP, {"watch": numbered.watch, "last": numbered.version - KEPT})
            return numbered


class BaselineReader:
    """Which version holds when. Asks the store anew when what it knows is `fresh_seconds` old, by the monotonic clock.

    Satisfies `alerts.ports.Baselines`. Versions apply from some minutes after they were made, so each is known in time.
    """

    def __init__(self, kept: BaselinesKept, monotonic: Callable[[], float], fresh_seconds: float = 60.0) -> None:
        self._kept = kept
        self._monotonic = monotonic
        self._fresh = fresh_seconds
        self._known: dict[str, tuple[float, list[Baseline]]] = {}

    def at(self, watch: str, moment: datetime) -> Baseline | None:
        now = self._monotonic()
        asked_at, versions = self._known.get(watch, (None, []))
        if asked_at is None or now - asked_at >= self._fresh:
            if asked_at is None or self._kept.newest(watch) != (versions[-1].version if versions else 0):
                versions = self._kept.all(watch)
            self._known[watch] = now, versions
        held = [version for version in versions if version.applies_from <= moment]
        return max(held, key=lambda version: (version.applies_from, version.version), default=None)
