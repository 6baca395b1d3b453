"""A repository to read from, also where the file may not be written."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext

from supportcases.domain.errors import DatabaseUnavailable, DatabaseUnusable
from supportcases.storage.protocol import Repository
from supportcases.storage.sqlite import migrations
from supportcases.storage.sqlite.connections import Connection, use_fold
from supportcases.storage.sqlite.errors import Faults
from supportcases.storage.sqlite.journal import length_of_journal
from supportcases.storage.sqlite.read_only import looking_into
from supportcases.storage.sqlite.readiness import READ_ONLY
from supportcases.storage.sqlite.repository import SqliteRepository
from supportcases.storage.sqlite.transactions import SqliteTransaction
from supportcases.storage.sqlite.watching import SqliteWatch


@contextmanager
def opened_to_read(path: str) -> Iterator[Repository]:
    """Yield the repository of a file that is there.

    One that this user may not write is seen as it is at one moment, and left so: its schema must be that of this
    version. Every other one is opened as always, which brings it up to date.

    Raises:
        DatabaseUnusable: There is no such file, or it cannot be used.
    """
    if not os.path.isfile(path) or may_be_written(path):
        with closing(SqliteRepository(path, must_exist=True)) as repository:
            yield repository
        return
    with looking_into(path) as connection:
        _must_be_of_this_version(connection, path)
        use_fold(connection)
        yield _Seen(connection, path)


def may_be_written(path: str) -> bool:
    """Tell whether this user may write the file, and make SQLite's journal beside it."""
    return os.access(path, os.W_OK) and os.access(os.path.dirname(os.path.realpath(path)), os.W_OK)


def _must_be_of_this_version(connection: Connection, path: str) -> None:
    applied, known = migrations.applied(connection), set(migrations.known())
    if applied - known:
        raise DatabaseUnusable(f"{path} was written by a newer version of supportcases.")
    if known - applied:
        raise DatabaseUnusable(
            f"{path} was written by an older version of supportcases, and this user may not bring it up to date."
        )


class _Seen:
    """What a connection sees that has begun to read."""

    def __init__(self, connection: Connection, path: str) -> None:
        self._transaction = SqliteTransaction(connection, writes=False)
        self._faults = Faults(path)
        self._path = path

    @contextmanager
    def read(self, *, once: bool = False) -> Iterator[SqliteTransaction]:
        try:
            yield self._transaction
        except sqlite3.Error as error:
            self._faults.raise_translated(error)

    def write(self, *, lasting: bool = True) -> AbstractContextManager[SqliteTransaction]:
        raise DatabaseUnavailable("This user may not write the file.")

    def request(self) -> AbstractContextManager[None]:
        return nullcontext()

    def watch(self) -> AbstractContextManager[SqliteWatch]:
        return closing(SqliteWatch(None))  # what is seen stays as it is

    def check(self) -> None:
        self._transaction.connection.execute("SELECT 1 FROM supportcases_cases LIMIT 1").fetchall()

    def hindrance(self) -> str | None:
        return READ_ONLY

    def leave_no_trace(self) -> bool:
        return False

    def vacuum(self) -> bool:
        raise DatabaseUnavailable("This user may not write the file.")

    def journal_bytes(self) -> int:
        return length_of_journal(self._path)

    def close(self) -> None:
        """Whoever opened the connection closes it."""
