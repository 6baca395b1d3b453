"""How a thread writes: alone, on a connection of its own; and what follows once that is kept."""

import logging
import sqlite3
import time
from math import inf
from types import TracebackType
from typing import Final

from supportcases.domain.errors import DatabaseBusy, DatabaseDamaged, SupportCasesError
from supportcases.processes import OffTheClock, is_overdue, ticks
from supportcases.storage.afterwards import do
from supportcases.storage.sqlite.body_index import AT_ONCE, EVERY, FEW, index_next
from supportcases.storage.sqlite.errors import Faults
from supportcases.storage.sqlite.leases import Connections
from supportcases.storage.sqlite.transactions import SqliteTransaction, ThreadState, begin, end, give_back

INDEXES: Final = ("search", "bodies")
MERGE: Final = "INSERT INTO supportcases_{index} (supportcases_{index}, rank) VALUES ('merge', :pages)"
PAGES: Final = 8  # that are written in the first step
MOST_PAGES: Final = 64
SHORTEST: Final = 0.001  # seconds of a transaction behind which there is no rest
REST: Final = 0.004
SHORT: Final = 0.003  # seconds of a step, below which the next one does more
LONG: Final = 0.006  # and beyond which it does less

log: Final = logging.getLogger("supportcases.sqlite")


class Writing:
    """What this thread writes, on a connection of its own, from its BEGIN to its COMMIT or ROLLBACK."""

    __slots__ = ("_connections", "_faults", "_lasting", "_lease", "_state", "_transaction")

    def __init__(self, connections: Connections, faults: Faults, state: ThreadState, *, lasting: bool = True) -> None:
        """Prepare to begin; what is not `lasting` is in the journal, and not on the disk yet when it is kept."""
        self._lasting = lasting
        self._connections = connections
        self._faults = faults
        self._state = state

    def __enter__(self) -> SqliteTransaction:
        """Begin."""
        if is_overdue():  # it has waited for others until now, for a thread
            raise DatabaseBusy()
        try:
            give_back(self._state)  # whoever waits for the lock holds nothing else
            self._lease = self._connections.borrow(writes=True)
            try:
                if not self._lasting:
                    self._lease.connection.execute("PRAGMA synchronous = NORMAL")
                begin(self._lease.connection, writes=True)
                self._may_be_written()  # only now: it may have waited for others
                self._transaction = SqliteTransaction(self._lease.connection, writes=True)
                self._state.transaction = self._transaction
            except BaseException:
                self._state.transaction = None
                try:
                    end(self._lease.connection, keep=False)
                finally:
                    self._give_back()
                raise
        except sqlite3.Error as error:
            self._faults.raise_translated(error)
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Keep all or, if an exception is raised, nothing; then do what waited for the commit."""
        self._state.transaction = None
        self._transaction.over = True
        sound = not self._faults.damaged
        with OffTheClock():  # nobody could tell whether a COMMIT that was interrupted has kept anything
            self._end(keep=error is None and sound)
        if isinstance(error, sqlite3.Error):
            self._faults.raise_translated(error)
        if error is None and not sound:
            raise DatabaseDamaged()
        if error is None and self._transaction.afterwards:
            do(self._transaction.afterwards, self._state)
        if error is None and (thousands := self._transaction.thousands):
            most = (thousands + 1) * EVERY  # one more to catch up
            index_bodies(self._connections, self._faults, self._state, most=most)
        if error is None and self._transaction.outdated:
            rest(REST)  # it was no short one
            index_bodies(self._connections, self._faults, self._state, together=FEW, tidy=True)

    def _end(self, *, keep: bool) -> None:
        try:
            end(self._lease.connection, keep=keep)
        except sqlite3.Error as fault:
            self._faults.raise_translated(fault)
        finally:
            self._give_back()

    def _give_back(self) -> None:
        """Give the connection back as it was: what others write with it lasts."""
        try:
            if not (self._lasting or self._lease.connection.inherited):
                self._lease.connection.execute("PRAGMA synchronous = FULL")
        finally:
            self._lease.end()

    def _may_be_written(self) -> None:
        """Refuse to write to a file that is damaged, or that is no longer where it was."""
        if self._faults.damaged:
            raise DatabaseDamaged()
        self._connections.begin_to_write()


def index_bodies(
    connections: Connections,
    faults: Faults,
    state: ThreadState,
    *,
    most: float = inf,
    together: int | None = None,
    tidy: bool = False,
) -> None:
    """Index the messages that wait, at most so many, `together` in one transaction; what fails a later write does.

    Others can write between two transactions. With `tidy` the indexes are merged as well, as far as they would be by
    later writes, which would take longer for it.
    """
    try:
        while most > 0:
            some = int(min(most, together or AT_ONCE))
            begun = ticks()
            with Writing(connections, faults, state) as transaction:
                if not index_next(transaction.connection, some):
                    break
            most -= some
            if tidy:
                rest(ticks() - begun)
        if tidy:
            merge_indexes(connections, faults, state, whole=False)
    except (SupportCasesError, sqlite3.Error) as error:
        log.warning("messages wait for their index: %s", error)


def merge_indexes(connections: Connections, faults: Faults, state: ThreadState, *, whole: bool) -> None:
    """Merge the parts of each index into fewer, or the `whole` into one, in which nothing is left of what went.

    Each step is a short transaction: how many pages are written in it follows from how long the one before took, since
    of what went many are read and none is written.
    """
    for index in INDEXES:
        pages, changes = PAGES, 2
        sign = -1 if whole else 1  # the negative number begins, the others go on
        while changes > 1:
            with Writing(connections, faults, state, lasting=False) as transaction:
                begun, before = ticks(), transaction.connection.total_changes
                transaction.connection.execute(MERGE.format(index=index), {"pages": sign * pages})
                changes = transaction.connection.total_changes - before
            took = ticks() - begun
            sign = 1
            pages = max(1, pages // 2) if took > LONG else min(MOST_PAGES, pages * 2) if took < SHORT else pages
            rest(took)


def rest(took: float) -> None:
    """Let writers of other processes in, who look every 2 ms, behind a transaction that nobody waits for."""
    if took > SHORTEST:
        time.sleep(max(took, REST))
