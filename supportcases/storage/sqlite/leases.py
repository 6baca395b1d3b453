"""What is lent to a transaction: a connection for one thread, until it is given back."""

import threading
from collections.abc import Callable
from typing import Final, Protocol

from supportcases.storage.sqlite.connections import Connection


class Lease:
    """A connection that one thread uses until it is given back."""

    __slots__ = ("_give_back", "_turn", "can_wait", "connection")

    def __init__(
        self,
        connection: Connection,
        give_back: Callable[[Connection], object],
        turn: "threading.Lock | None",
    ) -> None:
        """Give the connection back at the end, and then the turn, if nobody else may use one meanwhile."""
        self.connection: Final = connection
        self._give_back = give_back
        self._turn = turn
        self.can_wait: Final = turn is None  # to be given back: nobody waits for it

    def end(self) -> None:
        """Give it back."""
        try:
            self._give_back(self.connection)
        finally:
            if self._turn:
                self._turn.release()

    def __enter__(self) -> Connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.end()


class Connections(Protocol):
    """Where transactions get their connection from."""

    def borrow(self, *, writes: bool) -> Lease:
        """Lend a connection, to read with or, to one at a time in this process, to write with."""

    def begin_to_write(self) -> None:
        """Raise `DatabaseUnavailable` where the database, of which the lock is held now, is not the one it was."""

    def hindrance(self) -> str | None:
        """Return what can be seen from outside of why the database cannot be written, in a sentence for anybody."""

    def close(self) -> None:
        """Close the connections that nobody uses."""
