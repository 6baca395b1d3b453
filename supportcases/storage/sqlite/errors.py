"""What SQLite's errors mean to the desk."""

import logging
import sqlite3
import threading
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from supportcases.domain.errors import (
    AlreadyThere,
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMoved,
    DatabaseUnavailable,
    TooSlow,
)
from supportcases.processes import is_overdue
from supportcases.storage.rows import MOVED

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
UNAVAILABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
NOT_TEXT = "Could not decode to UTF-8"  # how Python, not SQLite, tells of damage within a text
TAKEN = {sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

log: Final = logging.getLogger("supportcases.sqlite")


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, or 0 where the error is Python's own."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def insert(connection: sqlite3.Connection, thing: str, table: str, *rows: Mapping[str, Any]) -> int:
    """Add the rows of things by one statement, and return the place of the last one in the table.

    Raises:
        AlreadyThere: Another one has the id of one of them, or its number; none of them is added.
    """
    values = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
    statement = f"INSERT INTO supportcases_{table} ({', '.join(rows[0])}) VALUES {values}"
    try:
        done = connection.execute(statement, [value for row in rows for value in row.values()])
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode in TAKEN:
            raise AlreadyThere(thing) from error
        raise
    return done.lastrowid or 0


class Faults:
    """The faults of one database: those that pass, and damage, after which nothing more is written."""

    def __init__(self, path: str) -> None:
        """Know of none yet."""
        self._path = path
        self._damage = threading.Lock()  # taken by the first who finds some, for good

    @property
    def damaged(self) -> bool:
        """Whether damage was found: what is written to a damaged file may damage more of it."""
        return self._damage.locked()

    def raise_translated(self, error: sqlite3.Error) -> NoReturn:
        """Raise the domain's error for a fault that passes or for damage, and every other error as it is."""
        code = primary_code(error)
        if code in BUSY:
            raise DatabaseBusy() from error
        if code == sqlite3.SQLITE_INTERRUPT and is_overdue():
            raise TooSlow() from error
        if code in UNAVAILABLE:
            raise DatabaseUnavailable() from error
        if str(error).startswith(MOVED):  # by a trigger of `moving`
            raise DatabaseMoved(str(error)) from error
        if code in DAMAGED:
            self._note(str(error))
            raise DatabaseDamaged() from error
        if str(error).startswith(NOT_TEXT):
            self._note("a text in it is no UTF-8")
            raise DatabaseDamaged() from None  # the error holds the text
        raise error

    def _note(self, damage: str) -> None:
        if self._damage.acquire(blocking=False):
            log.critical(
                "%s is damaged (%s): this process writes nothing more to it; `supportcases check` tells what is wrong",
                self._path,
                damage,
            )
