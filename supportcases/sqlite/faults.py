"""What SQLite's errors mean to the desk."""

import sqlite3
from typing import NoReturn

from supportcases.errors import DatabaseBusy, DatabaseUnavailable

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
UNAVAILABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, or 0 where the error is Python's own."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def raise_translated(error: sqlite3.Error) -> NoReturn:
    """Raise the desk's own exception for a fault that passes; every other error flies as it is."""
    code = primary_code(error)
    if code in BUSY:
        raise DatabaseBusy() from error
    if code in UNAVAILABLE:
        raise DatabaseUnavailable() from error
    raise error
