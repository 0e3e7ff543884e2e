"""What was used of budgets that platforms bill, by UTC day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import bindparam, func, select, text

from store.database.connections import Database
from store.database.tables import spending

_SPEND = text(
    "INSERT INTO spending (budget, day, units) VALUES (:budget, :day, :units) "
    "ON CONFLICT (budget, day) DO UPDATE SET units = spending.units + excluded.units"
).bindparams(bindparam("day", type_=spending.c.day.type))


class Ledger:
    """Satisfies `ingest.ports.Spending`. What several processes spend adds up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def spent(self, budget: str, first: date, last: date) -> int:
        """Units from `first` to `last`, both included.

        Raises:
            SourceAway: the database did not answer.
        """
        s = spending.c
        query = select(func.coalesce(func.sum(s.units), 0)).where(s.budget == budget, s.day >= first, s.day <= last)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def spend(self, budget: str, day: date, units: int) -> None:
        """Add to a day. Raises as `spent`."""
        with self._database.writing() as connection:
            connection.execute(_SPEND, {"budget": budget, "day": day, "units": units})

    def days(self, first: date, last: date) -> dict[str, dict[date, int]]:
        """Units by budget and day, the days in order. Raises as `spent`."""
        s = spending.c
        query = select(spending).where(s.day >= first, s.day <= last).order_by(s.budget, s.day)
        found: dict[str, dict[date, int]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.budget, {})[row.day] = row.units
        return found
