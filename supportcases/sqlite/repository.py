"""A database of support cases in one SQLite file, or in memory."""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from supportcases.errors import DatabaseBusy, DatabaseUnavailable, DatabaseUnusable
from supportcases.sqlite.cases import SqliteCases
from supportcases.sqlite.connections import (
    Connections,
    FileConnections,
    MemoryConnection,
    Trace,
    open_memory,
    open_read_only,
)
from supportcases.sqlite.events import SqliteEvents
from supportcases.sqlite.faults import BUSY, primary_code, translated
from supportcases.sqlite.keys import SqliteKeys
from supportcases.sqlite.migrations import MIGRATIONS
from supportcases.sqlite.queue import SqliteQueue
from supportcases.sqlite.replays import SqliteReplays

IN_MEMORY: Final = ":memory:"


class SqliteTransaction:
    """The tables, seen through one transaction."""

    def __init__(self, connection: sqlite3.Connection, *, writes: bool) -> None:
        self.connection: Final = connection
        self.writes: Final = writes
        self.cases: Final = SqliteCases(connection)
        self.queue: Final = SqliteQueue(connection)
        self.events: Final = SqliteEvents(connection)
        self.keys: Final = SqliteKeys(connection)
        self.replays: Final = SqliteReplays(connection)
        self.afterwards: Final[list[Callable[[], object]]] = []

    def after_commit(self, action: Callable[[], object]) -> None:
        """Call `action`, which raises nothing, once all that is written is kept; never where it is not."""
        if not self.writes:
            raise RuntimeError("A transaction that reads commits nothing; begin with write().")
        self.afterwards.append(action)


class SqliteRepository:
    """Support cases in a SQLite file, or in memory with `":memory:"`; usable from any thread, and after a fork.

    Opening it brings the schema up to date and turns the file to WAL mode; no file stays open. A commit is on the disk
    when `write` returns (`synchronous = FULL`).
    """

    def __init__(self, path: str | os.PathLike[str], *, trace: Trace | None = None, must_exist: bool = False) -> None:
        """Open the database at `path`; `trace` is called with every SQL statement.

        With `must_exist` a file that holds no support cases yet is left alone.

        Raises:
            DatabaseUnusable: The folder is missing, the file is no database or was written by a newer version, it
                cannot be written, or `must_exist` and there is none. The file is as it was.
        """
        self.path: Final[str] = os.fspath(path)
        self._current = threading.local()
        self._connections: Connections
        if self.path == IN_MEMORY:
            self._connections = MemoryConnection(trace)
            self._fill()
        else:
            self._connections = FileConnections(os.path.abspath(self.path), trace)
            self._look_before_touching(must_exist)
            self._migrate()

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """Begin to read; everything read inside is of one moment. Inside a transaction it is a part of that one."""
        if outer := self._outer:
            yield outer
        else:
            with translated(), self._connections.reader() as connection, self._begun(connection, writes=False) as inner:
                yield inner

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """Begin to write, alone; keep everything on the way out, or nothing if an exception flies.

        Inside another `write` of the same thread it is a part of that one.
        """
        if outer := self._outer:
            if not outer.writes:
                raise RuntimeError("A transaction that began to read cannot write; begin with write().")
            waiting = len(outer.afterwards)
            try:
                with translated(), _database(outer.connection).atomic():
                    yield outer
            except BaseException:
                del outer.afterwards[waiting:]
                raise
        else:
            with translated(), self._connections.writer() as connection, self._begun(connection, writes=True) as inner:
                yield inner
            self._do(inner.afterwards)

    def check(self) -> None:
        """Raise if the database does not answer."""
        with self.read() as transaction:
            transaction.connection.execute("SELECT 1 FROM supportcases_cases LIMIT 1").fetchall()

    def close(self) -> None:
        """Close what is open; a database in memory is gone."""
        self._connections.close()

    def __repr__(self) -> str:
        return f"SqliteRepository({self.path!r})"

    @property
    def _outer(self) -> SqliteTransaction | None:
        return getattr(self._current, "transaction", None)

    @contextmanager
    def _begun(self, connection: sqlite3.Connection, *, writes: bool) -> Iterator[SqliteTransaction]:
        # IMMEDIATE takes the write lock first: a deferred transaction that reads and then writes fails at once,
        # without waiting, when another writer was faster.
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        self._current.transaction = SqliteTransaction(connection, writes=writes)
        try:
            yield self._current.transaction
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has rolled it back already
                connection.execute("ROLLBACK")
            raise
        finally:
            self._current.transaction = None

    def _do(self, actions: list[Callable[[], object]]) -> None:
        """Do what waited for a commit, in the order of the commits: what an action itself writes is heard after it."""
        if (waiting := getattr(self._current, "afterwards", None)) is not None:
            waiting.extend(actions)
            return
        self._current.afterwards = waiting = deque(actions)
        try:
            while waiting:
                waiting.popleft()()
        finally:
            del self._current.afterwards

    def _look_before_touching(self, must_exist: bool) -> None:
        """Refuse, before anything is changed, what is no database of ours to open."""
        path = Path(os.path.abspath(self.path))
        if not os.path.isdir(path.parent):
            raise DatabaseUnusable(f"{self.path} cannot be used: there is no folder {path.parent}.")
        if not os.path.lexists(path):
            if must_exist:
                raise DatabaseUnusable(f"{self.path} does not exist.")
            return
        if not os.path.isfile(path):
            raise DatabaseUnusable(f"{self.path} cannot be used: it is not a file.")
        try:
            with closing(open_read_only(str(path))) as connection:
                # the tables first: another process may be making them, and then what was applied is there as well
                ours = connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'supportcases_*'").fetchone()
                applied = {migration.name for migration in MIGRATIONS.applied(_database(connection))}
        except sqlite3.Error as error:
            if primary_code(error) in BUSY:
                raise DatabaseUnusable(f"{self.path} cannot be used: another program keeps it locked.") from error
            raise DatabaseUnusable(f"{self.path} cannot be used as a SQLite database: {error}.") from error
        if ours and not applied:
            raise DatabaseUnusable(f"{self.path} cannot be used: it has a {ours[0]} that supportcases did not make.")
        if must_exist and not applied:
            raise DatabaseUnusable(f"{self.path} holds no support cases.")
        if unknown := sorted(applied - _known_migrations()):
            raise DatabaseUnusable(
                f"{self.path} was written by a newer version of supportcases, which knows {', '.join(unknown)}."
            )

    def _migrate(self) -> None:
        """Bring the schema up to date, whole or not at all, also when several processes start at once."""
        try:
            with translated(), self._connections.writer() as connection:
                database = _database(connection)
                if MIGRATIONS.pending(database):
                    with self._begun(connection, writes=True):
                        MIGRATIONS.apply(database)
        except (sqlite3.Error, DatabaseBusy, DatabaseUnavailable) as error:
            raise DatabaseUnusable(f"{self.path} cannot be used: {error.__cause__ or error}.") from error
        finally:
            self._connections.close()

    def _fill(self) -> None:
        """Copy an empty database into memory: quicker than to make one, which a test waits for every time."""
        with self._connections.writer() as connection, closing(open_memory()) as empty:
            empty.deserialize(_empty_database())
            empty.backup(connection)


def _database(connection: sqlite3.Connection) -> Database:
    return Database(connection, execute_plugins=False, recursive_triggers=False, strict=True)


@cache
def _empty_database() -> bytes:
    with closing(open_memory()) as connection:
        MIGRATIONS.apply(_database(connection))
        return connection.serialize()


def _known_migrations() -> set[str]:
    empty = sqlite3.connect(":memory:")
    with closing(empty):
        return {migration.name for migration in MIGRATIONS.pending(_database(empty))}
