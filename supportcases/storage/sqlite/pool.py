"""Who may use which connection when.

A connection serves one thread at a time and is handed back, so there are never more than are used at once and a few
that wait, however many threads come and go. Writers of one process wait for a lock of the process before they ask
SQLite for its own, which is no queue: who finds it taken tries again and again.
"""

import logging
import os
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Final

from supportcases.domain.errors import DatabaseBusy, DatabaseUnavailable
from supportcases.processes import PerProcess, deadline, ticks, waited
from supportcases.storage.sqlite import forks
from supportcases.storage.sqlite.connections import PATIENCE, Connection, Trace, open_file
from supportcases.storage.sqlite.journal import Journal
from supportcases.storage.sqlite.leases import Lease
from supportcases.storage.sqlite.readiness import hindrance_to

IDLE: Final = 4  # connections that stay open while nobody uses them
NOBODY: Final = 0  # no process has that id

GONE: Final = "The file of the database was moved, deleted or replaced while it was in use."
FORKED: Final = "This process was forked amid a write, and can only read."

log: Final = logging.getLogger("supportcases.sqlite")


class Pool:
    """The connections of one process to a file that wait to be lent, and who has borrowed one."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.write_turn: Final = threading.Lock()
        self.lock: Final = threading.RLock()
        self.change: Final = threading.Condition(self.lock)
        self.idle: Final[list[Connection]] = []
        self.borrowers: Final[list[int]] = []
        self.writing = False
        self.forking: Final[set[int]] = set()  # the threads that are about to fork; nothing is lent meanwhile
        weakref.finalize(self, _close_all, self.idle)

    def take(self, until: float) -> Connection | None:
        """Note that this thread borrows one; return an idle one, if there is one."""
        with self.lock:
            if self.forking and not self.change.wait_for(lambda: not self.forking, timeout=until - ticks()):
                raise DatabaseBusy()
            self.borrowers.append(threading.get_ident())
            return self.idle.pop() if self.idle else None

    def leave(self, connection: Connection | None = None) -> None:
        """Note that this thread has no longer borrowed one, and keep it for the next, or close it where some wait."""
        thread = threading.get_ident()
        with self.lock:
            if connection and len(self.idle) < IDLE and not self.forking:
                self.idle.append(connection)
            elif connection:
                connection.close()
            if thread in self.borrowers:
                self.borrowers.remove(thread)
            if self.forking:
                self.change.notify_all()

    def take_back(self, connection: Connection) -> None:
        """Take a connection back from whoever has borrowed it."""
        if connection.inherited:
            connection.close()
        elif connection.in_transaction:  # the rollback failed: nobody can know what it holds
            try:
                connection.close()
            finally:
                self.leave()
        else:
            self.leave(connection)

    def close(self) -> None:
        """Close those that nobody uses."""
        with self.lock:
            _close_all(self.idle)

    def before_fork(self, path: str) -> None:
        """Wait until nobody but this thread uses a connection, close them all, and lend none until after the fork."""
        this_thread = threading.get_ident()
        with self.lock:
            self.forking.add(this_thread)
            try:
                if not self.change.wait_for(lambda: set(self.borrowers) <= {this_thread}, timeout=PATIENCE):
                    log.warning("forking although %s has been in use for %.0f s", path, PATIENCE)
            finally:
                _close_all(self.idle)

    def after_fork(self) -> None:
        """Lend connections again, in the parent."""
        with self.lock:
            self.forking.discard(threading.get_ident())
            self.change.notify_all()


class FileConnections:
    """Connections to a file: readers side by side, one writer at a time; none once the path leads to another file.

    A fork waits until none is in use, for `PATIENCE` at the most, and closes them all: SQLite's notes on its locks
    would be copied without the locks, the child would believe that it holds what only its parent holds, and what it
    writes could be lost. A child makes a pool of its own when it first needs it.
    """

    def __init__(self, path: str, trace: Trace | None, keep_none: Callable[[], None]) -> None:
        """Lend connections to the file at `path`; `keep_none` gives back what this thread keeps for its request."""
        self._path = path
        self._trace = trace
        self._keep_none = keep_none
        self._file: tuple[int, int] | None = None  # which one it is, from the first use on
        self._journal = Journal(path)
        self._forked_amid_write = False
        self._renewal = PerProcess(threading.Lock)
        self._pool = Pool()
        forks.watch(self)

    def borrow(self, *, writes: bool) -> Lease:
        """Lend a connection, to read with or, to one at a time in this process, to write with."""
        pool = self._own_pool()
        until = patient_until(writes=writes)
        if writes and self._forked_amid_write:
            raise DatabaseUnavailable(f"This process was forked amid a write to {self._path}, and cannot write to it.")
        turn = taken(pool.write_turn, until) if writes else None
        try:
            if turn is None:  # a writer looks once it has the lock
                self._must_be_there()
            connection = self._borrow(pool, until)
            connection.patience = until - ticks()
            if turn is None:
                return Lease(connection, pool.take_back, None)
            pool.writing = True
            return Lease(connection, partial(self._give_back_written, pool, until), turn)
        except BaseException:
            if turn:
                turn.release()
            raise

    def begin_to_write(self) -> None:
        """Look where the file is, now that the lock is held, and how long its journal is."""
        self._must_be_there()
        self._journal.remember()

    def hindrance(self) -> str | None:
        """Return what can be seen from outside of why the file cannot be written, in a sentence for anybody."""
        self._own_pool()  # which finds out about a fork
        if self._file and self._file != _identity(self._path):
            return GONE
        return FORKED if self._forked_amid_write else hindrance_to(self._path)

    def close(self) -> None:
        """Close the connections that nobody uses; a later use opens new ones."""
        self._own_pool().close()

    def before_fork(self) -> None:
        """Let nobody but this thread use a connection until after the fork."""
        self._keep_none()
        self._own_pool().before_fork(self._path)

    def after_fork_in_parent(self) -> None:
        """Lend connections again."""
        self._own_pool().after_fork()

    def after_fork_in_child(self) -> None:
        """Close what is left of the parent's connections before the child has any of its own."""
        pool = self._pool
        _close_all(pool.idle)  # there are some only where the fork was not Python's own, as in uWSGI's C code
        self._forked_amid_write |= pool.writing
        pool.process = NOBODY

    def _own_pool(self) -> Pool:
        """Return the pool of this process."""
        if self._pool.process != os.getpid():
            with self._renewal():
                if self._pool.process != os.getpid():
                    self.after_fork_in_child()
                    self._pool = Pool()
        return self._pool

    def _must_be_there(self) -> None:
        """Refuse to go on with a file that was moved, deleted or replaced: what is written to it nobody would find."""
        if self._file and self._file != _identity(self._path):
            raise DatabaseUnavailable(f"{self._path} was moved, deleted or replaced while it was in use.")

    def _borrow(self, pool: Pool, until: float) -> Connection:
        if connection := pool.take(until):
            return connection
        try:
            self._must_be_there()  # to open it would make it anew
            connection = open_file(self._path, self._trace, until)
        except BaseException:
            pool.leave()
            raise
        self._file = self._file or _identity(self._path)
        return connection

    def _give_back_written(self, pool: Pool, until: float, connection: Connection) -> None:
        """Take it back from a writer, whose turn it still is."""
        if connection.inherited:
            forks.keep_for_ever(connection)
            return
        try:
            self._journal.keep_short(connection, until - ticks())
        finally:
            pool.writing = False
            pool.take_back(connection)


def _identity(path: str) -> tuple[int, int] | None:
    """Return which file the path leads to, without opening it: closing it again would drop SQLite's locks."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _close_all(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()


def patient_until(*, writes: bool) -> float:
    """Return until when, in ticks, to wait for others: what has waited for a thread to write has waited already."""
    return min(ticks() + PATIENCE - (waited.get() if writes else 0.0), deadline.get())


def taken(lock: threading.Lock, until: float) -> threading.Lock:
    """Return the lock, once it is this thread's."""
    if not lock.acquire(timeout=max(0.0, until - ticks())):
        raise DatabaseBusy()
    return lock
