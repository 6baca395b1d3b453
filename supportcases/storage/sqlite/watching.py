"""How a process notices that something was written to a file, by itself or by another one."""

import os
import sqlite3
import threading
import time
from typing import Final

from supportcases.processes import ticks
from supportcases.storage.sqlite import forks
from supportcases.storage.sqlite.connections import OVERWRITE, Connection, uri_of

EVERY: Final = 0.1  # seconds between two looks


class SqliteWatch:
    """Asks SQLite for its count of commits, on a connection of its own, which no fork carries into a child.

    When the journal was written to last would not do: a commit stands there before anybody can read what it keeps.
    """

    def __init__(self, path: str | None) -> None:
        """Watch a file; of a database in memory there is none."""
        self._path: Final = path
        self._lock = threading.Lock()
        self._forking = 0  # threads that are about to fork
        self._connection: Connection | None = None
        self._opened = 0  # how many, of which each counts from some number of its own
        self._seen = self._version()
        forks.watch(self)

    def wait(self, seconds: float) -> bool:
        until = ticks() + seconds
        while True:
            version = self._version()
            if version is not None and version != self._seen:
                self._seen = version
                return True
            left = until - ticks()
            if left <= 0:
                return False
            time.sleep(min(left, EVERY))

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._close()

    def before_fork(self) -> None:
        """Close the connection, and open none until after the fork."""
        with self._lock:
            self._forking += 1
            self._close()

    def after_fork_in_parent(self) -> None:
        """Open one again where it is needed."""
        with self._lock:
            self._forking -= 1

    def after_fork_in_child(self) -> None:
        """Let the child open its own: the parent's threads are not there."""
        self._lock = threading.Lock()
        self._forking = 0

    def _version(self) -> tuple[int, int] | None:
        """Return which connection it is, and how many commits it has counted; None where the file cannot be read."""
        with self._lock:
            if self._path is None or self._forking:
                return None
            try:
                if self._connection is None:
                    self._connection = _opened(self._path)
                    self._opened += 1
                ((count,),) = self._connection.execute("PRAGMA data_version").fetchall()
            except sqlite3.Error:
                self._close()
                return None
            return self._opened, int(count)

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def _opened(path: str) -> Connection:
    """Return a connection to a file that is there, which waits for no lock."""
    connection = sqlite3.connect(
        uri_of(path, "rw"), uri=True, timeout=0, isolation_level=None, check_same_thread=False, factory=Connection
    )
    connection.execute(OVERWRITE)
    connection.process = os.getpid()
    connection.patience = 0.0
    return connection
