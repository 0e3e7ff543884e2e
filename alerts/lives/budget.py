"""How many alerts of a watch are told one by one: so many an hour, in event time. The rest is told in a digest."""

from __future__ import annotations

_HOUR = 3_600.0


class Budget:
    """Any stretch of an hour, not each by the clock: the last minute of one and the first of the next make no two."""

    def __init__(self, per_hour: int) -> None:
        self._per_hour = per_hour
        self._spent: list[float] = []

    def spend(self, at: float) -> bool:
        """Take one for this moment, which is not before the last one's. False where the hour has none left."""
        self._spent = [spent for spent in self._spent if spent > at - _HOUR]
        if len(self._spent) >= self._per_hour:
            return False
        self._spent.append(at)
        return True

    def save(self) -> tuple[float, ...]:
        return tuple(self._spent)

    def load(self, saved: tuple[float, ...]) -> None:
        self._spent = list(saved)
