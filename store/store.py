"""The store: everything that is remembered, behind one door."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from secondsource.contracts.messages import Message
from store.alerting.acts import ActsKept
from store.alerting.baselines import BaselinesKept
from store.alerting.deliveries import Deliveries
from store.alerting.verdicts import Verdicts
from store.database.alone import Alone
from store.database.column_types import micros
from store.database.connections import Database
from store.database.engine import open_engine
from store.database.schema import check, migrate
from store.database.tables import metadata
from store.leaving.forgetting import Forgetting
from store.leaving.retention import Retention
from store.letters import Letters
from store.pictures.archive import PictureArchive
from store.pictures.prints import Prints
from store.positions import Positions
from store.reads.evidence import EvidenceReads
from store.reads.following import FollowedPosts
from store.reads.known import KnownPosts
from store.reads.recorded import Recorded
from store.reads.removals import Removals
from store.reads.status import Status, status
from store.reads.told import Told
from store.reads.trails import TrailReads
from store.spending import Ledger
from store.writer import Destinations, Writer, aware


class Store(Positions):
    """One database. Itself it keeps progress (`secondsource.runtime.ports.Progress`); its parts do the rest:

    `archive` satisfies `alerts.ports.Archive`, `outbox` satisfies `alerts.ports.Outbox`, `evidence` satisfies
    `alerts.ports.Evidence`, `acts` and `trails` what is named like them in `alerts.ports`, `prints` satisfies
    `enrich.ports.Prints`; `known`, `spending`, `followed` and `removals` satisfy the protocols of `ingest.ports` that
    are named like them. `letters` are the dead letters, `retention` lets go of what is old, `alone` keeps others from
    judging beside us. Usable from several threads.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.database = Database(engine)
        super().__init__(self.database)
        moment = micros if self.database.is_sqlite else aware
        self.alone = Alone(engine)
        self.archive = PictureArchive(self.database, moment)
        self.prints = Prints(self.database)
        self.baselines = BaselinesKept(self.database, moment)
        self.outbox = Deliveries(self.database, moment)
        self.evidence = EvidenceReads(self.database)
        self.acts = ActsKept(self.database, moment)
        self.trails = TrailReads(self.database)
        self.letters = Letters(self.database)
        self.known = KnownPosts(self.database)
        self.spending = Ledger(self.database)
        self.followed = FollowedPosts(self.database)
        self.removals = Removals(self.database)
        self.recorded = Recorded(self.database)
        self.told = Told(self.database)
        self.verdicts = Verdicts(self.database)
        self.forgetting = Forgetting(self.database)
        self.retention = Retention(self.database)
        self._writer = Writer(self.database, self.archive, moment)

    def transaction(self) -> AbstractContextManager[None]:
        """As `Positions` has it, for whoever is `alone` only while that is so.

        Raises:
            SourceAway, BadConfiguration: see `store.database.alone.Alone.still`.
        """
        self.alone.still()
        return super().transaction()

    def write(self, messages: Sequence[Message], destinations: Destinations, queued_at: datetime | None = None) -> None:
        """Keep these messages in one transaction, the thread's own if it is in one. See `store.writer.Writer`."""
        self._writer.write(messages, destinations, queued_at)

    def status(self) -> Status:
        return status(self.database)

    def dump(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table by its key, without the columns that only serve the database.

        Two stores that were told the same dump the same, whatever their databases and the order they were told in.
        """
        source = metadata.tables[table]
        hidden = {"digest"} | {"pictures": {"seq"}, "prints": {"seq"}, "story_posts": {"version"}}.get(table, set())
        shown = [column for column in source.c if column.name not in hidden]
        key = [column for column in source.primary_key if column.name not in hidden] or shown
        with self.database.reading() as connection:
            rows = connection.execute(select(*shown).order_by(*key))
            return [dict(row._mapping) for row in rows]  # noqa: SLF001  (SQLAlchemy's public name for it)

    def close(self) -> None:
        """Let go of all connections, and of the database as our own."""
        self.alone.let_go()
        self.engine.dispose()


def open_store(url: str, *, create: bool = False) -> Store:
    """The store at `sqlite:///file` or `postgresql://user:password@host/database`.

    `create` brings the schema up to date first; without it a schema that is not is refused.

    Raises:
        SourceAway: the database does not answer.
        BadConfiguration: the URL or credentials cannot work, or the schema wants `secondsource migrate`.
    """
    engine = open_engine(url)
    if create:
        migrate(engine)
    check(engine)
    return Store(engine)
