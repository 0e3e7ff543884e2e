"""A list of ids as one SQL parameter, however many there are."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Connection, Text, cast, func, literal, select


def among(connection: Connection, column: ColumnElement[str], ids: Iterable[str]) -> ColumnElement[bool]:
    """The column is one of the ids. One statement for any number, so it is compiled and prepared once."""
    if connection.dialect.name == "sqlite":
        return column.in_(select(func.json_each(literal(_json(ids), Text())).table_valued("value").c.value))
    # Not `= ANY`: in a table without statistics that would be looked through once for each row.
    return column.in_(select(func.unnest(cast(literal(_array(ids), Text()), ARRAY(Text)))))


def one_of(connection: Connection, column: str, ids: Iterable[str]) -> tuple[str, tuple[str]]:
    """`among` for a statement in SQL, and its parameter. For what every batch does: to build it in SQLAlchemy costs as
    much as to run it.
    """
    if connection.dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(?))", (_json(ids),)  # noqa: S608  the name is ours
    return f"{column} IN (SELECT unnest(CAST(%s AS TEXT[])))", (_array(ids),)


def _json(ids: Iterable[str]) -> str:
    return msgspec.json.encode(list(ids)).decode()


def _array(ids: Iterable[str]) -> str:
    """As PostgreSQL writes an array; its client would look at each id by itself."""
    quoted = [f'"{id_}"' if '"' not in id_ and "\\" not in id_ else _escaped(id_) for id_ in ids]
    return f"{{{','.join(quoted)}}}"


def _escaped(id_: str) -> str:
    escaped = id_.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
