"""Bringing a database to the schema this program expects, and saying so when it is not there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from secondsource.contracts.errors import BadConfiguration
from store.database.failures import translated
from store.database.locks import MIGRATING, exclusive
from store.database.shown import without_secrets
from store.database.tables import metadata

_FOLDER = Path(__file__).parents[1] / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def expected() -> str:
    """The revision this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def migrate(engine: Engine) -> None:
    """Bring the schema up to date; nothing happens where it is. Two at once wait for each other.

    Raises:
        BadConfiguration: the database is newer than this program, or another program's.
    """
    with translated(engine.url), engine.connect().execution_options(writes=True) as connection, connection.begin():
        exclusive(connection, MIGRATING)
        if _refuse_newer(connection) is None:
            _refuse_anothers(connection)
        command.upgrade(_config(connection), "head")


def check(engine: Engine) -> None:
    """Do nothing where the schema is the expected one.

    Raises:
        BadConfiguration: it is behind, or made by a newer program.
    """
    with translated(engine.url), engine.connect() as connection:
        found = _refuse_newer(connection)
    if found != expected():
        where = without_secrets(engine.url)
        msg = f"{where} has schema {found or 'none'}, this program needs {expected()}; run: secondsource migrate"
        raise BadConfiguration(msg)


def _refuse_anothers(connection: Connection) -> None:
    taken = sorted({*metadata.tables} & {*inspect(connection).get_table_names()})
    if taken:
        where = without_secrets(connection.engine.url)
        msg = f"{where} has a table {taken[0]} that another program made; name a database of our own"
        raise BadConfiguration(msg)


def _refuse_newer(connection: Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        where = without_secrets(connection.engine.url)
        msg = (
            f"{where} has schema {found}, which this program does not know (it needs {expected()}): a newer "
            "Second Source has used it, and no schema is taken back. Install that version again, or name another "
            "database, such as a backup from before"
        )
        raise BadConfiguration(msg)
    return found
