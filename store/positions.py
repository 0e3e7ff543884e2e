"""Where each stage and collector stands and what it remembers, committed beside its effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import select, text

from secondsource.contracts.progress import Saved
from store.database.connections import Database
from store.database.tables import progress, progress_parts

_SAVE = text(
    "INSERT INTO progress (stage, partition, position) VALUES (:stage, :partition, :position) "
    "ON CONFLICT (stage, partition) DO UPDATE SET position = excluded.position"
)
_SAVE_AFTER = text(f"{_SAVE.text} WHERE progress.position = :after")
_SAVE_PART = text(
    "INSERT INTO progress_parts (stage, partition, part, state) VALUES (:stage, :partition, :part, :state) "
    "ON CONFLICT (stage, partition, part) DO UPDATE SET state = excluded.state"
)
_DELETE_PART = text("DELETE FROM progress_parts WHERE stage = :stage AND partition = :partition AND part = :part")


class Positions:
    """Satisfies `secondsource.runtime.ports.Progress`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractContextManager[None]:
        """All writes of this thread inside commit together, or not at all. Re-entrant: the outermost commits.

        An inner one that fails leaves the outer one as it was before it.

        Raises:
            SourceAway: the database did not answer or has no room.
        """
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._database.writing():
            yield

    def load(self, stage: str, partition: int) -> Saved:
        """Position "" and no parts where nothing was saved."""
        p, q = progress.c, progress_parts.c
        both = progress.outerjoin(progress_parts, (p.stage == q.stage) & (p.partition == q.partition))
        # One statement: two could see two commits, and memory that does not belong to its position.
        query = select(p.position, q.part, q.state).select_from(both)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(p.stage == stage, p.partition == partition).order_by(q.part)).all()
        parts = {row.part: bytes(row.state) for row in rows if row.part is not None}
        return Saved(rows[0].position if rows else "", parts)

    def save(
        self, stage: str, partition: int, position: str, changes: Mapping[str, bytes | None], after: str | None = None
    ) -> bool:
        """Keep the position and the changed parts of a stage's memory (None deletes a part).

        With `after`, the position these are changes since: False, and nothing is kept, where another one is saved.
        """
        where = {"stage": stage, "partition": partition}
        kept = [where | {"part": part, "state": state} for part, state in changes.items() if state is not None]
        dropped = [where | {"part": part} for part, state in changes.items() if state is None]
        with self._database.writing() as connection:
            if after is None:
                connection.execute(_SAVE, where | {"position": position})
            elif not connection.execute(_SAVE_AFTER, where | {"position": position, "after": after}).rowcount:
                return False
            if kept:
                connection.execute(_SAVE_PART, kept)
            if dropped:
                connection.execute(_DELETE_PART, dropped)
        return True
