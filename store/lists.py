"""A list of ids as one SQL parameter, however many there are."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Connection, Text, any_, func, literal, select


def among(connection: Connection, column: ColumnElement[str], ids: Iterable[str]) -> ColumnElement[bool]:
    """The column is one of the ids. One statement for any number, so it is compiled and prepared once."""
    if connection.dialect.name == "sqlite":
        given = literal(msgspec.json.encode(list(ids)).decode(), Text())
        return column.in_(select(func.json_each(given).table_valued("value").c.value))
    return column == any_(literal(list(ids), ARRAY(Text)))
