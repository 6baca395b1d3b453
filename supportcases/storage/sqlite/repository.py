"""A database of support cases in one SQLite file, or in memory."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Final

from supportcases.domain.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMoved,
    DatabaseUnavailable,
    DatabaseUnusable,
)
from supportcases.processes import PerProcess
from supportcases.storage.sqlite import migrations, readiness
from supportcases.storage.sqlite.body_index import is_behind
from supportcases.storage.sqlite.connections import Connection, Trace, attempts, open_memory, open_read_only
from supportcases.storage.sqlite.errors import BUSY, Faults, primary_code
from supportcases.storage.sqlite.journal import length_of_journal
from supportcases.storage.sqlite.leases import Connections
from supportcases.storage.sqlite.memory import MemoryConnection
from supportcases.storage.sqlite.moving import was_moved
from supportcases.storage.sqlite.pool import FileConnections
from supportcases.storage.sqlite.reading import Reading, Request
from supportcases.storage.sqlite.traces import rewrite, wipe
from supportcases.storage.sqlite.transactions import (
    SqliteTransaction,
    ThreadState,
    begin,
    end,
    give_back,
    savepoint,
    thread_state,
)
from supportcases.storage.sqlite.watching import SqliteWatch
from supportcases.storage.sqlite.writing import Writing, index_bodies

IN_MEMORY: Final = ":memory:"
UPGRADE: Final = 600.0  # seconds that a start waits for another process to bring the file up to date

log: Final = logging.getLogger("supportcases.sqlite")


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
        self._file: Final = os.path.realpath(self.path)  # wherever the process goes
        self._state = PerProcess(thread_state)
        self._faults = Faults(self.path)
        self._connections: Connections
        if self.path == IN_MEMORY:
            self._connections = MemoryConnection(trace)
            self._fill()
        else:
            self._connections = FileConnections(os.path.abspath(self.path), trace, partial(_give_back, self._state))
            self._look_before_touching(must_exist)
            self._migrate()

    def read(self, *, once: bool = False) -> AbstractContextManager[SqliteTransaction]:
        """Begin to read; everything read inside is of one moment. Inside a transaction it is a part of that one.

        With `once` only one thing may be read, which saves the BEGIN and the COMMIT.
        """
        state = self._state()
        if state.transaction:
            return nullcontext(state.transaction)
        return Reading(self._connections, self._faults, state, once=once)

    def write(self, *, lasting: bool = True) -> AbstractContextManager[SqliteTransaction]:
        """Begin to write, alone; keep everything at the end, or nothing if an exception is raised.

        What is not `lasting` may be lost in a power cut.

        Inside another `write` of the same thread it is a part of that one.
        """
        state = self._state()
        if state.transaction:
            return self._part_of(state.transaction)
        return Writing(self._connections, self._faults, state, lasting=lasting)

    def request(self) -> AbstractContextManager[None]:
        """Let this thread keep one connection for all that it reads until the block ends; a write has its own."""
        return Request(self._state())

    def watch(self) -> AbstractContextManager[SqliteWatch]:
        """Notice from now on that something is written; in memory nothing is noticed."""
        return closing(SqliteWatch(None if self.path == IN_MEMORY else self._file))

    def check(self) -> None:
        """Raise if the database does not answer, or is not to be written to any more."""
        if self._faults.damaged:
            raise DatabaseDamaged()
        with self.read() as transaction:
            transaction.connection.execute("SELECT 1 FROM supportcases_cases LIMIT 1").fetchall()

    def hindrance(self) -> str | None:
        """Return why nothing can be written, as far as one can tell without writing; None where all is well."""
        if self._faults.damaged:
            raise DatabaseDamaged()
        if reason := self._connections.hindrance():
            return reason
        with self.read(once=True) as transaction:
            if was_moved(transaction.connection):
                raise DatabaseMoved()
        return None

    def leave_no_trace(self) -> bool:
        """Let nothing that was erased be left in the indexes or the journal, and tell whether that is so."""
        state = self._state()
        return not state.transaction and wipe(self._connections, self._faults, state)

    def vacuum(self) -> bool:
        """Write the file anew, and `leave_no_trace`; nobody else writes meanwhile; it takes twice the file's size."""
        state = self._state()
        return not state.transaction and rewrite(self._connections, self._faults, state)

    def journal_bytes(self) -> int:
        """Return how long the write-ahead log beside the file is, which is shared by all processes."""
        return length_of_journal(self._file)

    def close(self) -> None:
        """Close what is open; a database in memory is gone."""
        self._connections.close()

    def __repr__(self) -> str:
        return f"SqliteRepository({self.path!r})"

    @contextmanager
    def _part_of(self, outer: SqliteTransaction) -> Iterator[SqliteTransaction]:
        """Keep all that is written inside, or none of it, with the rest of `outer`."""
        if not outer.writes:
            raise RuntimeError("A transaction that began to read cannot write; begin with write().")
        waiting = len(outer.afterwards)
        try:
            with savepoint(outer):
                yield outer
        except BaseException as error:
            del outer.afterwards[waiting:]
            if isinstance(error, sqlite3.Error):
                self._faults.raise_translated(error)
            raise

    def _look_before_touching(self, must_exist: bool) -> None:
        """Refuse, before anything is changed, what is no database of ours to open."""
        path = Path(os.path.abspath(self.path))
        if not os.path.isdir(path.parent):
            raise DatabaseUnusable(f"{self.path} cannot be used: there is no folder {path.parent}.")
        if not os.path.lexists(path):
            if must_exist:
                raise DatabaseUnusable(f"{self.path} does not exist.")
            self._make(path)
            return
        if not os.path.isfile(path):
            raise DatabaseUnusable(f"{self.path} cannot be used: it is not a file.")
        folder = os.path.dirname(os.path.realpath(path))  # where SQLite's journal lies
        if not (os.access(path, os.W_OK) and os.access(folder, os.W_OK)):
            raise DatabaseUnusable(f"{self.path} cannot be used: this user may not write it, or not its folder.")
        try:
            with closing(open_read_only(str(path))) as connection:
                # the tables first: another process may be making them, and then what was applied is there as well
                ours = connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'supportcases_*'").fetchone()
                applied = migrations.applied(connection)
        except sqlite3.Error as error:
            if primary_code(error) in BUSY:
                raise DatabaseUnusable(f"{self.path} cannot be used: another program keeps it locked.") from error
            raise DatabaseUnusable(f"{self.path} cannot be used{readiness.fault(self.path, error)}.") from error
        if ours and not applied:
            raise DatabaseUnusable(f"{self.path} cannot be used: it has a {ours[0]} that supportcases did not make.")
        if must_exist and not applied:
            raise DatabaseUnusable(f"{self.path} holds no support cases.")
        if unknown := sorted(applied - set(migrations.known())):
            raise DatabaseUnusable(
                f"{self.path} was written by a newer version of supportcases, which knows {', '.join(unknown)}."
            )

    def _make(self, path: Path) -> None:
        """Make an empty file that nobody but its owner may read, which SQLite would leave to the umask."""
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:  # another process has made it meanwhile
            pass
        except OSError as error:
            raise DatabaseUnusable(f"{self.path} cannot be made: {error.strerror}.") from error

    def _migrate(self) -> None:
        """Bring the schema up to date, whole or not at all, also when several processes start at once."""
        try:
            with self._connections.borrow(writes=True) as connection:
                if migrations.pending(connection):
                    connection.execute("PRAGMA foreign_keys = OFF")  # for `widen`; it is closed behind this
                    self._wait_to_migrate(connection)
                    applied = False
                    try:
                        migrations.apply(connection)
                        applied = True
                    finally:
                        end(connection, keep=applied)
                behind = is_behind(connection)
            if behind:
                index_bodies(self._connections, self._faults, self._state())
        except (sqlite3.Error, DatabaseBusy, DatabaseUnavailable) as error:
            raise DatabaseUnusable(f"{self.path} cannot be used: {error.__cause__ or error}.") from error
        finally:
            self._connections.close()

    def _wait_to_migrate(self, connection: Connection) -> None:
        """Begin to write, also behind another process that is bringing a large file up to date already."""
        for last in attempts(UPGRADE):
            try:
                begin(connection, writes=True)
                break
            except sqlite3.Error as error:
                if primary_code(error) not in BUSY or last:
                    raise
                log.warning("waiting to bring %s up to date: another process has it locked", self.path)

    def _fill(self) -> None:
        """Copy an empty database into memory: quicker than to make one, which a test waits for every time."""
        with self._connections.borrow(writes=True) as connection, closing(open_memory()) as empty:
            empty.deserialize(_empty_database())
            empty.backup(connection)


def _give_back(state: PerProcess[ThreadState]) -> None:
    """Give back what this thread keeps: no method, which would keep the repository itself from being forgotten."""
    give_back(state())


@cache
def _empty_database() -> bytes:
    with closing(open_memory()) as connection:
        migrations.apply(connection)
        return connection.serialize()
