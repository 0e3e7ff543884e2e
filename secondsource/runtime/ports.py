"""What the runtime needs kept: each stage's position and memory, beside its effects. The store satisfies it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from secondsource.contracts.progress import Saved

__all__ = ["Progress", "Saved"]


class Progress(Protocol):
    def transaction(self) -> AbstractContextManager[None]:
        """All writes of this thread inside commit together, or not at all. Re-entrant: the outermost commits.

        Raises:
            SourceAway: the database did not answer or has no room.
        """
        ...

    def load(self, stage: str, partition: int) -> Saved: ...

    def save(
        self, stage: str, partition: int, position: str, changes: Mapping[str, bytes | None], after: str | None = None
    ) -> bool:
        """Keep the position and the changed parts of a stage's memory (None deletes a part).

        With `after`, the position these are changes since: False, and nothing is kept, where another one is saved.
        """
        ...
