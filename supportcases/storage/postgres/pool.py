"""Which thread uses which connection: a few that wait, no more than so many in a process, none of a parent's.

psycopg_pool is not used: where its idle connections were dead it waited for seconds, and a child used its parent's.
"""

import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Final

from supportcases.domain.errors import DatabaseBusy
from supportcases.processes import deadline, ticks
from supportcases.storage.postgres.connections import Connection

MOST: Final = 20  # connections of a process
PATIENCE: Final = 5.0  # seconds to wait for one


class Pool:
    """The connections of one process."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Make none yet."""
        self._connect = connect
        self.writes: Final = itertools.count(1)
        self._change: Final = threading.Condition()
        self._idle: Final[list[Connection]] = []
        self._lent = 0
        self._keepers: Final[set[int]] = set()  # the threads that keep one between two transactions
        self._kept: Final[dict[int, Connection]] = {}
        weakref.finalize(self, _close_all, self._idle)

    def borrow(self) -> Connection:
        """Lend a connection to this thread: the one that it keeps, one that waits, or a new one.

        Raises:
            DatabaseBusy: All of them were in use for too long.
        """
        if kept := self._kept.pop(threading.get_ident(), None):
            return kept
        with self._change:
            if not self._change.wait_for(lambda: self._lent < MOST, timeout=_patience()):
                raise DatabaseBusy()
            self._lent += 1
        try:
            return self._waiting() or self._connect()
        except BaseException:
            self._forget()
            raise

    def give_back(self, connection: Connection) -> None:
        """Take a connection back; it waits for the next, unless nobody can know what it holds."""
        thread = threading.get_ident()
        if connection.broken or not connection.at_rest:
            connection.close()
            self._forget()
        elif thread in self._keepers and thread not in self._kept:
            self._kept[thread] = connection
        else:
            connection.idle_since = ticks()
            with self._change:
                self._idle.append(connection)
                self._lent -= 1
                self._change.notify()

    def keep(self) -> None:
        """Let this thread keep one between two transactions."""
        self._keepers.add(threading.get_ident())

    def keep_none(self) -> None:
        """Let this thread keep none any more."""
        self._keepers.discard(threading.get_ident())
        if connection := self._kept.pop(threading.get_ident(), None):
            self.give_back(connection)

    def close(self) -> None:
        """Close those that nobody uses."""
        with self._change:
            _close_all(self._idle)

    def _waiting(self) -> Connection | None:
        """Return one that waits and answers. Where one does not, the others are as dead: the server was away."""
        with self._change:
            connection = self._idle.pop() if self._idle else None
        if connection is None or connection.answers(ticks() - connection.idle_since):
            return connection
        connection.close()
        self.close()
        return None

    def _forget(self) -> None:
        with self._change:
            self._lent -= 1
            self._change.notify()


class Keeping:
    """Lets a thread keep one connection for all its transactions until the block ends."""

    __slots__ = ("_pool",)

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> None:
        self._pool.keep()

    def __exit__(self, *_: object) -> None:
        self._pool.keep_none()


def _patience() -> float:
    return max(0.0, min(PATIENCE, deadline.get() - ticks()))


def _close_all(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()
