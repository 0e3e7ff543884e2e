"""Acts in memory, with the semantics that the store's have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from secondsource.contracts.acts import Act
from secondsource.contracts.errors import BadRecord, SourceAway
from tests.fakes.outbox import FakeOutbox


class FakeActs:
    """`alerts` are the alerts there are; any, where it is None. `outbox` hears of each act, as in the store.

    `away` is how many calls in a row find no database.
    """

    def __init__(self, alerts: Iterable[str] | None = None, outbox: FakeOutbox | None = None) -> None:
        self.recorded: list[Act] = []
        self.away = 0
        self._alerts = None if alerts is None else frozenset(alerts)
        self._outbox = outbox
        self._lock = Lock()

    def record(self, act: Act) -> bool:
        with self._lock:
            self._answer()
            if self._alerts is not None and act.alert_id not in self._alerts:
                raise BadRecord(f"no alert {act.alert_id}")
            if any(each.id == act.id for each in self.recorded):
                return False
            self.recorded.append(act)
            if self._outbox is not None:
                self._outbox.act(act)
            return True

    def of(self, alert_id: str) -> tuple[Act, ...]:
        return self.of_all([alert_id]).get(alert_id, ())

    def of_all(self, alert_ids: Sequence[str]) -> Mapping[str, tuple[Act, ...]]:
        self._answer()
        found = {name: tuple(act for act in self._sorted() if act.alert_id == name) for name in alert_ids}
        return {name: acts for name, acts in found.items() if acts}

    def latest(self, limit: int) -> list[Act]:
        self._answer()
        return self._sorted()[::-1][:limit]

    def _sorted(self) -> list[Act]:
        return sorted(self.recorded, key=lambda act: (act.at, act.id))

    def _answer(self) -> None:
        if self.away > 0:
            self.away -= 1
            raise SourceAway("no database")
