"""Many rows at once, each by its natural key, in whatever order they come and however often.

Every rule below is commutative, associative and idempotent, so that redelivery in any order leaves the same rows.
SQLite takes prepared tuples; PostgreSQL a COPY into a temporary table and one INSERT from it, which costs a fifth
of the client's time (docs/adr). Keys become unique within a batch by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection

from store.database.copying import copied
from store.database.tables import COUNTS
from store.rows import laws
from store.rows.rows import (
    AccountRow,
    AlertRow,
    CollectorRow,
    DeliveryRow,
    EngagementRow,
    EventRow,
    ForgetRow,
    ImportRow,
    LetterRow,
    MatchRow,
    MemberRow,
    PictureRow,
    PostRow,
    QuotationRow,
    ReuseRow,
    SightingRow,
    StoryRow,
    TakedownRow,
    ViewRow,
    WordsRow,
)

R = TypeVar("R", bound=tuple[Any, ...])
FEW: Final = 24  #: up to so many rows, preparing a COPY costs more than it saves
_NOTHING: Final[Mapping[Any, str]] = {"": "''", "[]": "'[]'", None: "NULL"}


@dataclass(frozen=True)
class Upsert(Generic[R]):
    """How rows get into a table.

    `key` are its first columns; `better` says which of two rows of one key stays, and so do, in SQL, `on_sqlite`
    and `on_postgres`, which follow ON CONFLICT.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    better: Callable[[R, R], R]
    on_sqlite: str
    on_postgres: str

    def write(self, connection: Connection, rows: Iterable[R]) -> None:
        """Keep these rows, or what is there already, by the table's law."""
        distinct = self.merged(rows)
        if not distinct:
            return
        # Past SQLAlchemy, which looks at every row; `telling` knows the drivers' errors.
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            self._insert(driver, "?", self.on_sqlite, distinct)
        elif len(distinct) <= FEW:
            with driver.cursor() as cursor:
                self._insert(cursor, "%s", self.on_postgres, sorted(distinct, key=self._key()))
        else:
            if self.table not in connection.info:
                self._make_room(driver)
                connection.info[self.table] = True
            self._copy(driver, distinct)

    def merged(self, rows: Iterable[R]) -> list[R]:
        """One row for each key."""
        name, better = self._key(), self.better
        kept: dict[Any, R] = {}
        for row in rows:
            found = kept.setdefault(name(row), row)
            if found is not row:
                kept[name(row)] = better(found, row)
        return list(kept.values())

    def _key(self) -> Callable[[R], Any]:
        return itemgetter(*range(len(self.key)))

    def _insert(self, driver: Any, mark: str, action: str, rows: Sequence[R]) -> None:
        told, columns = self._told(rows)
        values = ", ".join(told.get(column, mark) for column in self.columns)
        statement = f"INSERT INTO {self.table} ({_names(self.columns)}) VALUES ({values}) ON CONFLICT {action}"  # noqa: S608  names are ours, values are bound
        driver.executemany(statement, zip(*columns, strict=True))

    def _told(self, rows: Sequence[R]) -> tuple[Mapping[str, str], Sequence[Sequence[Any]]]:
        """Columns that say the same nothing in all rows, as SQL; and the values of the others, column by column.

        A value costs about as much to hand over as to keep, and most columns of most posts say nothing. Few rows hand
        over all of theirs: each combination is a statement to prepare.
        """
        columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True))
        if len(rows) <= FEW:
            return {}, columns
        nothing = {
            name: _NOTHING[column[0]]
            for name, column in zip(self.columns[len(self.key) :], columns[len(self.key) :], strict=True)
            if column[0] in _NOTHING and column.count(column[0]) == len(column)
        }
        return nothing, [column for name, column in zip(self.columns, columns, strict=True) if name not in nothing]

    def _make_room(self, driver: Any) -> None:
        with driver.cursor() as cursor:
            cursor.execute(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{self.table} ON COMMIT DELETE ROWS "  # noqa: S608  names are ours
                f"AS SELECT {_names(self.columns)} FROM {self.table} WITH NO DATA"
            )

    def _copy(self, driver: Any, rows: Sequence[R]) -> None:
        nothing, columns = self._told(rows)
        names = _names(self.columns)
        given = _names(column for column in self.columns if column not in nothing)
        values = ", ".join(nothing.get(column, f'"{column}"') for column in self.columns)
        with driver.cursor() as cursor:
            with cursor.copy(f"COPY incoming_{self.table} ({given}) FROM STDIN") as copy:
                copy.write(copied(columns))
            # Two writers that touch the same rows take them in the same order, so they wait but never deadlock.
            cursor.execute(
                f"INSERT INTO {self.table} ({names}) SELECT {values} FROM incoming_{self.table} "  # noqa: S608  names are ours, values are bound
                f"ORDER BY {_names(self.key)} ON CONFLICT {self.on_postgres}"
            )
            cursor.execute(f"DELETE FROM incoming_{self.table}")  # noqa: S608  names are ours


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _greatest(table: str, order: Sequence[str]) -> str:
    ours = ", ".join(f'{table}."{column}"' for column in order)
    theirs = ", ".join(f'excluded."{column}"' for column in order)
    return f"({theirs}) > ({ours})"


def _fields(row: type[tuple[Any, ...]]) -> tuple[str, ...]:
    fields: tuple[str, ...] = getattr(row, "_fields", ())
    return fields


def _upsert(
    table: str, row: type[R], keys: int, better: Callable[[R, R], R], action: str, *, on_postgres: str = ""
) -> Upsert[R]:
    columns = _fields(row)
    key = columns[:keys]
    target = f"({_names(key)})"
    return Upsert(table, columns, key, better, f"{target} {action}", f"{target} {on_postgres or action}")


def once(table: str, row: type[R], keys: int) -> Upsert[R]:
    """The first row of a key stays: all of that key are equal."""
    return _upsert(table, row, keys, laws.first, "DO NOTHING")


def _where(table: str, row: type[R], keys: int, better: Callable[[R, R], R], condition: str) -> Upsert[R]:
    """The whole row is replaced where the condition holds."""
    sets = ", ".join(f'"{column}" = excluded."{column}"' for column in _fields(row)[keys:])
    return _upsert(table, row, keys, better, f"DO UPDATE SET {sets} WHERE {condition}")


def _last(table: str, row: type[R], keys: int, better: Callable[[R, R], R], order: Sequence[str]) -> Upsert[R]:
    """The row that is greatest by `order` stays."""
    return _where(table, row, keys, better, _greatest(table, order))


def _least(table: str, order: Sequence[str]) -> str:
    return _greatest(table, order).replace(") > (", ") < (")


def _counts(prefix: str) -> str:
    return ", ".join(f"COALESCE({prefix}{column}, -1)" for column in COUNTS)


def _counted(prefix: str) -> str:
    """A dated snapshot of counts as a row value that orders every two different ones."""
    return f"({prefix}counts_at, {_counts(prefix)})"


def _posts() -> Upsert[PostRow]:
    newer = _greatest("posts", ("observed_at", "digest"))
    recounted = (
        "excluded.counts_at IS NOT NULL AND (posts.counts_at IS NULL OR "
        f"{_counted('excluded.')} > {_counted('posts.')})"
    )
    counts = (*COUNTS, "counts_at")
    plain = [column for column in PostRow._fields if column not in {"uid", "watches", *counts}]
    sets = [f'"{column}" = CASE WHEN {newer} THEN excluded."{column}" ELSE posts."{column}" END' for column in plain]
    sets += [
        f'"{column}" = CASE WHEN {recounted} THEN excluded."{column}" ELSE posts."{column}" END' for column in counts
    ]
    on_sqlite = (
        "(SELECT json_group_array(value) FROM (SELECT value FROM json_each(posts.watches) "
        "UNION SELECT value FROM json_each(excluded.watches) ORDER BY value))"
    )
    on_postgres = (
        '(SELECT jsonb_agg(value ORDER BY value COLLATE "C") FROM ('
        "SELECT jsonb_array_elements_text(posts.watches) AS value "
        "UNION SELECT jsonb_array_elements_text(excluded.watches)) AS both_of_them)"
    )
    same, union = "excluded.watches = posts.watches", "CASE WHEN {} THEN posts.watches ELSE {} END"

    def action(watches: str) -> str:
        every = ", ".join([f"watches = {union.format(same, watches)}", *sets])
        return f"DO UPDATE SET {every} WHERE {newer} OR ({recounted}) OR NOT ({same})"

    return _upsert("posts", PostRow, 1, laws.post, action(on_sqlite), on_postgres=action(on_postgres))


def _alerts() -> Upsert[AlertRow]:
    columns = [column for column in AlertRow._fields if column not in {"id", "opened_at"}]
    newer = "excluded.seq > alerts.seq"
    sets = [f'"{column}" = CASE WHEN {newer} THEN excluded."{column}" ELSE alerts."{column}" END' for column in columns]
    earlier = "excluded.opened_at < alerts.opened_at"
    sets.append(f"opened_at = CASE WHEN {earlier} THEN excluded.opened_at ELSE alerts.opened_at END")
    return _upsert("alerts", AlertRow, 1, laws.alert, f"DO UPDATE SET {', '.join(sets)} WHERE {newer} OR {earlier}")


def _collectors() -> Upsert[CollectorRow]:
    ended = (
        "CASE WHEN excluded.last_at > collectors.last_at THEN excluded.ended "
        "WHEN excluded.last_at = collectors.last_at THEN excluded.ended OR collectors.ended ELSE collectors.ended END"
    )
    last = "CASE WHEN excluded.last_at > collectors.last_at THEN excluded.last_at ELSE collectors.last_at END"
    first = "CASE WHEN excluded.first_at < collectors.first_at THEN excluded.first_at ELSE collectors.first_at END"
    sets = f"ended = {ended}, last_at = {last}, first_at = {first}"
    return _upsert("collectors", CollectorRow, 1, laws.collector, f"DO UPDATE SET {sets}")


def _letters() -> Upsert[LetterRow]:
    """The last failure stays; a letter that failed again after it was sent again is open again."""
    sets = [f'"{column}" = excluded."{column}"' for column in LetterRow._fields if column not in {"id", "resent_at"}]
    sets.append("resent_at = CASE WHEN dead_letters.resent_at >= excluded.at THEN dead_letters.resent_at ELSE NULL END")
    newer = _greatest("dead_letters", ("at", "reason"))
    return _upsert("dead_letters", LetterRow, 1, laws.letter, f"DO UPDATE SET {', '.join(sets)} WHERE {newer}")


def _takedowns() -> Upsert[TakedownRow]:
    """The earliest stays, but what somebody told before what follows from another post's."""
    theirs, ours = (
        f"({table}.collector = '', {table}.observed_at, {table}.collector, {table}.reason)"
        for table in ("excluded", "takedowns")
    )
    return _where("takedowns", TakedownRow, 1, laws.takedown, f"{theirs} < {ours}")


POSTS = _posts()
ACCOUNTS = _last("accounts", AccountRow, 1, laws.account, ("seen_at", "digest"))
# The best state stays ("fingerprinted" < "refused" < "unavailable"); of equals, the first reason by the alphabet.
PICTURES = _where("pictures", PictureRow, 1, laws.picture, _least("pictures", ("state", "reason", "claims")))
SIGHTINGS = _where(
    "sightings", SightingRow, 2, laws.sighting, _least("sightings", SightingRow._fields[2:])
)  # the earliest stays
IMPORTS = once("imports", ImportRow, 1)
VIEWS = once("picture_views", ViewRow, 2)
WORDS = once("picture_words", WordsRow, 2)
MATCHES = once("picture_matches", MatchRow, 2)
REUSE = _last("reuse_matches", ReuseRow, 2, laws.reuse, ("confidence", "body"))  # the surest stays
ENGAGEMENT = _where(
    "engagement",
    EngagementRow,
    2,
    laws.engagement,
    f"({_counts('excluded.')}, excluded.collector) > ({_counts('engagement.')}, engagement.collector)",
)
STORIES = _last("stories", StoryRow, 1, laws.story, ("version", "as_of", "digest"))
MEMBERS = _last("story_posts", MemberRow, 2, laws.member, MemberRow._fields[2:])
ALERTS = _alerts()
EVENTS = once("alert_events", EventRow, 1)
TO_FORGET = once("pictures_to_forget", ForgetRow, 1)
QUOTATIONS = once("quotations", QuotationRow, 3)
DELIVERIES = once("outbox", DeliveryRow, 1)
COLLECTORS = _collectors()
TAKEDOWNS = _takedowns()
LETTERS = _letters()
