"""How a thread reads: each time a transaction, and during one request all of them on one connection."""

import sqlite3
from types import TracebackType

from supportcases.domain.errors import TooSlow
from supportcases.processes import is_overdue
from supportcases.storage.sqlite.errors import Faults
from supportcases.storage.sqlite.leases import Connections
from supportcases.storage.sqlite.transactions import SqliteTransaction, ThreadState, begin, end, give_back


class Request:
    """A request of this thread, which keeps the connection of one read for the next until it ends."""

    __slots__ = ("_state",)

    def __init__(self, state: ThreadState) -> None:
        self._state = state

    def __enter__(self) -> None:
        self._state.keeps = True

    def __exit__(self, *_: object) -> None:
        self._state.keeps = False
        give_back(self._state)


class Reading:
    """What this thread reads, of one moment: on the connection that its request keeps, or on one of its own."""

    __slots__ = ("_connections", "_faults", "_lease", "_once", "_state", "_transaction")

    def __init__(self, connections: Connections, faults: Faults, state: ThreadState, *, once: bool) -> None:
        """Prepare to begin; `once` is for a single statement, which SQLite makes a transaction of its own."""
        self._connections = connections
        self._faults = faults
        self._state = state
        self._once = once

    def __enter__(self) -> SqliteTransaction:
        """Begin."""
        if is_overdue():
            raise TooSlow()
        state = self._state
        try:
            lease = self._lease = state.kept or self._connections.borrow(writes=False)
            state.kept = None
            try:
                if not self._once:
                    begin(lease.connection, writes=False)
                transaction = self._transaction = SqliteTransaction(lease.connection, writes=False)
                state.transaction = transaction
            except BaseException:
                state.transaction = None
                self._end(keep=False)
                raise
        except sqlite3.Error as error:
            self._faults.raise_translated(error)
        return transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, and let the request keep the connection, or give it back."""
        self._state.transaction = None
        self._transaction.over = True
        try:
            self._end(keep=error is None)
        except sqlite3.Error as fault:
            self._faults.raise_translated(fault)
        if isinstance(error, sqlite3.Error):
            self._faults.raise_translated(error)

    def _end(self, *, keep: bool) -> None:
        lease, state = self._lease, self._state
        connection = lease.connection
        try:
            if not self._once:
                end(connection, keep=keep and not connection.inherited)
        finally:
            if state.keeps and lease.can_wait and not connection.in_transaction:
                state.kept = lease
            else:
                lease.end()
