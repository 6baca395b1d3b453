"""Connections to SQLite: how they are opened, who may use which when, and what a fork does to them.

A connection serves one thread at a time and is handed back, so there are never more than were used at once, however
many threads come and go. Writers of one process take turns at a lock before they ask SQLite for its own: its busy
handler sleeps and is no queue.
"""

import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Final, Protocol
from urllib.parse import quote

from supportcases.errors import DatabaseBusy, DatabaseUnavailable
from supportcases.sqlite.faults import BUSY, primary_code
from supportcases.sqlite.journal import Journal

PAUSE: Final = 0.01  # seconds between two attempts
PATIENCE: Final = 10.0  # seconds that a reader or writer waits for others before it is told to come again

log: Final = logging.getLogger("supportcases.sqlite")

Trace = Callable[[str], object]


class Lease:
    """A connection that one thread uses until it is given back."""

    __slots__ = ("_give_back", "_turn", "connection")

    def __init__(
        self,
        connection: sqlite3.Connection,
        give_back: Callable[[sqlite3.Connection], object],
        turn: "threading.Lock | None",
    ) -> None:
        """Give the connection back at the end, and then the turn, if it is a writer's."""
        self.connection: Final = connection
        self._give_back = give_back
        self._turn = turn

    def end(self) -> None:
        """Give it back."""
        try:
            self._give_back(self.connection)
        finally:
            if self._turn:
                self._turn.release()

    def __enter__(self) -> sqlite3.Connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.end()


class Connections(Protocol):
    """Where transactions get their connection from."""

    def borrow(self, *, writes: bool) -> Lease:
        """Lend a connection, to read with or, to one at a time in this process, to write with."""

    def begin_to_write(self) -> None:
        """Raise `DatabaseUnavailable` where the database, of which the lock is held now, is not the one it was."""

    def close(self) -> None:
        """Close the connections that nobody uses."""


def open_file(path: str, trace: Trace | None = None) -> sqlite3.Connection:
    """Return a connection to the file, in WAL mode; a commit is on the disk when it returns."""
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _use_wal(connection, path)
        connection.execute("PRAGMA synchronous = FULL")  # NORMAL would lose the last commits in a power cut
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA mmap_size = 0")  # an I/O error stays an error, not a SIGBUS
        connection.execute("PRAGMA cache_size = -1000")  # kilobytes: the system keeps the file's pages for all
        return _ready(connection, trace)
    except BaseException:
        connection.close()
        raise


def open_read_only(path: str) -> sqlite3.Connection:
    """Return a connection that cannot change the file, nor create it."""
    return sqlite3.connect(uri_of(path, "ro"), uri=True, timeout=PATIENCE, isolation_level=None)


def uri_of(path: str, mode: str) -> str:
    """Return the URI that opens the file in that mode; a file's name may be any bytes."""
    return f"file:{quote(b'/' + os.fsencode(path).lstrip(b'/'))}?mode={mode}"


def open_memory(trace: Trace | None = None) -> sqlite3.Connection:
    """Return a connection to a new database in memory."""
    # not by sqlite3.connect: a tracer may wrap what that returns, and backup() takes no target that is wrapped
    return _ready(sqlite3.Connection(":memory:", isolation_level=None, check_same_thread=False), trace)


def attempts(seconds: float) -> Iterator[bool]:
    """Yield every 10 ms for some seconds whether it is the last attempt; it ends where a test stops the clock too."""
    deadline = time.monotonic() + seconds
    for left in reversed(range(int(seconds / PAUSE))):
        yield not left or time.monotonic() > deadline
        time.sleep(PAUSE)


def _use_wal(connection: sqlite3.Connection, path: str) -> None:
    """Turn to WAL; SQLite may answer «busy» at once, whatever the timeout, while another process does the same."""
    for last in attempts(PATIENCE):
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if primary_code(error) not in BUSY or last:
                raise
    if mode != "wal":
        raise DatabaseUnavailable(f"{path} cannot be used in WAL mode; its journal mode is {mode}.")


def _ready(connection: sqlite3.Connection, trace: Trace | None) -> sqlite3.Connection:
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA foreign_keys").fetchone() != (1,):
        raise DatabaseUnavailable("This SQLite was built without foreign keys.")
    connection.execute("PRAGMA trusted_schema = ON")  # or the triggers could not write to the search
    connection.execute("PRAGMA recursive_triggers = ON")  # or REPLACE would pass by the triggers that keep the history
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    connection.set_trace_callback(trace)
    return connection


class FileConnections:
    """Connections to a file: readers side by side, one writer at a time; none once the path leads to another file.

    A fork waits until none is in use, for `PATIENCE` at the most, and closes them all: SQLite's notes on its locks
    would be copied without the locks, the child would believe that it holds what only its parent holds, and what it
    writes could be lost.
    """

    def __init__(self, path: str, trace: Trace | None) -> None:
        self._path = path
        self._trace = trace
        self._file: tuple[int, int] | None = None  # which one it is, from the first use on
        self._process = os.getpid()
        self._write_turn = threading.Lock()
        self._lock = threading.RLock()
        self._change = threading.Condition(self._lock)
        self._lending = True
        self._journal = Journal(path)
        self._idle: list[sqlite3.Connection] = []
        self._borrowers: list[int] = []
        weakref.finalize(self, _close_all, self._idle)
        with _fork_turn:
            _files.add(self)

    def borrow(self, *, writes: bool) -> Lease:
        """Lend a connection, to read with or, to one at a time in this process, to write with."""
        if self._process != os.getpid():
            self.after_fork_in_child()
        turn = _taken(self._write_turn) if writes else None
        try:
            self._must_be_there()  # before it is opened, which would make it anew
            return Lease(self._borrow(), self._give_back_written if writes else self._give_back, turn)
        except BaseException:
            if turn:
                turn.release()
            raise

    def begin_to_write(self) -> None:
        """Look once more where the file is, now that the lock is held, and how long its journal is."""
        self._must_be_there()
        self._journal.remember()

    def close(self) -> None:
        """Close the connections that nobody uses; a later use opens new ones."""
        with self._lock:
            _close_all(self._idle)

    def before_fork(self) -> None:
        """Wait until nobody but this thread uses a connection, close them all, and lend none until after the fork."""
        self._lock.acquire()
        self._lending = False
        this_thread = threading.get_ident()
        if not self._change.wait_for(lambda: set(self._borrowers) <= {this_thread}, timeout=PATIENCE):
            log.warning("forking although %s has been in use for %.0f s", self._path, PATIENCE)
        _close_all(self._idle)

    def after_fork_in_parent(self) -> None:
        """Lend connections again."""
        self._lending = True
        self._change.notify_all()
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Forget the threads that only the parent has, and what they held."""
        self._write_turn = threading.Lock()
        self._lock = threading.RLock()
        self._change = threading.Condition(self._lock)
        self._lending = True
        self._borrowers = []
        _close_all(self._idle)  # there are some only where the fork was not Python's own, as in uWSGI's C code
        self._process = os.getpid()

    def _must_be_there(self) -> None:
        """Refuse to go on with a file that was moved, deleted or replaced: what is written to it nobody would find."""
        if self._file and self._file != _identity(self._path):
            raise DatabaseUnavailable(f"{self._path} was moved, deleted or replaced while it was in use.")

    def _borrow(self) -> sqlite3.Connection:
        with self._lock:
            if not self._lending and not self._change.wait_for(lambda: self._lending, timeout=PATIENCE):
                raise DatabaseBusy()
            self._borrowers.append(threading.get_ident())
            if self._idle:
                return self._idle.pop()
        try:
            connection = open_file(self._path, self._trace)
        except BaseException:
            self._leave()
            raise
        self._file = self._file or _identity(self._path)
        return connection

    def _give_back_written(self, connection: sqlite3.Connection) -> None:
        """Take it back from a writer, whose turn it still is."""
        try:
            self._journal.keep_short(connection, PATIENCE)
        finally:
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:  # the rollback failed: nobody can know what it holds
            try:
                connection.close()
            finally:
                self._leave()
        else:
            self._leave(connection)

    def _leave(self, *idle: sqlite3.Connection) -> None:
        with self._lock:
            self._idle.extend(idle)
            if (thread := threading.get_ident()) in self._borrowers:  # not where it was borrowed before a fork
                self._borrowers.remove(thread)
            if not self._lending:  # a fork waits
                self._change.notify_all()


def _identity(path: str) -> tuple[int, int] | None:
    """Return which file the path leads to, without opening it: closing it again would drop SQLite's locks."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


_files: "weakref.WeakSet[FileConnections]" = weakref.WeakSet()
_forking: list[FileConnections] = []
_fork_turn = threading.Lock()


def _before_fork() -> None:
    _fork_turn.acquire()
    _forking.extend(_files)
    for connections in _forking:
        connections.before_fork()


def _after_fork_in_parent() -> None:
    while _forking:
        _forking.pop().after_fork_in_parent()
    _fork_turn.release()


def _after_fork_in_child() -> None:
    while _forking:
        _forking.pop().after_fork_in_child()
    _fork_turn.release()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


class MemoryConnection:
    """The one connection to a database in memory: readers and writers take turns."""

    def __init__(self, trace: Trace | None) -> None:
        self._connection = open_memory(trace)
        weakref.finalize(self, self._connection.close)
        self._turn = threading.Lock()

    def borrow(self, *, writes: bool) -> Lease:
        """Lend the connection."""
        return Lease(self._connection, lambda connection: None, _taken(self._turn))

    def begin_to_write(self) -> None:
        """Know that it is."""

    def close(self) -> None:
        """Close the connection; the database is gone."""
        with self.borrow(writes=True) as connection:
            connection.close()


def _taken(lock: threading.Lock) -> threading.Lock:
    """Return the lock, once it is this thread's."""
    if not lock.acquire(timeout=PATIENCE):
        raise DatabaseBusy()
    return lock
