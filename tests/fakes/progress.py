"""Progress in memory, with the semantics of a database: a failed transaction leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from secondsource.contracts.errors import SourceAway
from secondsource.runtime.ports import Saved

Key = tuple[str, int]


class MemoryProgress:
    """`rows` is a table for test stages' effects: rolled back with everything else, as an upsert would be.

    `away` > 0 makes that many transactions fail at their start; `fail_commits` as many at their end.
    """

    def __init__(self) -> None:
        self.saved: dict[Key, Saved] = {}
        self.rows: dict[Any, Any] = {}
        self.away = 0
        self.fail_commits = 0
        self.commits = 0
        self._depth = 0

    @property
    def in_transaction(self) -> bool:
        return self._depth > 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self._answer()
        before = dict(self.saved), dict(self.rows)
        self._depth = 1
        try:
            yield
            self._commit()
        except BaseException:
            self.saved, self.rows = before
            raise
        finally:
            self._depth = 0

    def _commit(self) -> None:
        if self.fail_commits:
            self.fail_commits -= 1
            msg = "the fake database failed to commit"
            raise SourceAway(msg)
        self.commits += 1

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            msg = "the fake database is away"
            raise SourceAway(msg)

    def memory(self, stage: str, partition: int) -> Mapping[str, bytes]:
        """The saved parts but the runner's own."""
        return {name: part for name, part in self.load(stage, partition).parts.items() if not name.startswith("/")}

    def load(self, stage: str, partition: int) -> Saved:
        return self.saved.get((stage, partition), Saved("", {}))

    def save(
        self, stage: str, partition: int, position: str, changes: Mapping[str, bytes | None], after: str | None = None
    ) -> bool:
        with self.transaction():
            if after is not None and self.load(stage, partition).position != after:
                return False
            parts = dict(self.load(stage, partition).parts)
            for name, part in changes.items():
                if part is None:
                    parts.pop(name, None)
                else:
                    parts[name] = part
            self.saved[stage, partition] = Saved(position, parts)
            return True
