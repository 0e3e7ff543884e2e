"""What a database says went wrong, told in our four kinds (see `secondsource.contracts.errors`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from secondsource.contracts.errors import BadConfiguration, BadRecord, SecondSourceError, SourceAway
from store.database.shown import without_secrets

_SQLITE: Final[dict[str, str]] = {
    "SQLITE_FULL": "has no room left; free disk space (or raise its page limit), the stage goes on by itself",
    "SQLITE_BUSY": "is locked by another process for too long; end what holds it, or use PostgreSQL for many writers",
    "SQLITE_LOCKED": "is locked by another connection; end what holds it",
    "SQLITE_READONLY": "is read-only; make the file and its folder writable for this user",
    "SQLITE_IOERR": "cannot be read or written; check the disk",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup, or replay into a new file",
    "SQLITE_NOMEM": "got no memory; give the process more",
}
_SQLITE_WRONG: Final[dict[str, str]] = {
    "SQLITE_CANTOPEN": "cannot be opened; make its folder writable for this user, or correct the path",
    "SQLITE_NOTADB": "is not a SQLite database; correct the path",
    "SQLITE_PERM": "may not be opened by this user; correct the permissions",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html: classes (two letters) and codes (five)
_POSTGRES_WRONG: Final[dict[str, str]] = {
    "28": "refuses these credentials; correct user and password in the URL",
    "3D": "has no database of that name; create it, or correct the URL",
    "42501": "refuses this user a table; grant it the rights the documentation lists",
    "42P01": "lacks a table; run: secondsource migrate",
    "42703": "lacks a column; run: secondsource migrate",
}
_POSTGRES_AWAY: Final[dict[str, str]] = {
    "53100": "has no room left; free disk space, the stage goes on by itself",
    "25006": "is read-only (a standby?); point the URL at the primary",
    "40": "gave this transaction up for another; it is tried again",
    "55P03": "is locked by another process for too long; end what holds it",
}
# libpq reports what the server said at login as text only; these phrases are its own and not translated there.
_LOGIN_REFUSED: Final = ("password authentication failed", "no password supplied", "no pg_hba.conf entry", 'role "')
_NO_DATABASE: Final = ('database "',)


def _sqlite(error: sqlite3.Error, where: str) -> Exception:
    # An extended name ("SQLITE_IOERR_WRITE") begins with its plain one.
    name = getattr(error, "sqlite_errorname", "")
    for known, advice in _SQLITE.items():
        if name.startswith(known):
            return SourceAway(f"{where} {advice}")
    for known, advice in _SQLITE_WRONG.items():
        if name.startswith(known):
            return BadConfiguration(f"{where} {advice}")
    text = str(error)
    if text.startswith(("no such table", "no such column")) or "has no column" in text:
        return BadConfiguration(f"{where}: {text}; run: secondsource migrate")
    if isinstance(error, sqlite3.DataError | sqlite3.IntegrityError):
        return BadRecord(f"{where} cannot hold a value: {text}")
    return error


def _postgres(error: psycopg.Error, where: str) -> Exception:
    code = error.sqlstate or ""
    said = str(error)
    for known, advice in _POSTGRES_WRONG.items():
        if code.startswith(known):
            return BadConfiguration(f"{where} {advice}")
    # Without a code it was psycopg that refused: U+0000, half of a surrogate pair.
    if code.startswith(("22", "23", "54")) or (not code and isinstance(error, psycopg.DataError)):
        return BadRecord(f"{where} cannot hold a value: {error.diag.message_primary or said}")
    for known, advice in _POSTGRES_AWAY.items():
        if code.startswith(known):
            return SourceAway(f"{where} {advice}")
    if not code and any(phrase in said for phrase in _LOGIN_REFUSED):
        return BadConfiguration(f"{where} {_POSTGRES_WRONG['28']}")
    if not code and "does not exist" in said and any(phrase in said for phrase in _NO_DATABASE):
        return BadConfiguration(f"{where} {_POSTGRES_WRONG['3D']}")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        reason = error.diag.message_primary or (said.splitlines() or ["no answer"])[0]
        return SourceAway(f"{where} did not answer ({reason})")
    return error


def _translation(error: Exception, url: URL) -> Exception:
    """The same failure in our words; itself where it is a mistake of ours. Never shows a password."""
    where = f"the database {without_secrets(url)}"
    if isinstance(error, PoolTimeout):
        return SourceAway(f"{where} has no free connection")
    if isinstance(error, PendingRollbackError):
        return SourceAway(f"{where} was lost in the middle of a transaction; all of it is tried again")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause, where)
    if isinstance(cause, psycopg.Error):
        return _postgres(cause, where)
    if isinstance(cause, OverflowError):
        return BadRecord(f"expected whole numbers of 64 bits: {cause}")
    return error


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Raise what the database says in our words.

    Raises:
        SourceAway: it did not answer, is locked, read-only or full.
        BadConfiguration: wrong URL, credentials, rights or schema.
        BadRecord: a value it cannot hold.
    """
    try:
        yield
    except SecondSourceError:
        raise
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error, OverflowError) as error:
        ours = _translation(error, url)
        if ours is error:
            raise
        raise ours from error
