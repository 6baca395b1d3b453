"""Looking into a file that may be anybody's, in use or not, without changing it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from typing import Final

from supportcases.domain.errors import DatabaseUnusable
from supportcases.storage.sqlite import migrations, readiness
from supportcases.storage.sqlite.connections import OVERWRITE, PATIENCE, Connection, open_memory, open_read_only, uri_of
from supportcases.storage.sqlite.errors import BUSY, primary_code

NO_SHM: Final = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}  # where the `-shm` file cannot be made


@contextmanager
def looking_into(path: str) -> Iterator[Connection]:
    """Yield a connection that sees one moment of a file of support cases, and that cannot change it.

    Nobody waits for it, and it waits for nobody but a program that keeps the whole file locked.

    Raises:
        DatabaseUnusable: There is no such file, it is no database, or it holds no support cases.
    """
    if not os.path.lexists(path):
        raise DatabaseUnusable(f"{path} does not exist.")
    if not os.path.isfile(path):
        raise DatabaseUnusable(f"{path} cannot be read: it is not a file.")
    file = os.path.realpath(path)
    if needs_immutable(file):
        with _looking_into_still(file, path) as connection:
            yield connection
        return
    was_in_use = os.path.exists(f"{file}-wal")
    try:
        connection = open_read_only(file)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    try:
        _begin(connection, path)
        yield connection
    finally:
        connection.close()
        if not was_in_use:
            _tidy(file)


@contextmanager
def _looking_into_still(file: str, path: str) -> Iterator[Connection]:
    """Yield a connection that takes no locks, and find out whether the file stayed as it was meanwhile.

    Raises:
        DatabaseUnusable: Somebody wrote to it, so that what was seen may be of no one moment.
    """
    before = _state(file)
    with closing(open_read_only(file, immutable=True)) as connection:
        _begin(connection, path)
        yield connection
    if _state(file) != before:
        raise DatabaseUnusable(f"{path} was changed while it was read; try again.")


def needs_immutable(file: str) -> bool:
    """Tell whether SQLite can read the file only as one that nobody changes.

    That is one in WAL mode in a folder where this user cannot make the `-shm` file, as long as there is nothing in the
    `-wal` file that would be passed over.
    """
    if os.access(os.path.dirname(file), os.W_OK) or _length(f"{file}-wal") or not os.access(file, os.R_OK):
        return False
    try:
        with closing(open_read_only(file)) as connection:
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        return primary_code(error) in NO_SHM
    return False


def _length(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _state(file: str) -> tuple[int, ...]:
    """Return what changes when somebody writes to the file."""
    found = os.stat(file)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, _length(f"{file}-wal")


def open_able_to_write(path: str) -> sqlite3.Connection:
    """Return a connection that could change the file, if this user may, and does not create it.

    Close it before that of `looking_into`: the last one moves what is in the `-wal` file to the file, if it can.
    """
    file = os.path.realpath(path)
    if needs_immutable(file):
        return open_read_only(file, immutable=True)
    connection = sqlite3.Connection(uri_of(file, "rw"), uri=True, timeout=PATIENCE, isolation_level=None)
    connection.execute(OVERWRITE)
    return connection


def our_parts(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return the type and the name of each table, index and trigger of ours, with the statement that made it."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE name GLOB 'supportcases_*'")
    return {(kind, name): sql for kind, name, sql in rows}


@cache
def known_parts() -> dict[tuple[str, str], str]:
    """Return those that this version makes."""
    with closing(open_memory()) as empty:
        migrations.apply(empty)
        return our_parts(empty)


def _begin(connection: sqlite3.Connection, path: str) -> None:
    try:
        connection.execute("PRAGMA temp_store = FILE")  # whatever is made for a look: a large file has a large index
        connection.execute("BEGIN")
        applied = migrations.applied(connection)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    if not applied:
        raise DatabaseUnusable(f"{path} holds no support cases.")


def _unreadable(path: str, error: sqlite3.Error) -> DatabaseUnusable:
    if primary_code(error) in BUSY:
        return DatabaseUnusable(f"{path} cannot be read: another program keeps it locked.")
    if not os.access(path, os.R_OK):
        return DatabaseUnusable(f"{path} cannot be read: this user may not.")
    if primary_code(error) in NO_SHM:
        return DatabaseUnusable(
            f"{path} cannot be read: its newest cases are in a -wal file that only who may write its folder can read."
        )
    return DatabaseUnusable(f"{path} cannot be read{readiness.fault(path, error)}.")


def _tidy(file: str) -> None:
    """Let SQLite remove the empty `-wal` and `-shm` files that looking made: only who could write them does."""
    with suppress(sqlite3.Error), closing(open_able_to_write(file)) as connection:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
