"""Transactions: the tables seen through one, how it begins, and what its end does."""

import sqlite3
from collections import deque
from collections.abc import Callable
from threading import local
from types import TracebackType
from typing import Final

from supportcases.errors import DatabaseDamaged
from supportcases.sqlite.cases import SqliteCases
from supportcases.sqlite.connections import Connections
from supportcases.sqlite.events import SqliteEvents
from supportcases.sqlite.faults import Faults
from supportcases.sqlite.keys import SqliteKeys
from supportcases.sqlite.queue import SqliteQueue
from supportcases.sqlite.replays import SqliteReplays


class SqliteTransaction:
    """The tables, seen through one transaction."""

    __slots__ = ("afterwards", "connection", "writes")

    def __init__(self, connection: sqlite3.Connection, *, writes: bool) -> None:
        self.connection: Final = connection
        self.writes: Final = writes
        self.afterwards: Final[list[Callable[[], object]]] = []

    @property
    def cases(self) -> SqliteCases:
        """The cases and their messages."""
        return SqliteCases(self.connection)

    @property
    def queue(self) -> SqliteQueue:
        """The cases of all stores."""
        return SqliteQueue(self.connection)

    @property
    def events(self) -> SqliteEvents:
        """What happened to each case."""
        return SqliteEvents(self.connection)

    @property
    def keys(self) -> SqliteKeys:
        """The API keys."""
        return SqliteKeys(self.connection)

    @property
    def replays(self) -> SqliteReplays:
        """The answers kept for retries."""
        return SqliteReplays(self.connection)

    def after_commit(self, action: Callable[[], object]) -> None:
        """Call `action`, which raises nothing, once all that is written is kept; never where it is not."""
        if not self.writes:
            raise RuntimeError("A transaction that reads commits nothing; begin with write().")
        self.afterwards.append(action)


class ThreadState(local):
    """What is under way in this thread."""

    transaction: SqliteTransaction | None = None
    afterwards: deque[Callable[[], object]] | None = None


class Begun:
    """A transaction of this thread, on a connection of its own, from its BEGIN to its COMMIT or ROLLBACK."""

    __slots__ = ("_connections", "_faults", "_lease", "_once", "_state", "_transaction", "_writes")

    def __init__(
        self, connections: Connections, faults: Faults, state: ThreadState, *, writes: bool, once: bool = False
    ) -> None:
        """Prepare to begin; `once` is for a single statement, which SQLite makes a transaction of its own."""
        self._connections = connections
        self._faults = faults
        self._state = state
        self._writes = writes
        self._once = once

    def __enter__(self) -> SqliteTransaction:
        """Begin."""
        try:
            self._lease = self._connections.borrow(writes=self._writes)
            try:
                if not self._once:
                    begin(self._lease.connection, writes=self._writes)
                if self._writes:  # only now: it may have waited for others
                    self._may_be_written()
                self._transaction = SqliteTransaction(self._lease.connection, writes=self._writes)
                self._state.transaction = self._transaction
            except BaseException:
                self._state.transaction = None
                self._lease.end()
                raise
        except sqlite3.Error as error:
            self._faults.raise_translated(error)
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Keep all or, if an exception flies, nothing; then do what waited for that."""
        self._state.transaction = None
        sound = not (self._writes and self._faults.damaged)
        try:
            end(self._lease.connection, keep=error is None and not self._once and sound)
        except sqlite3.Error as fault:
            self._faults.raise_translated(fault)
        finally:
            self._lease.end()
        if isinstance(error, sqlite3.Error):
            self._faults.raise_translated(error)
        if error is None and not sound:
            raise DatabaseDamaged()
        if error is None and self._transaction.afterwards:
            self._do(self._transaction.afterwards)

    def _may_be_written(self) -> None:
        """Refuse to write to a file that is damaged, or that is no longer where it was."""
        if self._faults.damaged:
            raise DatabaseDamaged()
        self._connections.begin_to_write()

    def _do(self, actions: list[Callable[[], object]]) -> None:
        """Do what waited for a commit, in the order of the commits: what an action itself writes is heard after it."""
        if self._state.afterwards is not None:
            self._state.afterwards.extend(actions)
            return
        self._state.afterwards = waiting = deque(actions)
        try:
            while waiting:
                waiting.popleft()()
        finally:
            self._state.afterwards = None


def begin(connection: sqlite3.Connection, *, writes: bool) -> None:
    """Begin a transaction.

    IMMEDIATE takes the write lock first: a deferred transaction that reads and then writes fails at once, without
    waiting, when another writer was faster.
    """
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def end(connection: sqlite3.Connection, *, keep: bool) -> None:
    """Commit the transaction, or roll it back."""
    try:
        if keep:
            connection.execute("COMMIT")
    finally:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
