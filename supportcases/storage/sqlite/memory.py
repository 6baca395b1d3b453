"""The one connection to a database in memory, and who has it when."""

import threading
import weakref

from supportcases.storage.sqlite.connections import Trace, open_memory
from supportcases.storage.sqlite.leases import Lease
from supportcases.storage.sqlite.pool import patient_until, taken


class MemoryConnection:
    """The one connection to a database in memory: readers and writers take turns."""

    def __init__(self, trace: Trace | None) -> None:
        self._connection = open_memory(trace)
        weakref.finalize(self, self._connection.close)
        self._turn = threading.Lock()

    def borrow(self, *, writes: bool) -> Lease:
        """Lend the connection."""
        turn = taken(self._turn, patient_until(writes=writes))
        return Lease(self._connection, lambda connection: None, turn)

    def begin_to_write(self) -> None:
        """A database in memory is always the one it was."""

    def hindrance(self) -> str | None:
        """Nothing hinders a database in memory."""
        return None

    def close(self) -> None:
        """Close the connection; the database is gone."""
        with self.borrow(writes=True) as connection:
            connection.close()
